"""How hard a loss pulls: by hand, for the right and the misprinted form, and for several losses at one place."""

import math

import pytest
import torch

from lrfr.losses import adversarial
from lrfr.losses.pull import gradient_norms, pulls


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_the_right_forms_by_hand():
    """Of -log(1 - s(gap)) - log s(-gap) the slope over the fake logit is -2 s(gap); the rival's is 2 s(-gap)."""
    gaps = [-3.0, 0.0, 2.0]
    assert pulls(adversarial.relativistic_generator_loss, gaps) == pytest.approx([2 * sigmoid(g) for g in gaps])
    assert pulls(adversarial.relativistic_discriminator_loss, gaps) == pytest.approx([-2 * sigmoid(-g) for g in gaps])


def test_the_misprint_pulls_alike_everywhere():
    gaps = [-30.0, -1.0, 0.0, 5.0, 30.0]
    assert pulls(adversarial.misprinted_generator_loss, gaps) == pytest.approx([1.0] * 5)
    assert pulls(adversarial.misprinted_discriminator_loss, gaps) == pytest.approx([-1.0] * 5)


def test_a_plain_loss_too():
    assert pulls(lambda real, fake: adversarial.generator_loss(fake), [7.0]) == pytest.approx([0.5])


def test_gradients_of_several_losses_by_hand():
    pixels, weight = torch.tensor([3.0, 4.0], requires_grad=True), torch.tensor(2.0, requires_grad=True)
    sr = pixels * weight
    losses = {"sum": sr.sum(), "squares": sr.square().sum() / 2, "elsewhere": weight.square()}
    assert gradient_norms(losses, [pixels]) == pytest.approx({"sum": 8**0.5, "squares": 20.0, "elsewhere": 0.0})
    both = {"sum": (8 + 49) ** 0.5, "squares": (20**2 + 50**2) ** 0.5, "elsewhere": 4.0}
    assert gradient_norms(losses, [pixels, weight]) == pytest.approx(both)
    assert gradient_norms({"twice": 2 * sr.sum()}, [pixels])["twice"] == pytest.approx(2 * 8**0.5)
    assert pixels.grad is None
