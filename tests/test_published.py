"""The papers' tables as transcribed, and runnable proofs of what is wrong or left open in them."""

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
import torch

from lrfr import published
from lrfr.errors import LrfrError
from lrfr.evaluation import quality

FR, VANILLA, LOW = "FRSRResNet", "VanillaSRResNet", "Low Resolution"
HIGHER_IS_BETTER = {"psnr": True, "ssim": True, "fr_loss": False, "accuracy": True, "auc": True, "eer": False}


@pytest.fixture(scope="module")
def frloss():
    return published.load("frloss")


def raw(paper):
    """The file's cells as text, so that decimals can be added without rounding."""
    return pd.read_csv(published.paths.data_dir() / "published" / f"{paper}.csv", dtype=str)


def test_frloss_is_listed():
    assert "frloss" in published.papers()


def test_frloss_has_every_cell(frloss):
    assert frloss.groupby("table").size().to_dict() == {1: 24, 2: 21, 3: 28}
    assert not frloss.duplicated(["table", "row", "column", "metric"]).any()
    for number, rows in ((1, 4), (2, 7), (3, 7)):
        table = frloss[frloss["table"] == number]
        assert table["row"].nunique() == rows
        assert (table.groupby("row").size() == len(table) / rows).all()  # every row is complete
    assert set(frloss["metric"]) == {*HIGHER_IS_BETTER, "psnr_sd", "ssim_sd", "fr_loss_sd", "accuracy_sd"}


def test_frloss_has_the_high_resolution_rows_and_both_scales(frloss):
    tasks = frloss[frloss["table"] > 1]
    expected = {"High Resolution"} | {f"{name} ({scale}x)" for name in (FR, VANILLA, LOW) for scale in (4, 8)}
    assert set(tasks["row"]) == expected
    assert (tasks[tasks["table"] == 2].groupby("row").size() == 3).all()


@pytest.mark.parametrize(
    ("metric", "low", "high"),
    [
        ("psnr", 25, 35), ("ssim", 0.8, 1), ("fr_loss", 1, 10), ("accuracy", 0.4, 1), ("auc", 0.9, 1), ("eer", 0, 0.2),
        ("psnr_sd", 2, 3), ("ssim_sd", 0, 0.05), ("fr_loss_sd", 0.5, 2), ("accuracy_sd", 0, 0.02),
    ],
)  # fmt: skip
def test_frloss_values_lie_in_their_range(frloss, metric, low, high):
    assert frloss.loc[frloss["metric"] == metric, "value"].between(low, high).all()


@pytest.mark.parametrize(
    ("table", "column", "metric", "total"),
    [
        (1, "PSNR (dB)", "psnr", "120.18"), (1, "PSNR (dB)", "psnr_sd", "9.15"),
        (1, "SSIM", "ssim", "3.654"), (1, "SSIM", "ssim_sd", "0.12"),
        (1, "FR Loss", "fr_loss", "25.32"), (1, "FR Loss", "fr_loss_sd", "4.88"),
        (2, "1NN", "accuracy", "5.7945"), (2, "5NN", "accuracy", "5.8899"), (2, "10NN", "accuracy", "5.9101"),
        (3, "Accuracy", "accuracy", "6.599"), (3, "Accuracy", "accuracy_sd", "0.056"),
        (3, "AUC", "auc", "6.851"), (3, "Equal Error Rate", "eer", "0.395"),
    ],
)  # fmt: skip
def test_frloss_columns_add_up(table, column, metric, total):
    """Totals added up from the printed paper: a slip in one digit of the file shows here."""
    frame = raw("frloss")
    cells = frame[(frame["table"] == str(table)) & (frame["column"] == column) & (frame["metric"] == metric)]
    assert sum(map(Decimal, cells["value"])) == Decimal(total)


def test_one_value_is_found_or_refused(frloss):
    assert published.value(frloss, 3, f"{FR} (8x)", "auc") == 0.981
    assert published.value(frloss, 2, f"{LOW} (8x)", "accuracy", "10NN") == 0.4496
    with pytest.raises(LrfrError, match="found 3: its rows are High Resolution"):
        published.value(frloss, 2, f"{LOW} (8x)", "accuracy")
    with pytest.raises(LrfrError, match="found 0"):
        published.value(frloss, 4, f"{LOW} (8x)", "accuracy")


def test_an_unknown_paper_is_one_clear_sentence():
    with pytest.raises(LrfrError, match=r"one of the papers .*frloss.*found 'srgan'"):
        published.load("srgan")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("table,row,value\n1,a,2\n", "should have the columns"),
        ("table,row,column,metric,value\n1,a,A,m,2\n1,a,A,m,3\n", "line 3 of .* reads '1,a,A,m,3'"),
        ("table,row,column,metric,value\n1,a,A,m,two\n", "line 2 of"),
        ("table,row,column,metric,value\nII,a,A,m,2\n", "line 2 of"),
        ("table,row,column,metric,value\n1,,A,m,2\n", "line 2 of"),
    ],
)
def test_a_damaged_file_is_refused_by_line(content, message, tmp_path, monkeypatch):
    (tmp_path / "published").mkdir()
    (tmp_path / "published" / "made_up.csv").write_text(content)
    monkeypatch.setattr("lrfr.paths.data_dir", lambda: tmp_path)
    with pytest.raises(LrfrError, match=message):
        published.load("made_up")


# What the tables say about the paper's sentences, and what they leave open.


def gain(frame, scale, table, metric, column=None):
    """By how much the FR loss beats the control; above 0 is better whichever way the metric points."""
    fr, vanilla = (published.value(frame, table, f"{name} ({scale}x)", metric, column) for name in (FR, VANILLA))
    return (fr - vanilla) * (1 if HIGHER_IS_BETTER[metric] else -1)


TASKS = [
    (2, "accuracy", "1NN"),
    (2, "accuracy", "5NN"),
    (2, "accuracy", "10NN"),
    (3, "accuracy", None),
    (3, "auc", None),
    (3, "eer", None),
]


def test_better_on_all_metrics_holds_at_8x_and_for_knn_but_verification_ties_at_4x(frloss):
    """ "Our method of training gives better results in both tasks on all metrics reported." """
    assert all(gain(frloss, 8, *task) > 0 for task in TASKS)
    assert all(gain(frloss, 4, *task) > 0 for task in TASKS[:3])
    assert [gain(frloss, 4, *task) for task in TASKS[3:]] == [0, 0, 0]


def test_the_gain_is_larger_at_8x(frloss):
    assert all(gain(frloss, 8, *task) > gain(frloss, 4, *task) for task in TASKS)


def test_the_fr_loss_falls_by_about_the_same_share_at_both_scales(frloss):
    """ "The improvements yielded by our method in terms of FR Loss is relatively the same in 4x and 8x." """
    share = {
        scale: gain(frloss, scale, 1, "fr_loss") / published.value(frloss, 1, f"{VANILLA} ({scale}x)", "fr_loss")
        for scale in (4, 8)
    }
    assert share[4] == pytest.approx(0.048, abs=0.001)
    assert share[8] == pytest.approx(0.052, abs=0.001)


def test_the_fr_loss_costs_psnr_and_ssim(frloss):
    assert all(gain(frloss, scale, 1, metric) < 0 for scale in (4, 8) for metric in ("psnr", "ssim"))


def test_every_restored_difference_is_smaller_than_its_spread(frloss):
    """What "+-" means decides what Table I shows: taken as it stands, the two methods lie well within it."""
    for scale in (4, 8):
        for metric in ("psnr", "ssim", "fr_loss"):
            spread = published.value(frloss, 1, f"{FR} ({scale}x)", f"{metric}_sd")
            assert abs(gain(frloss, scale, 1, metric)) < spread


def largest_variance(mean, folds=10):
    """Largest sample variance of that many accuracies in [0, 1]: as many as possible at 1, one takes the shortfall."""
    shortfall = folds * (1 - mean)
    whole = int(shortfall)
    values = np.array([0.0] * whole + [1 - (shortfall - whole)] + [1.0] * (folds - whole - 1))
    return values.var(ddof=1)


def test_the_spread_in_table_3_is_not_the_variance_that_the_text_announces(frloss):
    """Ten accuracies of mean .988 cannot have a variance of .005, nor of mean .980: they would exceed 1."""
    for row in ("High Resolution", f"{FR} (4x)"):
        mean, spread = (published.value(frloss, 3, row, metric) for metric in ("accuracy", "accuracy_sd"))
        assert spread > largest_variance(mean)
        assert spread**2 < largest_variance(mean)  # as a standard deviation it is possible


def test_largest_variance_against_random_folds():
    folds = np.clip(np.random.default_rng(0).beta(0.3, 0.02, size=(20_000, 10)), 0, 1)
    assert all(f.var(ddof=1) <= largest_variance(f.mean()) + 1e-12 for f in folds)


def test_mse_is_announced_but_psnr_printed(frloss):
    """Section IV-E: "reporting average MSE, SSIM and FR Loss"."""
    assert set(frloss.loc[frloss["table"] == 1, "column"]) == {"PSNR (dB)", "SSIM", "FR Loss"}


def test_eq_3_is_a_norm_and_not_the_mse_it_is_called():
    """Its gradient has length 1 however small the error is; that of the mean squared error fades with it."""
    original = torch.rand(3, 8, 8, generator=torch.Generator().manual_seed(0))
    direction = torch.randn(3, 8, 8, generator=torch.Generator().manual_seed(1))
    lengths = {"norm": [], "mse": []}
    for size in (1.0, 0.1):
        for name, loss in (("norm", lambda d: d.norm()), ("mse", lambda d: d.square().mean())):
            image = (original + size * direction).requires_grad_()
            loss(image - original).backward()
            lengths[name].append(image.grad.norm().item())
    assert lengths["norm"] == pytest.approx([1, 1], abs=1e-5)
    assert lengths["mse"][0] / lengths["mse"][1] == pytest.approx(10, rel=1e-4)


def test_a_pixel_range_up_to_256_moves_psnr_by_a_thirtieth_of_a_decibel():
    """ "Back to the [0,256] range": 8-bit pixels end at 255. A peak of 256 in Eq. 6 would add .034 dB."""
    assert 20 * np.log10(256 / 255) == pytest.approx(0.034, abs=5e-4)


def test_the_fr_loss_of_table_1_is_not_on_embeddings_of_unit_length(frloss):
    """Two vectors of length 1 are at most 2 apart, squared 4: so Eq. 5 was taken before FaceNet's normalisation.

    Read as the plain distance it is out of reach too.
    """
    values = frloss.loc[frloss["metric"] == "fr_loss", "value"]
    assert (values > 2).all()
    assert (values > 4).sum() == 3
    u = torch.nn.functional.normalize(torch.randn(1000, 512, generator=torch.Generator().manual_seed(0)), dim=1)
    assert (u - -u).square().sum(1).max().item() == pytest.approx(4, abs=1e-5)


def test_psnr_is_not_zero_when_two_pictures_add_up_to_the_maximum():
    """ "When ... the sum pixel by pixel is equal to the maximum value ... PSNR is zero": mid-grey and its negative are
    one picture, and PSNR is infinite. It is zero only between black and white."""
    grey = torch.full((1, 3, 16, 16), 0.5)
    assert quality.psnr(1 - grey, grey).isinf().all()
    checkers = (torch.arange(16)[:, None] + torch.arange(16)) % 2
    peak = -10 * torch.log10((1 - checkers.float() - checkers.float()).square().mean())
    assert peak.item() == 0


def test_ssim_can_be_negative():
    """ "Ranges from 0 to 1": a picture and its negative are below."""
    picture = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    assert quality.ssim(1 - picture, picture).item() < -0.5
