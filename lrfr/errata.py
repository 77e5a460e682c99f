"""Is the paper wrong here? What the errata page notes down as it goes, and arithmetic that its proofs share.

Published numbers are rounded. So that nobody is blamed for a rounding, these helpers ask whether a printed number *can*
be right: whether it is a whole number of probes, a mean of what was rounded, a variance of what lies in [0, 1].
Decimals come from :func:`lrfr.published.decimals`, which keeps the digits as printed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pandas as pd
import torch
from numpy.typing import ArrayLike
from scipy.stats import norm
from torch import Tensor

from lrfr.errors import LrfrError
from lrfr.losses.logexp import Distance
from lrfr.losses.pull import gradient_norms
from lrfr.published import unit, whole_counts

#: What a proof can say of an erratum, as the page writes it.
CONFIRMED, REFUTED, UNKNOWN, READ = "confirmed", "not confirmed", "cannot be checked from here", "by reading"
IN_CODE = "confirmed by reading the code"
VERDICTS = (CONFIRMED, IN_CODE, REFUTED, UNKNOWN, READ)
PAPERS = ("frloss", "ipfsrgan", "multiscale", "logexp", "ftlgan")


@dataclass(frozen=True)
class Code:
    """Public code of a paper's authors, as it was read: on GitHub, ``owner/name``, at one commit."""

    repository: str
    commit: str

    def file(self, path: str) -> str:
        """Address of one of its files."""
        return f"https://github.com/{self.repository}/blob/{self.commit}/{path}"


#: What the papers with public code are compared with. A file is quoted by its settings and its names, never copied.
RELEASED = {
    "ipfsrgan": Code("jinningli/IP-FSRGAN", "c5b14c38eb0e7ef9ba829beaaf2461d2cafdde95"),
    "logexp": Code("hurricanelx/LRFR", "76ad546f00793e5b62faafcaad9eb367b1ac008e"),
}


@dataclass(frozen=True)
class Erratum:
    """One line of the summary.

    Attributes:
        label: of its section on the page, ``PAPER-WORD``; the link goes to ``errata-PAPER-WORD``.
        where: place in the paper.
        what: the erratum in a few words.
        verdict: one of ``VERDICTS``.
        changes: whether a conclusion of the paper does not stand as printed; None where that cannot be known.
        source: address of the file that was read, where the verdict is ``IN_CODE``.
    """

    label: str
    where: str
    what: str
    verdict: str
    changes: bool | None
    source: str = ""

    @property
    def paper(self) -> str:
        """The paper's key."""
        return self.label.split("-")[0]


@dataclass
class Log:
    """The errata of a page, in the order in which its cells prove them.

    Every method takes label, place and words as :class:`Erratum` describes them, and refuses a label without a paper by
    an ``LrfrError``. ``holds`` is what the cell found out: true where the erratum is one.
    """

    found: list[Erratum] = field(default_factory=list)

    def note(self, label: str, where: str, what: str, holds: object) -> None:
        """An erratum that leaves the paper's conclusions as they are; prints its verdict."""
        self._say(Erratum(label, where, what, CONFIRMED if holds else REFUTED, False))

    def conclusion(self, label: str, where: str, what: str, holds: object) -> None:
        """One that changes a conclusion; prints its verdict."""
        self._say(Erratum(label, where, what, CONFIRMED if holds else REFUTED, True))

    def open(self, label: str, where: str, what: str, holds: object) -> None:
        """One of which nobody can tell here whether it changes a conclusion; prints its verdict."""
        self._say(Erratum(label, where, what, CONFIRMED if holds else REFUTED, None))

    def code(self, label: str, where: str, path: str, *what: str) -> None:
        """Differences to the authors' public code that were found by reading ``path`` of it; prints so."""
        for words in what:
            paper = label.split("-")[0]
            source = RELEASED[paper].file(path) if paper in RELEASED else ""
            self._say(Erratum(label, where, words, IN_CODE, None, source))

    def elsewhere(self, label: str, where: str, *what: str) -> None:
        """Such as hang on something that the paper does not say or that is not here; prints so."""
        for words in what:
            self._say(Erratum(label, where, words, UNKNOWN, None))

    def read(self, label: str, where: str, what: str) -> None:
        """One that is there to read, with nothing to compute, and changes no conclusion; prints nothing."""
        self._keep(Erratum(label, where, what, READ, False))

    def _say(self, erratum: Erratum) -> None:
        self._keep(erratum)
        ends = {True: " It changes a conclusion.", False: "", None: ""}[erratum.changes]
        read = f" ({erratum.source.rsplit('/', 1)[1]})" if erratum.source else ""
        print(f"=> {erratum.where}, {erratum.what}: {erratum.verdict}{read}.{ends}")

    def _keep(self, erratum: Erratum) -> None:
        if erratum.paper not in PAPERS:
            raise LrfrError(
                f"The label of an erratum starts with one of {', '.join(PAPERS)} and a hyphen, but found "
                f"'{erratum.label}'."
            )
        if erratum.verdict == IN_CODE and not erratum.source:
            raise LrfrError(f"No code of {erratum.paper} is known; add it to RELEASED, or say that it was not read.")
        self.found.append(erratum)

    def summary(self) -> pd.DataFrame:
        """Paper, where, what, verdict, whether it changes a conclusion; one row an erratum."""
        words = {True: "yes", False: "no", None: "unknown"}
        return pd.DataFrame(
            [
                {
                    "paper": e.paper,
                    "where": e.where,
                    "what": e.what,
                    "verdict": e.verdict,
                    "changes a conclusion?": words[e.changes],
                }
                for e in self.found
            ]
        )

    def anchors(self) -> list[str]:
        """Where on the page each row of :meth:`summary` is proved."""
        return [f"errata-{e.label}" for e in self.found]

    def sources(self) -> list[str]:
        """The address of the file that was read for each row of :meth:`summary`; "" where none was."""
        return [e.source for e in self.found]

    def counts(self) -> pd.DataFrame:
        """How many errata have which verdict: a row a verdict, a column a paper, and their sum."""
        rows = [
            {"verdict": verdict}
            | {p: sum(e.paper == p and e.verdict == verdict for e in self.found) for p in PAPERS}
            | {"all": sum(e.verdict == verdict for e in self.found)}
            for verdict in VERDICTS
        ]
        return pd.DataFrame(rows)


def fitting(percentages: Sequence[Decimal], counts: Sequence[int] | np.ndarray) -> np.ndarray:
    """Which numbers of probes can give all these percentages (bool, one per count)."""
    return np.array([all(whole_counts(p, int(n)) for p in percentages) for n in counts])


def hits(share: Decimal, probes: int) -> int:
    """Hits among so many probes, out of a printed share of 1 that is precise enough to tell."""
    return round(share * probes)


def can_be_mean(printed: Decimal, values: Sequence[Decimal]) -> bool:
    """Whether a printed mean can be that of the numbers that were rounded to ``values``."""
    middle = sum(values) / Decimal(len(values))
    slack = sum(map(unit, values)) / Decimal(2 * len(values))
    return abs(middle - printed) <= slack + unit(printed) / 2


def averages(cells: pd.DataFrame, mean: str, probes: int | None = None) -> pd.DataFrame:
    """Do the printed averages of a table follow from its rows?

    Args:
        cells: of one metric, as :func:`lrfr.published.decimals` gives them.
        mean: the column of the averages; they are of all other columns.
        probes: how many each rate rests on, where that is known.

    Returns:
        One row for each (table, row): ``as_printed`` (the mean of the printed values rounds to it), ``possible`` (that
        of some unrounded values does) and ``from_hits`` (that of the hits does; None without ``probes``).
    """
    found = []
    for (table, row), group in cells.groupby(["table", "row"], sort=False):
        value = group.set_index("column")["value"]
        printed, parts = value[mean], list(value.drop(mean))
        half, n = unit(printed) / 2, len(parts)
        counted = None if probes is None else Decimal(sum(hits(v, probes) for v in parts)) / (probes * n)
        found.append(
            {
                "table": table,
                "row": row,
                "as_printed": abs(sum(parts) / n - printed) <= half,
                "possible": can_be_mean(printed, parts),
                "from_hits": None if counted is None else abs(counted - printed) <= half,
            }
        )
    return pd.DataFrame(found)


def largest_variance(mean: float, folds: int = 10) -> float:
    """Largest sample variance of accuracies in [0, 1] with this mean: as many as can be at 1, one takes the rest."""
    shortfall = folds * (1 - mean)
    whole = int(shortfall)
    values = np.array([0.0] * whole + [1 - (shortfall - whole)] + [1.0] * (folds - whole - 1))
    return float(values.var(ddof=1))


def psnr_of(mse: ArrayLike) -> np.ndarray:
    """PSNR in dB of a mean squared error in grey levels, with the peak of a byte, 255."""
    return 10 * np.log10(255**2 / np.asarray(mse, float))


def normal_auc(d_prime: ArrayLike) -> np.ndarray:
    """AUC that belongs to d' where genuine and impostor scores are normal, whatever their two spreads."""
    return norm.cdf(np.asarray(d_prime, float) / np.sqrt(2))


def alone_at_most(photographs: int, people: int, test: int, most: int) -> float:
    """Share of test photographs, at most, whose person is not in training too, where photographs were drawn at random.

    A person with n photographs is in the test part alone with chance q^n, q the test part's share. So many photographs,
    n q^n, are expected of such a person; that is convex in n where q is at most a third. So with a given mean the sum
    is largest where everybody has either one photograph or the most.

    Args:
        photographs, people: of the whole set.
        test: photographs of the test part, at most a third.
        most: photographs of one person, at most.

    Raises:
        LrfrError: a larger test part.
    """
    q, mean = test / photographs, photographs / people
    if q > 1 / 3:
        raise LrfrError(f"The bound holds for a test part of up to a third, but {test} of {photographs} were given.")
    once = (most - mean) / (most - 1)  # share of the people with one photograph
    return (once + (1 - once) * most * q ** (most - 1)) / mean


def fading(losses: Mapping[str, Callable[[Tensor, Tensor], Tensor]], start: Tensor) -> dict[str, float]:
    """Share of a loss's pull that is left when the error is ten times smaller: 1 for a norm, .1 for a mean of squares.

    Args:
        losses: of two tensors of one shape, by name.
        start: the larger error.
    """
    target = torch.zeros_like(start)
    near, far = (
        gradient_norms({name: loss(moved, target) for name, loss in losses.items()}, [moved])
        for moved in ((start * size).requires_grad_() for size in (0.1, 1.0))
    )
    return {name: near[name] / far[name] for name in losses}


def approach(distance: Distance, start: Tensor, rate: float, steps: int) -> np.ndarray:
    """Plain gradient descent with a constant rate: does the distance bring an embedding to its target?

    Args:
        distance: pulls ``start`` to 0.
        start: differences of one or more faces, ``N x D``.
        rate: of each step; the gradient is that of the mean over the faces, times their number.
        steps: how many.

    Returns:
        Mean absolute difference before each step and after the last, ``steps + 1``.
    """
    place, target = start.detach().double().clone(), start.new_zeros(start.shape).double()
    sizes = [float(place.abs().mean())]
    for _ in range(steps):
        place = place - rate * distance.gradient(place, target)
        sizes.append(float(place.abs().mean()))
    return np.array(sizes)
