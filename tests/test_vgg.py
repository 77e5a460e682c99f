"""VGG19: the file's own layers one by one, torchvision's twin, bfloat16, and files that are not it."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lrfr import assets, datasets
from lrfr.errors import LrfrError
from lrfr.networks import vgg
from lrfr.networks.vgg import UNIT, VGG19, WIDTHS


@pytest.fixture(scope="module")
def weights() -> Path:
    return assets.path("vgg19")


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    """Twenty Caltech faces, 112 x 112: those that `UNIT` was measured on."""
    every = datasets.load("caltech")
    return every.tensor(np.linspace(0, len(every) - 1, 20).astype(int))


def plain(weights: Path) -> nn.Sequential:
    """The packaged network as it was published: each layer by itself, the 1 x 1 convolution first."""
    state = torch.load(weights, weights_only=True)
    layers: list[nn.Module] = []
    for name, kernels in state.items():
        if name.endswith("weight"):
            while len(layers) < int(name.split(".")[0]):
                layers.append(nn.Identity())
            layers.append(nn.Conv2d(kernels.shape[1], kernels.shape[0], kernels.shape[2]))
    # what stands between two convolutions: rectifier and padding, or rectifier, pooling and padding
    places = [i for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
    layers[1] = nn.ReflectionPad2d(1)
    for before, after in itertools.pairwise(places[1:]):
        between = [nn.ReLU(), nn.MaxPool2d(2), nn.ReflectionPad2d(1)]
        layers[before + 1 : after] = between if after - before == 4 else between[::2]
    network = nn.Sequential(*layers)
    network.load_state_dict(state)
    return network.requires_grad_(False)


def after_gradient(network, images, read=lambda found: found[0]):
    """Features, and the gradient of their mean square to the images."""
    images = images.clone().requires_grad_()
    features = read(network(images))
    (gradient,) = torch.autograd.grad(features.square().mean(), images)
    return features.detach(), gradient


def correlation(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([a.flatten(), b.flatten()]).double())[0, 1])


def test_the_packaged_file_layer_by_layer(weights: Path, faces: torch.Tensor) -> None:
    """Folding the first convolution and rectifying behind the pooling change nothing."""
    expected, slope = after_gradient(plain(weights), faces[:2], lambda found: found)
    features, gradient = after_gradient(vgg.load(), faces[:2])
    assert expected.shape == (2, 512, 7, 7)
    torch.testing.assert_close(features, expected, atol=1e-4 * float(expected.std()), rtol=1e-4)
    # rounding decides a few ties of the pooling otherwise
    assert correlation(gradient, slope) > 0.9999


def test_several_layers_come_in_the_order_asked_and_before_the_rectifier(faces: torch.Tensor) -> None:
    network = vgg.load(("conv3_4", "conv1_2", "conv2_2"), scale={"conv1_2": 0.5})
    deep, shallow, middle = network(faces[:2, :, :64, :96])
    assert [f.shape for f in (deep, shallow, middle)] == [(2, 256, 16, 24), (2, 64, 64, 96), (2, 128, 32, 48)]
    assert all(float(f.min()) < 0 for f in (deep, shallow, middle))
    (whole,) = vgg.load(("conv1_2",))(faces[:2, :, :64, :96])
    torch.testing.assert_close(shallow, whole / 2)
    assert len(network.convolutions) == 8, "nothing behind the deepest layer"


def test_bfloat16_points_the_same_way(faces: torch.Tensor) -> None:
    small = faces[:2, :, 24:88, 24:88]  # a processor without units for it takes forty times as long
    precise, slope = after_gradient(vgg.load(), small)
    with torch.autocast("cpu", torch.bfloat16):
        same, _ = after_gradient(vgg.load(), small)
        fast, gradient = after_gradient(vgg.load(dtype=torch.bfloat16), small)
    assert torch.equal(same, precise), "autocast does not reach the convolutions"
    assert fast.dtype == gradient.dtype == torch.float32
    assert correlation(fast, precise) > 0.999
    assert correlation(gradient, slope) > 0.99


def test_unit_brings_each_layer_to_one_on_faces(faces: torch.Tensor) -> None:
    with torch.no_grad():
        features = vgg.load(list(WIDTHS), scale=UNIT)(faces)
    for name, feature in zip(WIDTHS, features, strict=True):
        assert feature.shape[1] == WIDTHS[name]
        assert float(feature.square().mean().sqrt()) == pytest.approx(1, abs=0.02), name


def test_frozen_and_in_evaluation_mode() -> None:
    network = vgg.load(("conv1_2",))
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


@pytest.mark.parametrize("layer", ["conv1_1", "conv4_4", "conv5_4"])
def test_equals_torchvision(layer: str, faces: torch.Tensor, tmp_path: Path) -> None:
    """Random kernels, for torchvision's lie in no package: order of layers, padding and normalisation are tested."""
    torchvision = pytest.importorskip("torchvision")
    torch.manual_seed(0)
    with torch.device("meta"):
        body = torchvision.models.vgg19().features
    theirs = body.to_empty(device="cpu").eval()
    for module in theirs:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            nn.init.normal_(module.bias, std=0.1)
    path = tmp_path / "vgg19.pth"
    torch.save({f"features.{key}": value for key, value in theirs.state_dict().items()}, path)
    position = [i for i, module in enumerate(theirs) if isinstance(module, nn.Conv2d)][list(WIDTHS).index(layer)]
    mean, spread = (torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    with torch.no_grad():
        expected = theirs[: position + 1]((faces[:1] - mean) / spread)
        (found,) = vgg.load((layer,), "torchvision", path)(faces[:1])
    torch.testing.assert_close(found, expected, atol=1e-4 * float(expected.std()), rtol=1e-4)


def test_torchvisions_absent_file_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(LrfrError, match=rf"checkpoints/{vgg.CHECKPOINT} should hold torchvision weights.*FileNotFound"):
        vgg.load(source="torchvision")


def test_files_that_are_not_it_are_one_sentence(weights: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pth"
    state = torch.load(weights, weights_only=True)
    shifted = state | {"0.bias": state["0.bias"] + 1}
    short = {key: value for key, value in state.items() if not key.startswith("51.")}
    for content in (shifted, short, {}, {"a": 1}, print):
        torch.save(content, other)
        with pytest.raises(LrfrError, match=r"should hold packaged weights of VGG19.*: give another file"):
            vgg.load(weights=other)
    for content in (b"", b"<html>not found</html>", weights.read_bytes()[:100_000]):
        other.write_bytes(content)
        with pytest.raises(LrfrError, match="should hold packaged weights of VGG19"):
            vgg.load(weights=other)
    with pytest.raises(LrfrError, match="should hold torchvision weights of VGG19"):
        vgg.load(source="torchvision", weights=weights)


def test_wrong_arguments_are_one_sentence() -> None:
    for layers in ((), ("conv5_5",), "conv5_4"):
        with pytest.raises(LrfrError, match=r"Expected layers of VGG19 out of conv1_1, .*conv5_4, found"):
            VGG19(layers)
    with pytest.raises(LrfrError, match="found 'imagenet'"):
        vgg.load(source="imagenet")  # type: ignore[arg-type]
    with pytest.raises(LrfrError, match="scale names conv9_9"):
        VGG19(scale={"conv9_9": 1.0})
    network = VGG19(("conv3_1",))
    assert network(torch.rand(1, 3, 8, 8))[0].shape == (1, 256, 2, 2)
    for shape in ((1, 3, 7, 8), (3, 8, 8), (1, 1, 8, 8)):
        with pytest.raises(LrfrError, match="up to conv3_1 takes N x 3 x H x W with sides of at least 8 pixels"):
            network(torch.rand(shape))
