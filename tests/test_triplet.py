"""Triplet loss and online mining: by hand, against a plain search, against the library."""

import itertools

import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import TripletMarginLoss
from pytorch_metric_learning.miners import BatchHardMiner, TripletMarginMiner
from pytorch_metric_learning.reducers import AvgNonZeroReducer, MeanReducer
from torch.nn import functional as F

from lrfr.losses.triplet import batch_hard, semi_hard, triplet_loss

LABELS = torch.tensor([0, 0, 0, 1, 1, 2, 2, 3])


def faces(seed: int = 0, labels: torch.Tensor = LABELS) -> tuple[torch.Tensor, torch.Tensor]:
    """SR and HR embeddings of the same photographs, of length 1, people apart and yet mixed."""
    draws = torch.Generator().manual_seed(seed)
    people = torch.randn(int(labels.max()) + 1, 4, generator=draws)[labels]
    sr, hr = (F.normalize(people + 0.8 * torch.randn(len(labels), 4, generator=draws)) for _ in range(2))
    return sr, hr


def euclidean(power: int = 2) -> LpDistance:
    return LpDistance(normalize_embeddings=False, power=power)


def as_set(mined) -> set[tuple[int, ...]]:
    return set(zip(*(part.tolist() for part in mined), strict=True))


# The loss


def test_by_hand():
    """Distances 1 and 2 of the first, 3 and 1 of the second triplet; squared 1 and 4, 9 and 1."""
    anchor = torch.zeros(2, 2)
    positive, negative = torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.tensor([[0.0, 2.0], [1.0, 0.0]])
    assert float(triplet_loss(anchor, positive, negative, 3.5)) == pytest.approx((0.5 + 11.5) / 2)
    assert float(triplet_loss(anchor, positive, negative, 0.2)) == pytest.approx((0 + 8.2) / 2)
    assert float(triplet_loss(anchor, positive, negative, 1.5, squared=False)) == pytest.approx((0.5 + 3.5) / 2)


def test_cosine_by_hand():
    anchor, positive, negative = torch.tensor([[2.0, 0.0]]), torch.tensor([[3.0, 4.0]]), torch.tensor([[4.0, -3.0]])
    for squared in (True, False):
        loss = triplet_loss(anchor, positive, negative, 0.25, squared, cosine=True)
        assert float(loss) == pytest.approx(0.4 - 0.2 + 0.25)


def test_on_embeddings_of_length_one_cosine_is_half_of_squared():
    sr, hr = faces()
    loss = triplet_loss(sr, hr, hr.flip(0), 0.2)
    torch.testing.assert_close(2 * triplet_loss(sr, hr, hr.flip(0), 0.1, cosine=True), loss)
    assert float(loss) > 0


def test_only_triplets_that_break_the_margin_move():
    anchor = torch.zeros(2, 2, requires_grad=True)
    positive, negative = torch.tensor([[1.0, 0.0], [0.0, 3.0]]), torch.tensor([[0.0, 2.0], [1.0, 0.0]])
    triplet_loss(anchor, positive, negative, 0.2).backward()
    torch.testing.assert_close(anchor.grad, torch.tensor([[0.0, 0.0], [1.0, -3.0]]))  # 2 (negative - positive) / 2


@pytest.mark.parametrize(("squared", "cosine"), [(True, False), (False, False), (False, True)])
def test_identical_embeddings_cost_the_margin_and_have_a_finite_gradient(squared, cosine):
    same = torch.full((3, 4), 0.5)
    anchor = same.clone().requires_grad_()
    loss = triplet_loss(anchor, same, same, 0.2, squared, cosine)
    loss.backward()
    assert loss.item() == pytest.approx(0.2)
    assert anchor.grad is not None and anchor.grad.isfinite().all()


@pytest.mark.parametrize(("squared", "cosine"), [(True, False), (False, False), (False, True)])
def test_no_triplet_costs_nothing_and_keeps_the_gradient_s_path(squared, cosine):
    sr, hr = torch.randn(4, 3, requires_grad=True), torch.randn(4, 3)
    none = torch.empty(0, dtype=torch.int64)
    loss = triplet_loss(sr[none], hr[none], hr[none], 0.2, squared, cosine)
    loss.backward()
    assert loss.item() == 0
    assert sr.grad is not None and sr.grad.shape == (4, 3) and not sr.grad.any()


@pytest.mark.parametrize("squared", [True, False])
def test_it_is_the_library_s_loss(squared):
    """Over the same triplets and distances. The library averages, by default, over those that break the margin only."""
    sr, hr = faces()
    triplets = [(a, p, n) for a, p, n in itertools.product(range(8), repeat=3) if LABELS[a] == LABELS[p] != LABELS[n]]
    a, p, n = torch.tensor(triplets).T

    def library(reducer):
        loss = TripletMarginLoss(0.2, distance=euclidean(2 if squared else 1), reducer=reducer)
        return loss(sr, LABELS, (a, p, n), ref_emb=hr, ref_labels=LABELS)

    ours = triplet_loss(sr[a], hr[p], hr[n], 0.2, squared)
    torch.testing.assert_close(ours, library(MeanReducer()))
    if not squared:
        torch.testing.assert_close(ours, F.triplet_margin_loss(sr[a], hr[p], hr[n], 0.2, eps=0))
    assert library(AvgNonZeroReducer()) > ours + 0.01


# Mining


def test_mining_by_hand():
    """On a line: anchor 0 of person A at 0, whose references lie at .1 (own), 1 and 3; B's at 2, C's at 1.5."""
    sr = torch.tensor([[0.0], [50.0], [60.0], [70.0], [80.0]])
    hr = torch.tensor([[0.1], [1.0], [3.0], [2.0], [1.5]])
    labels = torch.tensor([0, 0, 0, 1, 2])

    def of_first(mined):
        return {(p, n) for a, p, n in as_set(mined) if a == 0}

    assert of_first(batch_hard(sr, hr, labels)) == {(2, 4)}
    assert of_first(semi_hard(sr, hr, labels, 0.75, squared=False)) == {(1, 4)}
    assert of_first(semi_hard(sr, hr, labels, 1.25, squared=False)) == {(1, 3), (1, 4)}
    assert of_first(semi_hard(sr, hr, labels, 1.25)) == set()  # squared: 1.25 and 3 farther
    assert of_first(semi_hard(sr, hr, labels, 1.5)) == {(1, 4)}
    assert of_first(semi_hard(sr, hr, labels, 2.0, squared=False, own=True)) == {(0, 3), (0, 4), (1, 3), (1, 4)}
    assert {a for a, _, _ in as_set(batch_hard(sr, hr, labels))} == {0, 1, 2}, "B and C have one photograph each"
    assert {(3, 3), (4, 4)} < {(a, p) for a, p, _ in as_set(batch_hard(sr, hr, labels, own=True))}


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize(("squared", "cosine"), [(True, False), (False, False), (False, True)])
def test_mining_finds_what_a_plain_search_finds(squared, cosine, own):
    sr, hr = faces(1)
    sr, hr = sr * torch.linspace(0.5, 2, 8)[:, None], hr * 1.3  # lengths other than 1, for cosines to ignore
    d = 1 - F.normalize(sr) @ F.normalize(hr).T if cosine else torch.cdist(sr, hr) ** (2 if squared else 1)
    hard, semi = set(), set()
    for a in range(8):
        positives = [p for p in range(8) if LABELS[p] == LABELS[a] and (own or p != a)]
        negatives = [n for n in range(8) if LABELS[n] != LABELS[a]]
        if positives:
            hard.add((a, max(positives, key=lambda p: d[a, p]), min(negatives, key=lambda n: d[a, n])))
        semi |= {(a, p, n) for p in positives for n in negatives if 0 < d[a, n] - d[a, p] < 0.3}
    assert as_set(batch_hard(sr, hr, LABELS, cosine, own)) == hard
    assert as_set(semi_hard(sr, hr, LABELS, 0.3, squared, cosine, own)) == semi
    assert semi and len(hard) == (8 if own else 7)


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_mining_is_the_library_s(seed, own):
    """The library leaves out an anchor's own photograph only where it is given one and the same tensor of labels twice.

    Its semi-hard negatives may lie exactly at the margin, where the loss is 0; ours may not.
    """
    sr, hr = faces(seed)
    others = LABELS.clone() if own else LABELS
    hard = BatchHardMiner(distance=euclidean())(sr, LABELS, hr, others)
    semi = TripletMarginMiner(0.4, "semihard", distance=euclidean())(sr, LABELS, hr, others)
    assert len(hard[0]) > 0 and len(semi[0]) > 0
    assert as_set(batch_hard(sr, hr, LABELS, own=own)) == as_set(hard)
    assert as_set(semi_hard(sr, hr, LABELS, 0.4, own=own)) == as_set(semi)


@pytest.mark.parametrize(
    "labels",
    [torch.tensor([0, 1, 2, 3]), torch.tensor([5, 5, 5, 5]), torch.tensor([], dtype=torch.int64)],
    ids=["all different", "all one person", "no faces"],
)
def test_a_batch_without_triplets_gives_empty_positions_and_no_loss(labels):
    sr = torch.randn(len(labels), 3, requires_grad=True)
    hr = torch.randn(len(labels), 3)
    for a, p, n in (batch_hard(sr, hr, labels), semi_hard(sr, hr, labels, 10.0)):
        assert [part.dtype for part in (a, p, n)] == [torch.int64] * 3
        assert len(a) == len(p) == len(n) == 0
        loss = triplet_loss(sr[a], hr[p], hr[n], 0.2)
        loss.backward()
        assert loss.item() == 0 and sr.grad is not None and not sr.grad.any()


def test_identical_embeddings_are_hard_and_not_semi_hard():
    """A collapsed space: every distance is 0, so nothing is farther; the hardest triplets cost the margin."""
    sr = torch.ones(8, 3, requires_grad=True)
    hr = torch.ones(8, 3)
    a, p, n = batch_hard(sr, hr, LABELS)
    assert (LABELS[a] == LABELS[p]).all() and (LABELS[a] != LABELS[n]).all() and (a != p).all() and len(a) == 7
    assert triplet_loss(sr[a], hr[p], hr[n], 0.2).item() == pytest.approx(0.2)
    assert len(semi_hard(sr, hr, LABELS, 0.2)[0]) == 0


def test_mined_triplets_carry_gradients_to_the_anchors():
    sr, hr = faces()
    sr.requires_grad_()
    a, p, n = batch_hard(sr, hr, LABELS)
    triplet_loss(sr[a], hr[p], hr[n], 0.5).backward()
    assert sr.grad is not None and sr.grad.isfinite().all()
    assert sr.grad[:7].any(1).sum() > 0 and not sr.grad[7].any(), "who is alone is no anchor"
