"""Contrastive loss: by hand, its gradient, and the library's."""

import pytest
import torch
from pytorch_metric_learning.distances import LpDistance
from pytorch_metric_learning.losses import ContrastiveLoss
from pytorch_metric_learning.reducers import AvgNonZeroReducer, MeanReducer

from lrfr.losses.contrastive import contrastive_loss


def test_by_hand():
    """Distances 5 and .5 within a person, margin 1; 1 and 13 between people, margin 3."""
    a = torch.zeros(4, 2)
    b = torch.tensor([[3.0, 4.0], [0.5, 0.0], [0.0, 1.0], [5.0, 12.0]])
    same = torch.tensor([True, True, False, False])
    assert float(contrastive_loss(a, b, same, 1.0, 3.0)) == pytest.approx((4 + 0 + 2 + 0) / 4)


def test_only_pairs_inside_their_margin_are_moved():
    a = torch.zeros(4, 2, requires_grad=True)
    b = torch.tensor([[3.0, 4.0], [0.5, 0.0], [0.0, 1.0], [5.0, 12.0]])
    contrastive_loss(a, b, torch.tensor([True, True, False, False]), 1.0, 3.0).backward()
    expected = torch.tensor([[-0.6, -0.8], [0.0, 0.0], [0.0, 1.0], [0.0, 0.0]]) / 4
    torch.testing.assert_close(a.grad, expected)


@pytest.mark.parametrize("same", [True, False])
def test_identical_embeddings_have_a_finite_gradient(same):
    a = torch.ones(2, 3, requires_grad=True)
    loss = contrastive_loss(a, torch.ones(2, 3), torch.tensor([same, same]), 0.0, 1.0)
    loss.backward()
    assert loss.item() == (0 if same else 1)
    assert a.grad is not None and a.grad.isfinite().all()


def test_the_library_s_loss_averages_apart():
    """The library averages over pairs of one person and over pairs of two apart, and adds; Eq. 1 is over all pairs.

    Its default also drops pairs that meet their margin from the average, and scales embeddings to length 1.
    """
    draws = torch.Generator().manual_seed(2)
    embeddings = torch.randn(7, 3, generator=draws)
    labels = torch.tensor([0, 0, 0, 1, 1, 2, 2])
    i, j = torch.triu_indices(7, 7, 1)
    same = labels[i] == labels[j]
    pairs = (i[same], j[same], i[~same], j[~same])

    def library(reducer):
        loss = ContrastiveLoss(0.7, 2.5, distance=LpDistance(normalize_embeddings=False), reducer=reducer)
        return loss(embeddings, labels, pairs)

    def ours(which):
        return contrastive_loss(embeddings[i[which]], embeddings[j[which]], same[which], 0.7, 2.5)

    alike, apart = ours(same), ours(~same)
    torch.testing.assert_close(alike + apart, library(MeanReducer()))
    share = same.float().mean()
    torch.testing.assert_close(ours(torch.ones_like(same)), share * alike + (1 - share) * apart)
    assert float(library(AvgNonZeroReducer())) > float(alike + apart) + 0.01
