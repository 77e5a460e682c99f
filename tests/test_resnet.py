"""Face ResNets: parameter counts by hand, shapes, one size of embedding whatever the precision."""

import pytest
import torch
from torch import nn

from lrfr.errors import LrfrError
from lrfr.networks import backbones
from lrfr.networks.mobilefacenet import MobileFaceNet
from lrfr.networks.resnet import STAGES, WIDTHS, ResNet


@pytest.mark.parametrize(("layers", "millions"), [(34, 34.14), (50, 43.59)])
def test_parameters_by_hand(layers, millions):
    """As many as InsightFace's IResNet-34 and -50 have."""
    count = 3 * 64 * 9 + 3 * 64  # convolution, batch norm, slopes
    before = 64
    for width, blocks in zip(WIDTHS, STAGES[layers], strict=True):
        for place in range(blocks):
            count += 2 * before + 9 * before * width + 2 * width + width + 9 * width**2 + 2 * width
            count += before * width + 2 * width if place == 0 else 0
            before = width
    count += 2 * 512 + 512 * 49 * 512 + 512 + 2 * 512
    network = ResNet(layers)
    assert sum(p.numel() for p in network.parameters()) == count
    assert count / 1e6 == pytest.approx(millions, abs=0.01)


def test_layers_that_give_the_networks_their_names():
    """Convolutions within blocks, the first one and the linear layer; shortcuts do not count."""
    for layers in STAGES:
        network = ResNet(layers)
        within = sum(isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3) for m in network.modules())
        assert within + 1 == layers


def test_an_embedding_of_512_numbers_and_gradients_everywhere():
    torch.manual_seed(0)
    network = ResNet(34, dropout=0.4).train()
    images = torch.rand(2, 3, 112, 112)
    seen = network(images)
    assert seen.shape == (2, 512)
    seen.square().sum().backward()
    for key, p in network.named_parameters():
        assert (p.grad is None) == (key == "head.4.weight"), key
    network.eval()
    with torch.no_grad():
        assert torch.equal(network(images), network(images))  # no dropout any more


def test_other_depths_and_names_are_refused():
    with pytest.raises(LrfrError, match="34 or 50 layers, not 18"):
        ResNet(18)
    with pytest.raises(LrfrError, match="out of mobilefacenet, resnet34, resnet50, found 'vit'"):
        backbones.build("vit")  # type: ignore[arg-type]
    assert isinstance(backbones.build("mobilefacenet"), MobileFaceNet)
    assert sum(p.numel() for p in backbones.build("resnet50").parameters()) > 43e6
