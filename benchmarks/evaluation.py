"""How long does scoring 6,000 pairs take, by sorting and by the usual loop over a threshold grid?

Run: ``python benchmarks/evaluation.py``. Scores are drawn at random with the size and balance of LFW View 2 (ten folds
of 300 genuine and 300 impostor pairs, 4,281 people); times are the best of several runs on one thread.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import platform
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from rich.console import Console
from rich.table import Table

from lrfr.evaluation.intervals import PairBootstrap
from lrfr.evaluation.pairs import AllPairs
from lrfr.evaluation.verification import auc, d_prime, eer, fold_accuracy, report, roc, tar

PAIRS, FOLDS, PEOPLE = 6000, 10, 4281
GOAL_MS = 50


def view_2(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Cosine-like scores, genuine flags, folds and identities."""
    rng = np.random.default_rng(seed)
    genuine = np.arange(PAIRS) % 600 < 300
    a = rng.integers(PEOPLE, size=PAIRS)
    b = np.where(genuine, a, (a + rng.integers(1, PEOPLE, size=PAIRS)) % PEOPLE)
    similarity = np.where(genuine, 0.5, 0.05) + 0.15 * rng.normal(size=PAIRS)
    return similarity, genuine, np.arange(PAIRS) // 600, a, b


def loop_over_thresholds(
    similarity: np.ndarray, genuine: np.ndarray, folds: np.ndarray, step: float = 0.001
) -> tuple[float, np.ndarray, np.ndarray]:
    """Ten-fold accuracy and ROC the usual way: count afresh at each threshold of a grid over [-1, 1]."""
    grid = np.arange(-1, 1, step)
    accuracy = []
    for fold in np.unique(folds):
        train = folds != fold
        right = [np.mean((similarity[train] >= t) == genuine[train]) for t in grid]
        best = grid[int(np.argmax(right))]
        accuracy.append(np.mean((similarity[~train] >= best) == genuine[~train]))
    tpr = np.array([np.mean(similarity[genuine] >= t) for t in grid])
    far = np.array([np.mean(similarity[~genuine] >= t) for t in grid])
    return float(np.mean(accuracy)), far, tpr


def best_of(runs: int, work: Callable[[], object]) -> float:
    """Seconds of the fastest of several runs."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Measure and print."""
    similarity, genuine, folds, a, b = view_2()
    boot = PairBootstrap(a, b, genuine, replicates=1000)
    # all pairs of a set of photographs, probes against gallery
    rng = np.random.default_rng(1)
    labels = rng.integers(PEOPLE, size=2000)
    points = rng.normal(size=(PEOPLE, 64))[labels] + rng.normal(size=(2000, 64))
    everything = AllPairs((points @ points.T).astype(np.float32), labels)

    loop = partial(loop_over_thresholds, similarity, genuine, folds)
    rows: list[tuple[str, float]] = [
        ("10-fold accuracy and ROC, loop over 2,000 thresholds", best_of(2, loop)),
        (
            "10-fold accuracy and ROC, by sorting (exact)",
            best_of(20, lambda: (fold_accuracy(similarity, genuine, folds), roc(similarity, genuine))),
        ),
        ("10-fold accuracy alone", best_of(20, lambda: fold_accuracy(similarity, genuine, folds))),
        ("every metric (report)", best_of(20, lambda: report(similarity, genuine, folds))),
        ("AUC interval, 1,000 replicates", best_of(3, lambda: boot.interval(auc, similarity))),
        ("EER interval, 1,000 replicates", best_of(3, lambda: boot.interval(eer, similarity))),
        ("d' interval, 1,000 replicates", best_of(3, lambda: boot.interval(d_prime, similarity))),
        (
            "TAR at FAR 1e-2 interval, 1,000 replicates",
            best_of(3, lambda: boot.interval(partial(tar, far=0.01), similarity)),
        ),
        (
            "paired AUC difference, 1,000 replicates",
            best_of(3, lambda: boot.difference(auc, similarity + 0, similarity)),
        ),
        ("TAR at FAR 1e-3, all 4 million pairs of 2,000 photographs", best_of(3, lambda: everything.tar_at_far(1e-3))),
        ("its interval, 1,000 replicates", best_of(1, lambda: everything.tar_interval(1e-3))),
    ]
    table = Table(title=f"{PAIRS:,} pairs in {FOLDS} folds, {platform.machine()}, NumPy {np.__version__}, one thread")
    table.add_column("what")
    table.add_column("ms", justify="right")
    table.add_column("against the loop", justify="right")
    for name, seconds in rows:
        ratio = f"{rows[0][1] / seconds:,.0f}x" if "sorting" in name else ""
        table.add_row(name, f"{1000 * seconds:,.2f}", ratio)
    console = Console()
    console.print(table)
    exact, grid = fold_accuracy(similarity, genuine, folds).mean, loop()[0]
    console.print(f"10-fold accuracy: {exact:.4f} by sorting, {grid:.4f} by the loop.")
    took = 1000 * rows[1][1]
    reached = "reached" if took < GOAL_MS else "missed"
    console.print(f"Goal: under {GOAL_MS} ms by sorting; {took:.1f} ms, {reached}; load {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
