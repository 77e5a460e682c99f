"""Small copies of the surveillance sets in their official layouts, and a recogniser whose every answer is known."""

import functools
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from face_sets import as_jpeg
from PIL import Image
from scipy.io import savemat
from torch import nn

from lrfr import datasets, record
from lrfr.datasets import scface
from lrfr.recognizers import Recognizer


@functools.cache
def att() -> list[datasets.Photograph]:
    """AT&T's first photograph of each person; ask for them before a test sets another cache."""
    return datasets.photographs("att")[::10]


def colours() -> Recognizer:
    """Its embedding of a face is the face's mean colour, so that cosines can be worked out by hand."""
    pointwise = nn.Conv2d(3, 3, 1, bias=False)
    pointwise.weight = nn.Parameter(torch.eye(3)[:, :, None, None])
    return Recognizer("colours", nn.Sequential(pointwise, nn.AdaptiveAvgPool2d(1), nn.Flatten()), 3, "cosine")


def plain(colour: tuple[int, int, int], size: tuple[int, int]) -> bytes:
    """A picture of one colour, without a face."""
    return as_jpeg(Image.new("RGB", size, colour))


def results_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Results go to ``folder`` and not into the project; the file of the surveillance sets."""
    monkeypatch.setattr(record, "path", lambda paper: folder / f"{paper}.csv")
    return folder / "surveillance.csv"


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:200])


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


# SCface

#: Where a person is taken for another: (person, camera, distance) -> whose picture lies there.
MIXED_UP = {("001", 1, 1): 2, ("003", 2, 2): 4, ("004", 5, 2): 5}
_SIDES = {0: 2.0, 1: 0.35, 2: 0.6, 3: 1.0}  # enlargement of AT&T's 92 x 112 by distance; 0 is the mugshot


def small_scface(root: Path, people: int = 6, flat: bool = False, cropped: bool = True, texts: bool = True) -> Path:
    """SCface with AT&T's people: everyone's pictures are one photograph, made small as the distance asks.

    Args:
        root: LRFR_DATA.
        people: how many.
        flat: all pictures of the cameras in one folder, and everything below ``SCface_database``.
        cropped: the cropped mugshots, else the original ones.
        texts: the landmark files too.
    """
    home = root / "scface" / "SCface_database" if flat else root / "scface"
    lines: dict[str, list[str]] = {"all.txt": [], "mugshot_frontal_cropped.txt": []}
    for person in range(1, people + 1):
        for camera in range(6):
            for distance in range(1, 4) if camera else [0]:
                who = MIXED_UP.get((f"{person:03d}", camera, distance), person)
                picture, four = _scene(att()[who - 1], _SIDES[distance])
                if camera:
                    name = f"{person:03d}_cam{camera}_{distance}"
                    folder = f"surveillance_cameras_distance_{distance}/cam_{camera}"
                    write(home / ("surveillance_cameras_all" if flat else folder) / f"{name}.jpg", picture)
                    lines["all.txt"].append(_line(name, four))
                elif cropped:
                    name = f"{person:03d}_frontal"
                    write(home / scface.CROPPED / f"{name}.JPG", picture)
                    lines["mugshot_frontal_cropped.txt"].append(_line(name, four))
                    lines["all.txt"].append(_line(name, four + 700))  # of the original photograph
                else:
                    write(home / "mugshot_frontal_original_all" / f"{person:03d}_frontal.jpg", picture)
        infrared = f"{person:03d}_cam6_1.jpg"
        write(home / "surveillance_cameras_distance_1" / "cam_6" / infrared, plain((9, 9, 9), (75, 100)))
    for name, content in lines.items():
        if texts and content:
            (home / name).write_text("\n".join(content) + "\n")
    return home


def _scene(photograph: datasets.Photograph, scale: float) -> tuple[bytes, np.ndarray]:
    """The face in a larger grey picture, and its eyes, nose and middle of the mouth."""
    face = photograph.open().convert("RGB")
    face = face.resize((round(face.width * scale), round(face.height * scale)), Image.Resampling.BICUBIC)
    scene = Image.new("RGB", (face.width + 40, face.height + 20), "grey")
    scene.paste(face, (25, 10))
    points = np.asarray(photograph.landmarks) * scale + (25, 10)
    buffer = io.BytesIO()
    scene.save(buffer, "JPEG", quality=97)
    return buffer.getvalue(), np.vstack([points[:3], points[3:].mean(0)])


def _line(name: str, four: np.ndarray) -> str:
    return "\t".join([name, *(str(round(v)) for v in four.ravel())])


# TinyFace

#: Mean colours: what `colours` sees. Two shades of a hue are nearly one person; green is nearer to blue than red is.
RED, DARK_RED, GREEN, DARK_GREEN, BLUE, PINK = (
    (200, 20, 0),
    (120, 12, 0),
    (20, 200, 40),
    (12, 120, 30),
    (20, 20, 200),
    (200, 60, 90),
)


def small_tinyface(root: Path, nested: bool = False) -> Path:
    """TinyFace with pictures of one colour, 16 x 20 pixels: two people with two gallery pictures each, four strangers.

    The red person's probes are red. The green person's first probe is green, the second is blue: nobody's but a
    stranger's.
    """
    home = root / "tinyface" / "tinyface" if nested else root / "tinyface"
    test = home / "Testing_Set"
    size = (16, 20)
    content = {
        "Probe": {"7_1.jpg": RED, "7_2.jpg": DARK_RED, "12_1.jpg": GREEN, "12_9.jpg": BLUE},
        "Gallery_Match": {"7_3.jpg": RED, "7_4.jpg": DARK_RED, "12_2.jpg": GREEN, "12_3.jpg": DARK_GREEN},
        "Gallery_Distractor": {
            "1.jpg": BLUE,
            "2.jpg": PINK,
            "a/3.jpg": (30, 30, 180),
            "a/4.jpg": (40, 60, 190),
        },
    }
    for part, pictures in content.items():
        for name, colour in pictures.items():
            write(test / part / name, plain(colour, size))
    for part, name, kind in (
        ("Probe", "probe_img_ID_pairs.mat", "probe"),
        ("Gallery_Match", "gallery_match_img_ID_pairs.mat", "gallery"),
    ):
        names = sorted(content[part])
        cells = np.empty((len(names), 1), object)
        cells[:, 0] = names
        identities = np.array([[int(n.split("_")[0])] for n in names])
        savemat(test / name, {f"{kind}_set": cells, f"{kind}_ids": identities})
    for person in (3, 18):
        for number in (1, 2):
            write(home / "Training_Set" / str(person) / f"{person}_{number}.jpg", plain((person * 9, 90, 9), size))
    return home


# XQLFW

#: Two folds of four genuine and four impostor pairs. The last person's two pictures look like two people.
_PEOPLE = {
    "Ann_Ash": (RED, DARK_RED),
    "Bob_Bay": (GREEN, DARK_GREEN),
    "Cid_Cox": (BLUE, (12, 12, 120)),
    "Dan_Day": ((200, 200, 20), (120, 120, 12)),
    "Eve_Elm": ((20, 200, 200), (12, 120, 120)),
    "Fay_Fox": ((200, 20, 200), (120, 12, 120)),
    "Gus_Gum": ((130, 130, 130), (70, 70, 70)),
    "Hal_Hay": ((200, 110, 20), (20, 110, 200)),
}


def xqlfw_pairs() -> str:
    """The list of pairs, in LFW's format: each person's own two, then each person and the next."""
    names = list(_PEOPLE)
    lines = ["2\t4"]
    for some in (names[:4], names[4:]):
        lines += [f"{name}\t1\t2" for name in some]
        lines += [f"{name}\t1\t{other}\t1" for name, other in zip(some, some[1:] + some[:1], strict=True)]
    return "\n".join(lines) + "\n"


def small_xqlfw(root: Path, aligned: bool = True) -> Path:
    """XQLFW with pictures of one colour: cut to 112 x 112, or whole pictures of 250 x 250 of which one has a face."""
    home = root / "xqlfw"
    folder = home / ("xqlfw_aligned_112" if aligned else "lfw_original_imgs_min_qual0.85variant11")
    side = 112 if aligned else 250
    for person, shades in _PEOPLE.items():
        for number, colour in enumerate(shades, 1):
            write(folder / person / f"{person}_{number:04d}.jpg", plain(colour, (side, side)))
    if not aligned:
        face = att()[0].open().convert("RGB")
        scene = Image.new("RGB", (250, 250), "grey")
        scene.paste(face, (80, 60))
        write(folder / "Ann_Ash" / "Ann_Ash_0001.jpg", as_jpeg(scene))
    (home / "xqlfw_pairs.txt").write_text(xqlfw_pairs())
    return home


# AR


def small_ar(root: Path, men: int = 3, women: int = 2, ending: str = "bmp") -> Path:
    """AR with AT&T's people: conditions 1 and 2 on the first day, 14 and 15 on the second, all one photograph a person.

    On the first day the first man's photographs 1 and 2 show the second man; the last woman's photograph 2 the first.
    """
    home = root / "ar"
    home.mkdir(parents=True)
    names = [f"M-{n:03d}" for n in range(1, men + 1)] + [f"W-{n:03d}" for n in range(1, women + 1)]
    other = {("M-001", 1): 1, ("M-001", 2): 1, (f"W-{women:03d}", 2): men}
    for person, name in enumerate(names):
        for condition in (1, 2, 14, 15):
            shown = att()[other.get((name, condition), person)].open().convert("RGB")
            shown.save(home / f"{name}-{condition:02d}.{ending}")
    return home
