"""multiscale's U-Net by ftlgan's triplet loss against the same network by its own: what the exchange is worth.

Each is measured beside bicubic by the benchmark; here they are compared with each other, on the same pairs.
"""

from collections.abc import Sequence
from functools import partial

import pandas as pd

from lrfr.catalogue import SIZES
from lrfr.record import apart, benchmark, combinations, load, record_missing, refuse_foreign, view
from lrfr.record.combinations import RESULTS, Bench, System

MINE, OTHER = "U-Net (triplet)", "U-Net"
VIEWS = (combinations.CHOICE, combinations.CONFIRMATION)


def protocol(name: str) -> str:
    """What rows of a view are called: ``view2 twins``."""
    return f"{name} twins"


def record(views: Sequence[str] = VIEWS, sizes: Sequence[int] = SIZES, replicates: int = 1000) -> pd.DataFrame:
    """AUC of LR probes against HR photographs, ``auc_minus_U-Net``, by each recogniser; what is there stays.

    Args:
        views: of LFW.
        sizes: of the LR faces, in pixels.
        replicates: draws of the intervals.

    Returns:
        The whole table of the combinations.

    Raises:
        LrfrError: another edition of LFW than was recorded.
    """
    refuse_foreign(views)
    judges = benchmark.judges(quick=False)
    rivals = {System((MINE,), (j.name,)): {OTHER: System((OTHER,), (j.name,))} for j in judges}
    for name in views:
        faces, listed = view(name)
        for px in sizes:
            upsamplers = benchmark.entries(px, [MINE, OTHER])
            if not {MINE, OTHER} <= {e.method.name for e in upsamplers}:
                continue  # not shipped yet
            bench = Bench(faces, listed, protocol(name), upsamplers, judges, rivals, replicates)
            found = [bench.entry(system) for system in rivals]
            record_missing(RESULTS, faces.name, bench.table.protocol, found, partial(apart.rows, bench, listed))
    return load(RESULTS)
