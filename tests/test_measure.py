"""From a method and a set of faces to rows: measured here on eight people of AT&T, seen by dlib's network."""

import numpy as np
import pandas as pd
import pytest

from lrfr import datasets, differences, measure, methods, recognizers, record
from lrfr.evaluation import identification, verification
from lrfr.evaluation.pairs import AllPairs
from lrfr.measure import Measured, Pairs

PEOPLE, EACH = 8, 4


@pytest.fixture(scope="module")
def faces() -> datasets.FaceDataset:
    whole = datasets.load("att")
    return whole.subset(np.concatenate([np.arange(EACH) * 2 + 50 * p for p in range(PEOPLE)]))


@pytest.fixture(scope="module")
def dlib() -> recognizers.Recognizer:
    return recognizers.load("dlib")


@pytest.fixture(scope="module")
def measured(faces) -> dict[str, Measured]:
    return {"HR": Measured(faces, methods.hr()), "bicubic": Measured(faces, methods.interpolation(14))}


@pytest.fixture(scope="module")
def pairs(faces) -> Pairs:
    """All genuine pairs and as many impostor pairs, dealt out to four folds of two people each."""
    first, second = np.triu_indices(len(faces), 1)
    a, b = faces.labels[first], faces.labels[second]
    keep = (a == b) | ((a // 2 == b // 2) & (a != b))
    first, second = first[keep], second[keep]
    return Pairs(first, second, faces.labels[first] == faces.labels[second], faces.labels[first] // 2)


def value(rows: pd.DataFrame, **keys) -> float:
    chosen = rows[np.logical_and.reduce([rows[k] == v for k, v in keys.items()])]
    assert len(chosen) == 1, (keys, len(chosen))
    return float(chosen["value"].iloc[0])


def check(rows: pd.DataFrame, n: set[int]) -> None:
    """Columns, one row a key, no missing value, and intervals around their values."""
    assert rows.columns.tolist() == measure.COLUMNS
    assert not rows.duplicated(measure.KEYS).any()
    assert rows["value"].notna().all() and set(rows["n"]) == n
    bounded = rows[rows["low"].notna()]
    assert (bounded["low"] <= bounded["high"]).all() and len(bounded)
    assert (bounded["value"] >= bounded["low"] - 1e-9).mean() > 0.9


def test_a_probe_is_compared_with_hr_and_both_with_themselves(measured, dlib, pairs):
    small = measured["bicubic"]
    probe, gallery = recognizers.embed(dlib, small.restored), recognizers.embed(dlib, small.dataset.images)
    i, j = pairs.first, pairs.second
    for setting, other in (("probe", gallery), ("both", probe)):
        expected = -np.linalg.norm(probe[i] - other[j], axis=1)
        np.testing.assert_allclose(small.similarity(dlib, pairs, setting), expected, atol=1e-5)
        matrix = -np.linalg.norm(probe[:, None] - other[None], axis=2)
        np.testing.assert_allclose(small.matrix(dlib, setting), matrix, atol=1e-5)


def test_hr_is_its_own_gallery(measured, dlib, pairs):
    hr = measured["HR"]
    assert hr.restored is not None and np.array_equal(hr.restored, hr.dataset.images)
    np.testing.assert_array_equal(hr.similarity(dlib, pairs, "probe"), hr.similarity(dlib, pairs, "both"))
    np.testing.assert_array_equal(np.diag(hr.matrix(dlib, "probe")), 0)
    assert (np.diag(measured["bicubic"].matrix(dlib, "probe")) < -0.1).all()


def test_pair_rows(measured, dlib, pairs):
    rows = {name: measure.pair_rows(m, dlib, pairs, "toy", 60) for name, m in measured.items()}
    for name, table in rows.items():
        check(table, {len(pairs.first)})
        assert set(table["protocol"]) == {"toy"} and set(table["recognizer"]) == {"dlib"}
        assert set(table["method"]) == {name} and set(table["set"]) == {"att"}
        assert set(table["metric"]) == {"auc", "d_prime", "eer", "tar_at_far_0.01", "accuracy", "accuracy_sd"}
        cross = measure.cross_rows(measured[name], dlib, "toy", 60)
        assert set(cross["metric"]) == {"tar_at_far_0.001", "false_accepts_at_far_0.001"}
        for setting in measure.SETTINGS:
            every = AllPairs(measured[name].matrix(dlib, setting), measured[name].dataset.labels, setting == "probe")
            point = verification.tar_at_far(every.pairs().similarity, every.pairs().genuine, 1e-3)
            assert value(cross, setting=setting, metric="tar_at_far_0.001") == pytest.approx(point.tar)
            errors = cross[(cross["setting"] == setting) & (cross["metric"] == "false_accepts_at_far_0.001")].iloc[0]
            assert (errors["value"], errors["n"]) == (point.false_accepts, point.impostors)
        for setting in measure.SETTINGS:
            s = measured[name].similarity(dlib, pairs, setting)
            assert value(table, setting=setting, metric="auc") == pytest.approx(verification.auc(s, pairs.genuine))
            assert value(table, setting=setting, metric="d_prime") == pytest.approx(
                verification.d_prime(s, pairs.genuine)
            )
            folds = verification.fold_accuracy(s, pairs.genuine, pairs.fold)
            assert value(table, setting=setting, metric="accuracy") == pytest.approx(folds.mean)
            assert value(table, setting=setting, metric="accuracy_sd") == pytest.approx(folds.sd)
    assert value(rows["HR"], setting="both", metric="auc") > 0.95
    assert value(rows["HR"], setting="both", metric="d_prime") > value(
        rows["bicubic"], setting="both", metric="d_prime"
    )
    without = Pairs(pairs.first, pairs.second, pairs.genuine)
    table = measure.pair_rows(measured["HR"], dlib, without, "toy", 60)
    assert not table["metric"].str.startswith("accuracy").any()


def test_set_and_cmc_rows(measured, dlib):
    for name, m in measured.items():
        table = pd.concat([measure.set_rows(m, dlib, 60), measure.cmc_rows(m, dlib, max_rank=10)])
        count = PEOPLE * EACH
        both_orders, one_order = count * (count - 1), count * (count - 1) // 2
        impostors = count * (count - EACH)
        check(table, {count, both_orders, one_order, impostors, impostors // 2})
        for setting, number in (("probe", both_orders), ("both", one_order)):
            matrix = m.matrix(dlib, setting)
            correct = identification.leave_one_out_knn(matrix, m.dataset.labels)
            for k, hits in correct.items():
                assert value(table, setting=setting, metric=f"{k}nn") == pytest.approx(hits.mean())
            off = ~np.eye(count, dtype=bool) if setting == "probe" else np.triu(np.ones((count, count), bool), 1)
            genuine = (m.dataset.labels[:, None] == m.dataset.labels)[off]
            assert value(table, setting=setting, metric="auc") == pytest.approx(verification.auc(matrix[off], genuine))
            assert set(table[(table["setting"] == setting) & (table["metric"] == "auc")]["n"]) == {number}
        curve = [value(table, metric=f"rank_{k}") for k in range(1, 11)]
        np.testing.assert_allclose(curve, identification.cmc(m.matrix(dlib, "both"), m.dataset.labels, max_rank=10))
        assert table.loc[table["metric"].str.startswith("rank_"), "low"].notna().all()
        assert curve == sorted(curve) and curve[-1] <= 1
        if name == "HR":
            assert curve[0] > 0.9


def test_quality_and_fr_loss_rows(measured, dlib):
    small = measured["bicubic"]
    table = pd.concat([measure.quality_rows(small, 60), measure.fr_loss_rows(small, dlib, 60)])
    check(table, {PEOPLE * EACH})
    metrics = set(table["metric"])
    assert metrics == {f"{m}{s}" for m in ("psnr", "ssim", "lpips_alexnet", "fr_loss") for s in ("", "_sd")}
    assert set(table[table["metric"].str.startswith("fr_loss")]["recognizer"]) == {"dlib"}
    distance = np.square(small.embedded(dlib) - small.original(dlib)).sum(1)
    assert value(table, metric="fr_loss") == pytest.approx(distance.mean(), rel=1e-6)
    assert value(table, metric="fr_loss_sd") == pytest.approx(distance.std(ddof=1), rel=1e-6)
    assert 15 < value(table, metric="psnr") < 40 and 0 < value(table, metric="ssim") < 1
    better = measure.quality_rows(Measured(small.dataset, methods.interpolation(28)), 60)
    for metric, sign in (("psnr", 1), ("ssim", 1), ("lpips_alexnet", -1)):
        assert sign * (value(better, metric=metric) - value(table, metric=metric)) > 0


def test_paired_differences_on_a_list(measured, dlib, pairs):
    mine, bicubic = Measured(measured["HR"].dataset, methods.interpolation(28)), measured["bicubic"]
    table = differences.pair_rows(mine, bicubic, dlib, pairs, "toy", 60)
    check(table, {len(pairs.first)})
    for setting in measure.SETTINGS:
        a, b = (verification.auc(m.similarity(dlib, pairs, setting), pairs.genuine) for m in (mine, bicubic))
        assert value(table, setting=setting, metric="auc_minus_bicubic") == pytest.approx(a - b)
        best = verification.auc(measured["HR"].similarity(dlib, pairs, "both"), pairs.genuine)
        share = table[(table["setting"] == setting) & (table["metric"] == "auc_share_of_gap")]
        for found in share["value"]:
            assert found == pytest.approx((a - b) / (best - b))
    other = differences.pair_rows(bicubic, mine, dlib, pairs, "toy", 60)
    assert "auc_minus_bicubic" in set(other["metric"])  # named after the baseline; both are bicubic here
    hr = differences.pair_rows(bicubic, measured["HR"], dlib, pairs, "toy", 60)
    assert set(hr["metric"]) == {f"{m}_minus_HR" for m in ("auc", "d_prime", "eer", "accuracy")}
    right = [
        verification.fold_accuracy(m.similarity(dlib, pairs, "both"), pairs.genuine, pairs.fold).mean
        for m in (bicubic, measured["HR"])
    ]
    assert value(hr, setting="both", metric="accuracy_minus_HR") == pytest.approx(right[0] - right[1])
    without = differences.pair_rows(mine, bicubic, dlib, Pairs(pairs.first, pairs.second, pairs.genuine), "toy", 60)
    assert "accuracy_minus_bicubic" not in set(without["metric"])


def test_paired_differences_on_a_set_and_in_quality(measured, dlib):
    mine, small = Measured(measured["HR"].dataset, methods.interpolation(28)), measured["bicubic"]
    table = pd.concat([differences.set_rows(mine, small, dlib, 60), differences.quality_rows(mine, small, 60)])
    check(table, {PEOPLE * EACH})
    quality = {n: measure.quality_rows(m, 60) for n, m in (("mine", mine), ("small", small))}
    for metric in ("psnr", "ssim", "lpips_alexnet"):
        expected = value(quality["mine"], metric=metric) - value(quality["small"], metric=metric)
        assert value(table, metric=f"{metric}_minus_bicubic") == pytest.approx(expected, abs=1e-6)
    for setting in measure.SETTINGS:
        hits = [
            identification.leave_one_out_knn(m.matrix(dlib, setting), m.dataset.labels)[5].mean() for m in (mine, small)
        ]
        assert value(table, setting=setting, metric="5nn_minus_bicubic") == pytest.approx(hits[0] - hits[1])
    same = differences.set_rows(mine, mine, dlib, 60)
    assert (same[["value", "low", "high"]] == 0).all().all()


def test_a_gain_is_a_difference_of_differences(measured, dlib, pairs):
    faces = measured["HR"].dataset
    first = Measured(faces, methods.interpolation(14)), Measured(faces, methods.interpolation(14, "nearest"))
    second = Measured(faces, methods.interpolation(28)), Measured(faces, methods.interpolation(28, "nearest"))
    table = differences.gain_rows(first, second, dlib, pairs, "toy gain", 60)
    check(table, {len(pairs.first)})
    assert set(table["metric"]) == {"auc_gain_minus_28px"} and set(table["px"]) == {14}
    for setting in measure.SETTINGS:
        a, b, c, d = (verification.auc(m.similarity(dlib, pairs, setting), pairs.genuine) for m in (*first, *second))
        assert value(table, setting=setting) == pytest.approx(a - b - (c - d))
    none = differences.gain_rows(first, first, dlib, pairs, "toy gain", 60)
    assert (none[["value", "low", "high"]] == 0).all().all()


def test_forgotten_faces_are_restored_again_only_when_asked_for(faces, dlib):
    small = Measured(faces, methods.interpolation(14))
    seen, quality = small.embedded(dlib), small.quality()
    small.forget()
    small.forget()
    assert small.embedded(dlib) is seen and small.quality() is quality
    assert "restored" not in vars(small)
    assert small.restored.shape == faces.images.shape


def test_a_colour_shift_in_grey_levels(faces):
    same = Measured(faces, methods.hr())
    assert measure.colour_shift(same) == 0
    redder = Measured(faces, methods.Method("red", 14, lambda lr: lr))
    vars(redder)["restored"] = faces.images.copy()
    redder.restored[..., 0] = np.where(faces.images[..., 0] < 250, faces.images[..., 0] + 3, faces.images[..., 0])
    assert 0 < measure.colour_shift(redder) <= 1


def test_every_row_of_a_recorded_method_has_its_own_key(measured, dlib):
    judges = [dlib, recognizers.load("mobilefacenet")]
    tables = [record.faces_rows(m, judges, 60) for m in measured.values()]
    assert not pd.concat(tables).duplicated(measure.KEYS).any()
    hr, small = tables
    assert "quality" not in set(hr["protocol"]) and "quality" in set(small["protocol"])
    assert set(small["recognizer"]) == {"", "dlib", "mobilefacenet"}
