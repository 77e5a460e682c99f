"""AR: frontal faces of over a hundred people, photographed on two days, 14 days apart [Martinez & Benavente, 1998].

Looked for in ``LRFR_DATA/ar``, in folders or not: ``M-001-01.bmp`` or any other picture format, where M is a man and W
(or F) a woman, then the person's number, then one of 26 conditions. 1 to 13 were taken on the first day: neutral,
smile, anger, scream, light from the left, from the right, from both sides, sunglasses (3), scarf (3). 14 to 26 repeat
them on the second day. Both the original edition and the cropped one (50 men and 50 women, 120 x 165) are named so.

The original edition is given out as ``.raw`` files without header, 768 x 576 at 24 bits; no description of their
layout could be found, so they must be converted first. MTCNN finds the faces; where sunglasses or a scarf hide one it
may find none.
"""

import re

import numpy as np
import pandas as pd

from lrfr.datasets.access import Access
from lrfr.datasets.base import FaceDataset, Photograph, Store

ACCESS = Access("AR", "ar", "its maker A. M. Martinez gives it to university researchers who apply by letter")
#: Men and women of multiscale's protocol (its Sec. V-A).
MEN, WOMEN = 50, 50
#: The neutral, evenly lit photograph of the first and of the second day.
FIRST, SECOND = 1, 14
_NAME = re.compile(r"([mwf])-(\d{2,3})-(\d{1,2})\.\w+", re.IGNORECASE)


def photographs() -> list[Photograph]:
    """All pictures named as AR's are, ordered by file name; ``session`` is the day, 1 or 2.

    Raises:
        LrfrError: AR is not there, not converted, or named in another way.
    """
    root = ACCESS.root()
    store = Store(root)
    found = []
    for name in store.pictures():
        match = _NAME.fullmatch(name.split("/")[-1])
        if match and FIRST <= int(match[3]) <= 26:
            sex = "M" if match[1].upper() == "M" else "W"
            found.append(
                Photograph(
                    name.split("/")[-1],
                    f"{sex}-{int(match[2]):03d}",
                    store.reader(name),
                    session="1" if int(match[3]) < SECOND else "2",
                    stamp=store.stamp(name),
                )
            )
    if not found:
        raw = sum(n.lower().endswith(".raw") for n in store.names)
        what = f"{root} has {raw} .raw files, which must be converted first" if raw else f"{root} has no such picture"
        raise ACCESS.error("M-001-01.bmp and so on", what)
    return sorted(found, key=lambda photograph: photograph.file)


def conditions(dataset: FaceDataset) -> np.ndarray:
    """The number behind each photograph, 1 to 26."""
    return dataset.table["file"].str.extract(r"-(\d{1,2})\.\w+$", expand=False).astype(int).to_numpy()


def hundred(dataset: FaceDataset) -> FaceDataset:
    """The first 50 men and 50 women, by number, who were photographed neutrally on both days.

    The paper chose 100 people "following" another one; neither says which. The cropped edition has just these 100.

    Raises:
        LrfrError: fewer men or women.
    """
    condition = conditions(dataset)
    who = dataset.table["identity"]
    both = sorted(set(who[condition == FIRST]) & set(who[condition == SECOND]))
    chosen = [p for p in both if p[0] == "M"][:MEN] + [p for p in both if p[0] == "W"][:WOMEN]
    if len(chosen) < MEN + WOMEN:
        counts = pd.Series([p[0] for p in chosen]).value_counts()
        raise ACCESS.error(
            f"{MEN} men and {WOMEN} women with the photographs {FIRST} and {SECOND}",
            f"{counts.get('M', 0)} men and {counts.get('W', 0)} women could be prepared",
        )
    return dataset.subset(who.isin(chosen).to_numpy(), "ar")
