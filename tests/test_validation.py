"""Looking at unseen faces during a training: its numbers by hand, and nothing of the training touched."""

import numpy as np
import pytest
import torch
from torch import nn
from toy_training import Brighten, recogniser

from lrfr.evaluation.validation import late_gain, recognition, restoration


class Plain(nn.Module):
    """Whatever it is shown, it answers with plain faces of one colour; it counts in training mode only."""

    def __init__(self, colour: tuple[float, float, float]) -> None:
        super().__init__()
        self.colour = nn.Parameter(torch.tensor(colour))
        self.looks, self.modes = 0, []

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        self.modes.append(self.training)
        self.looks += len(lr)
        return self.colour[None, :, None, None].expand(len(lr), 3, 112, 112)


def plain(*colours: tuple[float, float, float]) -> torch.Tensor:
    return torch.tensor(colours)[:, :, None, None].expand(-1, 3, 112, 112)


def test_errors_by_hand():
    """Off by .1 in one face and by .1, .2 and .2 in the other: squared .01 and .03, that is 20 and 15.2288 dB."""
    found = restoration(Plain((0.5, 0.5, 0.5)), plain((0.6, 0.4, 0.6), (0.4, 0.7, 0.3)), 14)()
    assert set(found) == {"validation_mse", "validation_psnr"}
    assert found["validation_mse"] == pytest.approx((0.01 + 0.03) / 2, rel=1e-5)
    assert found["validation_psnr"] == pytest.approx((20 - 10 * np.log10(0.03)) / 2, rel=1e-5)


def test_what_leaves_the_range_is_clipped_first():
    found = restoration(Plain((1.4, -0.3, 0.5)), plain((0.9, 0.1, 0.5)), 28)()
    assert found["validation_mse"] == pytest.approx((0.1**2 + 0.1**2) / 3, rel=1e-4)


def test_identity_by_hand():
    """The recogniser's embedding is the mean colour: (1, 0, 0) against (.6, .8, 0) has the cosine .6."""
    hr = plain((0.6, 0.8, 0.0), (0.3, 0.4, 0.0))
    found = restoration(Plain((1.0, 0.0, 0.0)), hr, 14, recogniser())()
    assert found["validation_identity"] == pytest.approx(1 - 0.6, abs=1e-5)


@pytest.mark.parametrize("batch_size", [1, 3, 16])
def test_batches_do_not_change_the_numbers(batch_size):
    hr = torch.rand(5, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    whole = restoration(Brighten(), hr, 28, recogniser())()
    found = restoration(Brighten(), hr, 28, recogniser(), batch_size)()
    assert found == pytest.approx(whole, rel=1e-4)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_is_left_as_it_was(training):
    model = Plain((0.5, 0.5, 0.5)).train(training)
    look = restoration(model, plain(*[(0.1, 0.2, 0.3)] * 5), 14, batch_size=2)
    first, second = look(), look()
    assert model.modes == [False] * 6 and model.looks == 10 and model.training is training
    assert model.colour.grad is None and first == second
    with torch.no_grad():
        model.colour.copy_(torch.tensor([0.1, 0.2, 0.3]))
    assert look()["validation_mse"] == pytest.approx(0, abs=1e-12)


def test_the_late_gain_of_curves():
    falling = [1.0, 0.8, 0.6, 0.5, 0.4, 0.3, 0.25, 0.2, 0.16, 0.12]
    assert late_gain(falling) == pytest.approx(1 - 0.12 / 0.2)
    assert late_gain(falling, share=0.5) == pytest.approx(1 - 0.12 / 0.4)
    assert late_gain([2.0, 2.0, 2.0]) == 0
    assert late_gain([1.0, 1.5]) == pytest.approx(-0.5)  # it rose; of two looks the last step is all there is
    assert late_gain([0.4] * 15 + [0.4, 0.399, 0.399, 0.398, 0.398]) < 0.01


class Sideways(nn.Module):
    """A face network: the mean colour, its red and green exchanged where `turned`."""

    def __init__(self, turned: bool) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(2.0))
        self.order = [1, 0, 2] if turned else [0, 1, 2]
        self.modes: list[bool] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.modes.append(self.training)
        return self.scale * images.mean((2, 3))[:, self.order]


@pytest.mark.parametrize("training", [True, False])
def test_what_a_face_network_still_knows_by_hand(training):
    """(.6, .8, 0) and (.3, .4, 0) have one direction; exchanged, its cosine to itself is .96."""
    hr = plain((0.6, 0.8, 0.0), (0.3, 0.4, 0.0))
    model = Sideways(True).train(training)
    found = recognition(model, hr, 7, recogniser(), batch_size=1)()
    assert found["validation_hr_cosine"] == pytest.approx(0.96, abs=1e-5)
    assert found["validation_lr_cosine"] == pytest.approx(0.96, abs=1e-2)  # rounded to grey levels
    assert found["validation_alike"] == pytest.approx(1, abs=1e-5)
    assert model.training == training and not any(model.modes)
    apart = recognition(Sideways(False), plain((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)), 7)()
    assert apart == {"validation_alike": pytest.approx(0, abs=1e-6)}
