"""Identity and pixel losses beside frloss's: cosine embedding (ipfsrgan Eq. 5) and L1 (Eq. 7)."""

import pytest
import torch
from torch.nn import functional as F

from lrfr.losses.identity import cosine_embedding_loss
from lrfr.losses.pixel import l1_loss, mse_loss


def by_definition(sr, other, same, margin):
    """Eq. 5 as printed: two expectations over the same pairs."""
    cosine = (F.normalize(sr) * F.normalize(other)).sum(1)
    alike, apart = same.to(sr.dtype), (~same).to(sr.dtype)
    return (alike * (1 - cosine)).mean() + (apart * (cosine - margin).clamp_min(0)).mean()


def test_cosine_embedding_loss_by_hand():
    """Cosines .6 and 0 of one person; .8, .28 and -1 of two, of which only .8 is above the margin of .3."""
    sr = torch.tensor([[1.0, 0.0]] * 5)
    other = torch.tensor([[3.0, 4.0], [0.0, 2.0], [8.0, -6.0], [0.28, 0.96], [-5.0, 0.0]])
    same = torch.tensor([True, True, False, False, False])
    assert float(cosine_embedding_loss(sr, other, same, 0.3)) == pytest.approx((0.4 + 1 + 0.5) / 5)
    assert float(cosine_embedding_loss(sr, other, same, 0.0)) == pytest.approx((0.4 + 1 + 0.8 + 0.28) / 5)


@pytest.mark.parametrize("margin", [-0.2, 0.0, 0.4])
def test_the_library_s_loss_is_the_paper_s(margin):
    draws = torch.Generator().manual_seed(1)
    sr, other = (torch.randn(40, 3, generator=draws) for _ in range(2))
    same = torch.rand(40, generator=draws) < 0.4
    expected = by_definition(sr, other, same, margin)
    torch.testing.assert_close(cosine_embedding_loss(sr, other, same, margin), expected)
    target = same.float() * 2 - 1
    torch.testing.assert_close(F.cosine_embedding_loss(sr, other, target, margin), expected)


def test_positives_only_is_the_released_code_s_loss():
    sr, other = torch.randn(4, 8), torch.randn(4, 8)
    loss = cosine_embedding_loss(sr, other, torch.ones(4, dtype=torch.bool), 0.9)
    torch.testing.assert_close(loss, (1 - F.cosine_similarity(sr, other)).mean())


def test_the_same_photograph_costs_nothing_and_has_a_finite_gradient():
    """Also where an embedding is 0, which has no direction."""
    sr = torch.tensor([[1.0, 2.0], [0.0, 0.0]], requires_grad=True)
    loss = cosine_embedding_loss(sr, torch.tensor([[1.0, 2.0], [1.0, 0.0]]), torch.tensor([True, True]))
    loss.backward()
    assert loss.item() == pytest.approx(0.5, abs=1e-6)
    assert sr.grad is not None and sr.grad.isfinite().all()


def test_l1_by_hand():
    hr = torch.zeros(2, 3, 2, 2)
    sr = hr.clone()
    sr[0, 0, 0, 0], sr[1, 2, 1, 1] = 0.6, -0.3
    sr.requires_grad_()
    loss = l1_loss(sr, hr)
    loss.backward()
    assert loss.item() == pytest.approx(0.9 / 24)
    assert sr.grad is not None and float(sr.grad[0, 0, 0, 0]) == pytest.approx(1 / 24)
    assert float(sr.grad[0, 1, 0, 0]) == 0
    torch.testing.assert_close(loss, F.l1_loss(sr, hr))


def test_pixel_losses_do_not_grow_with_the_picture():
    sr, hr = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
    for loss in (l1_loss, mse_loss):
        torch.testing.assert_close(loss(sr, hr), loss(sr.repeat(1, 1, 2, 2), hr.repeat(1, 1, 2, 2)))
