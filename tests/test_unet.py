"""The U-Net: shapes on the way, parameters by hand, what is handed across, the 1 x 1 bottleneck, its start."""

import pytest
import torch
from torch import nn

from lrfr import degradation
from lrfr.errors import LrfrError
from lrfr.networks import convolution
from lrfr.networks.convolution import WideConv2d
from lrfr.networks.generators import parameters
from lrfr.networks.unet import Down, Layer, UNet, UNetSettings, layers

PRINTED = UNetSettings.printed(width=8, widest=16)


def count(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def shapes(settings: UNetSettings, faces: torch.Tensor) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Channels and side behind every block down, and channels and side that enter every block up."""
    network = UNet(settings).eval()
    down, up = [], []
    for block in network.down:
        block.register_forward_hook(lambda module, given, found: down.append(tuple(found.shape[1:])))
    for block in network.up:
        block.register_forward_pre_hook(lambda module, given: up.append(tuple(given[0].shape[1:])))
    with torch.no_grad():
        network(faces)
    return down, up


@pytest.mark.parametrize("size", [(7, 6), (14, 12), (32, 32), (112, 96), (128, 128), (14, 14)])
def test_faces_of_any_size_come_out_at_one_size(size):
    faces = torch.rand(2, 3, *size)
    assert UNet()(faces).shape == (2, 3, 112, 112)
    assert UNet(PRINTED)(faces).shape == (2, 3, 128, 128)


def test_parameters_by_hand():
    """The study's: seven convolutions of 4 x 4, seven of 3 x 3 behind a bilinear enlargement, and the last layer."""
    down = [(3, 32), (32, 64), *[(64, 64)] * 5]
    up = [(64, 64), *[(128, 64)] * 4, (128, 32), (64, 32)]
    assert UNetSettings().channels == [after for _, after in down]
    expected = sum(16 * a * b for a, b in down) + sum(9 * a * b for a, b in up)
    expected += 2 * sum(b for _, b in down[:-1] + up)  # batch norm; the bottleneck has a bias instead
    expected += 64 + 9 * 32 * 3 + 3
    assert count(UNet()) == expected == parameters(UNetSettings()) == 751_459


def test_the_printed_network_has_the_blocks_of_the_paper_and_42_million_parameters():
    settings = UNetSettings.printed()
    assert settings.channels == [64, 128, 256, 512, 512, 512, 512] and settings.dropout == 0.5
    with torch.device("meta"):
        network = UNet(settings)
    assert count(network) == parameters(settings) == 41_956_931
    for block in network.down:
        assert isinstance(block.norm, nn.BatchNorm2d) and block.conv.stride == (2, 2)
    for block in network.up:
        assert isinstance(block.norm, nn.BatchNorm2d) and block.dropout == 0.5
        assert isinstance(block.conv, nn.ConvTranspose2d) and block.conv.stride == (2, 2)
    assert (len(network.down), len(network.up)) == (7, 7) and not settings.skip


def test_layer_i_is_concatenated_to_what_enters_layer_n_minus_i_plus_1():
    """n = 14. Behind layer i a side has 128 / 2^i pixels, and so has what enters layer 15 - i: for i = 7 these are one
    map, so six are handed across, not seven. Behind layer 15 - i the side is twice as long: outputs do not fit."""
    down, up = shapes(PRINTED, torch.rand(1, 3, 16, 12))
    assert down == [(8, 64, 64), (16, 32, 32), (16, 16, 16), (16, 8, 8), (16, 4, 4), (16, 2, 2), (16, 1, 1)]
    assert up[0] == down[6]
    for i in range(1, 7):
        channels, *side = up[14 - i + 1 - 8]
        before = UNet(PRINTED).up[14 - i - 8].norm.num_features
        assert side == list(down[i - 1][1:]) and channels == before + down[i - 1][0]


def test_layers_are_listed_with_what_enters_and_leaves_them():
    found = layers(PRINTED)
    assert [layer.name for layer in found] == [f"{way} {i}" for way in ("down", "up") for i in range(1, 8)]
    assert found[0] == Layer("down 1", 3 * 8 * 16 + 16, (3, 128), (8, 64))
    assert found[7] == Layer("up 1", 16 * 16 * 16 + 32, (16, 1), (16, 2))
    assert found[8].before == (32, 2), "what down 6 gave is concatenated"
    down, up = shapes(PRINTED, torch.rand(1, 3, 128, 128))
    assert [layer.after for layer in found[:7]] == [d[:2] for d in down]
    assert [layer.before for layer in found[7:]] == [u[:2] for u in up]
    tail = 8 * 27 + 3
    assert sum(layer.parameters for layer in found) + tail == count(UNet(PRINTED))
    assert sum(layer.parameters for layer in layers()) + 32 * 27 + 3 == 751_459


def test_what_is_handed_across_is_the_map_itself():
    """The sixth block up gets what the fifth gives and, behind it, the second map down."""
    network = UNet(PRINTED).eval()
    seen: list[torch.Tensor] = []
    network.up[5].register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    kept: list[torch.Tensor] = []
    network.down[1].register_forward_hook(lambda module, given, found: kept.append(found))
    with torch.no_grad():
        network(torch.rand(1, 3, 14, 12))
    assert seen[0].shape[1] == 16 + 16 and torch.equal(seen[0][:, 16:], kept[0])


@pytest.mark.parametrize("upsampling", ["transposed", "resize"])
def test_sides_that_are_odd_on_the_way_come_back(upsampling):
    """112 halves to 7, then to 4, 2 and 1; what comes back from there is cut from 8 to 7."""
    settings = UNetSettings(width=8, widest=16, size=112, upsampling=upsampling)
    down, up = shapes(settings, torch.rand(1, 3, 14, 12))
    assert [side for _, side, _ in down] == [56, 28, 14, 7, 4, 2, 1]
    assert [side for _, side, _ in up] == [1, 2, 4, 7, 14, 28, 56]
    assert UNet(settings)(torch.rand(1, 3, 7, 6)).shape == (1, 3, 112, 112)


def test_an_odd_side_is_rounded_up_with_nothing_behind_it():
    block = Down(1, 1, norm=False)
    nn.init.ones_(block.conv.weight)
    nn.init.zeros_(block.conv.bias)
    found = block(torch.ones(1, 1, 7, 5))
    assert found.shape == (1, 1, 4, 3)
    assert found[0, 0, 1, 1] == 16 and found[0, 0, 3, 1] == 8  # of its 4 rows, two lie beyond the picture


def test_a_batch_of_one_has_no_mean_at_the_bottleneck():
    """With batch norm there, training refuses it in one sentence; tests, and the study's network, do not."""
    face = torch.rand(1, 3, 14, 12)
    with pytest.raises(
        LrfrError, match=r"\ABatch normalisation at the 1 x 1 bottleneck needs two faces or more[^\n]*\Z"
    ):
        UNet(PRINTED).train()(face)
    assert UNet(PRINTED).train()(face.repeat(2, 1, 1, 1)).shape == (2, 3, 128, 128)
    assert UNet(PRINTED).eval()(face).shape == (1, 3, 128, 128)
    assert UNet(UNetSettings(width=8, widest=16)).train()(face).shape == (1, 3, 112, 112)


def test_the_bottleneck_of_two_faces_is_plus_and_minus_one():
    """Why the study leaves it out: normalised over two values, a channel only tells which of the two is higher."""
    network = UNet(PRINTED).train()
    normed: list[torch.Tensor] = []
    network.down[6].norm.eps = 1e-12  # the two values lie close together at first
    network.down[6].norm.register_forward_hook(lambda module, given, found: normed.append(found))
    network(torch.rand(2, 3, 32, 32))
    torch.testing.assert_close(normed[0].abs(), torch.ones(2, 16, 1, 1), atol=1e-3, rtol=0)


def test_it_starts_as_the_bicubic_enlargement_and_the_printed_one_does_not():
    lr = torch.rand(2, 3, 14, 12)
    plain = degradation.resize(degradation.upscale(lr, 128), 112)
    torch.testing.assert_close(UNet()(lr), plain)
    with torch.no_grad():
        assert float((UNet(UNetSettings(skip=False))(lr) - plain).abs().mean()) > 0.05


def test_an_enlarged_face_is_taken_as_it_is():
    """Training enlarges faces of many sizes to one batch first; a test gives the LR faces: the result is the same."""
    network = UNet(UNetSettings(width=8, widest=16)).eval()
    nn.init.normal_(network.tail.weight, std=0.05)
    lr = torch.rand(2, 3, 21, 15)
    with torch.no_grad():
        assert torch.equal(network(lr), network(degradation.upscale(lr, 128)))


def test_dropout_drops_in_training_only():
    network = UNet(PRINTED)
    faces = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        one, other = network.train()(faces), network(faces)
        assert not torch.equal(one, other)
        assert torch.equal(network.eval()(faces), network(faces))
        still = UNet(UNetSettings(width=8, widest=16, skip=False)).train()
        assert torch.equal(still(faces), still(faces))


def test_every_weight_learns():
    network = UNet(UNetSettings(width=8, widest=16))
    nn.init.normal_(network.tail.weight, std=0.05)
    network(torch.rand(3, 3, 14, 12)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (UNetSettings(width=0), "blocks, channels and an output"),
        (UNetSettings(size=64), "7 halvings need faces of more than 64 px inside the U-Net, but 64"),
        (UNetSettings(upsampling="shuffle"), "'transposed' or by 'resize', not by 'shuffle'"),
        (UNetSettings(dropout=1.0), "below 1, but 1.0"),
    ],
)
def test_what_is_no_such_network_is_refused(settings, words):
    with pytest.raises(LrfrError, match=words):
        UNet(settings)


def test_without_paths_only_the_bottleneck_and_the_enlarged_face_reach_the_output():
    whole, bare = (UNet(UNetSettings(width=8, widest=16, paths=paths)).eval() for paths in (True, False))
    assert sum(p.numel() for p in bare.parameters()) < sum(p.numel() for p in whole.parameters())
    for network in (whole, bare):
        torch.nn.init.normal_(network.tail.weight)
        for block in (network.down[-1], *network.up[:1]):  # what passes the bottleneck is silenced
            torch.nn.init.zeros_(block.conv.weight)
    faces = torch.rand(2, 3, 14, 14, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        added = [network(faces) - degradation.resize(degradation.upscale(faces, 128), 112) for network in (whole, bare)]
    assert float((added[0][0] - added[0][1]).abs().max()) > 1e-3, "paths tell the two faces apart"
    assert torch.allclose(added[1][0], added[1][1], atol=1e-5), "without them nothing does"


@pytest.mark.parametrize("kernel", [1, 3, 5])
def test_the_wide_convolution_is_torchs(kernel, monkeypatch):
    monkeypatch.setattr(convolution, "multiplies_bfloat16", lambda: False)
    ours = WideConv2d(3, 4, kernel).double().to(memory_format=torch.channels_last)
    theirs = nn.Conv2d(3, 4, kernel, padding=kernel // 2, bias=False).double()
    theirs.load_state_dict(ours.state_dict())
    x = torch.randn(2, 3, 6, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    found = []
    for layer in (ours, theirs):
        image = x.clone().to(memory_format=torch.channels_last).requires_grad_()
        y = layer(image)
        y.square().sum().backward()
        found.append((y.detach(), image.grad, layer.weight.grad))
    for mine, other in zip(*found, strict=True):
        torch.testing.assert_close(mine, other)
    assert type(ours(x).grad_fn).__name__ == "_ConvolutionBackward"
    torch.autograd.gradcheck(ours, (x.clone().requires_grad_(),))
    monkeypatch.setattr(convolution, "multiplies_bfloat16", lambda: True)
    assert type(ours(x).grad_fn).__name__ == "ConvolutionBackward0"
    ours.requires_grad_(False)
    assert ours(x).grad_fn is None
