"""What is recorded of multiscale: search with one gallery photograph a person on AT&T and LFW, pairs, ablations.

At the paper's sizes, which are rectangles, the protocol says the size ("one gallery 16x12") and ``px`` the height.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lrfr import datasets, measure, methods
from lrfr.datasets import FaceDataset
from lrfr.degradation import Size
from lrfr.measure import Measured, Pairs
from lrfr.papers import multiscale as paper
from lrfr.plans import find
from lrfr.recognizers import Recognizer
from lrfr.record import (
    JUDGES,
    PACKAGED,
    Entry,
    finished,
    load,
    load_judges,
    measure_entries,
    recompute_entries,
    record_missing,
    refuse_unknown,
    shipped,
    trained,
    view,
    view_rows,
)
from lrfr.record import covered as record_covered
from lrfr.record.multiscale_variations import VARIED, variations

#: The search on LFW, as ``lrfr record multiscale`` is asked for it.
IDENTIFICATION = "identification"
SETS = (*PACKAGED, "view2", "devtest", IDENTIFICATION, "ablations", "variations")
PIXEL, WHOLE, JOINED = "U-Net (pixel)", "U-Net", "U-Net + bicubic"
#: Checkpoint (behind ``multiscale-s0-``) and label: ten sizes without and with identity loss, then one size each.
NETWORKS = {"pixel": PIXEL, "both": WHOLE}
SINGLES = {"14x12": "U-Net (14x12)", "7x6": "U-Net (7x6)"}
#: Networks of the other chapters, fed with the same faces.
OTHERS = {"frloss-8x-s0-fr": "SRResNet (FR)", "ipfsrgan-s0-srgan": "SRGAN"}
#: What the methods behind them are compared with.
BASELINES = ("bicubic", PIXEL, WHOLE)
#: Heights and widths at which faces are searched: Table I's on AT&T (and two of Table IV), Table IV's on LFW.
AR_SIZES = ((7, 6), (11, 8), (14, 12), (16, 12), (16, 16), (21, 15), (32, 32))
LFW_SIZES = ((7, 6), (14, 12), (16, 14), (18, 16))
#: Sides of squares, as in the other chapters, for pairs and whole sets.
SQUARES = (7, 14, 28)
#: Sizes at which the ablations are compared.
ABLATION_SIZES = ((14, 12), (7, 6))


def entries(size: Size, singles: Sequence[str] = (), others: bool = False, joined: bool = False) -> list[Entry]:
    """Bicubic and every shipped network at one size, in the order in which they are compared.

    Args:
        size: side, or height and width, of the LR faces.
        singles: models for one size alone, by the names of :data:`SINGLES`.
        others: networks of the other chapters too.
        joined: the embeddings of the enlarged and the restored face side by side too.
    """
    found = [Entry(methods.interpolation(size))]
    if others:
        found += [trained(name, label, size=size) for name, label in OTHERS.items() if shipped(name)]
    names = NETWORKS | {key: SINGLES[key] for key in singles}
    found += [
        trained(f"multiscale-s0-{key}", label, size=size)
        for key, label in names.items()
        if shipped(f"multiscale-s0-{key}")
    ]
    whole = next((e for e in found if e.method.name == WHOLE), None)
    if joined and whole is not None:
        found.append(replace(whole, method=replace(whole.method, name=JOINED)))
    return found


def _before(name: str, found: Sequence[Entry]) -> list[str]:
    """The baselines that stand before a method."""
    names = [e.method.name for e in found]
    return [b for b in BASELINES if b in names[: names.index(name)]]


def squares(px: Sequence[int] = SQUARES) -> list[Entry]:
    """HR, and the methods at the sizes of the other chapters."""
    return [Entry(methods.hr()), *(entry for side in px for entry in entries(side))]


def record(names: Sequence[str], replicates: int = 1000) -> pd.DataFrame:
    """Measure everything on the named sets.

    Args:
        names: of :data:`SETS`: att (with the search and varied probes), caltech, view2, devtest; ``identification``
            (the search on LFW), ``ablations``, and ``variations`` (what att and caltech have of
            :mod:`lrfr.record.multiscale_variations`).
        replicates: draws of the intervals.

    Raises:
        LrfrError: no set is named, or one that is not known.
    """
    refuse_unknown("multiscale", names, SETS)
    judges = load_judges(JUDGES)
    for name in names:
        if name == "ablations":
            _record_ablations(judges, replicates)
        elif name not in ("variations", IDENTIFICATION):
            measure_entries("multiscale", name, squares(), lambda entry: judges, BASELINES, replicates, BASELINES)
        if (searched := searched_faces(name)) is not None:
            _record_search(searched, judges, replicates)
        for packaged in PACKAGED if name == "variations" else [name] if name in PACKAGED else []:
            for where, entry, rows in variations(datasets.load(packaged), _varied(packaged)):
                record_missing("multiscale", packaged, where, [entry], lambda _, rows=rows: rows(judges, replicates))  # type: ignore[misc]
    return load("multiscale")


def recompute(
    sets: Sequence[str],
    judges: Sequence[str] = JUDGES,
    px: Sequence[int] | None = None,
    replicates: int = 1000,
    only: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Every recorded row of these sets anew, from the shipped weights.

    Args:
        sets: att, caltech; view2 and identification on the reader's own LFW.
        judges: recognisers.
        px: heights of the LR faces to take; None is all.
        replicates: draws; values do not depend on it.
        only: names of methods; None is all.
    """
    seeing = load_judges(judges)

    def wanted(entry: Entry) -> bool:
        return (px is None or entry.method.px in (*px, 112)) and (only is None or entry.method.name in only)

    parts = []
    for name in sets:
        found = [e for e in squares() if wanted(e)] if name != IDENTIFICATION else []
        if found:
            parts.append(recompute_entries(name, found, lambda entry: seeing, replicates, BASELINES, BASELINES))
        searched = searched_faces(name)
        if searched is not None:
            for size in search_sizes(searched.name):
                search = Search(searched, size)
                parts += [search.rows(entry, seeing, replicates) for entry in search.entries if wanted(entry)]
        if name in PACKAGED:
            faces = datasets.load(name)
            varied = variations(faces, _varied(name))
            parts += [rows(seeing, replicates) for _, entry, rows in varied if wanted(entry)]
    return pd.concat(parts, ignore_index=True)


def covered(
    table: pd.DataFrame,
    sets: Sequence[str],
    judges: Sequence[str] = JUDGES,
    px: Sequence[int] | None = None,
    only: Sequence[str] | None = None,
) -> pd.DataFrame:
    """The recorded rows that :func:`recompute` gives again; as :func:`lrfr.record.covered`."""
    there = [record_covered(table, [s for s in sets if s != IDENTIFICATION], judges, px)]
    if IDENTIFICATION in sets:
        searched = (table["set"] == "lfw") & table["protocol"].str.startswith("one gallery")
        searched &= table["recognizer"].isin(judges)
        there.append(table[searched if px is None else searched & table["px"].isin([*px, 112])])
    found = pd.concat(there)
    return found if only is None else found[found["method"].isin(only)]


# Search with one gallery and one probe photograph a person (Tables I and IV)


def first_photographs(faces: FaceDataset, each: int = 2) -> FaceDataset:
    """The first photographs of everybody who has as many.

    Of LFW's 5,749 people 1,680 have two. The paper names its protocol by a reference alone: who is in the gallery, and
    which photographs are looked for, it does not say.
    """
    place = faces.table.groupby("identity").cumcount()
    count = faces.table.groupby("identity")["identity"].transform("size")
    return faces.subset(((place < each) & (count >= each)).to_numpy())


def searched_faces(name: str) -> FaceDataset | None:
    """Whose photographs are searched when a set is recorded: AT&T's, or of LFW two of each person; None: nobody's."""
    if name == IDENTIFICATION:
        return first_photographs(datasets.load("lfw"))
    return datasets.load(name) if name == "att" else None


def search_sizes(name: str) -> tuple[tuple[int, int], ...]:
    """Heights and widths at which a set is searched; 112 x 112 is HR."""
    return ((112, 112), *(LFW_SIZES if name == "lfw" else AR_SIZES))


class Search:
    """All methods at one size, each LR photograph looked for among HR ones.

    Attributes:
        entries: of the methods, in the order in which they are compared.
        protocol: of the rows.
    """

    def __init__(self, faces: FaceDataset, size: tuple[int, int]) -> None:
        """Faces are restored when they are asked for."""
        self.faces = faces
        self.protocol = "one gallery {}x{}".format(*size)
        own = "{}x{}".format(*size)
        # AT&T is small: there models for one size are fed with other sizes too, and the other chapters' networks.
        small = faces.name != "lfw"
        singles = [key for key in SINGLES if small or key == own]
        self.entries = [Entry(methods.hr())] if size == (112, 112) else entries(size, singles, small, joined=True)
        self._measured = {e.method.name: Measured(faces, e.method, e.seed) for e in self.entries}

    def matrix(self, name: str, judge: Recognizer) -> np.ndarray:
        """Similarity of every LR photograph (row), restored by the method, with every HR one."""
        if name == JOINED:
            # The HR photograph stands on the other side twice: it is neither enlarged nor restored.
            return judge.concatenated([self.matrix("bicubic", judge), self.matrix(WHOLE, judge)])
        return self._measured[name].matrix(judge, "probe")

    def rows(self, entry: Entry, judges: Sequence[Recognizer], replicates: int = 1000) -> pd.DataFrame:
        """CMC of a method, and its paired differences in rank-1 to the baselines that stand before it."""
        name = entry.method.name
        before = _before(name, self.entries)
        parts = []
        for judge in judges:
            others = {b: self.matrix(b, judge) for b in before}
            found = self.matrix(name, judge)
            parts.append(
                measure.single_gallery_rows(self._measured[name], judge, self.protocol, found, others, replicates)
            )
        for measured in self._measured.values():
            measured.forget()
        return pd.concat(parts, ignore_index=True)


def _record_search(faces: FaceDataset, judges: Sequence[Recognizer], replicates: int) -> None:
    for size in search_sizes(faces.name):
        search = Search(faces, size)
        record_missing(
            "multiscale",
            faces.name,
            search.protocol,
            search.entries,
            lambda entry, search=search: search.rows(entry, judges, replicates),  # type: ignore[misc]
        )


# Pose, light, occlusion, camera


def _varied(name: str) -> list[Entry]:
    """What is shown varied faces of a set: HR, and on AT&T bicubic enlargement and U-Net."""
    small = entries(VARIED) if name == "att" else []
    return [Entry(methods.hr()), *(e for e in small if e.method.name in ("bicubic", WHOLE))]


# Trainings that differ in one thing


def ablations(size: Size) -> list[Entry]:
    """Every ablation whose run is finished here, named by what is behind ``multiscale-abl-``."""
    found = [finished(find(f"multiscale-abl-{key}"), key, size) for key in paper.ablations()]
    return [entry for entry in found if entry is not None]


def _record_ablations(judges: Sequence[Recognizer], replicates: int) -> None:
    """Each finished ablation on LFW View 1 beside the shipped networks: pairs, pictures, differences."""
    faces, pairs = view("devtest")
    for size in ABLATION_SIZES:
        protocol = "ablation {}x{}".format(*size)
        found = [*entries(size), *ablations(size)]
        measured = {e.method.name: Measured(faces, e.method, e.seed) for e in found}

        record_missing(
            "multiscale",
            faces.name,
            protocol,
            found,
            lambda entry, found=found, measured=measured, protocol=protocol: _ablation_rows(  # type: ignore[misc]
                measured[entry.method.name],
                [measured[b] for b in _before(entry.method.name, found)],
                judges,
                pairs,
                protocol,
                replicates,
            ),
        )


def _ablation_rows(
    measured: Measured,
    before: Sequence[Measured],
    judges: Sequence[Recognizer],
    pairs: Pairs,
    protocol: str,
    replicates: int,
) -> pd.DataFrame:
    parts = [
        measure.quality_rows(measured, replicates).assign(protocol=protocol),
        view_rows(measured, list(before), list(judges), pairs, protocol, replicates),
    ]
    for one in (measured, *before):
        one.forget()
    return pd.concat(parts, ignore_index=True)
