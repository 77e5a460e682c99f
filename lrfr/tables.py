"""A paper's tables beside ours: published and measured values in columns of their own, never mixed."""

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import binom

from lrfr import published, recognizers
from lrfr.errors import LrfrError
from lrfr.evaluation.validation import PLATEAU, late_gain
from lrfr.networks.generators import GeneratorSettings
from lrfr.networks.srcnn import SRCNNSettings
from lrfr.training import Schedule

#: frloss's names for what the book calls (method, LR side in pixels).
FRLOSS_ROWS: dict[str, tuple[str, int]] = {
    "High Resolution": ("HR", 112),
    "FRSRResNet (4x)": ("SRResNet (FR)", 28),
    "VanillaSRResNet (4x)": ("SRResNet (MSE)", 28),
    "Low Resolution (4x)": ("bicubic", 28),
    "FRSRResNet (8x)": ("SRResNet (FR)", 14),
    "VanillaSRResNet (8x)": ("SRResNet (MSE)", 14),
    "Low Resolution (8x)": ("bicubic", 14),
}


#: What a row must match.
Keys = dict[str, str | int]


def keys(
    name: str, protocol: str, method: str, px: int, metric: str, recognizer: str = "", setting: str | None = None
) -> Keys:
    """The keys of a row of training seed 0 on the set ``name``; without ``setting`` of either."""
    found: Keys = {"set": name, "protocol": protocol, "method": method, "px": px, "seed": 0}
    found |= {"recognizer": recognizer, "metric": metric}
    return found if setting is None else found | {"setting": setting}


def matching(results: pd.DataFrame, **keys: str | int) -> pd.DataFrame:
    """The rows of a results table where every named column has the given value; without rows where there is none."""
    kept = np.arange(len(results))
    # numbers are compared fastest; of the words the metric and what follows it leave least over for the others
    for column, wanted in sorted(reversed(keys.items()), key=lambda key: isinstance(key[1], str)):
        kept = kept[results[column].to_numpy()[kept] == wanted]
    return results.iloc[kept]


def pick(results: pd.DataFrame, **keys: str | int) -> pd.DataFrame:
    """The rows of :func:`matching`, of which there is one at least.

    Raises:
        LrfrError: there is no such row.
    """
    found = matching(results, **keys)
    if found.empty:
        wanted = ", ".join(f"{k} {v}" for k, v in keys.items())
        raise LrfrError(f"No result is recorded for {wanted}: run `lrfr record` for that set and method.")
    return found


def value(results: pd.DataFrame, **keys: str | int) -> float:
    """One value; see :func:`pick`."""
    return float(pick(results, **keys)["value"].iloc[0])


def cell(results: pd.DataFrame, digits: int = 3, **keys: str | int) -> str:
    """One value with its 95 % interval where it has one: ``0.946 [0.930, 0.960]``."""
    return written(pick(results, **keys).iloc[0], digits)


def written(row: pd.Series, digits: int = 2, scale: float = 1) -> str:
    """A row's value with its interval as :func:`cell` shows it; a ``scale`` of 100 makes shares percents.

    A value that rounds to 0 has no minus sign.
    """
    value, low, high = (f"{scale * row[c]:z.{digits}f}" for c in ("value", "low", "high"))
    return value if np.isnan(row["low"]) else f"{value} [{low}, {high}]"


def gained(row: pd.Series, digits: int = 4) -> str:
    """A difference as :func:`written` shows it, with a plus before what is more: ``+0.0147 [0.0098, 0.0198]``."""
    return "+" * bool(row["value"] > 0) + written(row, digits)


def has(results: pd.DataFrame, **keys: str | int) -> bool:
    """Whether there is a row where every named column has the given value."""
    return not matching(results, **keys).empty


def precision_note(results: pd.DataFrame, protocol: str, metrics: Sequence[str] = ("auc",)) -> str:
    """A caption's sentence on faces that were embedded quickly: what that moves; "" where nothing was recorded of it.

    Args:
        results: with the rows of :func:`lrfr.record.precision_rows`.
        protocol: that they belong to; ``ablation`` means all that begin so.
        metrics: that the figure or table shows.
    """
    found = results[results["protocol"].str.match(f"{protocol}.* precision$")]
    moved = found.assign(value=found["value"].abs()).groupby("metric")["value"].max()
    names = {"auc": "AUC", "d_prime": "d'", "accuracy": "accuracy"}
    known = {names[m]: moved[f"{m}_minus_float32"] for m in metrics if f"{m}_minus_float32" in moved}
    if not known:
        return ""
    (first, most), *others = known.items()
    said = f"{first} differs by at most {most:.4f}" + "".join(f", {name} by {most:.4f}" for name, most in others)
    return f" Faces were embedded in bfloat16; in float32 bicubic's {said}."


def at_one_size(
    results: Sequence[pd.DataFrame], px: int, metric: str = "auc", digits: int = 4, **keys: str | int
) -> pd.DataFrame:
    """Upsamplers before recognisers beside recognisers that were taught small faces: both roads in one table.

    Args:
        results: of several papers, as :func:`lrfr.record.load` gives them; a pair of method and recogniser that stands
            in more than one is taken from the first.
        px: side of the LR faces.
        metric: what is shown.
        digits: behind the point.
        keys: what else the rows must match (set, protocol, setting, seed).

    Returns:
        Columns method, recognizer, ``metric`` (a number, best first) and ``cell`` (with its interval).

    Raises:
        LrfrError: nothing is recorded for it.
    """
    whole = pd.concat(results, ignore_index=True)
    found = pick(whole, px=px, metric=metric, **keys).drop_duplicates(["method", "recognizer"])
    found = found.assign(cell=[written(row, digits) for _, row in found.iterrows()])
    less = metric in LESS
    found = found.sort_values("value", ascending=less, kind="stable").rename(columns={"value": metric})
    return found[["method", "recognizer", metric, "cell"]].reset_index(drop=True)


def difference(results: pd.DataFrame, a: str, b: str, metric: str, of: str = "method", **keys: str | int) -> pd.Series:
    """``a`` minus ``b``, whichever of the two the paired difference was recorded with.

    Args:
        results: as :func:`lrfr.record.load` gives them.
        a, b: methods, or what else the column ``of`` holds.
        metric: what was subtracted.
        of: ``"method"`` or ``"recognizer"``.
        keys: what else the row must match.

    Returns:
        ``value``, ``low``, ``high`` and ``n``.
    """
    if has(results, metric=f"{metric}_minus_{b}", **{of: a}, **keys):
        return pick(results, metric=f"{metric}_minus_{b}", **{of: a}, **keys).iloc[0][["value", "low", "high", "n"]]
    row = pick(results, metric=f"{metric}_minus_{a}", **{of: b}, **keys).iloc[0]
    return pd.concat([*turned([row]), row[["n"]]])


#: A verdict: intervals contradict each other.
MIXED = "mixed"
#: A verdict: more intervals agree than chance explains, not all, and no more contradict than that.
IN_PART = "in part"
#: Metrics of which less is better.
LESS = ("eer", "lpips_alexnet", "fr_loss")


def duels(results: pd.DataFrame, method: str, baseline: str, metrics: Sequence[str]) -> pd.DataFrame:
    """Every recorded paired difference of two methods in these metrics, with what its 95 % interval says.

    Returns:
        The rows, with ``of`` (the metric that was subtracted) and ``verdict``: ``"better"`` or ``"worse"`` where the
        interval leaves 0 out, else ``"open"``; a difference of 0 is open.
    """
    end = f"_minus_{baseline}"
    found = results[(results["method"] == method) & results["metric"].str.endswith(end)]
    found = found.assign(of=found["metric"].str.removesuffix(end))
    found = found[found["of"].isin(metrics) & found["low"].notna()]
    less = found["of"].isin(LESS)
    better = (~less & (found["low"] > 0)) | (less & (found["high"] < 0))
    worse = (~less & (found["high"] < 0)) | (less & (found["low"] > 0))
    return found.assign(verdict=np.select([better, worse], ["better", "worse"], "open"))


def beyond_chance(count: int, of: int) -> bool:
    """Whether so many 95 % intervals out of ``of`` on one side of 0 are more than chance alone explains.

    Without any difference one in forty lies on each side; ``count`` or more do in fewer than one of twenty cases, as if
    they were independent. So one of two is enough, two of fourteen, three of thirty-three.
    """
    return count > 0 and bool(binom.sf(count - 1, of, 1 / 40) < 1 / 20)


def verdict(found: pd.DataFrame) -> bool | str | None:
    """Whether a method beats another everywhere: True where all intervals say so.

    False where more say the opposite than chance alone explains, see :func:`beyond_chance`; `MIXED` where that is so of
    those that agree too, `IN_PART` where it is so of these alone; otherwise "not decided"; None where nothing is
    recorded.
    """
    if found.empty:
        return None
    better, worse = (beyond_chance((found["verdict"] == word).sum(), len(found)) for word in ("better", "worse"))
    if worse:
        return MIXED if better else False
    if (found["verdict"] == "better").all():
        return True
    return IN_PART if better else "not decided"


def shape(generator: GeneratorSettings) -> str:
    """A generator's shape in words: ``6 blocks, width 32``, or the sides of SRCNN's kernels, ``9-1-5``."""
    if isinstance(generator, SRCNNSettings):
        return "-".join(map(str, generator.kernels))
    return f"{generator.blocks} blocks, width {generator.width}"


def decay(schedule: Schedule) -> str:
    """How a learning rate falls, in words: ``cosine``, ``constant``, or ``x 0.7 at 200,000, 400,000`` steps."""
    if schedule.decay != "steps":
        return schedule.decay
    return f"x {schedule.factor:g} at " + ", ".join(f"{m:,}" for m in schedule.milestones)


def frloss_side_by_side(
    table: int,
    results: pd.DataFrame,
    metrics: dict[str, str],
    digits: int = 3,
    spread: Sequence[str] = (),
    **keys: str | int,
) -> pd.DataFrame:
    """A table of frloss, its rows in the paper's order, each metric published and ours.

    Args:
        table: 1, 2 or 3.
        results: rows as :func:`lrfr.record.load` gives them.
        metrics: the paper's column name to our metric name.
        digits: of our values.
        spread: the paper's columns whose plus-minus is shown too, in columns of its own.
        keys: what else the rows must match (set, protocol, recognizer, setting, seed).
    """
    theirs = published.load("frloss")
    theirs = theirs[theirs["table"] == table]
    spreads = theirs["metric"].str.endswith("_sd")
    rows = []
    for name in theirs["row"].drop_duplicates():
        method, px = FRLOSS_ROWS[name]
        row = {"method (paper)": name}
        for column, metric in metrics.items():
            here = (theirs["row"] == name) & (theirs["column"] == column)
            where = {**keys, "method": method, "px": px}
            if metric in ("psnr", "ssim", "lpips_alexnet"):
                where["recognizer"] = ""
            row[f"{column}, published"] = f"{theirs[here & ~spreads]['value'].iloc[0]:g}"
            row[f"{column}, ours"] = cell(results, digits, metric=metric, **where)
            if column in spread:
                row[f"{column} ±, published"] = f"{theirs[here & spreads]['value'].iloc[0]:g}"
                row[f"{column} ±, ours"] = cell(results, digits, metric=f"{metric}_sd", **where)
        rows.append(row)
    return pd.DataFrame(rows)


def decided(differences: Sequence[pd.Series]) -> bool | str | None:
    """What paired differences (``low`` and ``high``) say together of "more is better"; see :func:`verdict`."""
    low, high = (np.array([r[k] for r in differences], float) for k in ("low", "high"))
    return verdict(pd.DataFrame({"verdict": np.select([low > 0, high < 0], ["better", "worse"], "open")}))


def turned(differences: Sequence[pd.Series]) -> list[pd.Series]:
    """The same differences, signs turned: for what is better where it is less, or for the other side's view."""
    return [pd.Series({"value": -r["value"], "low": -r["high"], "high": -r["low"]}) for r in differences]


def counted(differences: Sequence[pd.Series]) -> str:
    """The same in numbers: how many intervals lie above 0 and how many below."""
    if not len(differences):
        return "nothing to compare"
    better, worse = sum(r["low"] > 0 for r in differences), sum(r["high"] < 0 for r in differences)
    return f"{better} of {len(differences)} intervals above 0, {worse} below"


#: What a training looks at on faces that it does not see: column of its log, and what a table calls its fall.
LOOKS = {"validation_mse": "MSE falls by", "validation_identity": "identity distance falls by"}


def plateau(curve: pd.DataFrame, looks: Mapping[str, str] = LOOKS) -> dict[str, str | bool]:
    """What the last fifth of a training still gained on the faces it looks at; a plateau is less than .01 in all.

    Args:
        curve: lines of its log, as ``lrfr ship`` and ``lrfr keep`` keep them.
        looks: columns, and what a table calls their fall. Where there are fewer than two looks there is no plateau.
    """
    seen = curve.dropna(subset=[column for column in looks if column in curve][:1])
    gains = {
        name: late_gain(seen[column].tolist()) for column, name in looks.items() if column in seen and len(seen) > 1
    }
    return {name: f"{gains[name]:.1%}" if name in gains else "–" for name in looks.values()} | {
        "on its plateau": bool(gains) and max(gains.values()) < PLATEAU
    }


#: Systems of ftlgan's Table I that can be run here: (method, face network). dlib's network stands for FaceNet (both
#: metric-learned, Euclidean), MobileFaceNet for AdaFace (both trained with angular margins).
FTLGAN_ROWS: dict[str, tuple[str, str]] = {
    "Bicubic + FaceNet": ("bicubic", "dlib"),
    "Bicubic + AdaFace": ("bicubic", "mobilefacenet"),
    "FTLGAN + FaceNet": ("FTLGAN", "dlib"),
}
#: What the others would need, by a part of their name; the first that fits.
FTLGAN_NEEDS = {
    "GFPGAN": "GFPGAN's weights, which no package has",
    "GPEN": "GPEN's weights, which no package has",
    "T.S.": "networks of the paper's [10, 11], not given out",
    "T. GAN": "a generator of the paper's [10, 11], not given out",
    "Baseline": "a definition",
}


def ftlgan_side_by_side(results: pd.DataFrame, metric: str, digits: int = 2, **keys: str | int) -> pd.DataFrame:
    """Table I of ftlgan, its rows in the paper's order: four published columns, four of ours, and what ours is.

    Args:
        results: rows as :func:`lrfr.record.load` gives them.
        metric: ``"d_prime"`` or ``"auc"``.
        digits: of our values; published ones stand as they were printed to three digits or two.
        keys: what else our rows must match (set, protocol, setting, seed).
    """
    theirs = published.load("ftlgan")
    theirs = theirs[(theirs["table"] == 1) & (theirs["metric"] == metric)]
    shown = 3 if metric == "d_prime" else 2
    sizes = {14: "14x14", 28: "28x28", 56: "56x56"}
    rows = []
    for name, cells in theirs.groupby("row", sort=False):
        printed = cells.set_index("column")["value"]
        row = {"system (paper)": name}
        row |= {f"{px} px, published": f"{printed[c]:.{shown}f}" for px, c in sizes.items()}
        row["mean, published"] = f"{printed['Average']:.{shown}f}"
        ours = ["–"] * 4
        what = f"needs {next((v for k, v in FTLGAN_NEEDS.items() if k in str(name)), 'to be trained')}"
        if name in FTLGAN_ROWS:
            method, network = FTLGAN_ROWS[str(name)]
            found = [value(results, method=method, recognizer=network, px=px, metric=metric, **keys) for px in sizes]
            ours = [f"{v:.{digits}f}" for v in (*found, np.mean(found))]
            what = f"{method} + {recognizers.title(network)}"
        row |= dict(zip([*(f"{px} px, ours" for px in sizes), "mean, ours"], ours, strict=True)) | {"ours is": what}
        rows.append(row)
    return pd.DataFrame(rows)


def said(verdict: bool | str | None) -> str:
    """What :func:`verdict` finds, as a word: ``yes``, ``no``, ``mixed``, ``not measured`` and so on."""
    return verdict if isinstance(verdict, str) else {True: "yes", False: "no", None: "not measured"}[verdict]


def summary(differences: Sequence[pd.Series]) -> str:
    """The same for a chapter's last lines: ``better in part (2 of 3 intervals above 0, 0 below)``."""
    found = decided(differences)
    words = {True: "better in all comparisons", IN_PART: "better in part", False: "not better", None: "not measured"}
    return f"{words.get(found, found)} ({counted(differences)})"


def tally(verdicts: Sequence[bool | str | None]) -> str:
    """How many claims hold, do not, and so on: ``2 yes, 9 no, 1 not tested``; other words are counted together."""
    *known, other = ("yes", IN_PART, "no", MIXED, "not decided", "not tested", "hold in one part that is named")
    words = ["not tested" if v is None else said(v) for v in verdicts]
    found = Counter(word if word in known else other for word in words)
    return ", ".join(f"{found[word]} {word}" for word in (*known, other) if found[word])


def answer(differences: Sequence[pd.Series]) -> str:
    """What :func:`decided` finds, as :func:`said` says it."""
    return said(decided(differences))
