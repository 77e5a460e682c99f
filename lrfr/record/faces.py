"""What is recorded for the page on faces: people in both sets and what they change, and two ways to cut LFW out."""

from dataclasses import replace

import pandas as pd

from lrfr import datasets, methods, recognizers
from lrfr.datasets import lfw, overlap
from lrfr.errors import LrfrError
from lrfr.evaluation import verification
from lrfr.evaluation.intervals import Interval
from lrfr.files import write_text
from lrfr.measure import Measured
from lrfr.paths import cache_dir
from lrfr.record import JUDGES, Entry, load_judges, path, provenance, refuse_foreign, shipped, trained, view
from lrfr.record.frloss import FR

#: The network that looks for people in both sets.
DETECTIVE: recognizers.Name = "mobilefacenet"
PX = 14


def record_overlap() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Look for LFW's people among those trained on, and score View 2 with and without their pairs.

    Returns:
        The tables as written to ``data/results/near_duplicates.csv`` and ``near_duplicates_effect.csv``: photographs
        and people above each cosine; AUC of HR, bicubic and, where it is shipped, the FR arm at 14 px (LR probe against
        HR), on all pairs and on those without anyone above the lowest. Only the FR arm was trained on these people: a
        table without it says nothing of what a method owes to them.

    Raises:
        LrfrError: another edition of LFW than was recorded.
    """
    refuse_foreign(["view2"])
    found = overlap.nearest(datasets.load("lfw"), datasets.load("celeba-train"), recognizers.load(DETECTIVE))
    people = _written("near_duplicates", overlap.summary(found))
    faces, pairs = view("view2")
    clean = overlap.untouched(faces.table["identity"].to_numpy(str), found)
    kept = clean[pairs.first] & clean[pairs.second]
    entries = [Entry(methods.hr()), Entry(methods.interpolation(PX))]
    if shipped(name := f"frloss-{112 // PX}x-s0-fr"):
        entries.append(trained(name, FR))
    rows, judges = [], load_judges(JUDGES)
    for entry in entries:
        measured = Measured(faces, entry.method)
        for judge in judges:
            score = measured.similarity(judge, pairs, "probe")
            row = {"method": entry.method.name, "px": entry.method.px, "recognizer": judge.name}
            row |= {"auc": verification.auc(score, pairs.genuine)}
            row |= {"auc_without": verification.auc(score[kept], pairs.genuine[kept])}
            rows.append(row | {"pairs": len(kept), "pairs_without": int(kept.sum()), "weights": entry.weights})
    return people, _written("near_duplicates_effect", pd.DataFrame(rows))


def record_alignment(replicates: int = 1000) -> pd.DataFrame:
    """LFW View 1 DevTest cut by one transform and by MTCNN's points: HR, and bicubic at 14 px against HR.

    Returns:
        The table as written to ``data/results/alignment.csv``: AUC with 95 % interval of each cut, and the paired
        difference (``MTCNN - fixed``).

    Raises:
        LrfrError: the LFW at hand is not the deep-funneled edition.
    """
    if lfw.edition() != "deep-funneled":
        raise LrfrError("Only deep-funneled LFW can be cut by one transform, but the copy at hand is the funneled one.")
    fixed, pairs = view("devtest")
    cuts = {"fixed": fixed, "MTCNN": by_mtcnn(fixed)}
    bootstrap = pairs.bootstrap(fixed.labels, replicates)
    rows, judges = [], load_judges(JUDGES)
    for method in (methods.hr(), methods.interpolation(PX)):
        for judge in judges:
            score = {name: Measured(faces, method).similarity(judge, pairs, "probe") for name, faces in cuts.items()}
            found = {name: bootstrap.interval(verification.auc, s) for name, s in score.items()}
            found["MTCNN - fixed"] = bootstrap.difference(verification.auc, score["MTCNN"], score["fixed"])
            rows += [_row(method, judge.name, name, value, len(pairs.first)) for name, value in found.items()]
    return _written("alignment", pd.DataFrame(rows))


def by_mtcnn(faces: datasets.FaceDataset) -> datasets.FaceDataset:
    """The same photographs of LFW, in the same order, cut by MTCNN's points; by the fixed ones where it finds none."""
    wanted = {file: i for i, file in enumerate(faces.table["file"])}
    chosen = [replace(p, landmarks=None) for p in datasets.photographs("lfw") if p.file in wanted]
    chosen.sort(key=lambda p: wanted[p.file])
    place = cache_dir() / "faces" / f"lfw-mtcnn-{datasets.prepare.fingerprint(chosen, 'mtcnn')}"
    prepared = datasets.prepare.prepare(chosen, place, datasets.finder("lfw"), "cutting LFW by MTCNN")
    return datasets.prepare.read(prepared, faces.name)


def _row(method: methods.Method, recognizer: str, cut: str, value: Interval, n: int) -> dict[str, object]:
    where = {"set": "lfw", "protocol": "devtest", "method": method.name, "px": method.px, "recognizer": recognizer}
    return where | {"cut": cut, "metric": "auc", "value": value.value, "low": value.low, "high": value.high, "n": n}


def _written(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """The table with its provenance, also on disk."""
    table = table.assign(**provenance())
    write_text(path(name), table.to_csv(index=False, float_format="%.6g"))
    return table
