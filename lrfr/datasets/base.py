"""One interface for every set of faces."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np
import pandas as pd
import torch
from PIL import Image, ImageOps, UnidentifiedImageError

from lrfr.errors import LrfrError

#: Columns of :attr:`FaceDataset.table`; the last three are empty where the set does not say.
COLUMNS = ["file", "identity", "camera", "distance", "session"]


@dataclass(frozen=True)
class FaceDataset:
    """Faces cut to one size, with who they show.

    Attributes:
        name: for captions and file names.
        images: uint8, ``N x 112 x 112 x 3``, RGB; may be a read-only memory map.
        table: one row an image: file, identity, camera, distance, session.
    """

    name: str
    images: np.ndarray
    table: pd.DataFrame

    def __len__(self) -> int:
        """Number of images."""
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """Image (``3 x 112 x 112``, float32 in [0, 1]) and identity number."""
        return to_tensor(self.images[index : index + 1])[0], int(self.labels[index])

    @property
    def labels(self) -> np.ndarray:
        """Identity numbers, int64, N; equal numbers are the same person, in order of the sorted identity names."""
        return np.unique(self.table["identity"].to_numpy(str), return_inverse=True)[1]

    @property
    def identities(self) -> list[str]:
        """Sorted identity names: ``identities[labels[i]]`` is who image ``i`` shows."""
        return sorted(set(self.table["identity"].astype(str)))

    def fingerprint(self) -> str:
        """Twelve hex digits of the files, the people and about a hundred crops, which tell how all were cut."""
        digest = hashlib.sha256(self.table[["file", "identity"]].to_csv(index=False).encode())
        digest.update(np.ascontiguousarray(self.images[:: max(1, len(self) // 64)]).data)
        return digest.hexdigest()[:12]

    def tensor(self, index: np.ndarray | slice | list[int] | None = None) -> torch.Tensor:
        """Images as float32 in [0, 1], ``N x 3 x 112 x 112``, RGB (all of them where ``index`` is None)."""
        return to_tensor(self.images if index is None else self.images[index])

    def first(self, each: int, people: int | None = None) -> np.ndarray:
        """Positions of the first photographs of each of the first people (None: of all), person by person."""
        labels = self.labels
        order = np.argsort(labels, kind="stable")
        ordered = labels[order]
        number = np.arange(len(ordered)) - np.searchsorted(ordered, ordered)
        return order[(number < each) & (ordered < (len(labels) if people is None else people))]

    def subset(self, keep: np.ndarray, name: str | None = None) -> "FaceDataset":
        """The images where ``keep`` (bool mask or indices) says so, in order."""
        index = np.flatnonzero(keep) if np.asarray(keep).dtype == bool else np.asarray(keep, int)
        return FaceDataset(name or self.name, self.images[index], self.table.iloc[index].reset_index(drop=True))


def to_tensor(images: np.ndarray) -> torch.Tensor:
    """``N x H x W x 3`` uint8 to ``N x 3 x H x W`` float32 in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(images.transpose(0, 3, 1, 2))).float().div_(255)


@dataclass(frozen=True)
class Photograph:
    """One photograph before the face is cut out: where it lies and what the set says of it.

    Attributes:
        landmarks: five points (x, y) that the set brings, in pixels; None where they must be found.
        frame: where the set's own alignment puts the five points: used when none are found.
        whole: the picture shows a face and nothing else: where no points are found, all of it is the crop.
        ready: a picture of exactly 112 x 112 pixels is a crop in the frame already and is taken as it is.
        upright: a picture that was taken with the camera on its side is turned as its EXIF tag says. Of published sets
            none is turned: their landmarks and crops are those of the pictures as stored.
        stamp: changes when the file does, so that crops of an older file are not taken for its own.
    """

    file: str
    identity: str
    read: Callable[[], bytes] = field(repr=False)
    camera: str = ""
    distance: str = ""
    session: str = ""
    landmarks: np.ndarray | None = None
    frame: np.ndarray | None = None
    stamp: str = ""
    whole: bool = False
    ready: bool = False
    upright: bool = False

    def open(self) -> Image.Image:
        """Decode the picture.

        Raises:
            LrfrError: truncated, or no picture at all.
        """
        return open_picture(self.read, self.file, "fetch the data set again", self.upright)


def open_picture(read: Callable[[], bytes], name: str, mend: str, upright: bool = True) -> Image.Image:
    """Decode a picture; grey levels of 16 bits are brought to 8.

    Args:
        read: gives the content of its file.
        name: of the picture, for the error.
        mend: end of the error.
        upright: turn it as its EXIF tag says.

    Raises:
        LrfrError: truncated, locked by a password, larger than Pillow decodes, or no picture at all.
        OSError: its file could not be read this time, which says nothing of the picture.
    """
    try:
        content = read()
    except Exception as error:
        if isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None):
            raise  # without a number it is a zip's decompressor that complains
        raise _no_picture(name, error, mend) from None
    try:
        image = Image.open(BytesIO(content))
        image.load()
        return _eight_bits(ImageOps.exif_transpose(image) if upright else image, image.format)
    except MemoryError:
        raise
    except Exception as error:  # each decoder, and the zip around it, has its own answer to half a file
        raise _no_picture(name, error, mend) from None


def _eight_bits(image: Image.Image, written_as: str | None) -> Image.Image:
    """A picture with grey levels of more than 8 bits as one with 8; every other as it is.

    Pillow would make everything above 255 white. Sixteen bits are divided by 257, and so are whole numbers that a PNG
    or PGM holds or that pass 255. Fractions count from 0 to 1 where none passes 1, else, as smaller whole numbers, as
    grey levels already.

    Raises:
        ValueError: levels outside the range that they count in.
    """
    if image.mode != "F" and not image.mode.startswith("I"):
        return image
    levels = np.asarray(image, np.float64)
    least, most = float(levels.min()), float(levels.max())
    if image.mode == "F":
        top = 1 if most <= 1 else 255
    else:
        top = 65535 if image.mode != "I" or written_as in ("PNG", "PPM") or most > 255 else 255
    if not 0 <= least <= most <= top:
        raise ValueError(f"grey levels from {least:g} to {most:g}")
    return Image.fromarray(np.rint(levels * (255 / top)).astype(np.uint8))


def _no_picture(name: str, error: Exception, mend: str) -> LrfrError:
    why = "its format is not known" if isinstance(error, UnidentifiedImageError) else error
    return LrfrError(f"{name} is truncated or no picture ({why}): {mend}.")


class Store:
    """Files of a data set in a folder or, unopened, in a zip."""

    def __init__(self, path: Path) -> None:
        """List what is there.

        Raises:
            LrfrError: a zip that is cut short.
        """
        self.path = path
        if path.suffix == ".zip":
            try:
                self._zip: ZipFile | None = ZipFile(path)
            except BadZipFile:
                raise LrfrError(f"{path} is no complete zip file: fetch it again.") from None
            self.names = sorted(n for n in self._zip.namelist() if not n.endswith("/"))
        else:
            self._zip = None
            self.names = sorted(p.relative_to(path).as_posix() for p in path.rglob("*") if p.is_file())

    def reader(self, name: str) -> Callable[[], bytes]:
        """A function that reads one file."""
        if self._zip is not None:
            return lambda: self._zip.read(name)  # type: ignore[union-attr]
        return (self.path / name).read_bytes

    def stamp(self, name: str) -> str:
        """Checksum of a file in a zip, size and time of one in a folder: neither opens it."""
        if self._zip is not None:
            return f"{self._zip.getinfo(name).CRC:08x}"
        found = (self.path / name).stat()
        return f"{found.st_size}-{found.st_mtime_ns}"

    def pictures(self) -> Iterator[str]:
        """Names that end like a picture."""
        return (n for n in self.names if n.lower().endswith((".jpg", ".jpeg", ".png", ".pgm", ".ppm", ".bmp")))


def first_existing(candidates: list[Path], what: str, mend: str) -> Path:
    """The first path that exists.

    Raises:
        LrfrError: none does; the sentence lists where it looked and what mends it.
    """
    for path in candidates:
        if path.exists():
            return path
    looked = ", ".join(map(str, candidates)) or "nowhere, LRFR_DATA is not set"
    raise LrfrError(f"Expected {what}, looked in: {looked}. {mend}")
