"""Who is searched among whom: the protocols of SCface, AR and TinyFace as the two papers state them.

Each takes the columns of a set's table and gives searches: which rows are probes, which are the gallery. Cosine and
rank-1 are the papers' measures; `lrfr.evaluation.retrieval` computes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from lrfr.errors import LrfrError

#: SCface's distances as logexp calls them, the farthest first.
DISTANCES = {"d1": "1", "d2": "2", "d3": "3"}


@dataclass(frozen=True)
class Search:
    """Probes and gallery as rows of a set's table.

    Attributes:
        protocol: as results name it.
        probe, gallery: positions, int.
        setting: ``"probe"`` where only the probes are small faces, ``"both"`` where the gallery's are too.
        ranks: for which k the rank-k rate is asked for.
        precision: whether mAP is.
    """

    protocol: str
    probe: np.ndarray
    gallery: np.ndarray
    setting: str = "probe"
    ranks: tuple[int, ...] = (1,)
    precision: bool = False

    def __post_init__(self) -> None:
        """Refuse an empty side."""
        if not len(self.probe) or not len(self.gallery):
            raise LrfrError(
                f"The protocol '{self.protocol}' expects probes and a gallery, but found {len(self.probe)} and "
                f"{len(self.gallery)} photographs: prepare the whole set."
            )


def scface_mugshots(table: pd.DataFrame, people: Iterable[str] | None = None, name: str = "HR gallery") -> list[Search]:
    """One mugshot a person against the five cameras: at each distance, at all, and camera by camera.

    multiscale, Table II: all 130 people. logexp, Table 1: the 80 test people, ``d1`` the farthest; its "Avg" is the
    mean of the three distances, which is the rate over all their probes, since each distance has as many.

    Args:
        table: SCface's.
        people: who takes part, both sides; None for all.
        name: the protocols are called ``"<name>, d1"``, ``"<name>, d1 cam1"`` and ``"<name>, all"``.
    """
    here = np.ones(len(table), bool) if people is None else table["identity"].isin(set(people)).to_numpy()
    mugshot = (table["camera"] == "frontal").to_numpy()
    gallery = np.flatnonzero(here & mugshot)
    found = [Search(f"{name}, all", np.flatnonzero(here & ~mugshot), gallery)]
    for label, distance in DISTANCES.items():
        far = here & (table["distance"] == distance).to_numpy()
        found.append(Search(f"{name}, {label}", np.flatnonzero(far), gallery))
        for camera in sorted(set(table["camera"][far])):
            probe = np.flatnonzero(far & (table["camera"] == camera).to_numpy())
            found.append(Search(f"{name}, {label} {camera}", probe, gallery))
    return found


def scface_near(table: pd.DataFrame) -> Search:
    """Pictures from 2.6 m searched among all pictures from 1 m (multiscale, Table III).

    The paper's "50 images for each identity" from 1 m do not exist: SCface has five there. The rates that it prints for
    three of the four other methods are whole multiples of 1/250, as of 50 people before five cameras; here all 130 are.
    """
    distance = table["distance"].to_numpy(str)
    return Search("d2 in d3", np.flatnonzero(distance == "2"), np.flatnonzero(distance == "3"), setting="both")


def ar_days(table: pd.DataFrame, condition: np.ndarray) -> Search:
    """The neutral photograph of day 1 searched among those of day 14, to rank 100 (multiscale, Table I).

    The paper takes one photograph of each day and does not say which. All its rates are whole percents of 100 probes.

    Args:
        table: AR's, of those who take part.
        condition: number of each photograph: 1 is neutral on the first day, 14 on the second.
    """
    gallery = np.flatnonzero(condition == 14)
    ranks = tuple(range(1, min(100, len(gallery)) + 1))
    return Search("day 1 in day 14", np.flatnonzero(condition == 1), gallery, ranks=ranks)


def tinyface(table: pd.DataFrame) -> Search:
    """The probes among their people's other pictures and all distractors (logexp, Table 2): ranks 1, 5, 10, 20, mAP."""
    part = table["file"].str.split("/").str[0]
    probe, gallery = np.flatnonzero(part == "Probe"), np.flatnonzero(part != "Probe")
    return Search("probe in gallery", probe, gallery, "both", (1, 5, 10, 20), precision=True)
