"""The discriminator: its size, its shapes, and what it refuses."""

import pytest
import torch

from lrfr.errors import LrfrError
from lrfr.networks.discriminator import Discriminator, DiscriminatorSettings


def count(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize(("size", "side", "expected"), [(128, 4, 14_499_401), (112, 3, 14_141_001)])
def test_it_has_so_many_parameters(size, side, expected):
    """By hand: k3 and k4s2 at 64, 128, 256, 512, 512 with batch norm but on the first, 100 hidden units, one logit."""
    total, before = 0, 3
    for width in (64, 128, 256, 512, 512):
        total += 9 * before * width + 16 * width * width + 2 * 2 * width
        before = width
    total += 64 - 2 * 64  # a bias instead of the first batch norm
    total += (512 * side * side + 1) * 100 + 100 + 1
    assert count(Discriminator(DiscriminatorSettings(size))) == total == expected


def test_without_batch_norm_every_convolution_has_a_bias():
    plain, normed = (Discriminator(DiscriminatorSettings(width=4, norm=norm)) for norm in (False, True))
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in plain.modules())
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in normed.modules()) == 9
    assert count(normed) - count(plain) == 4 + 2 * (8 + 16 + 32 + 32)


@pytest.mark.parametrize("size", [32, 48, 112, 128])
@pytest.mark.parametrize("norm", [True, False])
def test_one_logit_a_picture_and_a_gradient_to_every_pixel_and_weight(size, norm):
    torch.manual_seed(0)
    network = Discriminator(DiscriminatorSettings(size, width=4, norm=norm))
    images = torch.rand(3, 3, size, size, requires_grad=True)
    logits = network(images)
    assert logits.shape == (3,)
    logits.square().sum().backward()
    assert images.grad is not None
    # 112 halves to 7 and then to 3: no border is lost by that.
    assert (images.grad.abs().sum((0, 1)) > 0).all()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())


def test_it_learns_to_tell_two_kinds_of_pictures_apart():
    torch.manual_seed(0)
    network = Discriminator(DiscriminatorSettings(32, width=4))
    optimizer = torch.optim.Adam(network.parameters(), 1e-3)
    rough = torch.rand(8, 3, 32, 32)
    smooth = torch.nn.functional.avg_pool2d(rough, 5, 1, 2)
    truth = torch.tensor([1.0] * 8 + [0.0] * 8)
    for _ in range(20):
        optimizer.zero_grad()
        logits = network(torch.cat([rough, smooth]))
        torch.nn.functional.binary_cross_entropy_with_logits(logits, truth).backward()
        optimizer.step()
    assert logits[:8].min() > logits[8:].max()


@pytest.mark.parametrize("shape", [(1, 3, 128, 128), (1, 3, 112, 96), (1, 1, 112, 112), (3, 112, 112)])
def test_pictures_of_another_shape_are_refused(shape):
    with pytest.raises(LrfrError, match=r"N x 3 x 112 x 112, found \("):
        Discriminator(DiscriminatorSettings(width=4))(torch.rand(shape))


@pytest.mark.parametrize(
    ("settings", "match"),
    [({"size": 100}, "but 100 was asked"), ({"size": 16}, "but 16 was asked"), ({"width": 0}, "not 0 of them")],
)
def test_settings_that_name_no_network_are_refused(settings, match):
    with pytest.raises(LrfrError, match=match):
        Discriminator(DiscriminatorSettings(**settings))
