"""Adversarial losses: by hand, against binary cross entropy, and what the misprint would do."""

import math

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from lrfr.losses.adversarial import (
    discriminator_loss,
    generator_loss,
    misprinted_discriminator_loss,
    misprinted_generator_loss,
    relativistic_discriminator_loss,
    relativistic_generator_loss,
)

RELATIVE = [
    relativistic_discriminator_loss,
    relativistic_generator_loss,
    misprinted_discriminator_loss,
    misprinted_generator_loss,
]


def logits(count: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    draws = torch.Generator().manual_seed(0)
    real, fake = (2 * torch.randn(count, generator=draws, dtype=torch.float64) for _ in range(2))
    return real.requires_grad_(), fake.requires_grad_()


def pull(loss, gap: float) -> float:
    """How hard a step draws the fake logits up (+) or down (-) where the real ones lie `gap` higher."""
    real, fake = torch.full((4,), gap), torch.zeros(4, requires_grad=True)
    loss(real, fake).backward()
    assert fake.grad is not None
    return -float(fake.grad.sum())


def test_the_relativistic_losses_by_hand():
    """Real 2 and 0 (mean 1), fake 1 and -3 (mean -1): D(real, fake) at 3 and 1, D(fake, real) at 0 and -4."""
    real, fake = torch.tensor([2.0, 0.0]), torch.tensor([1.0, -3.0])

    def d(logit):
        return 1 / (1 + math.exp(-logit))

    right_d = -(math.log(d(3)) + math.log(d(1))) / 2 - (math.log(1 - d(0)) + math.log(1 - d(-4))) / 2
    right_g = -(math.log(1 - d(3)) + math.log(1 - d(1))) / 2 - (math.log(d(0)) + math.log(d(-4))) / 2
    printed_g = -(2 - math.log(d(3)) - math.log(d(1))) / 2 - (math.log(d(0)) + math.log(d(-4))) / 2
    printed_d = -(math.log(d(3)) + math.log(d(1))) / 2 - (2 - math.log(d(0)) - math.log(d(-4))) / 2
    assert float(relativistic_discriminator_loss(real, fake)) == pytest.approx(right_d)
    assert float(relativistic_generator_loss(real, fake)) == pytest.approx(right_g)
    assert float(misprinted_generator_loss(real, fake)) == pytest.approx(printed_g)
    assert float(misprinted_discriminator_loss(real, fake)) == pytest.approx(printed_d)
    assert right_d < right_g, "the discriminator of this batch is ahead"


def test_the_relativistic_losses_are_cross_entropies():
    real, fake = logits()
    one, zero = torch.ones_like(real), torch.zeros_like(real)
    a, b = real - fake.mean(), fake - real.mean()
    torch.testing.assert_close(relativistic_discriminator_loss(real, fake), bce(a, one) + bce(b, zero))
    torch.testing.assert_close(relativistic_generator_loss(real, fake), bce(a, zero) + bce(b, one))


@pytest.mark.parametrize("loss", RELATIVE[:2])
def test_halved_is_half(loss):
    real, fake = logits()
    torch.testing.assert_close(2 * loss(real, fake, halved=True), loss(real, fake))


def test_alike_costs_two_logarithms_of_two():
    for loss in RELATIVE[:2]:
        assert float(loss(torch.full((3,), 7.0), torch.full((3,), 7.0))) == pytest.approx(2 * math.log(2))


def test_plain_losses_are_cross_entropies():
    real, fake = logits()
    one, zero = torch.ones_like(real), torch.zeros_like(real)
    torch.testing.assert_close(discriminator_loss(real, fake), bce(real, one) + bce(fake, zero))
    torch.testing.assert_close(generator_loss(fake), bce(fake, one))
    assert float(generator_loss(torch.tensor([0.0, math.log(3)]))) == pytest.approx(-(math.log(0.5 * 0.75)) / 2)


@pytest.mark.parametrize("far", [200.0, -200.0])
def test_far_logits_give_finite_losses_and_gradients(far):
    losses = [*RELATIVE, discriminator_loss, lambda real, fake: generator_loss(fake)]
    for loss in losses:
        real, fake = torch.full((2,), far, requires_grad=True), torch.full((2,), -far, requires_grad=True)
        value = loss(real, fake)
        value.backward()
        assert value.isfinite() and fake.grad is not None and fake.grad.isfinite().all()


@pytest.mark.parametrize("loss", RELATIVE)
def test_gradients_are_right(loss):
    assert torch.autograd.gradcheck(loss, logits())


# The misprint


def test_the_printed_losses_add_up_to_minus_two():
    real, fake = logits()
    both = misprinted_generator_loss(real, fake) + misprinted_discriminator_loss(real, fake)
    assert both.item() == pytest.approx(-2)


@pytest.mark.parametrize("gap", [-30.0, -1.0, 0.0, 4.0])
def test_the_printed_losses_are_a_critic_without_bound(gap):
    real, fake = torch.full((4,), gap), torch.zeros(4)
    assert float(misprinted_generator_loss(real, fake)) == pytest.approx(gap - 1, abs=1e-5)
    assert float(misprinted_discriminator_loss(real, fake)) == pytest.approx(-gap - 1, abs=1e-5)
    assert min(float(loss(real, fake)) for loss in RELATIVE[:2]) >= 0


def test_the_printed_generator_loss_pulls_the_right_way_with_the_wrong_strength():
    for gap, right, printed in ((0.0, 1, 1), (12.0, 2, 1), (-12.0, 0, 1)):
        assert pull(relativistic_generator_loss, gap) == pytest.approx(right, abs=1e-4)
        assert pull(misprinted_generator_loss, gap) == pytest.approx(printed, abs=1e-4)
    real, fake = logits()
    (slope,) = torch.autograd.grad(misprinted_generator_loss(real, fake), fake)
    assert (slope < 0).all()


def test_the_printed_discriminator_loss_never_lets_go():
    for gap, right in ((0.0, -1), (12.0, 0), (-12.0, -2)):
        assert pull(relativistic_discriminator_loss, gap) == pytest.approx(right, abs=1e-4)
        assert pull(misprinted_discriminator_loss, gap) == pytest.approx(-1, abs=1e-4)
