"""LR faces that are no squares, as multiscale's 16 x 12: reduced, enlarged, and restored by methods of any size."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lrfr import datasets, degradation, methods
from lrfr.datasets.base import to_tensor
from lrfr.errors import LrfrError
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.networks.unet import UNet, UNetSettings
from lrfr.papers.multiscale import SIZES
from lrfr.training import save_weights


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.asarray(datasets.load("att").images[:70:10])


@pytest.fixture(scope="module")
def hr(faces) -> torch.Tensor:
    return to_tensor(faces)


# Reducing and enlarging


@pytest.mark.parametrize("size", SIZES)
def test_height_comes_before_width(hr, size):
    lr = degradation.degrade(hr, size)
    assert lr.shape == (7, 3, *size)
    torch.testing.assert_close((lr * 255).round() / 255, lr)
    assert degradation.upscale(lr, 128).shape == (7, 3, 128, 128)


def test_either_side_is_reduced_by_its_own_factor(hr):
    """Rows that are all alike stay so, whatever becomes of their number; columns are those of a square reduction."""
    stripes = hr[:, :, 56:57].expand(-1, -1, 112, -1)
    tall, square = degradation.degrade(stripes, (16, 12)), degradation.degrade(stripes, 12)
    torch.testing.assert_close(tall, square[:, :, :1].expand(-1, -1, 16, -1), atol=1.01 / 255, rtol=0)
    turned = degradation.degrade(stripes.transpose(2, 3), (12, 16))
    torch.testing.assert_close(turned, tall.transpose(2, 3), atol=1.01 / 255, rtol=0)


def test_a_square_named_twice_is_a_square(hr):
    assert torch.equal(degradation.degrade(hr, (14, 14)), degradation.degrade(hr, 14))
    camera = degradation.Camera()
    assert torch.equal(camera(hr, (14, 14), range(7)), camera(hr, 14, range(7)))
    assert camera(hr, (16, 12), range(7)).shape == (7, 3, 16, 12)


# Methods


def test_a_method_names_its_size():
    square, tall = methods.interpolation(14), methods.interpolation((16, 12))
    assert (square.px, square.width, square.size) == (14, None, 14)
    assert (tall.px, tall.width, tall.size) == (16, 12, (16, 12))
    assert methods.interpolation((14, 14)).size == 14 and methods.hr().size == 112


@pytest.mark.parametrize("size", [(7, 6), (16, 12), (112, 96)])
def test_bicubic_is_the_round_trip_within_one_grey_level(faces, hr, size):
    """112 x 96 is no HR face, though it is as high."""
    restored = methods.restore(methods.interpolation(size), faces)
    expected = degradation.round_trip(hr, size) * 255
    assert float((to_tensor(restored) * 255 - expected).abs().max()) <= 0.502
    assert not np.array_equal(restored, faces)


def test_the_camera_spoils_rectangles_too(faces):
    spoilt = methods.restore(methods.by_camera(methods.interpolation((16, 12))), faces)
    lr = degradation.Camera()(to_tensor(faces), (16, 12), range(7))
    assert float((to_tensor(spoilt) * 255 - degradation.upscale(lr, 112) * 255).abs().max()) <= 0.502


def test_a_network_that_enlarges_by_a_factor_takes_rectangles(hr):
    """8 x 16 by 8 x 12 is 128 x 96: the higher side is reduced, the other enlarged, to 112."""
    eightfold = methods.Method("x8", 14, lambda lr: lr.repeat_interleave(8, 2).repeat_interleave(8, 3))
    method = methods.at_size(eightfold, (16, 12))
    assert (method.name, method.size) == ("x8", (16, 12))
    lr = degradation.degrade(hr, (16, 12))
    large = lr.repeat_interleave(8, 2).repeat_interleave(8, 3)
    assert large.shape[-2:] == (128, 96)
    torch.testing.assert_close(method.enlarge(lr), degradation.resize(large, 112))


# Trained networks


def shipped(folder: Path, network: nn.Module, settings: object) -> Path:
    folder.mkdir()
    save_weights(network, folder / "weights.safetensors")
    (folder / "settings.json").write_text(json.dumps({"generator": asdict(settings)}))  # type: ignore[call-overload]
    return folder / "weights.safetensors"


@pytest.fixture
def unet(tmp_path) -> tuple[Path, UNet]:
    settings = UNetSettings(width=4, widest=8)
    torch.manual_seed(0)
    network = UNet(settings)
    nn.init.normal_(network.tail.weight, std=0.2)
    return shipped(tmp_path / "unet", network, settings), network.eval()


@pytest.mark.parametrize("size", [(7, 6), 14, (21, 15), (112, 96)])
def test_a_u_net_restores_faces_of_the_size_that_it_is_told(unet, faces, hr, size):
    weights, network = unet
    method = methods.trained("U-Net", weights, size=size)
    assert (method.name, method.size) == ("U-Net", size)
    restored = methods.restore(method, faces)
    with torch.no_grad():
        expected = network(degradation.upscale(degradation.degrade(hr, size), 128)).clamp(0, 1) * 255
    assert float((to_tensor(restored) * 255 - expected).abs().max()) <= 0.502 + 1e-2
    plain = methods.restore(methods.interpolation(size), faces)
    assert np.abs(restored.astype(int) - plain).max() > 3


def test_a_u_net_has_no_size_of_its_own(unet):
    with pytest.raises(LrfrError, match=r"\Aweights is a U-Net, which takes faces of any size: say which[^\n]*\Z"):
        methods.trained("U-Net", unet[0])


def test_a_network_with_a_factor_is_told_another_size(tmp_path, faces, hr):
    settings = SRResNetSettings(8, blocks=1, width=4)
    network = SRResNet(settings)
    nn.init.normal_(network.tail.weight, std=0.01)
    weights = shipped(tmp_path / "srresnet", network, settings)
    assert methods.trained("SRResNet", weights).size == 14
    method = methods.trained("SRResNet", weights, size=(11, 8))
    assert method.size == (11, 8)
    with torch.no_grad():
        large = network.eval()(degradation.degrade(hr, (11, 8))).clamp(0, 1)
    expected = degradation.resize(large, 112, antialias=False).clamp(0, 1) * 255
    assert float((to_tensor(methods.restore(method, faces)) * 255 - expected).abs().max()) <= 0.502 + 1e-2
