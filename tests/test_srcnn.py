"""SRCNN: its shape, its size, and what it gives before any training."""

import numpy as np
import pytest
import torch

from lrfr import datasets, degradation
from lrfr.errors import LrfrError
from lrfr.networks.srcnn import SRCNN, SRCNNSettings


def lr_faces(size: int) -> torch.Tensor:
    return degradation.degrade(datasets.load("att").tensor(np.arange(0, 400, 100)), size)


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("scale", [2, 3, 4, 8])
@pytest.mark.parametrize("kernels", [(9, 1, 5), (9, 5, 5)])
@pytest.mark.parametrize("skip", [True, False])
def test_it_enlarges_by_its_scale(scale, kernels, skip):
    network = SRCNN(SRCNNSettings(scale, kernels, (8, 4), skip))
    assert network(torch.rand(2, 3, 7, 9)).shape == (2, 3, 7 * scale, 9 * scale)
    assert network.settings.scale == scale


@pytest.mark.parametrize(("kernels", "expected"), [((9, 1, 5), 20_099), ((9, 5, 5), 69_251)])
def test_it_has_so_many_parameters(kernels, expected):
    """By hand. On luma alone the paper counts 8,032 weights for 9-1-5, without biases; here the picture is RGB."""
    a, b, c = (k * k for k in kernels)
    by_hand = (3 * a * 64 + 64) + (64 * b * 32 + 32) + (32 * c * 3 + 3)
    assert count(SRCNN(SRCNNSettings.printed(4, kernels))) == by_hand == expected
    assert (1 * 81 * 64) + (64 * 1 * 32) + (32 * 25 * 1) == 8_032


def test_printed_is_what_dong_and_others_print():
    settings = SRCNNSettings.printed(3)
    assert (settings.scale, settings.kernels, settings.channels, settings.skip) == (3, (9, 1, 5), (64, 32), False)


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_with_its_skip_it_starts_as_bicubic(scale):
    lr = lr_faces(112 // scale)
    torch.manual_seed(0)
    with torch.no_grad():
        assert torch.equal(SRCNN(SRCNNSettings(scale))(lr), degradation.upscale(lr, 112))
        assert not torch.allclose(SRCNN(SRCNNSettings.printed(scale))(lr), degradation.upscale(lr, 112), atol=0.05)


def test_a_plain_picture_stays_plain_up_to_its_border():
    """The border is repeated; zeros around the picture would draw a frame."""
    torch.manual_seed(0)
    with torch.no_grad():
        sr = SRCNN(SRCNNSettings.printed(4))(torch.full((1, 3, 8, 8), 0.4))
    assert float((sr.amax((2, 3)) - sr.amin((2, 3))).max()) < 1e-5


@pytest.mark.parametrize("skip", [True, False])
def test_every_weight_learns(skip):
    """Two steps: with the skip, the last layer starts at zero and passes no gradient at first."""
    torch.manual_seed(0)
    network = SRCNN(SRCNNSettings(4, channels=(8, 4), skip=skip))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    before = {k: v.detach().clone() for k, v in network.named_parameters()}
    hr = datasets.load("att").tensor(np.arange(0, 400, 200))
    for _ in range(2):
        optimizer.zero_grad()
        (network(degradation.degrade(hr, 28)) - hr).square().mean().backward()
        optimizer.step()
    assert [k for k, v in network.named_parameters() if torch.equal(v, before[k])] == []


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"scale": 1}, "enlarges 2 times or more, but 1"),
        ({"kernels": (9, 2, 5)}, r"odd sides.*not \(9, 2, 5\)"),
        ({"kernels": (9, 5)}, r"three kernels.*not \(9, 5\)"),
        ({"channels": (64, 0)}, r"two counts of channels.*not \(64, 0\)"),
    ],
)
def test_settings_that_name_no_network_are_refused(settings, match):
    with pytest.raises(LrfrError, match=match):
        SRCNN(SRCNNSettings(**settings))
