"""LightCNN-29: its size, what it sees, and where its weights come from. Weights here are random: plumbing only."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lrfr import datasets, recognizers
from lrfr.alignment import TEMPLATE
from lrfr.errors import LrfrError
from lrfr.networks import lightcnn
from lrfr.networks.sphereface import SphereFace


@pytest.fixture(scope="module")
def layout() -> lightcnn.LightCNN:
    torch.manual_seed(0)
    return lightcnn.LightCNN().eval()


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    return datasets.load("att").tensor(np.array([0, 10]))


def mfm(before: int, after: int, area: int) -> int:
    return before * area * 2 * after + 2 * after


def test_it_has_so_many_parameters(layout: lightcnn.LightCNN) -> None:
    """By hand, from the layers of the authors' release: weights and biases, without the classifier.

    The paper's table totals 12,637K for its 29-layer network; the released layers have half a percent less, and no
    layer of the release accounts for the rest, so that total is only compared roughly.
    """
    residual = {width: 2 * mfm(width, width, 9) for width in (48, 96, 192, 128)}
    group = {(a, b): mfm(a, a, 1) + mfm(a, b, 9) for a, b in ((48, 96), (96, 192), (192, 128), (128, 128))}
    by_hand = mfm(1, 48, 25) + residual[48] + 2 * residual[96] + 3 * residual[192] + 4 * residual[128]
    by_hand += sum(group.values()) + mfm(128 * 8 * 8, 256, 1)
    total = sum(p.numel() for p in layout.parameters())
    assert total == by_hand == 12_573_280
    assert total == pytest.approx(12_637_000, rel=0.006)
    assert sum(isinstance(m, torch.nn.Conv2d) for m in layout.modules()) == 1 + 2 * (1 + 2 + 3 + 4) + 2 * 4 == 29


def test_the_larger_of_two_features_stays(layout: lightcnn.LightCNN) -> None:
    x = torch.rand(1, 1, 128, 128)
    with torch.no_grad():
        both = layout.conv1.filter(x)
        assert torch.equal(layout.conv1(x), torch.maximum(both[:, :48], both[:, 48:]))


def test_it_sees_the_whole_crop_in_grey(faces: torch.Tensor) -> None:
    seen = lightcnn.Input()(faces)
    assert seen.shape == (2, 1, 128, 128)
    red, green, blue = torch.eye(3).view(3, 3, 1, 1).expand(3, 3, 112, 112)
    for colour, luma in ((red, 0.299), (green, 0.587), (blue, 0.114)):
        assert torch.allclose(lightcnn.Input()(colour[None]), torch.full((1, 1, 128, 128), luma), atol=1e-5)


def test_it_may_see_the_authors_frame(faces: torch.Tensor) -> None:
    scale, shift_x, shift_y = lightcnn.scale_and_shift()
    points = TEMPLATE * scale + (shift_x, shift_y)
    assert points[:2].mean(0) == pytest.approx([63.5, 40])
    assert points[3:].mean(0)[1] == pytest.approx(88)
    assert lightcnn.Input("authors")(faces).shape == (2, 1, 128, 128)
    with pytest.raises(LrfrError, match="'crop' or 'authors', found 'other'"):
        lightcnn.Input("other")  # type: ignore[arg-type]


def test_embeddings_and_their_gradient(layout: lightcnn.LightCNN, faces: torch.Tensor, tmp_path: Path) -> None:
    save_file(layout.state_dict(), tmp_path / "layout.safetensors")
    network = recognizers.load("lightcnn", weights=tmp_path / "layout.safetensors")
    images = faces.clone().requires_grad_()
    embeddings = network(images)
    assert embeddings.shape == (2, network.dim) == (2, 256)
    assert network.distance == "cosine"
    with torch.no_grad():
        assert torch.allclose(embeddings, layout(lightcnn.Input("authors")(faces)), atol=1e-5)
    embeddings.square().sum().backward()
    assert images.grad is not None
    assert (images.grad != 0).float().mean() > 0.8  # the authors' frame leaves the edges of the crop out
    assert not any(p.requires_grad for p in network.parameters())


def test_it_reads_the_form_of_the_authors_file(layout: lightcnn.LightCNN, tmp_path: Path) -> None:
    """A checkpoint of torch.nn.DataParallel with its classifier and the state of the training around it."""
    state = {f"module.{key}": value for key, value in layout.state_dict().items()}
    state |= {"module.fc2.weight": torch.zeros(5, 256), "module.fc2.bias": torch.zeros(5)}
    torch.save({"epoch": 80, "arch": "LightCNN", "prec1": 99.0, "state_dict": state}, tmp_path / "layout.pth.tar")
    read = lightcnn.load(tmp_path / "layout.pth.tar").state_dict()
    assert all(torch.equal(value, read[key]) for key, value in layout.state_dict().items())


def test_there_is_never_a_random_network(tmp_path: Path) -> None:
    with pytest.raises(LrfrError, match=r"lie in no package: pass weights=PATH.*authors' release"):
        recognizers.load("lightcnn")
    with pytest.raises(LrfrError, match=r"no file .*none\.pth.*authors' release"):
        recognizers.load("lightcnn", weights=tmp_path / "none.pth")


def test_another_file_is_refused(layout: lightcnn.LightCNN, tmp_path: Path) -> None:
    save_file(SphereFace().state_dict(), tmp_path / "other.safetensors")
    short = {key: value for key, value in layout.state_dict().items() if key != "fc.filter.bias"}
    save_file(short, tmp_path / "short.safetensors")
    torch.save([1, 2], tmp_path / "list.pth")
    torch.save({"state_dict": layout}, tmp_path / "code.pth")  # a whole module: more than tensors
    (tmp_path / "text.pth.tar").write_text("Not found")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(LrfrError, match=r"should hold the weights of LightCNN-29.*authors' release"):
            recognizers.load("lightcnn", weights=path)
