"""Identification against scikit-learn, plain loops and the enumeration of every choice."""

from itertools import product

import numpy as np
import pytest
from sklearn.neighbors import KNeighborsClassifier

from lrfr.errors import LrfrError
from lrfr.evaluation.identification import (
    cmc,
    leave_one_out_knn,
    nearest_is_right,
    ranks,
    single_gallery_chance,
    single_gallery_cmc,
    single_gallery_rank_probability,
)
from lrfr.evaluation.intervals import ImageBootstrap


def faces(people=8, each=12, spread=0.9, seed=0):
    """Points and labels; similarity is minus the Euclidean distance, as in frloss."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.repeat(np.arange(people), each))
    points = rng.normal(size=(people, 4))[labels] + spread * rng.normal(size=(len(labels), 4))
    return points, labels


def closeness(a, b):
    return -np.linalg.norm(a[:, None] - b[None], axis=2)


@pytest.mark.parametrize("names", [None, np.array(["zoe", "ann", "bob", "eve", "dan", "mia", "leo", "kim"])])
def test_knn_equals_sklearn_left_out_one_by_one(names):
    points, labels = faces()
    labels = labels if names is None else names[labels]
    found = leave_one_out_knn(closeness(points, points), labels, ks=(1, 2, 5, 10))
    for k, correct in found.items():
        expected = np.empty(len(labels), dtype=bool)
        for i in range(len(labels)):
            others = np.arange(len(labels)) != i
            model = KNeighborsClassifier(k).fit(points[others], labels[others])
            expected[i] = model.predict(points[i : i + 1])[0] == labels[i]
        np.testing.assert_array_equal(correct, expected)
        assert 0.3 < correct.mean() < 0.95  # neither hopeless nor trivial


def test_a_tied_vote_goes_to_the_first_label_in_order():
    # probe 0 ("b") sees c, a, b, a, c, b: with k = 2 one vote each for c and a; with k = 6 two each for all three
    labels = np.array(["b", "c", "a", "b", "a", "c", "b"])
    points = np.array([0.0, 1, 2, 3, 4, 5, 6])[:, None]
    correct = leave_one_out_knn(closeness(points, points), labels, ks=(2, 3, 6))
    assert [bool(correct[k][0]) for k in (2, 3, 6)] == [False, False, False]
    labels = np.array(["a", "c", "a", "b", "b", "c", "a"])
    correct = leave_one_out_knn(closeness(points, points), labels, ks=(1, 2, 6))
    assert [bool(correct[k][0]) for k in (1, 2, 6)] == [False, True, True]


def test_the_diagonal_is_never_read():
    points, labels = faces()
    matrix = closeness(points, points)
    expected = leave_one_out_knn(matrix, labels), cmc(matrix, labels)
    for poison in (np.inf, -np.inf, np.nan):
        poisoned = matrix.copy()
        np.fill_diagonal(poisoned, poison)
        for k, correct in leave_one_out_knn(poisoned, labels).items():
            np.testing.assert_array_equal(correct, expected[0][k])
        np.testing.assert_array_equal(cmc(poisoned, labels), expected[1])
    assert np.isnan(poisoned.diagonal()).all()  # the caller's matrix is left as it was


def test_cmc_asks_whether_the_class_is_among_the_nearest_k():
    """The paper's sentence as a loop: sort all other points, look for the class among the first k."""
    points, labels = faces()
    low = points + np.random.default_rng(1).normal(size=points.shape)
    matrix = closeness(low, points)
    found = cmc(matrix, labels, max_rank=30)
    for k in (1, 2, 7, 30):
        hits = []
        for i in range(len(labels)):
            others = [j for j in np.argsort(-matrix[i]) if j != i]
            hits.append(labels[i] in labels[others[:k]])
        assert found[k - 1] == pytest.approx(np.mean(hits))
    assert (np.diff(found) >= 0).all()
    assert found[0] == pytest.approx(leave_one_out_knn(matrix, labels, (1,))[1].mean())


def test_ranks_of_a_gallery_worked_by_hand():
    #                 ann  bob  cid  ann
    matrix = np.array([[0.9, 0.8, 0.7, 0.1], [0.5, 0.6, 0.7, 0.8], [0.4, 0.4, 0.4, 0.4], [0.5, 0.5, 0.4, 0.5]])
    found = ranks(matrix, ["ann", "bob", "cid", "ann"], ["ann", "bob", "cid", "ann"])
    # bob is third of four; cid's match is tied with three others, ann's with one: ties count against the probe
    np.testing.assert_array_equal(found, [1, 3, 4, 2])
    np.testing.assert_allclose(
        cmc(matrix, ["ann", "bob", "cid", "ann"], ["ann", "bob", "cid", "ann"], max_rank=3), [0.25, 0.5, 0.75]
    )
    # the same matrix left one out: ann's two photographs find each other
    np.testing.assert_array_equal(ranks(matrix[:2, :2] + 0, ["ann", "ann"]), [1, 1])


def test_rank_1_interval_comes_from_per_probe_hits():
    points, labels = faces()
    hit = ranks(closeness(points, points), labels) == 1
    interval = ImageBootstrap(labels, replicates=200).interval(hit)
    assert interval.low < interval.value == hit.mean() < interval.high


def every_choice(matrix, probe_labels, gallery_labels, leave_out, max_rank):
    """Mean CMC over every choice of one gallery and one probe photograph a person (never the same one)."""
    people = np.unique(probe_labels)
    curves = []
    for gallery in product(*(np.flatnonzero(gallery_labels == p) for p in people)):
        for probe in product(*(np.flatnonzero(probe_labels == p) for p in people)):
            if leave_out and any(g == q for g, q in zip(gallery, probe, strict=True)):
                continue
            curves.append(cmc(matrix[np.ix_(probe, gallery)], people, people, max_rank))
    return np.mean(curves, axis=0)


@pytest.mark.parametrize("decimals", [3, 0])
def test_single_gallery_average_equals_every_choice(decimals):
    points, labels = faces(people=4, each=3)
    matrix = closeness(points + 0.5, points).round(decimals)
    expected = every_choice(matrix, labels, labels, True, 4)
    np.testing.assert_allclose(single_gallery_cmc(matrix, labels), expected, atol=1e-12)
    assert 0.02 < expected[0] < 0.98
    # probes and gallery from two sessions, of unequal sizes
    day_1, day_14 = np.array([0, 0, 1, 2, 2, 2, 3]), np.array([3, 0, 1, 1, 2, 0, 2])
    matrix = np.random.default_rng(0).normal(size=(7, 7)).round(decimals)
    expected = every_choice(matrix, day_1, day_14, False, 3)
    np.testing.assert_allclose(single_gallery_cmc(matrix, day_1, day_14, max_rank=3), expected, atol=1e-12)


def test_single_gallery_chances_are_per_probe():
    points, labels = faces()
    matrix = closeness(points, points)
    chance = single_gallery_rank_probability(matrix, labels, max_rank=8)
    assert chance.shape == (96, 8)
    assert (np.diff(chance, axis=1) >= -1e-12).all()
    np.testing.assert_allclose(chance[:, -1], 1)  # eight people: nobody ranks worse than eighth
    np.testing.assert_allclose(chance.mean(axis=0), single_gallery_cmc(matrix, labels, max_rank=8))


def test_every_person_counts_once_however_many_photographs_there_are():
    points, labels = faces()
    keep = np.flatnonzero((labels > 1) | (np.arange(len(labels)) % 3 == 0))
    labels, matrix = labels[keep], closeness(points[keep], points[keep])
    assert len(set(np.bincount(labels))) > 1
    chance = single_gallery_rank_probability(matrix, labels, max_rank=4)
    by_hand = np.array([chance[labels == p].mean(axis=0) for p in range(8)])
    np.testing.assert_allclose(single_gallery_chance(matrix, labels, max_rank=4), by_hand)
    np.testing.assert_allclose(single_gallery_cmc(matrix, labels, max_rank=4), by_hand.mean(axis=0))
    assert not np.allclose(by_hand.mean(axis=0), chance.mean(axis=0))


def test_wrong_input_is_one_clear_sentence():
    points, labels = faces()
    matrix = closeness(points, points)
    with pytest.raises(LrfrError, match="N x N matrix for 96 labels"):
        leave_one_out_knn(matrix[:, 1:], labels)
    with pytest.raises(LrfrError, match="1 to 95 neighbours"):
        leave_one_out_knn(matrix, labels, (1, 96))
    with pytest.raises(LrfrError, match="1 of 96 probes have no photograph"):
        ranks(matrix, np.append(labels[:-1], 99))
    with pytest.raises(LrfrError, match="probes x gallery matrix for 96 and 95"):
        cmc(matrix, labels, labels[1:])


def test_the_nearest_alone_is_leave_one_out_search_of_one_neighbour():
    rng = np.random.default_rng(0)
    labels = rng.integers(6, size=40)
    matrix = rng.normal(size=(40, 40)).round(1) + (labels[:, None] == labels)
    expected = leave_one_out_knn(matrix, labels, ks=(1,))[1]
    assert 0.2 < expected.mean() < 0.9
    np.testing.assert_array_equal(nearest_is_right(matrix, labels), expected)
    assert not nearest_is_right(np.ones((3, 3)), np.array(["ann", "bob", "cy"])).any(), "nobody has a second photograph"
