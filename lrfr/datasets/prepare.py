"""From photographs to 112 x 112 crops on disk: resumable, and honest about what could not be used."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from lrfr import alignment
from lrfr.datasets.base import COLUMNS, FaceDataset, Photograph
from lrfr.errors import LrfrError
from lrfr.files import clear, locked, read_json, replacing, write_json, write_text
from lrfr.progress import track

PART = 256
#: Raise it when the way faces are cut changes: crops made the old way are then cut anew.
VERSION = 2

Finder = Callable[[Image.Image], "np.ndarray | None"]


@dataclass(frozen=True)
class Prepared:
    """Where the crops of a set lie, and which photographs gave none (columns file, reason).

    ``by_frame`` counts the photographs in which no face was found, and which were cut where the set's own alignment
    puts the face, or taken whole.
    """

    folder: Path
    unusable: pd.DataFrame
    by_frame: int = 0


def fingerprint(photographs: list[Photograph], how: str) -> str:
    """Twelve hex digits that change with the photographs, their landmarks or the way they are cut."""
    digest = hashlib.sha256(f"{VERSION} {how} {alignment.SIZE} {alignment.TEMPLATE.tolist()}".encode())
    for p in photographs:
        landmarks = None if p.landmarks is None else p.landmarks.tolist()
        uncut = f"|whole={p.whole},ready={p.ready}" if p.whole or p.ready else ""
        turned = "|upright" if p.upright else ""
        digest.update(f"{p.file}|{p.identity}|{p.stamp}|{landmarks}{uncut}{turned}\n".encode())
    return digest.hexdigest()[:12]


def _cut(photograph: Photograph, find: Finder | None) -> tuple[np.ndarray, np.ndarray, bool] | str:
    """Crop, landmarks, and whether they are only where the set's own alignment puts them; or why there is no crop."""
    try:
        image = photograph.open()
        if photograph.ready and image.size == (alignment.SIZE, alignment.SIZE):
            return np.asarray(image.convert("RGB")), alignment.TEMPLATE, False
        points = photograph.landmarks
        if points is None and find:
            points = find(image)
        by_frame = points is None
        if points is None and photograph.whole:
            return _whole(image), alignment.TEMPLATE * image.size / alignment.SIZE, True
        points = photograph.frame if points is None else points
        if points is None:
            return "no face found"
        points = alignment.check_landmarks(points, photograph.file)
        return alignment.warp(image, alignment.similarity_transform(points)), points, by_frame
    except LrfrError as error:
        return str(error)


def _whole(image: Image.Image) -> np.ndarray:
    """The whole picture as a crop; Pillow's bicubic antialiases where it shrinks."""
    return np.asarray(image.convert("RGB").resize((alignment.SIZE, alignment.SIZE), Image.Resampling.BICUBIC))


def prepare(photographs: list[Photograph], folder: Path, find: Finder | None, title: str) -> Prepared:
    """Cut every face and keep the crops in ``folder`` as one array.

    Works in parts of 256 photographs, each written once and whole: after an interruption the next call goes on.

    Args:
        photographs: what to cut.
        folder: receives ``images.npy`` (uint8, N x 112 x 112 x 3), ``table.csv``, ``landmarks.npy``, ``unusable.csv``.
        find: landmark finder for photographs that bring no landmarks.
        title: for the progress bar.

    Raises:
        LrfrError: not one photograph could be used.
        OSError: a file could not be read this time; nobody is left out for that, and the next call goes on.
    """
    if not (folder / "table.csv").is_file():
        # Two trainings that start together ask for the same faces: one cuts them, the other waits.
        with locked(folder.with_name(f".{folder.name}.lock")):
            if not (folder / "table.csv").is_file():
                _prepare(photographs, folder, find, title)
    info = read_json(folder / "info.json", "remove its folder and prepare the set again")
    return Prepared(folder, pd.read_csv(folder / "unusable.csv", dtype=str), info.get("by_frame", 0))


def _prepare(photographs: list[Photograph], folder: Path, find: Finder | None, title: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    clear(folder)
    parts = [photographs[i : i + PART] for i in range(0, len(photographs), PART)]
    with track(title, total=len(photographs), unit="photographs") as advance:
        for number, part in enumerate(parts):
            path = folder / f"part-{number:05d}.npz"
            if path.is_file():
                advance(len(part))
                continue
            cuts = []
            for photograph in part:
                cuts.append(_cut(photograph, find))
                advance(1)
            good = [c for c in cuts if not isinstance(c, str)]
            arrays = {
                "images": np.array([c[0] for c in good], np.uint8).reshape(-1, alignment.SIZE, alignment.SIZE, 3),
                "landmarks": np.array([c[1] for c in good], np.float32).reshape(-1, 5, 2),
                "by_frame": np.array([c[2] for c in good], bool),
                "reasons": np.array(["" if not isinstance(c, str) else c for c in cuts]),
            }
            with replacing(path) as whole, whole.open("wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]
    _assemble(photographs, folder, parts)


def _assemble(photographs: list[Photograph], folder: Path, parts: list[list[Photograph]]) -> None:
    files = [folder / f"part-{n:05d}.npz" for n in range(len(parts))]
    reasons, landmarks, by_frame = _joined(files, "reasons"), _joined(files, "landmarks"), _joined(files, "by_frame")
    usable = reasons == ""
    if not usable.any():
        raise LrfrError(f"None of the {len(photographs)} photographs could be used; the first says: {reasons[0]}.")
    rows = pd.DataFrame([[getattr(p, c) for c in COLUMNS] for p in photographs], columns=COLUMNS)
    unusable = pd.DataFrame({"file": rows["file"][~usable], "reason": reasons[~usable]})
    shape = (int(usable.sum()), alignment.SIZE, alignment.SIZE, 3)
    with replacing(folder / "images.npy") as part:
        images = np.lib.format.open_memmap(part, "w+", np.uint8, shape)
        start = 0
        for file in files:
            with np.load(file) as piece:
                crops = piece["images"]
            images[start : start + len(crops)] = crops
            start += len(crops)
        images.flush()
    with replacing(folder / "landmarks.npy") as part, part.open("wb") as handle:
        np.save(handle, landmarks)
    write_text(folder / "unusable.csv", unusable.to_csv(index=False))
    counts = {"used": shape[0], "left_out": len(unusable), "by_frame": int(by_frame.sum())}
    write_json(folder / "info.json", {**counts, "version": VERSION})
    # table.csv comes last: where it exists, everything before it does.
    write_text(folder / "table.csv", rows[usable].to_csv(index=False))
    for path in files:
        path.unlink()


def _joined(files: list[Path], key: str) -> np.ndarray:
    """One array of all parts, opened one after the other: a training set of millions has more parts than a process may
    hold open files."""
    arrays = []
    for file in files:
        with np.load(file) as part:
            # Parts that an earlier version left behind, interrupted, count no photograph as cut by its frame.
            arrays.append(part[key] if key in part.files else np.zeros(len(part["images"]), bool))
    return np.concatenate(arrays)


def read(prepared: Prepared, name: str) -> FaceDataset:
    """The prepared set; its images stay on disk as a read-only memory map."""
    table = pd.read_csv(prepared.folder / "table.csv", dtype=str, keep_default_na=False)
    return FaceDataset(name, np.load(prepared.folder / "images.npy", mmap_mode="r"), table)
