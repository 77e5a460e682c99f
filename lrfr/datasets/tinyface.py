"""TinyFace: faces of 20 pixels from photographs of crowds, with 153,428 strangers in the gallery [Cheng et al., 2018].

Looked for in ``LRFR_DATA/tinyface`` (or ``tinyface/tinyface``), as its makers lay it out:

* ``Testing_Set/Probe``, ``Gallery_Match`` and ``Gallery_Distractor`` with pictures, and beside them
  ``probe_img_ID_pairs.mat`` (``probe_set``, ``probe_ids``) and ``gallery_match_img_ID_pairs.mat`` (``gallery_set``,
  ``gallery_ids``): which picture shows whom. 3,728 probes, 4,443 gallery pictures of the people asked for.
* ``Training_Set/<id>/<id>_<n>.jpg``: 7,804 pictures of 2,570 people.

The pictures are cut to the face, but not turned or centred; how logexp cuts them it does not say. Here they are
enlarged to 96 pixels and given a border for MTCNN, which finds most faces of 16 x 20 pixels so, and recognition rests
on it (``tests/test_tinyface.py`` measures both on AT&T). Where it finds none the whole picture is the crop, so that no
probe and no stranger is left out: the protocol has a fixed number of each.
"""

from pathlib import Path

import numpy as np
from scipy.io import loadmat

from lrfr.datasets import folder
from lrfr.datasets.access import Access
from lrfr.datasets.base import Photograph, Store
from lrfr.errors import LrfrError

ACCESS = Access(
    "TinyFace", "tinyface", "Queen Mary University of London gives it out for research, qmul-tinyface.github.io"
)
DISTRACTORS = 153_428
#: Whom a distractor shows is not known; they all have this identity, which no probe has.
STRANGER = "stranger"
PROBE, MATCH, DISTRACTOR = "Probe", "Gallery_Match", "Gallery_Distractor"
_LISTS = {PROBE: ("probe_img_ID_pairs.mat", "probe"), MATCH: ("gallery_match_img_ID_pairs.mat", "gallery")}


def _root(part: str) -> Path:
    root = ACCESS.root()
    inner = root / "tinyface"
    root = inner if (inner / part).is_dir() else root
    if not (root / part).is_dir():
        raise ACCESS.error(f"the folder {part}", f"{root} has none")
    return root / part


def read_list(path: Path, kind: str) -> dict[str, str]:
    """A list of TinyFace: picture name to identity.

    Args:
        path: the ``.mat`` file.
        kind: ``"probe"`` or ``"gallery"``, with which its two variables begin.

    Raises:
        LrfrError: the file is missing, damaged, or holds other variables.
    """
    if not path.is_file():
        raise ACCESS.error(f"the list {path.name} in Testing_Set", f"{path.parent} has none")
    try:
        content = loadmat(path)
        names = [str(np.ravel(cell)[0]) for cell in np.ravel(content[f"{kind}_set"])]
        identities = [str(int(i)) for i in np.ravel(content[f"{kind}_ids"])]
        return dict(zip(names, identities, strict=True))
    except Exception as error:  # a damaged file makes loadmat raise nearly anything
        raise LrfrError(
            f"Expected the variables {kind}_set and {kind}_ids of one length in {path}, but it could not be read "
            f"({type(error).__name__}): {ACCESS.mend}"
        ) from None


def photographs() -> list[Photograph]:
    """The test set: probes, gallery, distractors, in this order; ``file`` begins with the folder.

    Raises:
        LrfrError: TinyFace is not there, a list or a picture is missing, or there are more or fewer distractors.
    """
    root = _root("Testing_Set")
    found = []
    for part in (PROBE, MATCH, DISTRACTOR):
        if not (root / part).is_dir():
            raise ACCESS.error(f"the folder Testing_Set/{part}", f"{root} has none")
        store = Store(root / part)
        there = {name: name for name in store.pictures()}
        if part == DISTRACTOR:
            listed = dict.fromkeys(there, STRANGER)
            if len(listed) != DISTRACTORS:
                raise ACCESS.error(f"{DISTRACTORS} pictures in {part}", f"{root / part} has {len(listed)}")
        else:
            listed = read_list(root / _LISTS[part][0], _LISTS[part][1])
            missing = [name for name in listed if name not in there]
            if missing:
                raise ACCESS.error(
                    f"the {len(listed)} pictures of {_LISTS[part][0]} in {part}",
                    f"{len(missing)} are missing (the first is {missing[0]})",
                )
        found += [
            Photograph(f"{part}/{name}", identity, store.reader(name), stamp=store.stamp(name), whole=True)
            for name, identity in listed.items()
        ]
    return found


def training() -> list[Photograph]:
    """The training set, for fine-tuning (logexp, Table 2); nobody of the test set is in it.

    Raises:
        LrfrError: TinyFace is not there, or its training set has another layout.
    """
    return folder.photographs(_root("Training_Set"), whole=True)
