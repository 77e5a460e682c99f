"""SphereFace-20: its size, what it sees, and where its weights come from. Weights here are random: plumbing only."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from lrfr import datasets, recognizers
from lrfr.alignment import TEMPLATE
from lrfr.errors import LrfrError
from lrfr.networks import sphereface
from lrfr.networks.lightcnn import LightCNN


@pytest.fixture(scope="module")
def layout() -> sphereface.SphereFace:
    torch.manual_seed(0)
    return sphereface.SphereFace().eval()


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    return datasets.load("att").tensor(np.array([0, 10]))


def test_it_has_so_many_parameters(layout: sphereface.SphereFace) -> None:
    """By hand, from the column "20-layer CNN" of the paper's Table 2, with biases and PReLU; without the classifier."""

    def conv(before: int, after: int) -> int:
        return 3 * 3 * before * after + after + after  # weights, biases, slopes

    stage_1 = conv(3, 64) + 1 * 2 * conv(64, 64)
    stage_2 = conv(64, 128) + 2 * 2 * conv(128, 128)
    stage_3 = conv(128, 256) + 4 * 2 * conv(256, 256)
    stage_4 = conv(256, 512) + 1 * 2 * conv(512, 512)
    linear = 512 * 7 * 6 * 512 + 512
    by_hand = stage_1 + stage_2 + stage_3 + stage_4 + linear
    assert sum(p.numel() for p in layout.parameters()) == by_hand == 22_670_656
    assert sum(isinstance(m, torch.nn.Conv2d) for m in layout.modules()) == 20


def test_layers_are_named_as_in_the_authors_file(layout: sphereface.SphereFace) -> None:
    names = [name for name, module in layout.named_modules() if isinstance(module, torch.nn.Conv2d | torch.nn.Linear)]
    assert names[:4] == ["conv1_1", "conv1_2", "conv1_3", "conv2_1"]
    assert names[-6:] == ["conv3_8", "conv3_9", "conv4_1", "conv4_2", "conv4_3", "fc5"]


def test_a_unit_whose_convolution_is_zero_passes_its_input_on(faces: torch.Tensor) -> None:
    """The last unit's second layer switched off: what remains is the stage's first layer, through the linear one."""
    torch.manual_seed(0)
    network = sphereface.SphereFace().eval()
    for values in network.get_submodule("conv4_3").parameters():
        torch.nn.init.zeros_(values)
    seen = []
    network.get_submodule("relu4_1").register_forward_hook(lambda module, given, result: seen.append(result))
    with torch.no_grad():
        assert torch.equal(network(sphereface.Input()(faces)), network.fc5(seen[0].flatten(1)))


def test_it_sees_the_middle_columns_in_bgr() -> None:
    # Red is the column, so that the cut shows; green and blue are plain.
    images = torch.zeros(1, 3, 112, 112)
    images[:, 0] = torch.arange(112) / 255
    images[:, 1] = 1.0
    blue, green, red = sphereface.Input()(images)[0]
    assert torch.allclose(red, ((torch.arange(8, 104) - 127.5) / 128).expand(112, 96), atol=1e-5)
    assert torch.allclose(green, torch.full((112, 96), 127.5 / 128), atol=1e-5)
    assert torch.allclose(blue, torch.full((112, 96), -127.5 / 128), atol=1e-5)


def test_the_middle_columns_are_the_authors_frame() -> None:
    """The five points of their alignment, in 96 x 112."""
    authors = [[30.2946, 51.6963], [65.5318, 51.5014], [48.0252, 71.7366], [33.5493, 92.3655], [62.7299, 92.2041]]
    assert np.allclose(TEMPLATE - (8, 0), authors)


def test_embeddings_and_their_gradient(layout: sphereface.SphereFace, faces: torch.Tensor, tmp_path: Path) -> None:
    save_file(layout.state_dict(), tmp_path / "layout.safetensors")
    network = recognizers.load("sphereface", weights=tmp_path / "layout.safetensors")
    images = faces.clone().requires_grad_()
    embeddings = network(images)
    assert embeddings.shape == (2, network.dim) == (2, 512)
    assert network.distance == "cosine"
    with torch.no_grad():
        assert torch.allclose(embeddings, layout(sphereface.Input()(faces)), atol=1e-5)
    embeddings.square().sum().backward()
    assert images.grad is not None
    assert (images.grad[..., 8:104] != 0).float().mean() > 0.9
    assert images.grad[..., :8].abs().sum() == images.grad[..., 104:].abs().sum() == 0
    assert not any(p.requires_grad for p in network.parameters())


def test_it_reads_a_file_with_a_classifier(layout: sphereface.SphereFace, tmp_path: Path) -> None:
    torch.save({**layout.state_dict(), "fc6.weight": torch.zeros(512, 5)}, tmp_path / "layout.pth")
    read = sphereface.load(tmp_path / "layout.pth").state_dict()
    assert all(torch.equal(value, read[key]) for key, value in layout.state_dict().items())


def test_there_is_never_a_random_network(tmp_path: Path) -> None:
    with pytest.raises(LrfrError, match=r"lie in no package: pass weights=PATH.*authors' release"):
        recognizers.load("sphereface")
    with pytest.raises(LrfrError, match=r"no file .*none\.pth.*authors' release"):
        recognizers.load("sphereface", weights=tmp_path / "none.pth")


def test_another_file_is_refused(tmp_path: Path) -> None:
    save_file(LightCNN().state_dict(), tmp_path / "other.safetensors")
    (tmp_path / "text.pth").write_text("Not found")
    for path in sorted(tmp_path.iterdir()):
        with pytest.raises(LrfrError, match=r"should hold the weights of SphereFace-20.*authors' release"):
            recognizers.load("sphereface", weights=path)
