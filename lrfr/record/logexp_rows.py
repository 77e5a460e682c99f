"""Where logexp's rows and logs lie, and what its runs are called: for both pages of the chapter.

``tables.value(results, **at("robust", 7, "probe"))`` is an AUC on LFW View 2.
"""

from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

import pandas as pd

from lrfr import plans, record, runs, tables
from lrfr.alignment import SIZE
from lrfr.errors import LrfrError
from lrfr.evaluation import validation
from lrfr.losses.logexp import Distance
from lrfr.papers import logexp_study
from lrfr.papers.logexp import Settings
from lrfr.record import SETTING_NAMES as SETTINGS
from lrfr.record import logexp_shares, surveillance
from lrfr.record.logexp import BASELINE, LOW, ROBUST
from lrfr.record.logexp_inside import GRADIENT_SET
from lrfr.tables import Keys

RIVAL = "maug-l1"


def title(name: str) -> str:
    """What tables and figures call a recogniser that results call ``name``."""
    known = {v: k.replace("Ours(", "LogExp").replace(")", "") for k, v in logexp_study.PRINTED.items()}
    known |= {"maug-l1": "MAug+L1", "maug-l2": "MAug+L2", BASELINE: "pretrained"}
    known |= {f"ratio-{'-'.join(map(str, r))}": ":".join(map(str, r)) for r in logexp_study.RATIOS}
    return known.get(name, name)


def at(recognizer: str, px: int, setting: str, metric: str = "auc", protocol: str = "view2") -> Keys:
    """A recogniser on LFW's pairs behind bicubic enlargement, or at HR; ``auc_minus_mobilefacenet`` is paired."""
    return tables.keys("lfw", protocol, "HR" if px == SIZE else "bicubic", px, metric, recognizer, setting)


def drift(recognizer: str, px: int, protocol: str = "view2") -> Keys:
    """Mean cosine to what the pretrained network sees of the same HR face."""
    return at(recognizer, px, "", f"cosine_to_{BASELINE}", f"{protocol} drift")


def inside(recognizer: str, px: int, metric: str = "error_share", protocol: str = "devtest") -> Keys:
    """Errors of LR embeddings; see :func:`lrfr.record.logexp_inside.error_rows`."""
    return at(recognizer, px, "", metric, f"{protocol} errors")


def gradient(recognizer: str, px: int, metric: str = "gradient_logexp") -> Keys:
    """Fig. 3b; see :func:`lrfr.record.logexp_inside.gradient_rows`."""
    return at(recognizer, px, "", metric, "gradients") | {"set": GRADIENT_SET}


def shared(share: float, px: int, setting: str, metric: str = "auc") -> Keys:
    """A share of what *robust* learnt, LFW View 1; see :mod:`lrfr.record.logexp_shares`."""
    return at(logexp_shares.called(share), px, setting, metric, logexp_shares.PROTOCOL)


def difference(results: pd.DataFrame, a: str, b: str, keys: Keys) -> pd.Series:
    """One recogniser minus another, whichever of the two it was recorded with.

    Args:
        results: as :func:`lrfr.record.load` gives them.
        a, b: recognisers.
        keys: of a row of either of them, with the metric that is subtracted.

    Raises:
        LrfrError: it is not recorded.
    """
    left = {k: v for k, v in keys.items() if k not in ("recognizer", "metric")}
    return tables.difference(results, a, b, str(keys["metric"]), "recognizer", **left)


def over(
    results: pd.DataFrame, name: str, px: int, setting: str, metric: str = "auc", protocol: str = "view2"
) -> pd.Series:
    """A recogniser minus the pretrained one, paired; see :func:`difference`."""
    return difference(results, name, BASELINE, at(name, px, setting, metric, protocol))


def gains(
    results: pd.DataFrame,
    pairs: Sequence[tuple[str, str]],
    sizes: Sequence[int] = LOW,
    settings: Sequence[str] = tuple(SETTINGS),
    metrics: Sequence[str] = ("auc",),
    protocol: str = "devtest",
) -> list[pd.Series]:
    """Every recorded paired difference of these pairs of recognisers, for :func:`lrfr.tables.decided`.

    At HR both settings are the same comparison and it counts once. A run that diverged has no rows and is left out.
    """
    found = []
    for a, b in pairs:
        for px in sizes:
            for setting in settings if px != SIZE else settings[-1:]:
                for metric in metrics:
                    try:
                        found.append(difference(results, a, b, at(a, px, setting, metric, protocol)))
                    except LrfrError:
                        continue
    return found


@cache
def told(name: str) -> dict[str, Any]:
    """Settings, curve and provenance of a run, as :func:`lrfr.runs.log_of` finds them.

    Raises:
        LrfrError: there are none.
    """
    return runs.log_of(f"logexp-{name}")


def curve(name: str) -> pd.DataFrame:
    """The log of a run, a line a row."""
    return pd.DataFrame(told(name)["curve"])


def looks(name: str) -> pd.DataFrame:
    """The lines at which a run looked at faces that it did not learn from."""
    found = curve(name)
    return found.dropna(subset=["validation_hr_cosine"]) if "validation_hr_cosine" in found else found[:0]


def collapsed(name: str) -> str:
    """Whether a run lost what it began with: ``no``, ``for a time`` (not at its end), or at which step (``step 6``).

    See :func:`lrfr.evaluation.validation.collapse`.
    """
    first = validation.collapse(told(name)["curve"])
    if first is None:
        return "no"
    back = looks(name)["validation_hr_cosine"].iloc[-1] >= validation.COLLAPSED
    return "for a time" if back else f"step {first}"


def plateau(name: str) -> dict[str, str | bool]:
    """What the last fifth of a run still gained on faces that it does not see: 1 - cosine of LR to the frozen HR."""
    seen = curve(name)
    if "validation_lr_cosine" in seen:
        seen = seen.assign(lr_distance=1 - seen["validation_lr_cosine"])
    return tables.plateau(seen, {"lr_distance": "LR distance falls by"})


def settings_of(name: str) -> Settings:
    """What a run was planned with."""
    found = plans.find(f"logexp-{name}").settings
    assert isinstance(found, Settings)
    return found


def distance_in_words(distance: Distance) -> str:
    """``LogExp, p = 1``."""
    match distance.kind:
        case "lp":
            return f"L{distance.p:g}"
        case "smooth-l1":
            return "SmoothL1"
        case "logexp":
            return f"LogExp, p = {distance.p:g}"
    return f"LogExp, p = {distance.p:g}, code's form"


def recipe(name: str) -> dict[str, str]:
    """What a run learns by, in words: sizes, distance and lambda, whose embedding is the target, and what else."""
    s = settings_of(name)
    shares = ":".join(f"{r:g}" for r in s.ratio) if len(set(s.ratio)) > 1 else "1:1"
    sizes = "HR alone" if not s.sizes else ", ".join(map(str, s.sizes)) + (f" px = {shares}" if s.sizes[1:] else " px")
    unit = "" if s.unit == "printed" else " (pulls)"
    targets = {"both": "own HR, both sides", "stopped": "own HR, stopped", "frozen": "pretrained HR"}
    rest = [f"CosFace {s.classification:g}" if s.classification else ""]
    rest += [f"anchor {s.anchor:g}" if s.anchor else "", f"relation {s.relation:g}" if s.relation else ""]
    rest += ["jitter" if s.jitter else "", f"mean of weights {s.average:g}" if s.average else ""]
    rest += [f"{s.share:g} of it kept" if s.share < 1 else ""]
    return {
        "LR sizes": sizes.replace(" px = 1:1", " px alike") if sizes.endswith("= 1:1") else sizes,
        "distance": distance_in_words(s.distance) if s.weight else "–",
        "lambda": f"{s.weight:g}{unit}" if s.weight else "–",
        "target": targets[s.target] if s.weight else "–",
        "beside": ", ".join(filter(None, rest)) or "–",
        "steps x batch": f"{s.schedule.steps:,} x {s.schedule.batch_size}",
        "optimiser": f"{s.optimizer} {s.schedule.learning_rate:g}",
    }


#: Settings of a schedule that do not change what is learnt.
_HOUSEKEEPING = {"precision", "device", "checkpoint_every", "log_every"}


def unlike(a: str, b: str) -> pd.DataFrame:
    """The settings in which two runs were planned differently, a row a setting: ``setting`` and a column a run."""
    both = {}
    for name in (a, b):
        s = settings_of(name)
        plain = {k: v for k, v in asdict(s).items() if k != "schedule"} | {"distance": distance_in_words(s.distance)}
        both[name] = plain | {k: v for k, v in asdict(s.schedule).items() if k not in _HOUSEKEEPING}
    words = {"weight": "lambda", "unit": "lambda counts in", "share": "share that is kept"}
    words |= {"classification": "weight of CosFace"}
    return pd.DataFrame(
        [
            {"setting": words.get(k, k.replace("_", " "))} | {title(n): _plain(s[k]) for n, s in both.items()}
            for k in both[a]
            if both[a][k] != both[b][k]
        ]
    )


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_plain, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def tuned(name: str, place: str, seed: int = 0) -> str:
    """A recogniser after :func:`lrfr.runs.fine_tune` on a reader's own SCface or TinyFace."""
    return f"{name}-{place}-s{seed}"


def ended(name: str) -> bool:
    """Whether a run reached its last step with numbers."""
    return told(name).get("diverged") is None


def label(name: str) -> str:
    """What ``lrfr evaluate`` calls a recogniser of ours in its results."""
    return name if name in (BASELINE, ROBUST) else f"{ROBUST} (logexp-{name})"


def command(place: str, name: str) -> str:
    """What measures a recogniser on a surveillance set."""
    words = f"lrfr evaluate {place} --recognizer {BASELINE if name == BASELINE else ROBUST}"
    if name in (BASELINE, ROBUST):
        return words
    shipped = record.shipped(f"logexp-{name}")
    weights = f"data/checkpoints/logexp-{name}.safetensors" if shipped else f"runs/logexp-{name}/weights.safetensors"
    return f"{words} --recognizer-weights {weights}"


def with_surveillance(results: pd.DataFrame) -> pd.DataFrame:
    """The rows of LFW and of the surveillance sets together, every recogniser called as ``lrfr evaluate`` does."""
    own = results[results["set"] == "lfw"]
    own = own.assign(recognizer=own["recognizer"].map(label))
    measured = surveillance.load()
    return pd.concat([measured, own], ignore_index=True) if len(measured) else own
