"""multiscale's Eqs 1 and 2 in both readings, against sums worked by hand."""

import pytest
import torch

from lrfr.losses.identity import embedding_mse_loss, fr_loss
from lrfr.losses.norm import norm_loss


def test_the_norm_of_each_sample_is_averaged():
    a = torch.tensor([[3.0, 4.0], [0.0, 0.0], [1.0, 1.0]])
    b = torch.tensor([[0.0, 0.0], [5.0, 12.0], [1.0, 1.0]])
    assert float(norm_loss(a, b)) == pytest.approx((5 + 13 + 0) / 3)


def test_a_picture_is_one_vector():
    hr = torch.zeros(2, 3, 4, 5)
    sr = torch.stack([torch.full((3, 4, 5), 0.1), torch.full((3, 4, 5), 0.3)])
    assert float(norm_loss(sr, hr)) == pytest.approx(0.2 * 60**0.5, rel=1e-6)


def test_equal_samples_have_no_gradient_and_no_nan():
    hr = torch.rand(2, 6)
    sr = hr.clone().requires_grad_()
    norm_loss(sr, hr).backward()
    assert torch.equal(sr.grad, torch.zeros(2, 6))


def test_the_mean_over_components_is_the_fr_loss_over_their_number():
    a, b = torch.randn(4, 128), torch.randn(4, 128)
    assert float(embedding_mse_loss(a, b)) == pytest.approx(float(fr_loss(a, b)) / 128, rel=1e-5)
    assert float(embedding_mse_loss(a, b)) == pytest.approx(float(((a - b) ** 2).mean()), rel=1e-6)
