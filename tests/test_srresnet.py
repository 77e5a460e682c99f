"""SRResNet: its shape, its size, and what it gives before any training."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lrfr import datasets, degradation
from lrfr.errors import LrfrError
from lrfr.networks.srresnet import SRResNet, SRResNetSettings

SMALL = SRResNetSettings(blocks=1, width=8)


def small(**settings) -> SRResNet:
    torch.manual_seed(0)
    return SRResNet(replace(SMALL, **settings)).eval()


def lr_faces(size: int) -> torch.Tensor:
    return degradation.degrade(datasets.load("att").tensor(np.arange(0, 400, 100)), size)


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("printed", [True, False])
def test_it_enlarges_by_its_scale(scale, printed):
    settings = SRResNetSettings.printed(scale, blocks=1) if printed else SRResNetSettings(scale, blocks=1)
    network = SRResNet(settings)
    assert network(torch.rand(2, 3, 7, 9)).shape == (2, 3, 7 * scale, 9 * scale)


@pytest.mark.parametrize("scale", [2, 4, 8])
@pytest.mark.parametrize("upsampling", ["shuffle", "resize"])
def test_with_its_skip_it_starts_as_bicubic(scale, upsampling):
    lr = lr_faces(112 // scale)
    with torch.no_grad():
        assert torch.equal(small(scale=scale, upsampling=upsampling)(lr), degradation.upscale(lr, 112))
        assert not torch.allclose(small(scale=scale, skip=False)(lr), degradation.upscale(lr, 112), atol=0.05)


def phases_differ(x: torch.Tensor) -> float:
    """The largest spread within the 2 x 2 blocks of ``N x C x 2h x 2w``, over the spread of the whole."""
    n, c, h, w = x.shape
    blocks = x.reshape(n, c, h // 2, 2, w // 2, 2).permute(0, 1, 2, 4, 3, 5).flatten(4)
    return float((blocks.amax(-1) - blocks.amin(-1)).max() / x.std())


def test_sub_pixel_convolution_starts_without_phases():
    """ICNR: every 2 x 2 block of an enlarged feature map is constant. torch's own start is not like that."""
    network = small(scale=8, upsampling="shuffle")
    features = torch.randn(2, 8, 14, 14, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for double in network.up:
            features = double(features)
            assert phases_differ(features) < 1e-5
        network.up[0].conv.reset_parameters()
        assert phases_differ(network.up[0](features)) > 0.1


def test_resize_convolution_can_draw_no_grid():
    """Whatever its weights, it turns a plain picture into a plain picture; sub-pixel convolution does not."""
    plain = torch.full((1, 3, 32, 32), 0.4)
    for upsampling, has_grid in (("resize", False), ("shuffle", True)):
        network = small(scale=4, skip=False, upsampling=upsampling)
        torch.manual_seed(1)
        for double in network.up:
            double.conv.reset_parameters()
        with torch.no_grad():
            centre = network(plain)[:, :, 48:80, 48:80]
        spread = float((centre.amax((2, 3)) - centre.amin((2, 3))).max())
        assert (spread > 0.01) if has_grid else (spread < 1e-5), (upsampling, spread)


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("scale", "blocks", "expected"), [(4, 16, 1_547_350), (4, 10, 1_103_440), (8, 10, 1_251_153)])
def test_the_printed_network_has_so_many_parameters(scale, blocks, expected):
    """By hand, from the paper's figure 4: k9n64, blocks of two k3n64 with batch norm, k3n64, k3n256s, k9n3."""
    head = 3 * 64 * 81 + 64 + 1
    block = 2 * (64 * 64 * 9 + 2 * 64) + 1
    after = 64 * 64 * 9 + 2 * 64
    double = 64 * 256 * 9 + 256 + 1
    tail = 64 * 3 * 81 + 3
    doublings = {2: 1, 4: 2, 8: 3}[scale]
    by_hand = head + blocks * block + after + doublings * double + tail
    assert count(SRResNet(SRResNetSettings.printed(scale, blocks))) == by_hand == expected


def test_the_study_s_network_has_so_many_parameters():
    head = 3 * 64 * 81 + 64
    conv = 64 * 64 * 9 + 64
    tail = 64 * 3 * 81 + 3
    assert count(SRResNet(SRResNetSettings(8))) == head + 10 * 2 * conv + conv + 3 * conv + tail


def test_printed_is_what_ledig_and_others_print():
    settings = SRResNetSettings.printed(4)
    assert (settings.blocks, settings.width, settings.upsampling) == (10, 64, "shuffle")
    assert settings.norm and settings.prelu and not settings.skip


@pytest.mark.parametrize("printed", [True, False])
def test_every_weight_learns(printed):
    """Two steps: with the skip, the last layer starts at zero and passes no gradient at first."""
    torch.manual_seed(0)
    network = SRResNet(SRResNetSettings.printed(4, blocks=1) if printed else replace(SMALL, scale=4))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    before = {k: v.clone() for k, v in network.named_parameters()}
    hr = datasets.load("att").tensor([0, 200])
    for _ in range(2):
        optimizer.zero_grad()
        (network(degradation.degrade(hr, 28)) - hr).square().mean().backward()
        optimizer.step()
    assert [k for k, v in network.named_parameters() if torch.equal(v, before[k])] == []


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"scale": 3}, "enlarges 2, 4 or 8 times, but 3"),
        ({"scale": 16}, "enlarges 2, 4 or 8 times, but 16"),
        ({"upsampling": "deconvolution"}, "by 'shuffle' or 'resize', not by 'deconvolution'"),
        ({"blocks": 0}, "not 0 and 64"),
        ({"width": 0}, "not 10 and 0"),
    ],
)
def test_settings_that_name_no_network_are_refused(settings, match):
    with pytest.raises(LrfrError, match=match):
        SRResNet(SRResNetSettings(**settings))
