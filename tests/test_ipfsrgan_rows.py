"""Keys of ipfsrgan's rows: each finds its own row and no other; what is chosen and averaged by them."""

import pandas as pd
import pytest

from lrfr import published, record, tables
from lrfr.errors import LrfrError
from lrfr.evaluation.intervals import Interval
from lrfr.measure import COLUMNS
from lrfr.record import ipfsrgan_rows as rows
from lrfr.record.ipfsrgan import ALPHAS, THRESHOLDS

#: AUC of IP-FSRGAN's pipeline by threshold: best at 20 px on View 1, at 28 px on View 2.
CURVE = {"devtest": (0.90, 0.92, 0.95, 0.94, 0.93, 0.91), "view2": (0.90, 0.91, 0.93, 0.96, 0.95, 0.92)}


@pytest.fixture(scope="module")
def results() -> pd.DataFrame:
    """One row for each kind of question, its value known, and the curves above."""
    nan = float("nan")
    made = [
        ["lfw", "quality", "ESRGAN", 28, 0, "", "", "psnr", 31.0, 30.5, 31.5, 77],
        ["lfw", "quality", "bicubic", 28, 0, "", "", "psnr", 30.0, 29.5, 30.5, 77],
        ["lfw", "quality", "ESRGAN", 28, 1, "", "", "psnr", 99.0, nan, nan, 77],  # another seed
        ["caltech", "quality", "ESRGAN", 28, 0, "", "", "psnr", 98.0, nan, nan, 77],
        ["lfw", "likeness", "ESRGAN", 28, 0, "sface", "", "cosine", 0.9, 0.8, 0.95, 77],
        ["att", "sharpness", "SRCNN (L1)", 28, 0, "", "", "sharpness", 0.7, 0.6, 0.8, 400],
        ["att", "sharpness", "SRCNN (L1)", 28, 0, "", "", "sharpness_minus_SRCNN", 0.02, 0.01, 0.03, 400],
        ["lfw", "view2", "HR", 112, 0, "sface", "both", "accuracy", 0.99, 0.98, 1.0, 6000],
    ]
    for i, alpha in enumerate(ALPHAS):
        made.append(
            ["lfw", "further", "ESRGAN", round(28 * alpha), 0, "sface", "both", "accuracy", 0.9 - i / 10, *[nan] * 2, 9]
        )
    for view, curve in CURVE.items():
        for px, value in zip(THRESHOLDS, curve, strict=True):
            made.append(["lfw", f"pipeline {view}", "IP-FSRGAN", px, 0, "sface", "mixed", "auc", value, nan, nan, 9])
    for judge, low in (("dlib", 0.01), ("sface", 0.01), ("mobilefacenet", -0.01)):
        for protocol in ("view2", "devtest"):
            made.append(["lfw", protocol, "IP-FSRGAN", 28, 0, judge, "both", "auc_minus_ESRGAN", 0.02, low, 0.03, 6000])
    return pd.DataFrame(made, columns=COLUMNS)


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (rows.quality("lfw", "ESRGAN", "psnr"), 31.0),
        (rows.likeness("lfw", "ESRGAN", "sface"), 0.9),
        (rows.sharpness("att", "SRCNN (L1)"), 0.7),
        (rows.sharpness("att", "SRCNN (L1)", "SRCNN"), 0.02),
        (rows.further("ESRGAN", "sface", 0.75), 0.8),
        (rows.pipeline("IP-FSRGAN", "sface", 28), 0.96),
        (rows.pipeline("IP-FSRGAN", "sface", 28, "devtest"), 0.94),
        (rows.view2("HR", "sface", "both", "accuracy"), 0.99),
        (rows.view2("IP-FSRGAN", "dlib", "both", "auc_minus_ESRGAN"), 0.02),
    ],
)
def test_keys_find_their_own_row_and_no_other(results, keys, value):
    found = tables.pick(results, **keys)
    assert len(found) == 1 and found["value"].item() == value


def test_a_missing_row_is_said(results):
    with pytest.raises(LrfrError, match="No result is recorded for set lfw, protocol likeness, method SRGAN"):
        tables.value(results, **rows.likeness("lfw", "SRGAN", "sface"))


def test_the_average_is_over_the_grid_that_is_asked_for(results):
    for grid, expected in (("all", 0.75), ("the larger", 0.85), ("the smaller", 0.65)):
        assert rows.mean_accuracy(results, "ESRGAN", "sface", rows.GRIDS[grid]) == pytest.approx(expected)


def test_the_threshold_is_chosen_on_view_1(results):
    assert rows.best_threshold(results, "IP-FSRGAN", "sface") == 20
    assert rows.best_threshold(results, "IP-FSRGAN", "sface", "view2") == 28
    level = results.assign(value=0.5)
    assert rows.best_threshold(level, "IP-FSRGAN", "sface") == 0, "where all are equal, none is super-resolved"


def test_a_threshold_gains_over_a_lower_one_and_nothing_over_itself(results):
    over = ["lfw", "pipeline view2", "IP-FSRGAN", 28, 0, "sface", "mixed", "auc_minus_20px", 0.03, 0.01, 0.05, 9]
    known = pd.concat([results, pd.DataFrame([over], columns=COLUMNS)])
    assert rows.gain(known, "IP-FSRGAN", "sface", 28, 20) == Interval(0.03, 0.01, 0.05)
    assert rows.gain(known, "IP-FSRGAN", "sface", 28, 28) == Interval(0, 0, 0)
    with pytest.raises(LrfrError, match="metric auc_minus_28px"):
        rows.gain(known, "IP-FSRGAN", "sface", 20, 28)


def test_duels_are_those_of_view_2_seen_by_whom_one_asks(results):
    found = rows.duels(results, "IP-FSRGAN", "ESRGAN", ("sface", "mobilefacenet"))
    assert dict(zip(found["recognizer"], found["verdict"], strict=True)) == {"sface": "better", "mobilefacenet": "open"}
    assert tables.verdict(found) == tables.IN_PART


def test_published_numbers_by_our_names():
    paper = published.load("ipfsrgan")
    assert rows.printed(paper, 1, "psnr", "bicubic", "CASIA") == 29.87
    assert rows.printed(paper, 2, "cosine", "IP-FSRGAN", "LFW") == 0.953
    assert rows.printed(paper, 3, "accuracy", "bicubic", "Factor=1") == 0.928
    assert rows.printed(paper, 3, "accuracy", "IP-FSRGAN", "Avg. Acc.") == 0.656
    assert [rows.printed(paper, 4, m, "SRGAN") for m in ("mse", "psnr", "ssim")] == [82.62, 28.96, 0.867]
    for theirs in rows.SETS:
        assert all(rows.printed(paper, 1, "ssim", m, theirs) > 0 for m in rows.ORDER)


def test_counts_and_roles(results):
    assert rows.photographs(results, "lfw") == 77
    assert [record.role(n) for n in ("dlib", "sface")] == ["of the loss", "unseen"]
