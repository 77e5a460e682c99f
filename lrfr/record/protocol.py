"""What both pages of *One protocol* show, from images and weights, in one call; what is there stays.

But for how far frloss's three seeds lie apart, and for the claims: these are of the papers' own results.
"""

from collections.abc import Iterator

import pandas as pd

from lrfr import plans, runs
from lrfr.catalogue import REAL_ESRGAN
from lrfr.record import apart, available, benchmark, combinations, detection, load_if_any, transfer, twins
from lrfr.record.benchmark import JITTERS

#: Faces that were not cut out well are asked of these, on View 1 at one size.
MOVED = ("SRResNet (FR)", "FTLGAN", "U-Net", REAL_ESRGAN)
MOVED_PX = 14


def record(workers: int = 2) -> Iterator[tuple[str, pd.DataFrame]]:
    """Measure what is missing or was made by other weights; a second call finds nothing to do.

    Args:
        workers: trainings side by side, see :func:`lrfr.runs.queue`.

    Yields:
        Name of a results file, and its whole table, when it is complete.
    """
    benchmark.record()
    yield benchmark.RESULTS, benchmark.record(("devtest",), (MOVED_PX,), tuple(JITTERS), MOVED)
    combinations.record()
    apart.record()
    yield combinations.RESULTS, twins.record()
    yield detection.RESULTS, detection.record()
    yield transfer.RESULTS, _transferred(workers)


def _transferred(workers: int) -> pd.DataFrame:
    """Its trainings are not shipped: they are done here first, unless all rows are there and no training is."""
    names = [name for _, through in plans.TRANSFER.values() for name in through.values()]
    missing = [name for name in names if available(name, name) is None]
    table = load_if_any(transfer.RESULTS)
    if missing and table is not None and set(transfer.labels()) <= set(table["method"]):
        return table
    runs.queue([plans.find(name) for name in missing], workers)
    return transfer.record()
