"""multiscale's U-Net by ftlgan's triplet loss against the same network by its own: what the exchange is worth.

Each is measured beside bicubic by the benchmark; here they are compared with each other, on the same pairs.
"""

from collections.abc import Sequence

import pandas as pd

from lrfr.catalogue import SIZES
from lrfr.record import benchmark, combinations, load, refuse_foreign, view
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
    upsamplers = {px: benchmark.entries(px, [MINE, OTHER], quick=True) for px in sizes}
    shipped = {px: found for px, found in upsamplers.items() if {MINE, OTHER} <= {e.method.name for e in found}}
    for name in views:
        faces, listed = view(name)
        for found in shipped.values():
            bench = Bench(faces, listed, protocol(name), found, judges, rivals, replicates)
            bench.record([*rivals], bench.auc_rows)
    return load(RESULTS)
