"""All pairs of a set: counted by hand, and TAR at low FAR against the plain functions on every pair."""

from functools import partial

import numpy as np
import pytest

from lrfr.errors import LrfrError
from lrfr.evaluation.intervals import PairBootstrap, percentile_interval
from lrfr.evaluation.pairs import AllPairs
from lrfr.evaluation.verification import tar, tar_at_far


def photographs(people=30, each=5, noise=0.6, seed=0, decimals=None):
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(people), each))
    centre = rng.normal(size=(people, 16))
    high, low = (centre[labels] + scale * noise * rng.normal(size=(len(labels), 16)) for scale in (1, 2))
    high, low = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (high, low))
    across, within = low @ high.T, high @ high.T
    return (across, within, labels) if decimals is None else (across.round(decimals), within.round(decimals), labels)


def test_pairs_counted_by_hand():
    matrix = np.arange(9.0).reshape(3, 3)
    labels = np.array(["ann", "ann", "bob"])
    across = AllPairs(matrix, labels).pairs()
    np.testing.assert_array_equal(across.similarity, [1, 2, 3, 5, 6, 7])
    np.testing.assert_array_equal(across.genuine, [1, 0, 1, 0, 0, 0])
    np.testing.assert_array_equal(across.identity_a, ["ann", "ann", "ann", "ann", "bob", "bob"])
    np.testing.assert_array_equal(across.identity_b, ["ann", "bob", "ann", "bob", "ann", "ann"])
    within = AllPairs(matrix, labels, both_orders=False).pairs()
    np.testing.assert_array_equal(within.similarity, [1, 2, 5])


@pytest.mark.parametrize("decimals", [None, 2, 1])
@pytest.mark.parametrize("both_orders", [True, False])
@pytest.mark.parametrize("far", [0.0, 1e-3, 0.02, 0.5])
def test_tar_at_far_equals_the_metric_on_the_list_of_all_pairs(far, both_orders, decimals):
    across, within, labels = photographs(decimals=decimals)
    everything = AllPairs(across if both_orders else within, labels, both_orders)
    pairs = everything.pairs()
    expected = tar_at_far(pairs.similarity, pairs.genuine, far)
    found = everything.tar_at_far(far)
    assert found == expected
    assert found.impostors == (150 * 145 if both_orders else 150 * 145 // 2)


@pytest.mark.parametrize("decimals", [None, 1])
@pytest.mark.parametrize("both_orders", [True, False])
@pytest.mark.parametrize("far", [1e-3, 0.1])
def test_replicates_equal_the_bootstrap_on_the_list_of_all_pairs(far, both_orders, decimals):
    across, within, labels = photographs(decimals=decimals)
    everything = AllPairs(across if both_orders else within, labels, both_orders)
    pairs = everything.pairs()
    plain = PairBootstrap(pairs.identity_a, pairs.identity_b, pairs.genuine, replicates=40, seed=2)
    expected = plain.replicate(partial(tar, far=far), pairs.similarity)
    np.testing.assert_allclose(everything.tar_replicates(far, replicates=40, seed=2), expected, atol=1e-12)


def test_a_tail_that_is_too_short_grows(monkeypatch):
    """Start with 20 of 21,750 impostor scores where FAR .01 asks for about 220."""
    across, _, labels = photographs()
    everything = AllPairs(across, labels)
    expected = everything.tar_replicates(0.01, replicates=30)
    original, sizes = AllPairs._tail, []

    def short(self, far, at_least=20):
        tail = original(self, 0.0, at_least)
        sizes.append(tail.kept)
        return tail

    monkeypatch.setattr(AllPairs, "_tail", short)
    np.testing.assert_array_equal(everything.tar_replicates(0.01, replicates=30), expected)
    assert sizes[0] == 20 and len(sizes) > 1


def test_interval():
    across, _, labels = photographs()
    low = AllPairs(across, labels)
    interval = low.tar_interval(0.01, replicates=200)
    assert interval.low < interval.value == low.tar_at_far(0.01).tar < interval.high
    assert interval == percentile_interval(interval.value, low.tar_replicates(0.01, replicates=200))


def test_wrong_input_is_one_clear_sentence():
    across, _, labels = photographs()
    with pytest.raises(LrfrError, match="N x N matrix for 149 labels"):
        AllPairs(across, labels[1:])
    with pytest.raises(LrfrError, match="150 photographs show 150 people"):
        AllPairs(across, np.arange(150))
