"""What is recorded of frloss: both arms at 4x and 8x beside HR and the interpolations, and the pilots."""

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lrfr import datasets, differences, embeddings, measure, methods, recognizers, tables
from lrfr.datasets import lfw
from lrfr.datasets.base import to_tensor
from lrfr.errors import LrfrError
from lrfr.evaluation import quality, verification
from lrfr.evaluation.intervals import Interval
from lrfr.files import write_text
from lrfr.measure import Measured, Pairs
from lrfr.networks.srresnet import SRResNetSettings
from lrfr.plans import find, further_seeds, pilots
from lrfr.progress import track
from lrfr.record import (
    JUDGES,
    PACKAGED,
    TRAINED_WITH,
    Entry,
    compare,
    covered,
    finished,
    load,
    load_if_any,
    load_judges,
    measure_entries,
    path,
    provenance,
    recompute_entries,
    recorded,
    refuse_foreign,
    refuse_unknown,
    save,
    shipped,
    trained,
    view,
)
from lrfr.training import as_dict

#: Interpolations beside bicubic: recorded on AT&T, seen by the training network only, to keep the demo short.
OTHER_KERNELS = ("nearest", "bilinear", "Lanczos", "area")
MSE, FR = "SRResNet (MSE)", "SRResNet (FR)"
#: What others are compared with, pair by pair and photograph by photograph.
BASELINES = ("bicubic", MSE)
SETS = (*PACKAGED, "celeba-held-out", "view2", "devtest")


def entries(kernels: bool = False, every_seed: bool = False, device: str = "cpu") -> list[Entry]:
    """HR, then bicubic and both arms at 28 px (4x) and 14 px (8x).

    Args:
        kernels: the other interpolations too.
        every_seed: every training seed that is finished here, in place of the shipped one alone.
        device: where the networks run.
    """
    found = [Entry(methods.hr())]
    for px, scale in ((28, 4), (14, 8)):
        found.append(Entry(methods.interpolation(px)))
        if kernels:
            found += [Entry(methods.interpolation(px, k)) for k in methods.KERNELS if k != "bicubic"]
        name = f"frloss-{scale}x-s0"
        if shipped(f"{name}-fr"):
            found += [trained(f"{name}-mse", MSE, device), trained(f"{name}-fr", FR, device)]
        if every_seed:
            more = [run for run in further_seeds() if run.after and run.name.startswith(f"frloss-{scale}x-")]
            here = [finished(run, FR if run.recognizer else MSE, device=device) for run in more]
            # each MSE arm goes before the FR arm that is compared with it
            found += sorted((entry for entry in here if entry is not None), key=lambda entry: entry.method.name == FR)
    return found


def _for(name: str, device: str = "cpu") -> list[Entry]:
    """What is measured on a set: AT&T has every kernel, LFW every training seed."""
    return entries(kernels=name == "att", every_seed=name in lfw.VIEWS, device=device)


def arms(table: pd.DataFrame, metric: str, px: int, name: str = "celeba-held-out", **where: str) -> tuple[float, float]:
    """One metric of the FR arm and of the MSE arm, seed 0; ``where`` names further columns."""
    fr, mse = (tables.value(table, set=name, px=px, metric=metric, seed=0, method=m, **where) for m in (FR, MSE))
    return fr, mse


def record(names: Sequence[str], replicates: int = 1000, fresh: bool = False) -> pd.DataFrame:
    """Measure everything of frloss on the named sets (att, caltech, celeba-held-out, view2, devtest).

    Args:
        names: sets.
        replicates: draws of the intervals.
        fresh: measure even what is recorded.

    Returns:
        The whole table, as written.

    Raises:
        LrfrError: no set is named, or one that is not known.
    """
    refuse_unknown("frloss", names, SETS)
    judges = load_judges(JUDGES)
    for name in names:
        found = _for(name)
        # Before the arms: a call that is killed between them finds an arm missing, and asks for the gain again.
        wanted = name in lfw.VIEWS and (fresh or not _gain_recorded(name, found))
        if wanted and (rows := _gain(name, found, judges, replicates)) is not None:
            save("frloss", rows, _four(found)[FR, 14])
        measure_entries("frloss", name, found, lambda e: _seeing(e, judges), BASELINES, replicates, BASELINES, fresh)
    return load("frloss")


def recompute(
    sets: Sequence[str],
    judges: Sequence[str] | None = None,
    px: Sequence[int] = (28, 14),
    replicates: int = 1000,
    device: str = "cpu",
) -> pd.DataFrame:
    """Every recorded row of these sets anew, from the shipped weights.

    Args:
        sets: of :data:`SETS`; the packaged ones take minutes, LFW's View 2 an hour on a CPU.
        judges: recognisers to use; all where None.
        px: LR sizes to take.
        replicates: bootstrap draws; values do not depend on it, intervals do.
        device: where the networks run.
    """
    refuse_unknown("frloss", sets, SETS)
    seeing = [recognizers.load(j, device) for j in judges or JUDGES]  # type: ignore[arg-type]
    parts = []
    for name in sets:
        found = [e for e in _for(name, device) if e.method.px in (*px, 112)]
        parts.append(recompute_entries(name, found, lambda e: _seeing(e, seeing), replicates, BASELINES, BASELINES))
        if name in lfw.VIEWS and (rows := _gain(name, found, seeing, replicates)) is not None:
            parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def check(
    sets: Sequence[str],
    judges: Sequence[str] | None = None,
    px: Sequence[int] = (28, 14),
    replicates: int = 1000,
    device: str = "cpu",
) -> pd.DataFrame:
    """Compare what is recorded of these sets with what :func:`recompute` finds, seed by seed; nothing is written.

    Raises:
        LrfrError: a value differs by more than :data:`lrfr.record.TOLERANCE`, a row is on one side only, or the data
            at hand are not those that were recorded.
    """
    refuse_unknown("frloss", sets, SETS)
    refuse_foreign(sets)
    computed = recompute(sets, judges, px, replicates, device)
    expected = covered(load("frloss"), sets, judges or JUDGES, px)
    # Weights of further training seeds are not shipped.
    return compare(expected[expected["seed"].isin(computed["seed"])], computed)


def _seeing(entry: Entry, judges: Sequence[recognizers.Recognizer]) -> list[recognizers.Recognizer]:
    return [j for j in judges if j.name == TRAINED_WITH or entry.method.name not in OTHER_KERNELS]


def _four(found: Sequence[Entry]) -> dict[tuple[str, int], Entry]:
    """Both arms at both sizes, seed 0, as far as they are here."""
    return {(e.method.name, e.method.px): e for e in found if e.seed == 0 and e.method.name in (FR, MSE)}


def _gain_recorded(name: str, found: Sequence[Entry]) -> bool:
    """Whether :func:`_gain` is there for the weights of all four arms; its own rows name those of one."""
    table, four = load_if_any("frloss"), _four(found)
    there = all(recorded(table, "lfw", name, arm) for arm in four.values())
    return there and (FR, 14) in four and recorded(table, "lfw", f"{name} gain", four[FR, 14])


def _gain(
    name: str, found: Sequence[Entry], judges: Sequence[recognizers.Recognizer], replicates: int
) -> pd.DataFrame | None:
    """Whether FR gains more over MSE at 8x than at 4x, seed 0; None where an arm is missing."""
    four = _four(found)
    if len(four) < 4:
        return None
    faces, pairs = view(name)
    measured = {key: Measured(faces, e.method) for key, e in four.items()}
    first, second = (tuple(measured[m, px] for m in (FR, MSE)) for px in (14, 28))
    parts = [differences.gain_rows(first, second, j, pairs, f"{name} gain", replicates) for j in judges]  # type: ignore[arg-type]
    return pd.concat(parts, ignore_index=True)


# Pilots

#: The paper's balance: what every pilot is compared with.
PAPERS_BALANCE = "pilot-share50"
#: Pilots that change one thing of it; the others change one thing of the two below.
_FIRST = (PAPERS_BALANCE, "pilot-shift4", "pilot-share80", "pilot-share95", "pilot-mse")
_WORDS = {
    "share": "FR loss {:.0%} of the whole at the start",
    "shift": "the recogniser's view moves by up to {} px",
    "mirror": "the mirror image judged too",
    "total_variation": "total variation, weight {:g}",
    "target": "compared with {}",
    "learning_rate": "learning rate {:g}",
    "steps": "{} steps",
    "upsampling": "sub-pixel convolution",
}
_TARGETS = {"other": "another photograph of the person", "centroid": "the person's centroid"}


def stem(name: str) -> str:
    """The pilot that a run of the pilots' table changes in one thing; the paper's balance where it is none of them."""
    if name in _FIRST or not name.startswith("pilot-") or name.endswith("-base"):
        return PAPERS_BALANCE
    return "pilot-mse" if name.startswith("pilot-mse-") else "pilot-share80"


def _flat(name: str) -> dict[str, object]:
    """Settings of a run that a pilot may change, in one level, and the steps of the phase 1 that it starts from."""
    run = find(name)
    whole = as_dict(run.settings)
    flat = {k: whole[k] for k in ("arm", "share", "shift", "mirror", "total_variation", "target")}
    flat |= {k: whole["schedule"][k] for k in ("learning_rate", "steps")} | {
        k: whole["network"][k] for k in ("upsampling",)
    }
    return flat | {"phase 1": find(run.after).settings.schedule.steps if run.after else None}


def what_differs(name: str) -> str:
    """In words, what a run of the pilots' table is: what it changes of the paper's balance."""
    if name == "bicubic":
        return "no network"
    mine, first = _flat(name), _flat(PAPERS_BALANCE)
    if mine["phase 1"] is None:
        words = ["phase 1 alone", f"{mine['steps']} steps"]
        return ", ".join(words + ([_WORDS["upsampling"]] if mine["upsampling"] != first["upsampling"] else []))
    words = ["MSE alone"] if mine["arm"] == "mse" else []
    for key, text in _WORDS.items():
        if mine[key] != first[key] and not (key == "share" and mine["arm"] == "mse"):
            words.append(text.format(_TARGETS.get(str(mine[key]), mine[key])))
    if mine["phase 1"] != first["phase 1"]:
        words.append(f"phase 1 of {mine['phase 1']} steps")
    return ", ".join(words) or f"the paper's balance: FR loss {mine['share']:.0%} of the whole at the start"


def record_pilots(replicates: int = 1000) -> pd.DataFrame:
    """Every finished pilot on View 1 DevTest (AUC, LR probe and both) and on held-out CelebA people (PSNR, grid).

    Returns:
        The table, as written to ``data/results/frloss_pilots.csv``: one row a pilot. ``auc_<recogniser>_<setting>`` and
        its paired differences with 95 % interval to the paper's balance (``..._minus_share50``, ``_low``, ``_high``)
        and to the pilot that it changes in one thing (``..._minus_stem``, named by ``stem``). Rows of pilots whose runs
        are not here any more stay.

    Raises:
        LrfrError: LFW or CelebA is another edition than was recorded.
    """
    refuse_foreign(["devtest", "celeba-held-out"])
    faces, pairs = view("devtest")
    held = datasets.load("celeba-held-out")
    some = held.subset(np.arange(0, len(held), 3))
    judges = load_judges(JUDGES)
    shipped_runs = [f"frloss-8x-s0-{arm}" for arm in ("base", "mse", "fr")]
    known = [*shipped_runs, *(r.name for r in pilots() if isinstance(r.generator, SRResNetSettings))]
    here = {name: find(name).folder / "weights.safetensors" for name in known}
    here = {name: weights for name, weights in here.items() if weights.is_file()}
    named = {"bicubic": methods.interpolation(14)} | {n: methods.trained(n, w) for n, w in here.items()}
    rows, scores = [], {}
    with track("pilots", len(named), "runs") as advance:
        for name, method in named.items():
            measured = Measured(faces, method)
            scores[name] = {(j.name, s): measured.similarity(j, pairs, s) for j in judges for s in measure.SETTINGS}
            sr = methods.restore(method, some.images)
            row: dict[str, str | float | int] = {"run": name, "stem": "" if name == "bicubic" else stem(name)}
            row |= {f"auc_{j}_{s}": verification.auc(score, pairs.genuine) for (j, s), score in scores[name].items()}
            row["psnr"] = float(quality.psnr(to_tensor(sr), some.tensor()).mean())
            row["grid"] = quality.grid_strength(sr, some.images)
            row |= {"pairs": len(pairs.first), "photographs": len(some)}
            row |= {"seed": 0, "settings": "", "weights": ""}
            if name in here:
                settings = find(name).settings
                row |= {"seed": settings.schedule.seed, "weights": embeddings.file_digest(here[name])}
                row["settings"] = json.dumps(as_dict(settings), sort_keys=True, separators=(",", ":"))
            row |= provenance()
            rows.append(row)
            advance(1)
    for row in rows:
        for against, reference in (("share50", PAPERS_BALANCE), ("stem", str(row["stem"]))):
            if reference in scores and reference != row["run"]:
                row |= _differences(scores[str(row["run"])], scores[reference], against, faces, pairs, replicates)
    table = pd.DataFrame(rows)
    if path("frloss_pilots").is_file():
        old = load_pilots()
        table = pd.concat([table, old[~old["run"].isin(table["run"])]])
        table = table.set_index("run").reindex([n for n in ["bicubic", *known] if n in set(table["run"])]).reset_index()
    write_text(path("frloss_pilots"), table.to_csv(index=False, float_format="%.6g"))
    return table


def _differences(
    mine: dict[tuple[str, str], np.ndarray],
    theirs: dict[tuple[str, str], np.ndarray],
    against: str,
    faces: datasets.FaceDataset,
    pairs: Pairs,
    replicates: int,
) -> dict[str, float]:
    bootstrap = pairs.bootstrap(faces.labels, replicates)
    found: dict[str, float] = {}
    for (judge, setting), score in mine.items():
        value = bootstrap.difference(verification.auc, score, theirs[judge, setting])
        name = f"auc_{judge}_{setting}_minus_{against}"
        found |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
    return found


def pilot_difference(
    pilots: pd.DataFrame, name: str, judge: str, against: str = "share50", setting: str = "probe"
) -> Interval | None:
    """A pilot's paired difference in AUC to ``"share50"`` (the paper's balance) or to its ``"stem"``, or None."""
    column = f"auc_{judge}_{setting}_minus_{against}"
    row = pilots[pilots["run"] == name]
    if column not in pilots or row.empty or row[column].isna().iloc[0]:
        return None
    return Interval(*(float(row[c].iloc[0]) for c in (column, f"{column}_low", f"{column}_high")))


def load_pilots() -> pd.DataFrame:
    """The recorded pilots.

    Raises:
        LrfrError: none are recorded.
    """
    if not path("frloss_pilots").is_file():
        raise LrfrError("Expected recorded pilots at data/results/frloss_pilots.csv, found none: run `lrfr pilots`.")
    text = {k: str for k in ("run", "stem", "settings", "weights", "commit", "date", "hardware")}
    return pd.read_csv(path("frloss_pilots"), dtype=text)
