"""Does a method learn identity, or the taste of the network in its loss? Every loss network x evaluation network.

Each identity loss of the study was trained through each packaged recogniser and, alike in all else, through none
(:data:`lrfr.plans.TRANSFER`). What it is worth is the paired difference to the latter, seen by each recogniser. What
is taste in it, one recogniser says alone: by how much what was trained through it is ahead of what was trained through
the two others (:data:`TASTE`). Recognisers are not compared so, of which each has its own room to gain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lrfr import differences, measure, plans
from lrfr.errors import LrfrError
from lrfr.measure import Measured, Pairs
from lrfr.recognizers import Recognizer
from lrfr.record import JUDGES, Entry, available, load, load_judges, record_missing, refuse_foreign, view
from lrfr.record.benchmark import stamped

RESULTS, PROTOCOL = "transfer", "transfer"
NONE = "none"
#: Protocol of a recogniser's own pupil minus the mean of the others' pupils, seen by it; metric ``auc_minus_others``.
TASTE, OTHERS = "transfer taste", "others"


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
        LrfrError: a training is missing, or LFW is another edition than was recorded.
    """
    refuse_foreign(["devtest"])
    faces, pairs = view("devtest")
    judges = load_judges(JUDGES)
    for loss in losses:
        found = entries(loss)
        trained = _Trainings(loss, {e.method.name: Measured(faces, e.method) for e in found}, judges, pairs, replicates)
        record_missing(RESULTS, faces.name, PROTOCOL, found, trained.worth)
        pupils = "\n".join(e.weights for e in found[1:])
        record_missing(RESULTS, faces.name, TASTE, [stamped(e, pupils) for e in found[1:]], trained.taste)
    return load(RESULTS)


@dataclass(frozen=True)
class _Trainings:
    """The trainings of one loss, by what their rows call them, and who looks at them."""

    loss: str
    measured: Mapping[str, Measured]
    judges: Sequence[Recognizer]
    pairs: Pairs
    replicates: int

    def worth(self, entry: Entry) -> pd.DataFrame:
        """A training's scores and picture, and its paired difference to the one without identity."""
        mine, plain = self.measured[entry.method.name], self.measured[label(self.loss, NONE)]
        how = (self.pairs, PROTOCOL, self.replicates)
        parts = [measure.pair_rows(mine, j, *how) for j in self.judges]
        if mine is not plain:
            parts += [differences.pair_rows(mine, plain, j, *how) for j in self.judges]
        parts.append(measure.quality_rows(mine, self.replicates).assign(protocol=PROTOCOL))
        mine.forget()
        return pd.concat(parts, ignore_index=True)

    def taste(self, entry: Entry) -> pd.DataFrame:
        """What a training is ahead of those through other recognisers, seen by its own."""
        pupils = {j: self.measured[label(self.loss, j.name)] for j in self.judges}
        mine = self.measured[entry.method.name]
        teacher = next(j for j, pupil in pupils.items() if pupil is mine)
        others = [pupil for pupil in pupils.values() if pupil is not mine]
        return differences.mean_pair_rows(mine, others, OTHERS, teacher, self.pairs, TASTE, self.replicates)
