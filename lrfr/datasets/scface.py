"""SCface: 130 people, each before five surveillance cameras at three distances, and one mugshot [Grgic et al., 2011].

Looked for in ``LRFR_DATA/scface`` (or ``scface/SCface_database``), as its makers lay it out:

* ``mugshot_frontal_cropped_all/001_frontal.JPG`` with ``mugshot_frontal_cropped.txt``, else
  ``mugshot_frontal_original_all/001_frontal.jpg``;
* ``surveillance_cameras_distance_1/cam_1/001_cam1_1.jpg``, else all in ``surveillance_cameras_all/``, with ``all.txt``.

A file name says person, camera and distance: 1 is the farthest, 4.2 m, 2 is 2.6 m and 3 is 1 m (one paper prints
4.7 m). Cameras 6 to 8 are infrared and left out, which leaves 130 x (1 + 15) photographs.

The text files give the eyes, the tip of the nose and the middle of the mouth, so no detector has to find a face of
20 pixels. ``all.txt`` is read for the surveillance pictures only: nobody says whether its mugshots are the cropped
ones. Where a photograph has no line, MTCNN looks for the face. Both papers of the study name MTCNN and say nothing of
the faces that it misses.
"""

import re
from pathlib import Path

import numpy as np

from lrfr.alignment import TEMPLATE, similarity_transform
from lrfr.datasets.access import Access
from lrfr.datasets.base import FaceDataset, Photograph, Store
from lrfr.errors import LrfrError

ACCESS = Access(
    "SCface", "scface", "the University of Zagreb gives it out for a signed release agreement, www.scface.org"
)
PEOPLE, CAMERAS = 130, 5
#: Metres from the cameras, in the order of the numbers in the file names.
METRES = (4.2, 2.6, 1.0)
DISTANCES = len(METRES)
#: How many people logexp fine-tunes on; it tests on the others (its Sec. 4.2).
FINE_TUNE = 50
CROPPED = "mugshot_frontal_cropped_all"
_SEEN = re.compile(r"(\d{3})_(cam[1-5])_([1-3])\.jpe?g", re.IGNORECASE)
_MUGSHOT = re.compile(r"(\d{3})_frontal\.jpe?g", re.IGNORECASE)


def five_points(four: np.ndarray) -> np.ndarray:
    """Five landmarks that cut a face exactly as SCface's four do.

    The four are put onto the frame with the middle of its mouth corners; the frame's five points are carried back.

    Args:
        four: 4 x 2 pixels (x, y): both eyes in either order, nose, middle of the mouth.
    """
    points = np.vstack([sorted(four[:2].tolist()), four[2:]])
    target = np.vstack([TEMPLATE[:3], TEMPLATE[3:].mean(0)])
    matrix = similarity_transform(points, target)
    return (TEMPLATE - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T


def read_points(path: Path) -> dict[str, np.ndarray]:
    """The landmark file: picture names without ending, four points each; empty where there is no such file.

    Raises:
        LrfrError: a line is no name with eight numbers, or its points are all one.
    """
    if not path.is_file():
        return {}
    found = {}
    for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
        name, *values = line.split() or [""]
        try:
            if name:
                found[name.lower()] = five_points(np.array(values, float).reshape(4, 2))
        except (ValueError, LrfrError):
            raise LrfrError(
                f"Expected a picture's name and four different points in line {number} of {path}, found {line!r}: "
                "unpack SCface again, or remove the file and let MTCNN find the faces."
            ) from None
    return found


def photographs() -> list[Photograph]:
    """The mugshots (camera ``frontal``) and the pictures of cameras 1 to 5, ordered by file name.

    Raises:
        LrfrError: SCface is not there, is incomplete, or a landmark file has another layout.
    """
    root = ACCESS.root()
    root = root / "SCface_database" if (root / "SCface_database").is_dir() else root
    store = Store(root)
    folders = [f"surveillance_cameras_distance_{d}" for d in range(1, DISTANCES + 1)]
    there = _pictures(store, [CROPPED, "mugshot_frontal_original_all"], _MUGSHOT)
    there |= _pictures(store, [*folders, "surveillance_cameras_all"], _SEEN)
    seen, mugshots = read_points(root / "all.txt"), read_points(root / "mugshot_frontal_cropped.txt")
    people = [f"{n:03d}" for n in range(1, PEOPLE + 1)]
    wanted = [f"{p}_frontal" for p in people]
    wanted += [f"{p}_cam{c}_{d}" for p in people for c in range(1, CAMERAS + 1) for d in range(1, DISTANCES + 1)]
    missing = [name for name in wanted if name not in there]
    if missing:
        raise ACCESS.error(
            f"mugshot_frontal_cropped_all/001_frontal.JPG and surveillance_cameras_distance_1/cam_1/001_cam1_1.jpg and "
            f"so on, {len(wanted)} photographs of {PEOPLE} people",
            f"{len(missing)} are missing below {root} (the first is {missing[0]})",
        )
    found = []
    for name in sorted(wanted):
        file = there[name]
        person, camera, *distance = name.split("_")
        points = seen if distance else mugshots if file.startswith(CROPPED) else {}
        found.append(
            Photograph(
                file.split("/")[-1],
                person,
                store.reader(file),
                camera=camera,
                distance="".join(distance),
                landmarks=points.get(name),
                stamp=store.stamp(file),
            )
        )
    return found


def _pictures(store: Store, folders: list[str], pattern: re.Pattern) -> dict[str, str]:
    """Files by name without ending; what lies in an earlier folder goes before its copy in a later one."""
    found: dict[str, str] = {}
    for folder in folders:
        for file in store.pictures():
            name = file.split("/")[-1]
            if file.startswith(f"{folder}/") and pattern.fullmatch(name):
                found.setdefault(name.rsplit(".", 1)[0].lower(), file)
    return found


def split(dataset: FaceDataset, seed: int = 0) -> tuple[FaceDataset, FaceDataset]:
    """People to fine-tune on, and the others, to test on: 50 and 80 (logexp, Sec. 4.2).

    Which 50 the paper took is not said, and its lists are not published; they are drawn here.

    Args:
        dataset: SCface.
        seed: of the draw.

    Raises:
        LrfrError: too few people.
    """
    people = np.array(dataset.identities)
    if len(people) <= FINE_TUNE:
        raise ACCESS.error(f"more than {FINE_TUNE} people to split", f"{len(people)} could be prepared")
    chosen = np.random.default_rng(seed).permutation(people)[:FINE_TUNE]
    mine = dataset.table["identity"].isin(set(chosen)).to_numpy()
    return dataset.subset(mine, "scface-fine-tune"), dataset.subset(~mine, "scface-test")
