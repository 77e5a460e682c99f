"""The bootstrap: its weights, its coverage, its paired comparisons, its speed."""

import time
from functools import partial

import numpy as np
import pytest

from lrfr.errors import LrfrError
from lrfr.evaluation.intervals import (
    ImageBootstrap,
    Interval,
    PairBootstrap,
    identity_multiplicities,
    percentile_interval,
)
from lrfr.evaluation.verification import auc, d_prime, eer, fold_accuracy, tar

STATISTICS = [auc, eer, d_prime, partial(tar, far=0.01)]


def pairs(identities=60, count=800, gap=1.2, seed=0, spread=0.7):
    """Pairs of people with their own difficulty: it lowers a person's genuine scores and raises his impostor scores."""
    rng = np.random.default_rng(seed)
    shift = spread * rng.normal(size=identities)
    a = rng.integers(identities, size=count)
    other = (a + rng.integers(1, identities, size=count)) % identities
    genuine = np.arange(count) % 2 == 0
    b = np.where(genuine, a, other)
    similarity = rng.normal(size=count) + genuine * (gap - shift[a]) + ~genuine * (shift[a] + shift[b]) / 2
    return similarity, a, b, genuine


def test_multiplicities_are_multinomial():
    w = identity_multiplicities(50, 4000, seed=1)
    assert w.shape == (4000, 50)
    assert (w.sum(axis=1) == 50).all()
    assert w.mean(axis=0) == pytest.approx(np.ones(50), abs=0.08)
    assert w.var() == pytest.approx(49 / 50, rel=0.05)
    np.testing.assert_array_equal(w, identity_multiplicities(50, 4000, seed=1))
    assert (w != identity_multiplicities(50, 4000, seed=2)).any()


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_replicate_equals_the_metric_on_pairs_drawn_literally(statistic):
    """Draw people into a list, make every pair of list entries that the pair list knows, and score those pairs."""
    similarity, a, b, genuine = pairs(identities=12, count=150)
    boot = PairBootstrap(a, b, genuine, replicates=5, seed=3)
    found = boot.replicate(statistic, similarity)
    for w, value in zip(identity_multiplicities(12, 5, seed=3), found, strict=True):
        people = np.repeat(np.arange(12), w)
        chosen = []
        for p in range(len(similarity)):
            if genuine[p]:
                chosen += [p] * int((people == a[p]).sum())
            else:
                chosen += [p for first in people for second in people if first == a[p] and second == b[p]]
        assert value == pytest.approx(float(statistic(similarity[chosen], genuine[chosen])), abs=1e-12)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_interval_holds_its_value_and_is_reproducible(statistic):
    similarity, a, b, genuine = pairs()
    boot = PairBootstrap(a, b, genuine, replicates=200)
    interval = boot.interval(statistic, similarity)
    assert interval.value == pytest.approx(float(statistic(similarity, genuine)), abs=1e-12)
    assert interval.low < interval.value < interval.high
    assert interval == PairBootstrap(a, b, genuine, replicates=200).interval(statistic, similarity)


def test_names_serve_as_identities_and_chunks_do_not_matter(monkeypatch):
    similarity, a, b, genuine = pairs()
    names = np.array([f"person {i:03d}" for i in range(60)])
    expected = PairBootstrap(a, b, genuine, replicates=50).replicate(auc, similarity)
    np.testing.assert_array_equal(
        PairBootstrap(names[a], names[b], genuine, replicates=50).replicate(auc, similarity), expected
    )
    monkeypatch.setattr("lrfr.evaluation.intervals._CHUNK_ELEMENTS", 800 * 7)
    np.testing.assert_array_equal(PairBootstrap(a, b, genuine, replicates=50).replicate(auc, similarity), expected)


@pytest.mark.slow
def test_coverage_of_the_auc_interval():
    """About 95 % of the intervals from repeated samples of people hold the population's AUC; drawing pairs fails.

    120 samples: the standard error of a coverage of .95 is .02.
    """
    big = pairs(identities=20_000, count=400_000, seed=10**6)
    truth = auc(big[0], big[3])
    hits, hits_naive = 0, 0
    rng = np.random.default_rng(0)
    for seed in range(120):
        similarity, a, b, genuine = pairs(identities=60, count=1000, seed=seed)
        interval = PairBootstrap(a, b, genuine, replicates=150, seed=seed).interval(auc, similarity)
        hits += interval.low <= truth <= interval.high
        weight = rng.multinomial(1000, np.full(1000, 1 / 1000), size=150)
        naive = percentile_interval(0, auc(similarity, genuine, weight))
        hits_naive += naive.low <= truth <= naive.high
    assert 0.88 <= hits / 120 <= 0.99
    assert hits_naive / 120 < 0.75


def test_image_interval_equals_the_normal_one_for_independent_images():
    values = np.random.default_rng(0).normal(size=2000)
    interval = ImageBootstrap(np.arange(2000), replicates=4000).interval(values)
    error = values.std() / np.sqrt(2000)
    assert interval.value == pytest.approx(values.mean())
    assert interval.low == pytest.approx(values.mean() - 1.96 * error, abs=0.1 * error)
    assert interval.high == pytest.approx(values.mean() + 1.96 * error, abs=0.1 * error)


def test_image_interval_grows_when_a_persons_images_agree():
    rng = np.random.default_rng(0)
    person = np.repeat(np.arange(50), 20)
    values = rng.normal(size=50)[person]
    by_person = ImageBootstrap(person).interval(values)
    by_image = ImageBootstrap(np.arange(1000)).interval(values)
    assert (by_person.high - by_person.low) / (by_image.high - by_image.low) == pytest.approx(np.sqrt(20), rel=0.15)


def test_image_replicate_equals_duplicated_images():
    identity, values = np.array(["a", "a", "b", "c", "c", "c"]), np.arange(6.0)
    found = ImageBootstrap(identity, replicates=8, seed=5).replicate(values)
    codes = np.array([0, 0, 1, 2, 2, 2])
    for w, value in zip(identity_multiplicities(3, 8, seed=5), found, strict=True):
        assert value == pytest.approx(np.repeat(values, w[codes]).mean())


def test_paired_difference_is_narrower_than_its_parts():
    similarity, a, b, genuine = pairs(spread=1.0)
    better = similarity + 0.2 * genuine
    boot = PairBootstrap(a, b, genuine, replicates=300)
    difference = boot.difference(auc, better, similarity)
    single = boot.interval(auc, similarity)
    assert difference.value == pytest.approx(auc(better, genuine) - auc(similarity, genuine))
    assert difference.excludes_zero
    assert difference.high - difference.low < 0.5 * (single.high - single.low)
    assert boot.difference(auc, similarity, similarity) == Interval(0, 0, 0)
    assert not boot.difference(auc, similarity, similarity).excludes_zero


def test_share_of_gap():
    similarity, a, b, genuine = pairs()
    boot = PairBootstrap(a, b, genuine, replicates=300)
    reference, method = similarity + 2.0 * genuine, similarity + 1.0 * genuine
    share = boot.share_of_gap(auc, method, similarity, reference)
    low, mid, high = (auc(s, genuine) for s in (similarity, method, reference))
    assert share.value == pytest.approx((mid - low) / (high - low))
    assert share.low < share.value < share.high
    assert boot.share_of_gap(auc, reference, similarity, reference) == Interval(1, 1, 1)
    assert boot.share_of_gap(auc, method, similarity, similarity[::-1][::-1]) is None


def test_fixed_accuracy():
    similarity, a, b, genuine = pairs()
    boot = PairBootstrap(a, b, genuine, replicates=300)
    folds = np.arange(len(similarity)) % 10
    result = fold_accuracy(similarity, genuine, folds)
    interval = boot.fixed_accuracy(result.correct)
    assert interval.value == pytest.approx(result.mean)  # folds of one size
    assert interval.low < result.mean < interval.high
    other = fold_accuracy(similarity + genuine, genuine, folds).correct
    assert boot.fixed_accuracy_difference(other, result.correct).value == pytest.approx(other.mean() - result.mean)
    w = next(boot.weights())
    expected = (w * result.correct).sum(axis=1) / w.sum(axis=1)
    assert interval.low == pytest.approx(np.quantile(expected, 0.025))


def test_wrong_input_is_one_clear_sentence():
    similarity, a, b, genuine = pairs()
    with pytest.raises(LrfrError, match="400 of 800 are not"):
        PairBootstrap(a, b, np.zeros(800, dtype=bool))
    with pytest.raises(LrfrError, match="arrays of one length"):
        PairBootstrap(a[:-1], b, genuine)
    with pytest.raises(LrfrError, match="order of the pair list"):
        PairBootstrap(a, b, genuine).interval(auc, similarity[:-1])
    with pytest.raises(LrfrError, match="one number for each"):
        PairBootstrap(a, b, genuine).fixed_accuracy(np.ones(3))
    with pytest.raises(LrfrError, match="5 finite values"):
        ImageBootstrap(np.arange(6)).interval([1, 2, 3, 4, 5, np.inf])


def test_replicates_without_genuine_pairs_are_left_out_or_refused():
    # one genuine person in forty: (39/40)^40 = 36 % of the draws miss him
    a, b = np.arange(40), (np.arange(40) + 1) % 40
    a, b, genuine = np.append(a, 0), np.append(b, 0), np.append(np.zeros(40), 1)
    similarity = np.random.default_rng(0).normal(size=41)
    replicates = PairBootstrap(a, b, genuine, replicates=500).replicate(auc, similarity)
    assert np.isnan(replicates).mean() == pytest.approx(0.36, abs=0.08)
    with pytest.raises(LrfrError, match="use more identities"):
        PairBootstrap(a, b, genuine, replicates=500).interval(auc, similarity)
    assert percentile_interval(0.5, np.append(np.linspace(0, 1, 100), np.nan)).high == pytest.approx(0.975)


def test_a_thousand_replicates_of_six_thousand_pairs_take_seconds():
    similarity, a, b, genuine = pairs(identities=4000, count=6000)
    times = []
    for _ in range(3):
        start = time.perf_counter()
        PairBootstrap(a, b, genuine).interval(auc, similarity)
        times.append(time.perf_counter() - start)
    assert min(times) < 3.0
