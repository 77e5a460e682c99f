"""How hard an adversarial loss pulls: by hand, for the right and the misprinted form."""

import math

import pytest

from lrfr.losses import adversarial
from lrfr.losses.pull import pulls


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
