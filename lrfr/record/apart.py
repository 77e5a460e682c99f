"""Do View 1's choices hold for people whom it never showed? View 2 without the pairs that show one of them.

LFW's makers drew both views from the same photographs. So what is recommended is measured once more on the rest of View
2: AUC and its paired differences, LR probe against HR photograph.
"""

from collections.abc import Sequence

import pandas as pd

from lrfr.catalogue import SIZES
from lrfr.datasets import FaceDataset
from lrfr.measure import Pairs
from lrfr.record import (
    benchmark,
    combinations,
    load,
    protocol_choice,
    protocol_rows,
    refuse_foreign,
    view,
)
from lrfr.record.combinations import PLAIN, PLAIN_NAME, PLAIN_SYSTEM, RESULTS, Bench, System

PROTOCOL = "view2 apart"


def pairs() -> tuple[FaceDataset, Pairs]:
    """The photographs of View 2, and those of its pairs that show nobody of View 1's DevTest pairs."""
    faces, listed = view(combinations.CONFIRMATION)
    known = view(combinations.CHOICE)[0].identities
    seen = faces.table["identity"].astype(str).isin(known).to_numpy()
    keep = ~(seen[listed.first] | seen[listed.second])
    return faces, Pairs(listed.first[keep], listed.second[keep], listed.genuine[keep])


def systems(
    results: pd.DataFrame, combined: pd.DataFrame, px: int, judges: Sequence[str]
) -> tuple[list[System], list[System]]:
    """The upsampler that View 1 puts first at a size and the system to be used, with what they are compared with.

    Args:
        results: of the benchmark.
        combined: of the combinations.
        px: size.
        judges: recognisers that look at the upsampler and at bicubic, each alone.

    Returns:
        The upsampler before each of these; and the system, where it is not one of them.
    """
    chosen, decision = protocol_choice.upsampler(results, px), protocol_choice.decide(results, combined, px)
    labels = ["bicubic", *([chosen.first] if chosen is not None else [])]
    alone = [System((label,), (judge,)) for label in labels for judge in judges]
    used = [decision.system] if decision is not None else []
    return alone, [s for system in used for s in (System(("bicubic",), system.recognizers), system) if s not in alone]


def record(sizes: Sequence[int] = SIZES, replicates: int = 1000) -> pd.DataFrame:
    """Measure what is not recorded yet, or was made by other weights; both views are recorded before.

    Args:
        sizes: of the LR faces, in pixels.
        replicates: draws of the intervals.

    Returns:
        The whole table of the combinations.

    Raises:
        LrfrError: another edition of LFW than was recorded.
    """
    refuse_foreign([combinations.CHOICE, combinations.CONFIRMATION])
    judges = benchmark.judges(quick=False)
    faces, listed = pairs()
    every = [*judges, *combinations.fused(judges)]
    recorded = protocol_rows.recorded(), protocol_rows.recorded(RESULTS)
    for px in sizes:
        for asked in systems(*recorded, px, [judge.name for judge in judges]):
            # A recogniser that nobody asks about is not made to look: it would take minutes an upsampler.
            names = {PLAIN, *(name for system in asked for name in (*system.recognizers, system.recognizer))}
            seeing = [judge for judge in every if judge.name in names]
            labels = {label for system in asked for label in system.upsamplers}
            rivals = {system: {PLAIN_NAME: PLAIN_SYSTEM} for system in asked if system != PLAIN_SYSTEM}
            bench = Bench(
                faces, listed, PROTOCOL, benchmark.entries(px, [*labels], quick=True), seeing, rivals, replicates
            )
            bench.record(asked, bench.auc_rows)
    return load(RESULTS)
