"""Does a method learn identity, or the taste of the network in its loss? Every loss network x evaluation network.

Each identity loss of the study was trained through each packaged recogniser and, alike in all else, through none
(:data:`lrfr.plans.TRANSFER`). What it is worth is the paired difference to the latter, seen by each recogniser.
"""

from collections.abc import Sequence

import pandas as pd

from lrfr import differences, measure, plans
from lrfr.errors import LrfrError
from lrfr.measure import Measured
from lrfr.record import JUDGES, Entry, available, load, load_judges, record_missing, view

RESULTS, PROTOCOL = "transfer", "transfer"
NONE = "none"


def label(loss: str, through: str) -> str:
    """What a row's method is called: ``triplet through sface``, ``triplet without identity``."""
    return f"{loss} without identity" if through == NONE else f"{loss} through {through}"


def labels() -> list[str]:
    """Every method of the rows."""
    return [label(loss, through) for loss, (_, runs) in plans.TRANSFER.items() for through in runs]


def entries(loss: str) -> list[Entry]:
    """The four trainings of a loss, the one without identity first.

    Raises:
        LrfrError: one is neither shipped nor finished here.
    """
    found = []
    for through, name in plans.TRANSFER[loss][1].items():
        entry = available(name, label(loss, through))
        if entry is None:
            raise LrfrError(f"Expected the weights of {name}, found none: run `lrfr queue {name}`.")
        found.append(entry)
    return found


def record(losses: Sequence[str] = tuple(plans.TRANSFER), replicates: int = 1000) -> pd.DataFrame:
    """Measure every training on LFW View 1 (LR probe against HR, and both small), and its worth over no identity.

    Args:
        losses: of :data:`lrfr.plans.TRANSFER`.
        replicates: draws of the intervals.

    Returns:
        The whole table.

    Raises:
        LrfrError: a training is missing.
    """
    faces, pairs = view("devtest")
    judges = load_judges(JUDGES)
    for loss in losses:
        found = entries(loss)
        plain = Measured(faces, found[0].method)

        def rows(entry: Entry, plain: Measured = plain) -> pd.DataFrame:
            measured = plain if entry.method is plain.method else Measured(faces, entry.method)
            parts = [measure.pair_rows(measured, j, pairs, PROTOCOL, replicates) for j in judges]
            if measured is not plain:
                parts += [differences.pair_rows(measured, plain, j, pairs, PROTOCOL, replicates) for j in judges]
            parts.append(measure.quality_rows(measured, replicates).assign(protocol=PROTOCOL))
            measured.forget()
            return pd.concat(parts, ignore_index=True)

        record_missing(RESULTS, faces.name, PROTOCOL, found, rows)
    return load(RESULTS)
