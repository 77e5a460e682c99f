"""The larger tables of the chapter on logexp: settings side by side, pulls, both roads, the surveillance sets."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from lrfr import record, tables
from lrfr.alignment import SIZE
from lrfr.losses.logexp import Distance
from lrfr.papers import logexp
from lrfr.papers.logexp_study import L1, L2, LOGEXP1, LOGEXP2
from lrfr.record import logexp_roads
from lrfr.record import logexp_rows as rows
from lrfr.record.logexp import BASELINE, OURS, ROBUST
from lrfr.record.setup import AS_PHOTOGRAPHED
from lrfr.tables import Keys

#: Most that the accuracy of HR faces may fall by.
COST = 0.01
#: What a table calls the road of a row of :func:`roads`.
ROADS = {"recogniser": "taught recogniser", "super-resolution": "super-resolution", "pretrained": "neither", "HR": "HR"}
#: A set, and what a row must match in its results.
Column = tuple[str, dict[str, str | int]]


# Settings and pulls


def versions() -> pd.DataFrame:
    """What the paper, the released code and two of our runs do, a setting a row."""
    code = logexp.released_code()
    four = (logexp.paper(), code, *(rows.settings_of(n) for n in (OURS, ROBUST)))
    lines = {
        "network": ["ResNet-34, from nothing", "the same", *["MobileFaceNet, pretrained"] * 2],
        "training faces": ["CASIA-WebFace", "the same", *(rows.told(n)["data"] for n in (OURS, ROBUST))],
        "sizes": [f"{':'.join(map(str, s.sizes))} px = {':'.join(f'{r:g}' for r in s.ratio)}" for s in four],
        "distance": [rows.distance_in_words(s.distance) for s in four],
        "logarithm over": ["a face", "the batch", *["a face"] * 2],
        "lambda": [f"{s.weight:g}{' (pulls)' if s.unit == 'pull' else ''}" for s in four],
        "compared with": [rows.recipe(n)["target"] for n in (OURS, OURS, OURS, ROBUST)],
        "CosFace s, m": [f"{s.scale:g}, {s.margin:g}" if s.classification else "no identities" for s in four],
        "steps": [f"{s.schedule.steps:,}" for s in four],
        "batch": [str(s.schedule.batch_size) for s in four],
        "optimiser": [f"{s.optimizer}, momentum {s.momentum:g}" if s.optimizer == "sgd" else s.optimizer for s in four],
        "learning rate": [f"{s.schedule.learning_rate:g}, {tables.decay(s.schedule)}" for s in four],
        "HR and LR in the network": ["not given", "one after the other", *(_passes(s) for s in four[2:])],
        "enlarged by bicubic": ["which is not given", "Pillow's, a = -1/2", *["a = -3/4"] * 2],
        "HR and LR mirrored": ["not given", "each for itself" if code.flip_apart else "together", *["together"] * 2],
        "dropout": ["not given", *(f"{s.dropout:g}" for s in four[1:])],
    }
    heads = ["setting", "paper", "released code", rows.title(OURS), ROBUST]
    return pd.DataFrame([[k, *v] for k, v in lines.items()], columns=heads)


def _passes(settings: logexp.Settings) -> str:
    """How :func:`lrfr.papers.logexp.train` shows both to the network."""
    return "as one batch" if settings.sees_hr else "LR alone"


def pulls(unit: Mapping[int, Tensor]) -> tuple[pd.DataFrame, dict[Distance, float]]:
    """How hard each distance pulls at LR embeddings, and where to.

    Args:
        unit: embeddings of unit length by size (7, 28 and 112 px) of the same faces.

    Returns:
        A row a distance; and by distance the mean angle in degrees between its gradient and that of L1 or L2 at 7 px.
    """
    shown, angle = [], {}
    for distance in (L1, L2, Distance("smooth-l1"), LOGEXP1, LOGEXP2, Distance("logexp-released")):
        pull = {px: distance.pull(unit[px], unit[SIZE]) for px in (7, 28)}
        like = L2 if distance.kind == "smooth-l1" else Distance("lp", distance.p)
        own, plain = (d.gradient(unit[7], unit[SIZE]) for d in (distance, like))
        cosine = torch.cosine_similarity(own, plain).clamp(-1, 1)
        angle[distance] = float(torch.rad2deg(cosine.acos()).mean())
        shown.append(
            {
                "distance": rows.distance_in_words(distance),
                "its value at 7 px": f"{float(distance(unit[7], unit[SIZE])):.2g}",
                "pull at 7 px": f"{pull[7]:.2g}",
                "pull at 28 px": f"{pull[28]:.2g}",
                "lambda for a pull of 1": f"{1 / pull[7]:,.0f}",
                "angle to L_p's pull": "–" if distance.kind == "lp" else f"{angle[distance]:.1f}°",
            }
        )
    return pd.DataFrame(shown), angle


def beside_pretrained(
    results: pd.DataFrame,
    names: Sequence[str],
    compared: Sequence[str],
    sizes: Sequence[int],
    setting: str,
    metric: str,
) -> pd.DataFrame:
    """Recognisers on LFW View 2, a row a size, with what some of them have over the pretrained one, paired."""
    shown = []
    for px in sizes:
        keys = {n: rows.at(n, px, setting, metric) for n in names}
        row = {"px": px} | {rows.title(n): tables.cell(results, 4, **keys[n]) for n in names}
        differ = {n: rows.over(results, n, px, setting, metric) for n in compared}
        shown.append(row | {f"{rows.title(n)} - pretrained": tables.written(d, 4) for n, d in differ.items()})
    return pd.DataFrame(shown)


def bars(results: pd.DataFrame) -> list[dict[str, str]]:
    """The paper's central claim at our scale, in three questions about *robust* against its own start, LFW View 2.

    Returns:
        ``question``, ``paired 95 % intervals`` and ``answer``, for a table.
    """
    gained = [
        rows.over(results, ROBUST, px, setting, metric)
        for px in (7, 14)
        for metric in ("auc", "tar_at_far_0.01")
        for setting in rows.SETTINGS
    ]
    large = rows.over(results, ROBUST, SIZE, "both", "accuracy")
    middle = [rows.over(results, ROBUST, 28, s, m) for s in rows.SETTINGS for m in ("auc", "accuracy")]
    fell = sum(r["high"] < 0 for r in middle)
    kept = "yes" if large["low"] >= -COST else "no" if large["high"] < -COST else "not decided"
    return [
        {
            "question": "Better at 7 and 14 px, by AUC and by TAR at FAR 1e-2?",
            "paired 95 % intervals": tables.counted(gained),
            "answer": tables.answer(gained),
        },
        {
            "question": f"Accuracy of HR faces falls by at most {100 * COST:g} percentage point?",
            "paired 95 % intervals": tables.written(large, 4),
            "answer": kept,
        },
        {
            "question": "Nothing significant is lost at 28 px, by AUC and by accuracy?",
            "paired 95 % intervals": tables.counted(middle),
            "answer": "no" if fell else "yes",
        },
    ]


def reached(results: pd.DataFrame, px: int, aim: float) -> str:
    """Whether *robust* came to an AUC that this study aimed at: LR probe, HR gallery, LFW View 2."""
    row = tables.pick(results, **rows.at(ROBUST, px, "probe")).iloc[0]
    words = "missed" if row["value"] < aim else "reached"
    sure = row["low"] >= aim or row["high"] < aim
    return f"{words} ({row['value']:.4f}{'' if sure else ', its interval includes the aim'})"


# Both roads


def roads(results: pd.DataFrame, px: int, setting: str = "probe", metric: str = "auc") -> pd.DataFrame:
    """Both roads at one size on LFW View 2, best first: upsamplers before the pretrained network, and recognisers.

    Returns:
        Rows of results with ``road``: ``"HR"``, ``"pretrained"`` (bicubic), ``"super-resolution"`` or
        ``"recogniser"``, and ``called``. A method that stands in several papers is taken from the first.
    """
    whole = pd.concat([results, *record.load_those(logexp_roads.UPSAMPLERS)], ignore_index=True)
    keys: Keys = {"set": "lfw", "protocol": "view2", "setting": setting, "metric": metric, "seed": 0}
    found = tables.matching(whole[whole["px"].isin([px, SIZE])], **keys)
    taught = found["recognizer"].isin([ROBUST, OURS])
    found = found[(found["recognizer"] == BASELINE) | (taught & (found["px"] == px))]
    found = found.drop_duplicates(["method", "recognizer"])
    plain = found["recognizer"].eq(BASELINE)
    kinds = [found["method"].eq("HR"), ~plain, found["method"].eq("bicubic")]
    found = found.assign(
        road=np.select(kinds, ["HR", "recogniser", "pretrained"], "super-resolution"),
        called=np.where(plain, found["method"], found["recognizer"].map(rows.title)),
    )
    return found.sort_values("value", ascending=metric in tables.LESS, kind="stable").reset_index(drop=True)


def against(results: pd.DataFrame, px: int, setting: str = "probe", metric: str = "auc") -> dict[str, pd.Series]:
    """*robust* minus each paper's own upsampler before the pretrained network, paired, as far as it is recorded.

    Returns:
        By paper: ``value``, ``low``, ``high``; of :func:`lrfr.record.logexp_roads.rows`, signs turned.
    """
    found: dict[str, pd.Series] = {}
    for paper, label in logexp_roads.papers(px):
        keys = tables.keys(
            "lfw", logexp_roads.PROTOCOL, label, px, logexp_roads.minus(metric, ROBUST), BASELINE, setting
        )
        if tables.has(results, **keys):
            (found[paper],) = tables.turned([tables.pick(results, **keys).iloc[0]])
    return found


def winner(found: Sequence[pd.Series]) -> str:
    """Which road is ahead, by the differences of :func:`against`; see :func:`lrfr.tables.decided`."""
    words = {True: "the taught recogniser", False: "super-resolution", None: "not recorded yet"}
    verdict = tables.decided(found)
    return "neither clearly" if isinstance(verdict, str) else words[verdict]


def roads_table(results: pd.DataFrame, sizes: Sequence[int], metric: str = "auc") -> pd.DataFrame:
    """Every method of both roads, its value with the interval at each size and in both settings."""
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for px in sizes:
        for setting in rows.SETTINGS:
            for _, row in roads(results, px, setting, metric).iterrows():
                cells.setdefault((row["road"], row["called"]), {})[f"{px} px, {setting}"] = tables.written(row, 4)
    shown = [{"road": ROADS[k], "method": name, **cells[k, name]} for kind in ROADS for k, name in cells if k == kind]
    return pd.DataFrame(shown).fillna("–")


def chapters_table(results: pd.DataFrame, papers: Sequence[str] = tuple(logexp_roads.UPSAMPLERS)) -> pd.DataFrame:
    """*robust* in the comparison of these chapters: a row a chapter, size and setting, differences paired."""
    metrics = {"auc": "AUC", "d_prime": "d'", "accuracy": "accuracy"}
    shown = []
    for paper in papers:
        label, files = logexp_roads.UPSAMPLERS[paper]
        for px in files:
            for setting in rows.SETTINGS:
                there = roads(results, px, setting)
                row = {"chapter": paper, "its method": label, "px": px, "setting": setting}
                for name, keys in {
                    f"{label}, pretrained": (label, BASELINE),
                    "bicubic, pretrained": ("bicubic", BASELINE),
                    "bicubic, robust": ("bicubic", ROBUST),
                }.items():
                    here = there[(there["method"] == keys[0]) & (there["recognizer"] == keys[1])]
                    head = f"AUC, {'its method' if keys[0] == label else 'bicubic'}, {name.split(', ')[1]}"
                    row[head] = tables.written(here.iloc[0], 4) if len(here) else "not recorded yet"
                for metric, words in metrics.items():
                    found = against(results, px, setting, metric).get(paper)
                    row[f"{words}, robust - its method"] = (
                        "not recorded yet" if found is None else tables.written(found, 3 if metric == "d_prime" else 4)
                    )
                shown.append(row)
    return pd.DataFrame(shown)


def beside(paper: str) -> pd.DataFrame:
    """The rows of one chapter in :func:`chapters_table`, for that chapter itself."""
    return chapters_table(record.load("logexp"), (paper,)).drop(columns=["chapter", "its method"])


# Surveillance sets


def columns(seed: int) -> dict[str, Column]:
    """By the paper's columns of Tables 1 to 6: the set, and what ``lrfr evaluate`` calls the protocol and the metric.

    Args:
        seed: of SCface's split.
    """
    found: dict[str, Column] = {}
    for distance, name in {"d1": "d1", "d2": "d2", "d3": "d3", "Avg": "all"}.items():
        found[distance] = ("scface", {"protocol": f"80 people (seed {seed}), {name}", "metric": "rank_1"})
    for k in (1, 5, 10, 20):
        found[f"R-{k}"] = ("tinyface", {"protocol": "probe in gallery", "metric": f"rank_{k}"})
    found["XQLFW"] = ("xqlfw", {"protocol": "10 folds", "metric": "accuracy"})
    return {k: (place, {**keys, "method": AS_PHOTOGRAPHED}) for k, (place, keys) in found.items()}


def lfw(protocol: str) -> Column:
    """The paper's column LFW: both photographs HR, on View 2 (``view2``) or View 1 (``devtest``)."""
    return ("lfw", {"protocol": protocol, "method": "HR", "setting": "both", "metric": "accuracy"})


def networks(place: str, seed: int) -> dict[str, str]:
    """Our network in each row of the paper's table of a set, or in a row of its own below.

    Where the paper fine-tuned on the set, its row has our network fine-tuned there.
    """
    if place == "xqlfw":
        return {f"{rows.title(OURS)} (ours)": OURS, "pretrained (ours)": BASELINE, "robust (ours)": ROBUST}
    first = "Ours(w/o FT)" if place == "scface" else f"{rows.title(OURS)}, not fine-tuned (ours)"
    own = {first: OURS, "Ours(Res34)": rows.tuned(OURS, place, seed)}
    own |= {"pretrained (ours)": BASELINE, "robust (ours)": ROBUST}
    return own | {"robust, fine-tuned (ours)": rows.tuned(ROBUST, place, seed)}


def commands(place: str, seed: int) -> str:
    """What fills our cells of that table, in the order in which it is to be called."""
    named = networks(place, seed).values()
    start = {n: n.removesuffix(rows.tuned("", place, seed)) for n in named}
    tune = [f"lrfr fine-tune {place} --start logexp-{n} --seed {seed}" for k, n in start.items() if n != k]
    return "; ".join([*tune, *(rows.command(place, name) for name in named)])
