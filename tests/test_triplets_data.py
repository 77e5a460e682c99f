"""Drawing triplets: who may be drawn, how often, and the same again."""

import numpy as np
import pytest

from lrfr import datasets
from lrfr.datasets.triplets import Triplets
from lrfr.errors import LrfrError

#: Person 7 has four photographs, 3 two, 9 one, 4 three; not in order.
LABELS = np.array([7, 3, 7, 9, 4, 7, 3, 4, 7, 4])


def draws(index: np.ndarray, steps: int, labels: np.ndarray = LABELS) -> tuple[np.ndarray, np.ndarray]:
    """Positives and negatives of many steps, ``steps x B``."""
    triplets = Triplets(labels, seed=1)
    positive, negative = zip(*(triplets(index, step) for step in range(steps)), strict=True)
    return np.stack(positive), np.stack(negative)


def test_positives_are_other_photographs_of_the_same_person_and_negatives_of_others():
    index = np.arange(10)
    positive, negative = draws(index, 200)
    assert (LABELS[positive] == LABELS[index]).all()
    assert (LABELS[negative] != LABELS[index]).all()
    alone = index == 3
    assert (positive != index)[:, ~alone].all()
    assert (positive[:, alone] == 3).all(), "the person's only photograph is its own positive"
    assert positive.dtype == negative.dtype == np.int64


def test_every_other_photograph_is_equally_likely():
    """Anchor 0, person 7: three positives, six negatives, of which person 4 has three and person 9 one."""
    positive, negative = draws(np.zeros(1, int), 6000)
    for drawn, expected in ((positive, [2, 5, 8]), (negative, [1, 3, 4, 6, 7, 9])):
        found, counts = np.unique(drawn, return_counts=True)
        assert found.tolist() == expected
        share = 1 / len(expected)
        error = np.sqrt(share * (1 - share) / 6000)
        assert np.abs(counts / 6000 - share).max() < 5 * error


def test_all_photographs_of_all_anchors_come_up():
    """Every allowed pair of anchor and draw, none else."""
    index = np.arange(10)
    positive, negative = draws(index, 600)
    for i in index:
        same = set(np.flatnonzero(LABELS[i] == LABELS).tolist())
        assert set(positive[:, i].tolist()) == (same - {i} or {i})
        assert set(negative[:, i].tolist()) == set(range(10)) - same


def test_the_draw_is_that_of_seed_step_and_anchors():
    index = np.array([0, 4, 0, 3, 9])
    first = Triplets(LABELS, 5)
    early = first(index, 3)
    for step in range(10):  # a run that went on
        first(index, step)
    resumed = Triplets(LABELS.copy(), 5)
    for a, b, c in zip(early, resumed(index, 3), first(index, 3), strict=True):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
    many = np.tile(index, 20)
    here = np.concatenate(first(many, 3))
    assert not np.array_equal(here, np.concatenate(first(many, 4)))
    assert not np.array_equal(here, np.concatenate(Triplets(LABELS, 6)(many, 3)))


def test_processes_that_share_a_batch_do_not_draw_alike():
    """Two halves of a batch with people of the same shape: the same numbers would pick the same places."""
    labels = np.repeat(np.arange(8), 50)
    triplets = Triplets(labels)
    (left, _), (right, _) = triplets(np.arange(0, 200), 0), triplets(np.arange(200, 400), 0)
    assert ((right - left) == 200).mean() < 0.2


def test_one_anchor_twice_gets_two_draws():
    positive, negative = Triplets(np.repeat(np.arange(2), 100))(np.zeros(50, int), 0)
    assert len(set(positive.tolist())) > 20 and len(set(negative.tolist())) > 20


def test_an_empty_batch_is_empty():
    positive, negative = Triplets(LABELS)(np.empty(0, int), 0)
    assert len(positive) == len(negative) == 0


def test_two_people_with_one_photograph_each():
    positive, negative = Triplets(np.array([1, 0]))(np.array([0, 1]), 0)
    assert positive.tolist() == [0, 1] and negative.tolist() == [1, 0]


@pytest.mark.parametrize("labels", [np.zeros(5, int), np.empty(0, int)])
def test_a_set_without_two_people_is_refused(labels):
    with pytest.raises(LrfrError, match=f"needs two people, but the photographs show {len(np.unique(labels))}"):
        Triplets(labels)


# Batches for mining


def test_a_balanced_batch_has_people_times_each():
    triplets = Triplets(LABELS, 2)
    for step in range(50):
        batch = triplets.balanced_batch(step, people=2, each=3)
        assert batch.dtype == np.int64 and batch.shape == (6,) and len(set(batch.tolist())) == 6
        who = LABELS[batch].reshape(2, 3)
        assert (who == who[:, :1]).all() and {7, 4} == set(who[:, 0].tolist())


def test_everybody_with_enough_photographs_is_equally_likely_and_so_are_theirs():
    triplets = Triplets(LABELS)
    batches = np.concatenate([triplets.balanced_batch(step, 1, 2) for step in range(3000)])
    people, counts = np.unique(LABELS[batches], return_counts=True)
    assert people.tolist() == [3, 4, 7]
    assert np.abs(counts / 6000 - 1 / 3).max() < 5 * np.sqrt(2 / 9 / 3000)
    photographs, counts = np.unique(batches[LABELS[batches] == 7], return_counts=True)
    assert photographs.tolist() == [0, 2, 5, 8]
    assert np.abs(counts / counts.sum() - 1 / 4).max() < 0.05


def test_a_balanced_batch_is_that_of_seed_and_step():
    labels = np.repeat(np.arange(30), 6)
    batch = Triplets(labels, 3).balanced_batch(7, 8, 4)
    np.testing.assert_array_equal(batch, Triplets(labels, 3).balanced_batch(7, 8, 4))
    assert not np.array_equal(batch, Triplets(labels, 3).balanced_batch(8, 8, 4))
    assert not np.array_equal(batch, Triplets(labels, 4).balanced_batch(7, 8, 4))


def test_processes_share_a_balanced_batch_by_whole_people():
    """A process that had one photograph of each person would find no positive."""
    labels = np.repeat(np.arange(30), 6)
    triplets = Triplets(labels, 3)
    whole = triplets.balanced_batch(7, 8, 4)
    for world in (2, 4):
        parts = [triplets.balanced_batch(7, 8, 4, rank, world) for rank in range(world)]
        assert sorted(np.concatenate(parts)) == sorted(whole)
        for part in parts:
            people, counts = np.unique(labels[part], return_counts=True)
            assert len(people) == 8 // world and (counts == 4).all()
    for world in (3, 8):
        with pytest.raises(LrfrError, match=rf"\AA batch of 8 people cannot be mined by {world} processes: [^\n]*\Z"):
            triplets.balanced_batch(7, 8, 4, 0, world)


def test_too_few_people_are_said():
    with pytest.raises(LrfrError, match="3 people with 3 photographs each cannot be drawn: 2 have that many"):
        Triplets(LABELS).balanced_batch(0, people=3, each=3)


def test_a_real_set():
    dataset = datasets.load("att")
    triplets = Triplets(dataset.labels)
    batch = triplets.balanced_batch(0, 8, 4)
    positive, negative = triplets(batch, 0)
    assert (dataset.labels[positive] == dataset.labels[batch]).all() and (positive != batch).all()
    assert (dataset.labels[negative] != dataset.labels[batch]).all()
