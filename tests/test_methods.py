"""Methods: what enlarges a small face, run over a whole set."""

import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from torch import nn

from lrfr import datasets, degradation, methods
from lrfr.datasets.base import to_tensor
from lrfr.errors import LrfrError
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.training import save_weights


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    return np.asarray(datasets.load("att").images[:70:10])


@pytest.mark.parametrize("px", [7, 14, 28, 56])
@pytest.mark.parametrize("kernel", methods.KERNELS)
def test_interpolation_gives_faces_of_full_size(faces, px, kernel):
    method = methods.interpolation(px, kernel)
    restored = methods.restore(method, faces)
    assert restored.shape == faces.shape and restored.dtype == np.uint8
    assert method.name == ("Lanczos" if kernel == "lanczos" else kernel) and method.px == px
    assert np.abs(restored.astype(int) - faces).mean() < 40
    assert not np.array_equal(restored, faces)


@pytest.mark.parametrize("px", [14, 28])
def test_bicubic_is_the_round_trip_within_one_grey_level(faces, px):
    restored = methods.restore(methods.interpolation(px), faces)
    expected = degradation.round_trip(to_tensor(faces), px) * 255
    difference = (to_tensor(restored) * 255 - expected).abs()
    assert float(difference.max()) <= 0.502  # rounded to 8 bits (a tie within a thousandth goes up), nothing else


def test_hr_is_left_alone(faces):
    method = methods.hr()
    assert (method.name, method.px) == ("HR", 112)
    assert np.array_equal(methods.restore(method, faces), faces)


def test_the_batch_does_not_matter(faces):
    whole = methods.restore(methods.interpolation(14), faces)
    for size in (1, 3, 7):
        np.testing.assert_array_equal(methods.restore(methods.interpolation(14), faces, size), whole)


def test_every_face_is_degraded_before_the_method_sees_it(faces):
    """A method is given LR pictures of 8 bits; what it overshoots is clamped."""
    seen = []

    def enlarge(lr: torch.Tensor) -> torch.Tensor:
        seen.append(lr)
        return degradation.upscale(lr, 112) * 3 - 1

    restored = methods.restore(methods.Method("wild", 14, enlarge), faces)
    lr = torch.cat(seen)
    assert lr.shape == (7, 3, 14, 14)
    torch.testing.assert_close(lr, degradation.degrade(to_tensor(faces), 14), atol=0, rtol=0)
    torch.testing.assert_close((lr * 255).round() / 255, lr)
    assert restored.min() == 0 and restored.max() == 255


@pytest.fixture
def run(tmp_path):
    """A run's folder: weights and settings of a small network whose last layer is not zero."""
    settings = SRResNetSettings(8, blocks=1, width=4)
    torch.manual_seed(0)
    network = SRResNet(settings)
    nn.init.normal_(network.tail.weight, std=0.01)
    save_weights(network, tmp_path / "weights.safetensors")
    (tmp_path / "settings.json").write_text(json.dumps({"network": asdict(settings), "arm": "mse"}))
    return tmp_path, network.eval()


def test_a_run_s_network_is_a_method(run, faces):
    folder, network = run
    method = methods.trained("SRResNet (MSE)", folder / "weights.safetensors")
    assert (method.name, method.px) == ("SRResNet (MSE)", 14)
    with torch.no_grad():
        expected = network(degradation.degrade(to_tensor(faces), 14)).clamp(0, 1) * 255
    restored = torch.from_numpy(methods.restore(method, faces).transpose(0, 3, 1, 2)).float()
    assert float((restored - expected).abs().max()) <= 0.5 + 1e-2
    bicubic = torch.from_numpy(methods.restore(methods.interpolation(14), faces).transpose(0, 3, 1, 2)).float()
    assert float((restored - bicubic).abs().max()) > 1


def test_shipped_weights_carry_their_settings_beside_them(run, faces):
    """``<name>.json`` with the settings one level down, and fp16 weights."""
    folder, network = run
    shipped = folder / "shipped" / "frloss-8x-s0-mse.safetensors"
    save_weights(network, shipped, half=True)
    settings = json.loads((folder / "settings.json").read_text())
    shipped.with_suffix(".json").write_text(json.dumps({"settings": settings, "run": "frloss-8x-s0-mse"}))
    whole, half = (
        methods.restore(methods.trained("x", path), faces) for path in (folder / "weights.safetensors", shipped)
    )
    assert np.abs(whole.astype(int) - half).max() <= 1


def test_weights_without_settings_are_said(run):
    folder, _ = run
    (folder / "settings.json").unlink()
    with pytest.raises(LrfrError, match=r"Expected the settings of weights\.safetensors beside it .*found none"):
        methods.trained("x", folder / "weights.safetensors")


def test_an_unknown_checkpoint_is_said_with_those_that_are_there():
    with pytest.raises(LrfrError, match=r"Expected shipped weights frloss-3x, found .*: check the name"):
        methods.checkpoint("frloss-3x")


# Other sizes, other degradations, a published network


def test_a_network_fed_with_another_size_is_fitted_to_full_size(faces):
    fourfold = methods.Method("x4", 28, lambda lr: lr.repeat_interleave(4, 2).repeat_interleave(4, 3))
    for px in (7, 14, 20, 56):
        method = methods.at_size(fourfold, px)
        assert (method.name, method.px) == ("x4", px)
        lr = degradation.degrade(to_tensor(faces), px)
        large = lr.repeat_interleave(4, 2).repeat_interleave(4, 3)
        expected = degradation.resize(large, 112, antialias=4 * px > 112).clamp(0, 1) * 255
        assert float((to_tensor(methods.restore(method, faces)) * 255 - expected).abs().max()) <= 0.502
    same = methods.restore(methods.at_size(fourfold, 28), faces)
    assert np.array_equal(same, methods.restore(fourfold, faces))


def test_the_camera_spoils_each_face_by_its_own_number(faces):
    clean = methods.interpolation(28)
    camera = methods.by_camera(clean)
    spoilt = methods.restore(camera, faces)
    assert not np.array_equal(spoilt, methods.restore(clean, faces))
    for size in (1, 3):
        assert np.array_equal(spoilt, methods.restore(camera, faces, batch_size=size))
    assert not np.array_equal(spoilt, methods.restore(methods.by_camera(clean, seed=1), faces))
    lr = degradation.Camera()(to_tensor(faces), 28, range(len(faces)))
    expected = degradation.upscale(lr, 112) * 255
    assert float((to_tensor(spoilt) * 255 - expected).abs().max()) <= 0.502


def test_real_esrgan_sharpens(faces):
    """More edges than bicubic enlargement, at 28 px and fitted at 14."""
    for px in (28, 14):
        plain, sharp = (
            methods.restore(m, faces[:2]).astype(float) for m in (methods.interpolation(px), methods.real_esrgan(px))
        )
        edges = [np.abs(np.diff(images, axis=2)).mean() for images in (plain, sharp)]
        assert sharp.shape == plain.shape and edges[1] > 1.1 * edges[0]


@pytest.mark.parametrize("able", [True, False])
def test_a_quick_real_esrgan_is_the_same_picture(faces, able, monkeypatch):
    monkeypatch.setattr(methods, "multiplies_bfloat16", lambda: able)
    exact, quick = (methods.restore(methods.real_esrgan(14, q), faces[:1]).astype(float) for q in (False, True))
    assert np.array_equal(exact, quick) is not able
    assert np.abs(exact - quick).mean() < 1.5


@pytest.mark.parametrize("able", [True, False])
def test_a_quick_generator_is_the_same_picture(faces, able, monkeypatch):
    monkeypatch.setattr(methods, "multiplies_bfloat16", lambda: able)
    weights = methods.checkpoint("frloss-8x-s0-fr")
    ways = (methods.trained("FR", weights, size=14, quick=q) for q in (False, True))
    exact, quick = (methods.restore(way, faces[:2]).astype(float) for way in ways)
    assert np.array_equal(exact, quick) is not able
    assert np.abs(exact - quick).mean() < 0.3


@pytest.mark.parametrize(("content", "said"), [(None, r"Expected [^\n]*net\.json, found none"), ("{", "is damaged")])
def test_a_log_that_is_not_whole_is_one_sentence(tmp_path, monkeypatch, content, said):
    monkeypatch.setattr(methods, "data_dir", lambda: tmp_path)
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / "net.safetensors").touch()
    if content:
        (tmp_path / "checkpoints" / "net.json").write_text(content)
    with pytest.raises(LrfrError, match=rf"\A[^\n]*{said}[^\n]*: pull the whole checkout\.\Z"):
        methods.shipped_log("net")
