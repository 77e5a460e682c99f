"""Perceptual loss: by hand, and what it refuses."""

import pytest
import torch
from torch.nn import functional as F

from lrfr.errors import LrfrError
from lrfr.losses.perceptual import perceptual_loss


def maps() -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Two layers; differences 1 and -2 among the first's 8 numbers, 3 among the second's 6."""
    hr = [torch.arange(8.0).reshape(2, 1, 2, 2), torch.ones(2, 3, 1, 1)]
    sr = [layer.clone() for layer in hr]
    sr[0][0, 0, 0, 0] += 1
    sr[0][1, 0, 1, 1] -= 2
    sr[1][1, 2, 0, 0] += 3
    return sr, hr


def test_by_hand():
    sr, hr = maps()
    assert float(perceptual_loss(sr, hr)) == pytest.approx(5 / 8 + 9 / 6)
    assert float(perceptual_loss(sr, hr, "absolute")) == pytest.approx(3 / 8 + 3 / 6)


def test_it_is_equation_six():
    """Sum over layers of the batch mean of the squared norm over C H W."""
    sr, hr = maps()
    printed = sum((a - b).flatten(1).square().sum(1).div(a[0].numel()).mean() for a, b in zip(sr, hr, strict=True))
    torch.testing.assert_close(perceptual_loss(sr, hr), printed)


def test_one_layer_is_the_library_s_loss():
    sr, hr = maps()
    torch.testing.assert_close(perceptual_loss(sr[:1], hr[:1]), F.mse_loss(sr[0], hr[0]))
    torch.testing.assert_close(perceptual_loss(sr[:1], hr[:1], "absolute"), F.l1_loss(sr[0], hr[0]))


def test_neither_picture_nor_batch_scales_it():
    sr, hr = maps()
    larger = [[f.repeat(3, 1, 2, 2) for f in side] for side in (sr, hr)]
    torch.testing.assert_close(perceptual_loss(*larger), perceptual_loss(sr, hr))


@pytest.mark.parametrize("kind", ["squared", "absolute"])
def test_equal_maps_cost_nothing_and_give_a_finite_gradient(kind):
    _, hr = maps()
    sr = [layer.clone().requires_grad_() for layer in hr]
    loss = perceptual_loss(sr, hr, kind)
    loss.backward()
    assert loss.item() == 0
    for layer in sr:
        assert layer.grad is not None and not layer.grad.any()


def test_the_gradient_by_hand():
    sr, hr = maps()
    given = [layer.requires_grad_() for layer in sr]
    perceptual_loss(given, hr).backward()
    assert given[1].grad is not None and float(given[1].grad[1, 2, 0, 0]) == pytest.approx(2 * 3 / 6)


def test_what_cannot_be_compared_is_refused():
    sr, hr = maps()
    with pytest.raises(LrfrError, match="'squared' or 'absolute' differences, not 'cubed'"):
        perceptual_loss(sr, hr, "cubed")
    for left, right in (([], []), (sr, hr[:1]), (sr, hr[::-1]), (sr[:1], [hr[0][:1]])):
        with pytest.raises(LrfrError, match="maps of the same layers and shapes, but was given"):
            perceptual_loss(left, right)
