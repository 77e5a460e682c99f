"""dlib's network: the same numbers as dlib itself, and files that are not it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lrfr import assets, datasets
from lrfr.errors import LrfrError
from lrfr.networks import dlib_resnet
from lrfr.networks.dlib_resnet import DlibResNet, Reader
from lrfr.networks.framing import Framing, dlib_scale_and_shift


@pytest.fixture(scope="module")
def weights() -> Path:
    return assets.path("dlib")


@pytest.fixture(scope="module")
def network(weights: Path) -> DlibResNet:
    return dlib_resnet.load(weights)


def att_chips(every: int) -> np.ndarray:
    """Real faces as dlib takes them: uint8, N x 150 x 150 x 3."""
    faces = datasets.load("att").tensor(np.arange(0, 400, every))
    chips = Framing(dlib_resnet.CHIP, *dlib_scale_and_shift())(faces)
    return (chips * 255).round().clamp(0, 255).to(torch.uint8).movedim(1, -1).contiguous().numpy()


def difference(network: DlibResNet, weights: Path, chips: np.ndarray) -> float:
    dlib = pytest.importorskip("dlib", reason="needs dlib-bin, which the extra 'test' brings")
    own = dlib.face_recognition_model_v1(str(weights))
    expected = np.array([own.compute_face_descriptor(chip) for chip in chips])
    with torch.no_grad():
        found = network(torch.from_numpy(chips).movedim(-1, 1).float() / 255).numpy()
    assert expected.std() > 0.01
    return float(np.abs(found - expected).max())


def test_equals_dlib_on_noise(network: DlibResNet, weights: Path) -> None:
    chips = np.random.default_rng(0).integers(0, 256, (2, 150, 150, 3), np.uint8)
    assert difference(network, weights, chips) < 1e-5


@pytest.mark.slow
def test_equals_dlib_on_att(network: DlibResNet, weights: Path) -> None:
    assert difference(network, weights, att_chips(every=8)) < 1e-5


def test_a_batch_equals_its_images_and_gradients_are_exact(network: DlibResNet) -> None:
    x = torch.rand(3, 3, 150, 150, generator=torch.Generator().manual_seed(0)).requires_grad_()
    together = network(x)
    assert torch.allclose(together[1:2], network(x[1:2]), atol=1e-5)
    # The gradient along a direction against the difference quotient, in float64.
    precise = dlib_resnet.load(assets.path("dlib")).double()
    point = x[:1].detach().double().requires_grad_()
    direction = torch.randn(point.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    (gradient,) = torch.autograd.grad(precise(point).square().sum(), point)
    step = 1e-6 * direction
    with torch.no_grad():
        slope = (precise(point + step).square().sum() - precise(point - step).square().sum()) / 2e-6
    assert float((gradient * direction).sum()) == pytest.approx(float(slope), rel=1e-4)


def test_means_and_geometry_come_from_the_file(network: DlibResNet) -> None:
    assert torch.allclose(network.mean.flatten() * 255, torch.tensor([122.782, 117.001, 104.298]))
    assert sum(isinstance(m, torch.nn.Conv2d) for m in network.modules()) == 29
    assert not any(p.requires_grad for p in network.parameters())
    assert not network.training


@pytest.mark.parametrize("share", [0.0, 0.00001, 0.3, 0.9, 0.999])
def test_a_file_cut_short_gives_one_sentence(weights: Path, tmp_path: Path, share: float) -> None:
    content = weights.read_bytes()
    cut = tmp_path / "cut.dat"
    cut.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(LrfrError, match=r"dlib's face recognition network.*: give another file"):
        dlib_resnet.load(cut)


def test_another_file_and_no_file_give_one_sentence(tmp_path: Path) -> None:
    other = tmp_path / "other.dat"
    other.write_bytes(np.random.default_rng(0).bytes(100_000))
    for path in (other, tmp_path / "none.dat", tmp_path):
        with pytest.raises(LrfrError, match="dlib's face recognition network"):
            dlib_resnet.load(path)


def test_numbers_of_the_file_format() -> None:
    assert [Reader(bytes(b)).integer() for b in ([1, 5], [2, 0, 1], [0x81, 7])] == [5, 256, -7]
    assert Reader(bytes([1, 3, 0x81, 1])).decimal() == 1.5
    with pytest.raises(ValueError, match="no integer"):
        Reader(bytes([0])).integer()
