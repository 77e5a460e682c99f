"""What the errata page keeps, and the arithmetic of its proofs: by hand, and against brute force."""

import re
from decimal import Decimal
from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
import torch

from lrfr import errata, published
from lrfr.book.chapters import book_dir
from lrfr.errors import LrfrError
from lrfr.losses.logexp import Distance
from lrfr.losses.norm import norm_loss
from lrfr.losses.pixel import mse_loss
from lrfr.published import whole_counts


@pytest.fixture
def log(capsys):
    log = errata.Log()
    log.note("frloss-norm", "Eq. 3", "a norm", np.True_)
    log.conclusion("frloss-all", "Table III", "ties", ["4x"])
    log.note("logexp-averages", "Table 1", "averages", [])
    log.open("logexp-pull", "Table 4", "pulls", 1)
    log.elsewhere("logexp-code", "Eq. 3", "one logarithm", "an epoch")
    log.code("logexp-code", "Sec. 4.1", "src/flip.py", "flips")
    log.read("ftlgan-words", "Fig. 4", "an axis")
    return log


def test_verdicts_are_kept_in_order_and_said(log, capsys):
    table = log.summary()
    assert table["verdict"].tolist() == [
        errata.CONFIRMED, errata.CONFIRMED, errata.REFUTED, errata.CONFIRMED, errata.UNKNOWN, errata.UNKNOWN,
        errata.IN_CODE, errata.READ,
    ]  # fmt: skip
    assert table["changes a conclusion?"].tolist() == ["no", "yes", "no", *["unknown"] * 4, "no"]
    assert log.anchors()[:2] == ["errata-frloss-norm", "errata-frloss-all"]


def test_a_verdict_is_printed(capsys):
    log = errata.Log()
    log.conclusion("frloss-all", "Table III", "ties", True)
    log.note("frloss-all", "Table II", "sums", False)
    said = capsys.readouterr().out.splitlines()
    assert said == ["=> Table III, ties: confirmed. It changes a conclusion.", "=> Table II, sums: not confirmed."]


def test_code_that_was_read_is_named_by_file_and_commit(log, capsys):
    (source,) = filter(None, log.sources())
    code = errata.RELEASED["logexp"]
    assert source == log.sources()[-2] == f"https://github.com/{code.repository}/blob/{code.commit}/src/flip.py"
    log.code("logexp-code", "Sec. 4.1", "src/flip.py", "flips", "epochs")
    said = capsys.readouterr().out.splitlines()
    assert said[-1] == "=> Sec. 4.1, epochs: confirmed by reading the code (flip.py)."
    with pytest.raises(LrfrError, match="No code of frloss is known"):
        log.code("frloss-norm", "Eq. 3", "loss.py", "a norm")


def test_the_page_names_the_commits_that_were_read():
    page = (book_dir() / "errata.py").read_text()
    for paper, code in errata.RELEASED.items():
        assert re.fullmatch("[0-9a-f]{40}", code.commit)
        assert f"https://github.com/{code.repository}/tree/{code.commit[:7]}" in page
        assert f'log.code("{paper}-code"' in page


def test_every_erratum_is_counted_once(log):
    counts = log.counts()
    assert list(counts["verdict"]) == list(errata.VERDICTS)
    assert counts["all"].sum() == len(log.found)
    assert (counts[list(errata.PAPERS)].sum(axis=1) == counts["all"]).all()
    assert counts.set_index("verdict").loc[errata.UNKNOWN, "logexp"] == 2


def test_a_label_without_a_paper_is_refused():
    with pytest.raises(LrfrError, match=r"starts with one of frloss, .* but found 'srgan-loss'"):
        errata.Log().note("srgan-loss", "", "", True)


def test_the_page_has_a_section_for_each_label_and_proves_something_in_each():
    page = (book_dir() / "errata.py").read_text()
    sections = re.findall(r"^# \(errata-([\w-]+)\)=$", page, re.MULTILINE)
    noted = re.findall(r'(?:log\.\w+|keep)\("([\w-]+)"', page)
    assert len(sections) == len(set(sections)) and set(noted) == set(sections)
    assert {label.split("-")[0] for label in sections} == set(errata.PAPERS)
    cells = "".join(re.findall(r"^#.*\n", page, re.MULTILINE)).split("# ### ")[1:]
    silent = [cell.split("\n")[0] for cell in cells if "**For a reader:**" not in re.sub(r"\n# *", " ", cell)]
    assert len(cells) == len(sections) and not silent, "what each erratum changes for a reader"


# Roundings


@pytest.mark.parametrize(("probes", "digits"), [(7, 0), (13, 1), (250, 2)])
def test_counts_against_all_counts(probes, digits):
    step = Decimal(1).scaleb(-digits)
    possible = {(Decimal(100 * k) / probes).quantize(step) for k in range(probes + 1)}
    grid = [step * i for i in range(0, 100 * 10**digits + 1, 1 if digits < 2 else 17)]
    assert {p for p in grid if whole_counts(p, probes)} == possible & set(grid)
    assert errata.fitting([Decimal("50.00"), Decimal("33.33")], [2, 3, 6, 12]).tolist() == [False, False, True, True]


def test_hits_of_a_rounded_share():
    assert [errata.hits(Decimal(f"{k / 400:.3f}"), 400) for k in range(401)] == list(range(401))


def test_a_mean_is_possible_where_unrounded_values_have_it():
    values = [Decimal(v) for v in ("1.1", "2.1", "3.0")]  # between 2.0167 and 2.1167
    possible = [m for m in range(180, 230) if errata.can_be_mean(Decimal(m).scaleb(-2), values)]
    assert possible == list(range(202, 213)), "2.015 rounds to 2.02 and 2.12 covers 2.115"
    assert published.unit(Decimal("72.15")) == Decimal("0.01") and published.unit(Decimal("0.80")) == Decimal("0.01")


def test_averages_by_hand():
    frame = pd.DataFrame(
        [(1, row, c, Decimal(v)) for row, cells in {
            "right": ("0.50", "0.25", "0.38"), "rounded": ("0.33", "0.33", "0.34"), "wrong": ("0.10", "0.20", "0.30"),
        }.items() for c, v in zip(("a", "b", "Avg"), cells, strict=True)],
        columns=["table", "row", "column", "value"],
    )  # fmt: skip
    found = errata.averages(frame, "Avg").set_index("row")
    assert found["as_printed"].tolist() == [True, False, False]
    assert found["possible"].tolist() == [True, True, False]
    assert found["from_hits"].isna().all()
    assert errata.averages(frame, "Avg", probes=8)["from_hits"].tolist() == [True, False, False]  # 3 of 8 is .375


def test_decimals_keep_the_digits_and_the_values():
    for paper in published.papers():
        exact, frame = published.decimals(paper), published.load(paper)
        assert exact["value"].astype(float).tolist() == frame["value"].tolist()
    logexp = published.decimals("logexp")
    shares = logexp[logexp["table"].isin([4, 6]) & logexp["column"].isin(["d1", "d2", "d3", "Avg"])]["value"]
    assert {published.unit(v) for v in shares} == {Decimal("0.001")}, "per cent with one decimal, 86.0 too"


def test_largest_variance_against_random_folds():
    folds = np.clip(np.random.default_rng(0).beta(0.3, 0.02, size=(20_000, 10)), 0, 1)
    assert all(f.var(ddof=1) <= errata.largest_variance(f.mean()) + 1e-12 for f in folds)


# What a number implies


def test_psnr_and_its_mse():
    assert errata.psnr_of([255**2, 255**2 / 100]).tolist() == pytest.approx([0, 20])


def test_auc_of_normal_scores_whatever_their_spreads():
    """Genuine N(1, 2^2), impostor N(-1, 1): the AUC is the chance that a difference is above 0."""
    d = 2 / np.sqrt((4 + 1) / 2)
    assert float(errata.normal_auc(d)) == pytest.approx(1 - NormalDist(2, np.sqrt(5)).cdf(0), abs=1e-9)


def test_alone_in_the_test_part_against_a_simulation():
    """Random splits of 300 people with 1 to 9 photographs: fewer test photographs are alone than the bound allows."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 10, 300)
    owner = np.repeat(np.arange(300), sizes)
    shares = []
    for _ in range(200):
        test = rng.permutation(len(owner)) < len(owner) // 5
        kept = np.bincount(owner[~test], minlength=300)
        shares.append((kept[owner[test]] == 0).mean())
    bound = errata.alone_at_most(len(owner), 300, len(owner) // 5, most=9)
    assert 0 < np.mean(shares) < bound
    everybody_once = errata.alone_at_most(100, 100, 20, most=2)
    assert everybody_once == 1
    with pytest.raises(LrfrError, match="up to a third"):
        errata.alone_at_most(100, 10, 50, most=20)


def test_a_norm_does_not_fade_and_a_mean_of_squares_does():
    start = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(0))
    kept = errata.fading({"norm": norm_loss, "mse": mse_loss}, start)
    assert kept == pytest.approx({"norm": 1, "mse": 0.1}, rel=1e-4)


def test_l1_swings_about_its_target_and_l2_arrives():
    start = torch.tensor([[0.35, -0.35]])
    l1 = errata.approach(Distance("lp", 1), start, 0.2, 8)  # steps of .1
    assert l1[:4].tolist() == pytest.approx([0.35, 0.25, 0.15, 0.05])
    assert l1[4:].tolist() == pytest.approx([0.05] * 5)
    l2 = errata.approach(Distance("lp", 2), start, 0.2, 8)  # a tenth of the way each
    assert l2.tolist() == pytest.approx([0.35 * 0.9**k for k in range(9)])
