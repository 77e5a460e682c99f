"""Jitter: each part by hand, drawn from the generator alone, and nothing where its bounds are 0."""

import pytest
import torch

from lrfr.augmentation import Jitter
from lrfr.errors import LrfrError


@pytest.fixture
def draws(monkeypatch):
    """What `torch.rand` gives, mapped to -1..1: x, y, scale, turn, brightness, contrast."""
    chosen = torch.zeros(1, 6)
    monkeypatch.setattr(torch, "rand", lambda n, k, **_: (chosen.double().expand(n, k) + 1) / 2)
    return chosen


def ramp() -> torch.Tensor:
    """Values that rise from left to right by .01 a pixel, from .2 at the left."""
    return (0.2 + 0.01 * torch.arange(40.0)).expand(1, 3, 40, 40).clone()


def test_a_shift_by_hand(draws):
    """Three pixels to the right in the picture, so that values of the result are .03 higher; the border repeats."""
    draws[0, 0] = 1
    moved = Jitter(shift=3)(ramp(), torch.Generator())
    torch.testing.assert_close(moved[..., 2:35], ramp()[..., 2:35] + 0.03, atol=1e-5, rtol=0)
    assert moved.max() < 0.2 + 0.01 * 39 + 1e-2
    draws[0, :2] = torch.tensor([0.0, 1.0])
    torch.testing.assert_close(Jitter(shift=3)(ramp(), torch.Generator()), ramp(), atol=1e-5, rtol=0)
    turned = Jitter(shift=3)(ramp().mT.contiguous(), torch.Generator())
    torch.testing.assert_close(turned[..., 2:35, :], ramp().mT[..., 2:35, :] + 0.03, atol=1e-5, rtol=0)


def test_a_scale_by_hand(draws):
    """A quarter larger: about the middle the ramp rises four fifths as fast."""
    draws[0, 2] = 1
    seen = Jitter(scale=0.25)(ramp(), torch.Generator())
    middle = 0.2 + 0.01 * 19.5
    expected = middle + (ramp() - middle) / 1.25
    torch.testing.assert_close(seen[..., 3:-3], expected[..., 3:-3], atol=1e-3, rtol=0)


def test_a_turn_by_hand(draws):
    """By a quarter of a full turn the ramp rises upwards."""
    draws[0, 3] = 1
    turned = Jitter(turn=90)(ramp(), torch.Generator())
    torch.testing.assert_close(turned[..., 2:-2, 2:-2], ramp().mT.flip(2)[..., 2:-2, 2:-2], atol=1e-4, rtol=0)


def test_brightness_and_contrast_by_hand(draws):
    draws[0, 4] = 0.5
    bright = Jitter(brightness=0.1)(ramp(), torch.Generator())
    torch.testing.assert_close(bright, ramp() + 0.05)
    draws[0, 4:] = torch.tensor([0.0, -1.0])
    flat = Jitter(contrast=0.4)(ramp(), torch.Generator())
    torch.testing.assert_close(flat, ramp().mean() + 0.6 * (ramp() - ramp().mean()), atol=1e-6, rtol=0)
    draws[0, 4] = 1
    assert Jitter(brightness=0.9)(ramp(), torch.Generator()).max() == 1


def test_draws_differ_between_images_and_depend_on_the_generator_alone():
    images = torch.rand(4, 3, 16, 16, generator=torch.Generator().manual_seed(1)) * 0.5 + 0.25
    jitter = Jitter(2, 0.1, 5, 0.1, 0.1)
    first, again, other = (jitter(images, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)
    same = images[:1].expand(4, -1, -1, -1)
    assert len({tuple(x.flatten().tolist()) for x in jitter(same, torch.Generator().manual_seed(0))}) == 4


def test_nothing_is_nothing():
    assert not Jitter() and Jitter(shift=1)
    images = torch.rand(2, 3, 8, 8)
    assert torch.equal(Jitter()(images, torch.Generator()), images)


@pytest.mark.parametrize("wrong", [{"shift": -1}, {"scale": 1.0}])
def test_what_cannot_be_drawn_is_refused(wrong):
    with pytest.raises(LrfrError, match="0 or more, that of the scale below 1"):
        Jitter(**wrong)
