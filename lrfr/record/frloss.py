"""What is recorded of frloss: both arms at 4x and 8x beside HR and the interpolations, and the pilots."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from lrfr import datasets, measure, methods, recognizers
from lrfr.datasets import lfw
from lrfr.datasets.base import to_tensor
from lrfr.errors import LrfrError
from lrfr.evaluation import quality, verification
from lrfr.files import write_text
from lrfr.measure import Measured
from lrfr.networks.srresnet import SRResNetSettings
from lrfr.plans import find, pilots
from lrfr.progress import track
from lrfr.record import JUDGES, TRAINED_WITH, Entry, measure_entries, path, recompute_entries, shipped, trained, view

#: Interpolations beside bicubic: recorded on AT&T, seen by the training network only, to keep the demo short.
OTHER_KERNELS = ("nearest", "bilinear", "Lanczos", "area")
MSE, FR = "SRResNet (MSE)", "SRResNet (FR)"


def entries(kernels: bool = False, every_seed: bool = False) -> list[Entry]:
    """HR, then bicubic and both arms at 28 px (4x) and 14 px (8x).

    Args:
        kernels: the other interpolations too.
        every_seed: every shipped training seed instead of seed 0 alone.
    """
    found = [Entry(methods.hr())]
    for px, scale in ((28, 4), (14, 8)):
        found.append(Entry(methods.interpolation(px)))
        if kernels:
            found += [Entry(methods.interpolation(px, k)) for k in methods.KERNELS if k != "bicubic"]
        for seed in range(3 if every_seed else 1):
            name = f"frloss-{scale}x-s{seed}"
            if shipped(f"{name}-fr"):
                found += [trained(f"{name}-mse", MSE), trained(f"{name}-fr", FR)]
    return found


def record(names: list[str], replicates: int = 1000) -> pd.DataFrame:
    """Measure everything of frloss on the named sets (att, caltech, celeba-held-out, view2, devtest).

    Returns:
        The whole table, as written.

    Raises:
        LrfrError: no set is named.
    """
    if not names:
        raise LrfrError("Nothing to record: name at least one of att, caltech, celeba-held-out, view2, devtest.")
    judges = [recognizers.load(n) for n in JUDGES]  # type: ignore[arg-type]
    for name in names:
        found = entries(kernels=name == "att", every_seed=name in lfw.VIEWS)
        table = measure_entries("frloss", name, found, lambda e: _seeing(e, judges), ("bicubic", MSE), replicates)
    return table


def record_pilots() -> pd.DataFrame:
    """Every finished pilot on View 1 DevTest (AUC, LR probe and both) and on held-out CelebA people (PSNR, grid).

    Returns:
        The table, as written to ``data/results/frloss_pilots.csv``: one row a pilot. Rows of pilots whose runs are not
        here any more stay.
    """
    faces, pairs = view("devtest")
    held = datasets.load("celeba-held-out")
    some = held.subset(np.arange(0, len(held), 3))
    judges = [recognizers.load(n) for n in JUDGES]  # type: ignore[arg-type]
    named = [("bicubic", methods.interpolation(14))]
    known = ["frloss-8x-s0-base", *(r.name for r in pilots() if isinstance(r.generator, SRResNetSettings))]
    for name in known:
        weights = find(name).folder / "weights.safetensors"
        if weights.is_file():
            named.append((name, methods.trained(name, weights)))
    rows = []
    with track("pilots", len(named), "runs") as advance:
        for name, method in named:
            measured = Measured(faces, method)
            row: dict[str, str | float] = {"run": name}
            for judge in judges:
                for setting in measure.SETTINGS:
                    score = measured.similarity(judge, pairs, setting)
                    row[f"auc_{judge.name}_{setting}"] = round(verification.auc(score, pairs.genuine), 4)
            sr = methods.restore(method, some.images)
            row["psnr"] = round(float(quality.psnr(to_tensor(sr), some.tensor()).mean()), 2)
            row["grid"] = round(quality.grid_strength(sr, some.images), 2)
            rows.append(row)
            advance(1)
    table = pd.DataFrame(rows)
    if path("frloss_pilots").is_file():
        old = pd.read_csv(path("frloss_pilots"))
        table = pd.concat([table, old[~old["run"].isin(table["run"])]])
        table = table.set_index("run").reindex([n for n in ["bicubic", *known] if n in set(table["run"])]).reset_index()
    write_text(path("frloss_pilots"), table.to_csv(index=False))
    return table


def _seeing(entry: Entry, judges: Sequence[recognizers.Recognizer]) -> list[recognizers.Recognizer]:
    return [j for j in judges if j.name == TRAINED_WITH or entry.method.name not in OTHER_KERNELS]


def recompute(
    sets: Sequence[str], judges: Sequence[str] = JUDGES, px: Sequence[int] = (28, 14), replicates: int = 1000
) -> pd.DataFrame:
    """Every recorded AT&T and Caltech row anew, from the shipped weights.

    Args:
        sets: of :data:`lrfr.record.PACKAGED`.
        judges: recognisers to use.
        px: LR sizes to take.
        replicates: bootstrap draws; values do not depend on it, intervals do.
    """
    seeing = [recognizers.load(j) for j in judges]  # type: ignore[arg-type]
    parts = []
    for name in sets:
        found = [e for e in entries(kernels=name == "att") if e.method.px in (*px, 112)]
        parts.append(recompute_entries(name, found, lambda e: _seeing(e, seeing), replicates))
    return pd.concat(parts, ignore_index=True)
