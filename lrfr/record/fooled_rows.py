"""What could fool us: errors at a threshold that stays, faces that were moved, people who are recognised worse."""

from collections.abc import Mapping, Sequence

import pandas as pd

from lrfr import plans, tables
from lrfr.recognizers import title
from lrfr.record import JUDGES, PACKAGED, combinations, detection, protocol_rows, transfer
from lrfr.record.benchmark import JITTERS, UNMOVED
from lrfr.record.combinations import System
from lrfr.tables import Keys

#: The AUC of their own that one person in ten does not reach, as the combinations have it for all pairs of a set.
WORST = "auc_person_p10"


def transferred(loss: str, through: str, recognizer: str, setting: str = "probe", metric: str = "auc") -> Keys:
    """What training ``loss`` through a recogniser gains over no identity, seen by a recogniser on LFW View 1."""
    plain = transfer.label(loss, transfer.NONE)
    name = f"{metric}_minus_{plain}"
    px = plans.TRANSFER[loss][0]
    return tables.keys("lfw", transfer.PROTOCOL, transfer.label(loss, through), px, name, recognizer, setting)


def ahead(loss: str, recognizer: str, setting: str = "probe", metric: str = "auc") -> Keys:
    """What a recogniser's own pupil of a loss is ahead of the others' pupils, seen by it on LFW View 1."""
    px, name = plans.TRANSFER[loss][0], f"{metric}_minus_{transfer.OTHERS}"
    return tables.keys("lfw", transfer.TASTE, transfer.label(loss, recognizer), px, name, recognizer, setting)


def matrix(results: pd.DataFrame, loss: str, setting: str = "probe", metric: str = "auc") -> pd.DataFrame:
    """The network in the loss x the network that judges: rows of results, those recorded.

    Returns:
        Columns through, recognizer, own (they are one network), value, low, high.
    """
    lines = []
    for through in JUDGES:
        for judge in JUDGES:
            found = protocol_rows.row(results, transferred(loss, through, judge, setting, metric))
            if found is not None:
                lines.append([through, judge, through == judge, *found[["value", "low", "high"]]])
    return pd.DataFrame(lines, columns=["through", "recognizer", "own", "value", "low", "high"])


def jitters(
    results: pd.DataFrame,
    place: str,
    method: str,
    px: int,
    recognizer: str,
    metric: str = "auc",
    setting: str = "probe",
) -> dict[int, pd.Series]:
    """Rows of one upsampler by how many HR pixels the face was moved; 0 is the face as it was cut."""
    found = {}
    for shift, degradation in enumerate(("bicubic", *JITTERS)):
        keys = protocol_rows.at(place, method, px, metric, recognizer, setting, degradation)
        one = protocol_rows.row(results, keys)
        if one is not None:
            found[shift] = one
    return found


def moved(results: pd.DataFrame, place: str, method: str, px: int, recognizer: str) -> pd.Series | None:
    """AUC of faces moved as far as any (the last of ``JITTERS``) minus that of the same faces as they were cut."""
    keys = protocol_rows.at(place, method, px, f"auc_minus_{UNMOVED}", recognizer, "probe", [*JITTERS][-1])
    return protocol_rows.row(results, keys)


def detected(results: pd.DataFrame, place: str, px: int, metric: str) -> pd.Series | None:
    """``found`` or ``landmark_error`` of the faces of a set at a size, as :func:`lrfr.record.detection.rows` has it."""
    return protocol_rows.row(results, tables.keys(place, detection.PROTOCOL, detection.FINDER, px, metric, "", ""))


def rivals(combined: pd.DataFrame, method: str, px: int, recognizer: str) -> dict[str, pd.Series]:
    """What a system is compared with on View 2, by name: rows of paired differences in AUC, LR probe against HR."""
    keys: Keys = {"set": "lfw", "protocol": "view2", "method": method, "px": px}
    keys |= {"recognizer": recognizer, "setting": "probe"}
    found = tables.matching(combined, **keys)
    found = found[found["metric"].str.startswith("auc_minus_")]
    return {r["metric"].removeprefix("auc_minus_"): r for _, r in found.iterrows()}


def worst_served(combined: pd.DataFrame, px: int, recognizers: Sequence[str]) -> pd.DataFrame:
    """What one person in ten does not reach, by system: bicubic's :data:`WORST`, the others' paired difference to it.

    Args:
        combined: results of the combinations, as :func:`lrfr.record.protocol_rows.recorded` gives them.
        px: size.
        recognizers: a column each.

    Returns:
        Columns set, system and the recognisers' titles; a row for each system that one of them saw.
    """
    lines = []
    for place in PACKAGED:
        here = tables.matching(combined, set=place, protocol=combinations.ALL_PAIRS, px=px, metric=WORST)
        for system in here[here["recognizer"].isin(recognizers)]["method"].unique():
            line = {"set": protocol_rows.PLACES[place], "system": system}
            for network in recognizers:
                keys = _worst(place, system, px, network)
                minus = keys | {"metric": f"{WORST}_minus_bicubic"}
                line[title(network)] = (
                    protocol_rows.cell(combined, keys)
                    if system == "bicubic"
                    else protocol_rows.gain(protocol_rows.row(combined, minus), 3)
                )
            lines.append(line)
    return pd.DataFrame(lines)


def worst_of(combined: pd.DataFrame, system: System, px: int) -> str:
    """What one person in ten does not reach with a system, set by set: ``0.985 [0.957, 0.994] (AT&T), ...``."""
    cells = {p: protocol_rows.cell(combined, _worst(p, system.method, px, system.recognizer)) for p in PACKAGED}
    return ", ".join(f"{found} ({protocol_rows.PLACES[place]})" for place, found in cells.items())


def _worst(place: str, method: str, px: int, recognizer: str) -> Keys:
    return tables.keys(place, combinations.ALL_PAIRS, method, px, WORST, recognizer, "probe")


def spread(people: Mapping[str, pd.Series]) -> pd.DataFrame:
    """How unequal people are: the worst, the tenth part from below, the median, and the share below the mean."""
    lines = [
        {
            "upsampler": name,
            "mean": found.mean(),
            "worst": found.min(),
            "10 % of people are below": found.quantile(0.1),
            "median": found.median(),
            "people below the mean": float((found < found.mean()).mean()),
        }
        for name, found in people.items()
    ]
    return pd.DataFrame(lines)
