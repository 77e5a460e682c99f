"""The larger tables of the chapter on multiscale: layers, runs, searches and pairs, each a cell by its keys."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from lrfr import plans, recognizers, record, tables
from lrfr.degradation import degrade
from lrfr.errors import LrfrError
from lrfr.losses.identity import embedding_mse_loss
from lrfr.losses.norm import norm_loss
from lrfr.losses.pixel import mse_loss
from lrfr.losses.pull import gradient_norms
from lrfr.networks import generators, unet
from lrfr.networks.unet import UNetSettings
from lrfr.papers.multiscale import SIZES
from lrfr.recognizers import Recognizer
from lrfr.record import JUDGES, SET_NAMES, seen_as
from lrfr.record import multiscale_rows as at
from lrfr.record.benchmark import ROBUST
from lrfr.record.multiscale import JOINED, PIXEL, SQUARES, WHOLE
from lrfr.record.multiscale_rows import Size
from lrfr.training import Schedule


def layers(ours: UNetSettings, printed: UNetSettings) -> pd.DataFrame:
    """What enters and leaves each layer of both U-Nets, and its parameters; below, the last layer and all."""
    nets = {"ours": ours, "printed": printed}
    found = {key: unet.layers(net) for key, net in nets.items()}
    whole = {key: generators.parameters(net) for key, net in nets.items()}
    rows = []
    for number, (a, b) in enumerate(zip(*found.values(), strict=True), 1):
        row = [f"{number}, {a.name}", f"{a.before[1]}, {a.after[1]}"]
        rows.append(row + [t for x in (a, b) for t in (f"{x.before[0]}, {x.after[0]}", f"{x.parameters:,}")])
    rest = {key: whole[key] - sum(layer.parameters for layer in found[key]) for key in nets}
    rows += [["last layer", "–", "–", f"{rest['ours']:,}", "–", f"{rest['printed']:,}"]]
    rows += [["all", "–", "–", f"{whole['ours']:,}", "–", f"{whole['printed']:,}"]]
    heads = [f"{what} ({key})" for key in nets for what in ("channels in, out", "parameters")]
    return pd.DataFrame(rows, columns=["layer", "side in, out", *heads])


def readings(network: nn.Module, judge: Recognizer, hr: Tensor, sizes: Sequence[Size], beta: float) -> pd.DataFrame:
    """Both terms of Eq. 3 for one network, in the reading by words (MSE), with sums over embeddings, and by symbols.

    Args:
        network: U-Net, in evaluation mode.
        judge: the loss's face network.
        hr: ``N x 3 x 112 x 112`` in [0, 1].
        sizes: of the LR faces.
        beta: weight of the pixel term.

    Returns:
        A row a size and reading: ``embedding``, ``beta x pixel``, ``share`` (of the embedding's in the sum) and
        ``ratio`` (of both gradients' lengths at the SR pixels, embedding over pixel).
    """
    with torch.no_grad():
        wanted = judge(hr)
    rows = []
    for size in sizes:
        sr = network(degrade(hr, size))
        seen = judge(sr)
        pixels = {"MSE": beta * mse_loss(sr, hr), "norm": beta * norm_loss(sr, hr)}
        identity = {"MSE": embedding_mse_loss(seen, wanted), "norm": norm_loss(seen, wanted)}
        terms = {f"p {k}": v for k, v in pixels.items()} | {f"e {k}": v for k, v in identity.items()}
        pull = gradient_norms(terms, [sr])
        for reading, times, key in (("MSE", 1, "MSE"), ("sum", judge.dim, "MSE"), ("norm", 1, "norm")):
            part, rest = times * identity[key].item(), pixels[key].item()
            row = {"size": at.named(size), "reading": reading, "embedding": part, "beta x pixel": rest}
            row["share"] = part / (part + rest)
            rows.append(row | {"ratio": times * pull[f"e {key}"] / pull[f"p {key}"]})
    return pd.DataFrame(rows)


def curve(log: Mapping[str, Any]) -> pd.DataFrame:
    """The logged lines of a run, and ``share``: what part of L the embedding loss is, where L has one (Eq. 3)."""
    lines = pd.DataFrame(log["curve"])
    if "embedding" not in lines:
        return lines
    return lines.assign(share=log["settings"]["identity"] * lines["embedding"] / lines["loss"])


def trained(logs: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Every run by the JSON beside its weights: sizes, loss, parameters, steps, rate, faces, planned minutes.

    Raises:
        LrfrError: a run ended early, or something that it logged is no number.
    """
    rows = []
    for name, log in logs.items():
        s, curve = log["settings"], pd.DataFrame(log["curve"])
        numbers = curve.drop(columns=[c for c in curve if "validation" in str(c)])
        if not np.isfinite(numbers).all(axis=None) or numbers["step"].max() != s["schedule"]["steps"]:
            raise LrfrError(f"Expected a finished run of {name}, found one that ended early: train and ship it again.")
        schedule = Schedule(**{**s["schedule"], "milestones": tuple(s["schedule"]["milestones"])})
        rows.append(
            {
                "run": name,
                "sizes": "ten" if len(s["sizes"]) == len(SIZES) else ", ".join(at.named(size) for size in s["sizes"]),
                "loss": " + ".join(filter(None, ("embedding" if s["identity"] else "", f"{s['beta']:g} pixel"))),
                "parameters": generators.parameters(UNetSettings(**s["generator"])),
                "steps x batch": f"{schedule.steps:,} x {schedule.batch_size}",
                "rate": f"{schedule.learning_rate:g}, {tables.decay(schedule)}",
                "faces": log["data"],
                "CPU minutes (plan)": f"{plans.find(log['run']).minutes:.0f}",
            }
        )
    return pd.DataFrame(rows)


def one_size(results: pd.DataFrame) -> pd.DataFrame:
    """Networks for one size against the network for ten, at the size that each was made for; rank-1 in per cent."""
    rows = []
    for single, where in at.OWN.items():
        for name, size in where:
            row = {"set": SET_NAMES[name].split()[0], "size": at.named(size)}
            for network, title in record.NETWORK_NAMES.items():
                row[f"one size, {title}"] = at.percent(results, name, size, single, network)
                row[f"ten sizes, {title}"] = at.percent(results, name, size, WHOLE, network)
                (found,) = at.contests(results, WHOLE, single, (network,), [(name, size)])
                row[f"ten - one, {title}"] = tables.written(found, 1, 100)
            rows.append(row)
    return pd.DataFrame(rows)


def joined(results: pd.DataFrame) -> pd.DataFrame:
    """Two embeddings side by side against each alone, in every search; rank-1 in per cent."""
    rows = []
    for name, size in at.SEARCHES:
        row = {"set": SET_NAMES[name].split()[0], "size": at.named(size)}
        for network, title in record.NETWORK_NAMES.items():
            row[f"both, {title}"] = at.percent(results, name, size, JOINED, network)
            for other, head in ((WHOLE, "U-Net"), ("bicubic", "bicubic")):
                (found,) = at.contests(results, JOINED, other, (network,), [(name, size)])
                row[f"both - {head}, {title}"] = tables.written(found, 1, 100)
        rows.append(row)
    return pd.DataFrame(rows)


def pairs(results: pd.DataFrame, setting: str) -> pd.DataFrame:
    """AUC on LFW View 2 at sizes that were not trained, with paired differences, and U-Net's accuracy."""
    rows = []
    for network in JUDGES:
        for px in SQUARES:
            row: dict[str, str | int] = {"network": seen_as(network), "px": px}
            row |= {
                m: tables.cell(results, 4, **at.view2(m, px, network, setting)) for m in ("bicubic", PIXEL, WHOLE, "HR")
            }
            for other in ("bicubic", PIXEL):
                keys = at.view2(WHOLE, px, network, setting, f"auc_minus_{other}")
                row[f"U-Net - {other}"] = tables.cell(results, 4, **keys)
            keys = at.view2(WHOLE, px, network, setting, "accuracy")
            rows.append(row | {"accuracy, U-Net": tables.cell(results, 3, **keys)})
    return pd.DataFrame(rows)


def beside(results: pd.DataFrame, others: Sequence[str]) -> pd.DataFrame:
    """Every way to enlarge that is recorded on LFW View 2, LR probe against HR: AUC, a column a recogniser.

    Args:
        results: of this paper.
        others: papers whose results stand beside, as far as they are recorded; with logexp's comes its recogniser.
    """
    known = [results, *record.load_those(others)]
    keys = {"set": "lfw", "protocol": "view2", "setting": "probe", "seed": 0}
    rows = []
    for px in SQUARES:
        found = tables.at_one_size(known, px, **keys)  # type: ignore[arg-type]
        found = found[found["recognizer"].isin([*JUDGES, ROBUST])].pivot_table(
            "cell", "method", "recognizer", aggfunc="first", sort=False
        )
        rows += [{"px": px, "method": method} | row.to_dict() for method, row in found.iterrows()]
    table = pd.DataFrame(rows)
    there = [n for n in (*JUDGES, ROBUST) if n in table]
    return table[["px", "method", *there]].fillna("–").rename(columns=recognizers.title)


def varied(results: pd.DataFrame, variations: Sequence[str]) -> pd.DataFrame:
    """AT&T's probes behind sunglasses and the like: rank-1 in per cent, over bicubic, and against the plain probe.

    Cells that are not recorded say so.
    """
    rows = []
    for variation in variations:
        for network in JUDGES:
            row = {"probes": variation, "network": seen_as(network)}
            for head, method, metric in (
                ("bicubic", "bicubic", "rank_1"),
                ("U-Net", WHOLE, "rank_1"),
                ("U-Net - bicubic", WHOLE, "rank_1_minus_bicubic"),
                ("bicubic - plain probe's", "bicubic", "rank_1_minus_plain"),
                ("U-Net - plain probe's", WHOLE, "rank_1_minus_plain"),
            ):
                found = at.every(results, [at.varied(variation, method, network, metric)])
                row[head] = tables.written(found[0], 1, 100) if found else "not recorded yet"
            rows.append(row)
    return pd.DataFrame(rows)


def invariances(results: pd.DataFrame) -> pd.DataFrame:
    """How much nearer a person's photographs are that are alike in pose, or in light: shares in per cent."""
    rows = []
    for name, method in (("att", "HR"), ("caltech", "HR"), ("att", "bicubic"), ("att", WHOLE)):
        for network in JUDGES:
            row = {"set": SET_NAMES[name], "probes": method, "network": seen_as(network)}
            for metric in ("pose", "light"):
                found = at.every(results, [at.invariance(name, method, network, metric)])
                row[metric] = tables.written(found[0], 1, 100) if found else "not recorded yet"
            rows.append(row)
    return pd.DataFrame(rows)
