"""Does a method learn identity, or the taste of the network in its loss? Every loss network x evaluation network.

Each identity loss of the study was trained through each packaged recogniser and, alike in all else, through none
(:data:`lrfr.plans.TRANSFER`). What it is worth is the paired difference to the latter, seen by each recogniser.
"""

import pandas as pd

from lrfr import measure, plans, recognizers
from lrfr.errors import LrfrError
from lrfr.measure import Measured
from lrfr.progress import track
from lrfr.record import JUDGES, Entry, finished, load, path, recorded, save, shipped, trained, view

RESULTS, PROTOCOL = "transfer", "transfer"
NONE = "none"


def label(loss: str, through: str) -> str:
    """What a row's method is called: ``triplet through sface``, ``triplet without identity``."""
    return f"{loss} without identity" if through == NONE else f"{loss} through {through}"


def entries(loss: str) -> list[Entry]:
    """The four trainings of a loss, the one without identity first.

    Raises:
        LrfrError: one is neither shipped nor finished here.
    """
    found = []
    for through, name in plans.TRANSFER[loss][1].items():
        words = label(loss, through)
        entry = trained(name, words) if shipped(name) else finished(plans.find(name), words)
        if entry is None:
            raise LrfrError(f"Expected the weights of {name}, found none: run `lrfr queue {name}`.")
        found.append(entry)
    return found


def record(replicates: int = 1000) -> pd.DataFrame:
    """Measure every training on LFW View 1 (LR probe against HR, and both small), and its worth over no identity.

    Returns:
        The whole table.

    Raises:
        LrfrError: a training is missing.
    """
    faces, pairs = view("devtest")
    judges = [recognizers.load(n) for n in JUDGES]  # type: ignore[arg-type]
    table = load(RESULTS) if path(RESULTS).is_file() else None
    for loss in plans.TRANSFER:
        found = entries(loss)
        plain = Measured(faces, found[0].method)
        with track(f"{loss}: loss network x evaluation network", len(found), "trainings") as advance:
            for entry in found:
                if not recorded(table, faces.name, PROTOCOL, entry):
                    measured = Measured(faces, entry.method) if entry is not found[0] else plain
                    parts = [measure.pair_rows(measured, j, pairs, PROTOCOL, replicates) for j in judges]
                    if measured is not plain:
                        parts += [
                            measure.difference_rows(measured, plain, j, pairs, PROTOCOL, replicates) for j in judges
                        ]
                    parts.append(measure.quality_rows(measured, replicates).assign(protocol=PROTOCOL))
                    table = save(RESULTS, pd.concat(parts, ignore_index=True), entry)
                    measured.forget()
                advance(1)
    return load(RESULTS)
