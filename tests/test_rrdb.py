"""RRDBNet: shapes, published parameter counts, its start, and weights by the usual key names."""

import pytest
import torch

from lrfr import degradation
from lrfr.errors import LrfrError
from lrfr.networks.rrdb import RRDB, DenseBlock, RRDBNet, RRDBSettings


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def convolution(into: int, out: int) -> int:
    return into * out * 9 + out


@pytest.mark.parametrize("scale", [2, 4, 8])
def test_it_enlarges_by_its_scale(scale):
    lr = torch.rand(2, 3, 10, 7)
    assert RRDBNet(RRDBSettings(scale, blocks=1, width=8, growth=4))(lr).shape == (2, 3, 10 * scale, 7 * scale)


def test_the_published_network_has_the_published_number_of_parameters():
    assert count(RRDBNet(RRDBSettings.printed())) == 16_697_987  # ESRGAN and Real-ESRGAN x4plus


def test_parameters_by_hand():
    w, g = 32, 16
    dense = sum(convolution(w + i * g, g) for i in range(4)) + convolution(w + 4 * g, w)
    assert count(DenseBlock(w, g)) == dense
    whole = convolution(3, w) + 6 * 3 * dense + convolution(w, w) + 2 * convolution(w, w) + convolution(w, w)
    assert count(RRDBNet()) == whole + convolution(w, 3)


def test_with_skip_it_starts_as_the_bicubic_enlargement():
    lr = torch.rand(1, 3, 14, 14)
    torch.testing.assert_close(RRDBNet(RRDBSettings(8, blocks=1))(lr), degradation.upscale(lr, 112))


def test_without_skip_it_does_not():
    lr = torch.rand(1, 3, 14, 14)
    network = RRDBNet(RRDBSettings(8, blocks=1, skip=False))
    with torch.no_grad():
        assert float((network(lr) - degradation.upscale(lr, 112)).abs().mean()) > 0.05


def test_residuals_are_scaled_by_a_fifth():
    """With the last convolution of each dense block silenced but for its bias, the sums can be done by hand."""
    block = RRDB(4, 2)
    with torch.no_grad():
        for dense in (block.rdb1, block.rdb2, block.rdb3):
            dense.conv5.weight.zero_()
            dense.conv5.bias.fill_(1.0)
    x = torch.rand(1, 4, 5, 5)
    torch.testing.assert_close(block(x), x + 0.2 * (x + 3 * 0.2))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (RRDBSettings(3), "2, 4 or 8 times, but 3"),
        (RRDBSettings(4, blocks=0), "at least one block"),
        (RRDBSettings(4, growth=0), "at least one block"),
    ],
)
def test_what_is_no_such_network_is_refused(settings, words):
    with pytest.raises(LrfrError, match=words):
        RRDBNet(settings)
