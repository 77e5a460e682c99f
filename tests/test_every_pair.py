"""Metrics over every pair of a set under a thousand re-weightings, against the plain bootstrap on the list of pairs."""

import numpy as np
import pytest
from test_pairs import photographs

from lrfr.errors import LrfrError
from lrfr.evaluation import every_pair, verification
from lrfr.evaluation.intervals import PairBootstrap
from lrfr.evaluation.pairs import AllPairs, Pairs

PLAIN = {"auc": verification.auc, "eer": verification.eer, "d_prime": verification.d_prime}


@pytest.mark.parametrize("both_orders", [True, False])
@pytest.mark.parametrize("decimals", [None, 2])
def test_equals_the_bootstrap_on_the_list_of_pairs(both_orders, decimals):
    across, within, labels = photographs(noise=0.5, decimals=decimals)
    pairs = AllPairs(across if both_orders else within, labels, both_orders).pairs()
    plain = PairBootstrap(pairs.identity_a, pairs.identity_b, pairs.genuine, replicates=30, seed=3)
    level = float(np.quantile(pairs.similarity[pairs.genuine], 0.3))
    found = every_pair.replicates(pairs, 30, seed=3, threshold=level)
    above = pairs.similarity >= level
    for metric, kind, wrong in (("far", ~pairs.genuine, above), ("frr", pairs.genuine, ~above)):
        expected = np.concatenate([w @ (kind & wrong) / (w @ kind) for w in plain.weights()])
        np.testing.assert_allclose(found[metric], expected, atol=1e-12)
    for metric, statistic in PLAIN.items():
        expected = plain.replicate(statistic, pairs.similarity)
        assert np.ptp(expected) > 0.002, "replicates differ more than the bins may blur"
        np.testing.assert_allclose(found[metric], expected, atol=1e-9 if metric == "d_prime" else 1e-3)
    threshold = verification.best_threshold(pairs.similarity, pairs.genuine, balanced=True)
    right = (pairs.similarity >= threshold) == pairs.genuine
    kinds = (pairs.genuine, ~pairs.genuine)
    expected = np.concatenate([sum(w @ (kind & right) / (w @ kind) for kind in kinds) / 2 for w in plain.weights()])
    np.testing.assert_allclose(found["accuracy"], expected, atol=1e-12)


def test_accuracy_lies_inside_its_interval():
    """With plain accuracy it would not: a replicate has another share of genuine pairs than the set."""
    across, _, labels = photographs(noise=2.0, decimals=None)
    pairs = AllPairs(across, labels, both_orders=True).pairs()
    best = verification.best_threshold(pairs.similarity, pairs.genuine, balanced=True)
    value = verification.balanced_accuracy(pairs.similarity, pairs.genuine, best)
    drawn = every_pair.replicates(pairs, 400)["accuracy"]
    assert np.nanquantile(drawn, 0.025) < value < np.nanquantile(drawn, 0.975)
    assert abs(np.nanmean(drawn) - value) < np.nanstd(drawn) / 2


def test_by_hand():
    identity = np.array(["ann", "bob"])
    pairs = Pairs(
        np.array([3.0, 2.0, 1.0, 2.5]), np.array([1, 1, 0, 0], bool), identity[[0, 1, 0, 1]], identity[[0, 1, 1, 0]]
    )
    w = every_pair.identity_multiplicities(2, 20, 0)
    both = (w == 1).all(axis=1)
    assert both.any() and not both.all()
    found = every_pair.replicates(pairs, 20)
    assert np.allclose(found["auc"][both], 0.75), "of four comparisons only 2 against 2.5 is lost"
    assert np.isnan(found["auc"][~both]).all(), "one person alone makes no impostor pair"


def test_equal_scores_are_nowhere_apart():
    across, _, labels = photographs(noise=0.5, decimals=None)
    pairs = AllPairs(np.full_like(across, 0.3), labels, both_orders=True).pairs()
    assert set(every_pair.replicates(pairs, 20)["d_prime"]) == {0.0}


def test_too_many_people():
    n = every_pair.MOST_PEOPLE + 1
    identity = np.arange(n)
    pairs = Pairs(np.zeros(n + 1), np.arange(n + 1) == n, np.append(identity, 0), np.append(np.roll(identity, 1), 0))
    with pytest.raises(LrfrError, match=r"\Aevery pair of 201 people is too much"):
        every_pair.replicates(pairs)
