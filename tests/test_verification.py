"""Verification metrics against scikit-learn, brute force and cases worked by hand."""

import time
from itertools import pairwise, product

import numpy as np
import pytest
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.metrics import roc_auc_score, roc_curve

from lrfr.errors import LrfrError
from lrfr.evaluation.verification import (
    auc,
    balanced_accuracy,
    best_threshold,
    d_prime,
    eer,
    error_rates,
    fold_accuracy,
    report,
    roc,
    tar,
    tar_at_far,
)

METRICS = [d_prime, auc, eer]


def scores(pairs=2000, gap=1.5, seed=0, decimals=None):
    rng = np.random.default_rng(seed)
    genuine = rng.random(pairs) < 0.4
    similarity = rng.normal(size=pairs) + gap * genuine
    return (similarity if decimals is None else similarity.round(decimals)), genuine


@pytest.mark.parametrize("decimals", [None, 1, 0])
def test_roc_has_every_point_of_sklearn(decimals):
    similarity, genuine = scores(decimals=decimals)
    far, tpr, threshold = roc_curve(genuine, similarity, drop_intermediate=False)
    curve = roc(similarity, genuine)
    np.testing.assert_allclose(curve.far, far, atol=1e-15)
    np.testing.assert_allclose(curve.tar, tpr, atol=1e-15)
    np.testing.assert_array_equal(curve.threshold, threshold)
    assert curve.impostors == (~genuine).sum()


@pytest.mark.parametrize("decimals", [None, 1, 0])
def test_auc_equals_sklearn(decimals):
    similarity, genuine = scores(decimals=decimals)
    assert auc(similarity, genuine) == pytest.approx(roc_auc_score(genuine, similarity), abs=1e-12)


def test_auc_counts_ties_half():
    # genuine 3, 2, 2 against impostors 2, 1: wins 1+1, .5+1, .5+1 of 6
    assert auc([3, 2, 2, 2, 1], [1, 1, 1, 0, 0]) == pytest.approx(5 / 6)
    assert auc([1, 1, 1], [1, 0, 0]) == 0.5


@pytest.mark.parametrize("decimals", [None, 1])
def test_eer_equals_root_finding_on_sklearns_curve(decimals):
    similarity, genuine = scores(decimals=decimals)
    far, tpr, _ = roc_curve(genuine, similarity, drop_intermediate=False)
    # interp1d needs one value for each abscissa: walk along the curve by its own excess FAR - FRR instead
    expected = brentq(lambda t: float(interp1d(far + tpr, far)(t)) - (1 - float(interp1d(far + tpr, tpr)(t))), 0, 2)
    crossing = float(interp1d(far + tpr, far)(expected))
    assert eer(similarity, genuine) == pytest.approx(crossing, abs=1e-9)


def test_eer_worked_by_hand():
    # accepting 4: FAR 0, FRR 1/2; accepting 3 as well: FAR 1/2, FRR 1/2, so the rates meet at 1/2
    assert eer([4, 3, 2, 1], [1, 0, 1, 0]) == pytest.approx(0.5)
    # all tied: the curve is the diagonal
    assert eer([1, 1, 1, 1], [1, 0, 1, 0]) == pytest.approx(0.5)
    assert eer([2, 2, 1, 1], [1, 1, 0, 0]) == pytest.approx(0.0)
    # a tie takes the curve from (0, 1/2) to (1/3, 1) in one straight line: t / 3 = (1 - t) / 2 at t = .6
    assert eer([5, 4, 4, 1, 1], [1, 1, 0, 0, 0]) == pytest.approx(0.6 / 3)


def test_d_prime_worked_by_hand():
    # means 4 and 1, population variances 1 and 1
    assert d_prime([5, 3, 2, 0], [1, 1, 0, 0]) == pytest.approx(3.0)
    # means 4 and 1, variances 4 and 1: 3 / sqrt(2.5)
    assert d_prime([6, 2, 2, 0], [1, 1, 0, 0]) == pytest.approx(3 / np.sqrt(2.5))
    assert d_prime([1, 1, 1, 1], [1, 1, 0, 0]) == 0 and d_prime([1, 1, 0, 0], [1, 1, 0, 0]) == np.inf
    similarity, genuine = scores(200_000, gap=2.0)
    assert d_prime(similarity, genuine) == pytest.approx(2.0, abs=0.02)
    assert d_prime(similarity + 1e6, genuine) == pytest.approx(d_prime(similarity, genuine), abs=1e-6)


def test_tar_at_far_is_the_last_threshold_within_the_allowance():
    similarity, genuine = scores(5000)
    for far in (0, 1e-3, 0.01, 0.0999, 1):
        point = tar_at_far(similarity, genuine, far)
        accepted = similarity >= point.threshold
        assert point.false_accepts == (accepted & ~genuine).sum() <= far * (~genuine).sum()
        assert point.tar == accepted[genuine].mean() == tar(similarity, genuine, far=far)
        lower = similarity[similarity < point.threshold]
        if lower.size:
            assert ((similarity >= lower.max()) & ~genuine).sum() > far * (~genuine).sum()


def test_tar_at_far_with_ties_and_exact_fractions():
    impostors = np.arange(3000) / 3000
    point = tar_at_far(np.append(impostors, 2.0), np.append(np.zeros(3000), 1), 0.001)
    assert (point.false_accepts, point.impostors, point.tar) == (3, 3000, 1.0)
    assert str(point) == "TAR 1.000 at FAR 0.001 (3 false accepts in 3,000 impostor pairs)"
    # the highest score is shared by an impostor: nothing can be accepted at FAR 0
    point = tar_at_far([5, 5, 1], [1, 0, 0], 0.0)
    assert (point.tar, point.threshold, point.false_accepts) == (0.0, np.inf, 0)


def brute_force_threshold(similarity, genuine):
    """Highest accuracy over all cuts between distinct scores; the first, walking down from the highest score."""
    levels = np.unique(similarity)[::-1]
    cuts = [np.inf, *((a + b) / 2 for a, b in pairwise(levels)), -np.inf]
    accuracy = [np.mean((similarity >= c) == genuine) for c in cuts]
    return cuts[int(np.argmax(accuracy))], max(accuracy)


@pytest.mark.parametrize("decimals", [None, 1, 0])
@pytest.mark.parametrize("seed", range(5))
def test_fold_accuracy_equals_brute_force(seed, decimals):
    similarity, genuine = scores(300, gap=0.8, seed=seed, decimals=decimals)
    folds = np.random.default_rng(seed).integers(5, size=300)
    result = fold_accuracy(similarity, genuine, folds)
    for k in range(5):
        test = folds == k
        threshold, best = brute_force_threshold(similarity[~test], genuine[~test])
        found = np.mean((similarity[~test] >= result.thresholds[k]) == genuine[~test])
        assert found == best
        if np.isfinite(threshold):
            assert result.thresholds[k] == pytest.approx(threshold)
        assert result.per_fold[k] == pytest.approx(np.mean((similarity[test] >= result.thresholds[k]) == genuine[test]))
        np.testing.assert_array_equal(result.correct[test], (similarity[test] >= result.thresholds[k]) == genuine[test])
    assert result.mean == pytest.approx(result.per_fold.mean())
    assert result.sd == pytest.approx(np.std(result.per_fold, ddof=1))


def test_best_threshold_on_all_small_cases():
    """Every labelling of every score pattern of length 4 with ties, compared with trying all cuts."""
    for similarity, genuine in product(product((0.0, 1.0, 2.0), repeat=4), product((False, True), repeat=4)):
        s, g = np.array(similarity), np.array(genuine)
        if g.all() or not g.any():
            continue
        expected, best = brute_force_threshold(s, g)
        found = best_threshold(s, g)
        np.testing.assert_array_equal(s >= found, s >= expected)
        assert np.mean((s >= found) == g) == best


def test_balanced_best_threshold_on_all_small_cases():
    """The same with either kind weighing alike, however many there are of each."""
    for similarity, genuine in product(product((0.0, 1.0, 2.0), repeat=4), product((False, True), repeat=4)):
        s, g = np.array(similarity), np.array(genuine)
        if g.all() or not g.any():
            continue
        cuts = [*np.unique(s), np.inf]
        found = best_threshold(s, g, balanced=True)
        assert balanced_accuracy(s, g, found) == max(balanced_accuracy(s, g, cut) for cut in cuts)
        if g.sum() == 2:
            assert found == best_threshold(s, g) and balanced_accuracy(s, g, found) == np.mean((s >= found) == g)


def test_who_accepts_nobody_is_right_half_the_time():
    s, g = np.zeros(100), np.arange(100) < 2
    assert np.mean((s >= 1) == g) == 0.98 and balanced_accuracy(s, g, 1) == 0.5


def test_best_threshold_between_neighbouring_floats():
    low, high = 1.0, np.nextafter(1.0, 2)
    found = best_threshold([high, low], [1, 0])
    assert low < found <= high


def test_threshold_does_not_look_at_the_test_fold():
    similarity, genuine = scores(600)
    folds = np.arange(600) % 3
    before = fold_accuracy(similarity, genuine, folds).thresholds[0]
    similarity[folds == 0] = 7 * similarity[folds == 0] + 1
    assert fold_accuracy(similarity, genuine, folds).thresholds[0] == before


@pytest.mark.parametrize("metric", [*METRICS, lambda s, g, w=None: tar(s, g, w, far=0.01)])
@pytest.mark.parametrize("decimals", [None, 1])
def test_integer_weights_equal_duplicated_pairs(metric, decimals):
    similarity, genuine = scores(400, decimals=decimals)
    weight = np.random.default_rng(1).integers(0, 4, size=(3, 400))
    together = metric(similarity, genuine, weight)
    assert together.shape == (3,)
    for row, value in zip(weight, together, strict=True):
        expected = metric(np.repeat(similarity, row), np.repeat(genuine, row))
        assert value == pytest.approx(expected, abs=1e-12)
        assert metric(similarity, genuine, row) == pytest.approx(expected, abs=1e-12)


def test_report_gathers_the_single_metrics():
    similarity, genuine = scores(2000)
    values = report(similarity, genuine, np.arange(2000) % 10)
    assert values["auc"] == auc(similarity, genuine)
    assert values["d_prime"] == d_prime(similarity, genuine)
    assert values["eer"] == eer(similarity, genuine)
    assert values["tar_at_far_0.01"] == tar(similarity, genuine, far=0.01)
    assert values["false_accepts_at_far_0.001"] == tar_at_far(similarity, genuine, 0.001).false_accepts
    assert values["accuracy"] == fold_accuracy(similarity, genuine, np.arange(2000) % 10).mean
    assert values["genuine_pairs"] + values["impostor_pairs"] == 2000
    assert "accuracy" not in report(similarity, genuine)
    assert all(isinstance(v, float) for v in values.values())


@pytest.mark.parametrize(
    ("similarity", "genuine", "message"),
    [
        ([1, 2, 3], [1, 0], "arrays of one length"),
        ([1, np.nan], [1, 0], "1 of 2 are nan"),
        ([1, 2], [1, 1], "2 genuine and 0 impostor"),
    ],
)
def test_wrong_input_is_one_clear_sentence(similarity, genuine, message):
    for metric in (*METRICS, roc):
        with pytest.raises(LrfrError, match=message):
            metric(similarity, genuine)


def test_one_fold_is_refused():
    with pytest.raises(LrfrError, match="at least two folds"):
        fold_accuracy([1, 2], [1, 0], [0, 0])


def test_ten_folds_of_six_thousand_pairs_take_less_than_50_ms():
    similarity, genuine = scores(6000)
    folds = np.arange(6000) // 600
    times = []
    for _ in range(5):
        start = time.perf_counter()
        fold_accuracy(similarity, genuine, folds)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.050


def test_error_rates_at_a_threshold_from_elsewhere_by_hand():
    similarity, genuine = [0.1, 0.4, 0.4, 0.6, 0.2, 0.7], [False, False, True, True, True, False]
    assert error_rates(similarity, genuine, 0.4) == pytest.approx((2 / 3, 1 / 3))
    assert error_rates(similarity, genuine, 0.41) == pytest.approx((1 / 3, 2 / 3))
    assert error_rates(similarity, genuine, -1) == (1, 0)
    with pytest.raises(LrfrError, match="genuine and impostor pairs"):
        error_rates([0.1], [True], 0.5)
