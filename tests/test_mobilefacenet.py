"""The trainable MobileFaceNet is the packaged one: same numbers, same size; it trains, and its batch norm does not."""

import numpy as np
import pytest
import torch

from lrfr import assets, datasets, recognizers
from lrfr.errors import LrfrError
from lrfr.networks.mobilefacenet import BLOCKS, MobileFaceNet, from_onnx
from lrfr.training import load_weights, save_weights


@pytest.fixture(scope="module")
def network() -> MobileFaceNet:
    return from_onnx(assets.path("mobilefacenet"))


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Eight Caltech crops, uint8."""
    return np.asarray(datasets.load("caltech").images[::60])


def tensor(faces: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(faces.transpose(0, 3, 1, 2).copy()).float() / 255


def test_equals_onnxruntime_and_the_frozen_recogniser(network, faces):
    runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime, which the extra 'test' brings")
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    session = runtime.InferenceSession(str(assets.path("mobilefacenet")), options, providers=["CPUExecutionProvider"])
    given = (faces.transpose(0, 3, 1, 2).astype(np.float32) - 127.5) / 127.5
    expected = session.run(None, {session.get_inputs()[0].name: given})[0]
    with torch.no_grad():
        found = network(tensor(faces)).numpy()
    assert expected.std() > 0.01 and np.abs(found - expected).max() < 1e-4
    assert np.abs(found - recognizers.embed(recognizers.load("mobilefacenet"), faces)).max() < 1e-4


def test_parameters_by_hand():
    """Convolutions with bias, slopes, a linear layer and the frozen batch norm."""

    def unit(before: int, after: int, kernel: int, groups: int = 1) -> int:
        return before // groups * after * kernel**2 + 2 * after

    count = unit(3, 128, 3) + unit(128, 128, 3, 64)
    for before, within, after, _ in BLOCKS:
        count += unit(before, within, 1) + unit(within, within, 3, within) + within * after + after
    count += unit(256, 512, 1) + unit(512, 64, 1) + 3136 * 512 + 512
    trained = [p for p in MobileFaceNet().parameters() if p.requires_grad]
    assert sum(p.numel() for p in trained) == count == 3_398_400


def test_every_parameter_learns_but_the_batch_norm_stays(network, faces):
    network = from_onnx(assets.path("mobilefacenet")).train()
    before = {k: v.clone() for k, v in network.state_dict().items()}
    optimizer = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], 1e-2)
    network(tensor(faces[:2])).square().sum().backward()
    optimizer.step()
    for key, value in network.state_dict().items():
        assert torch.equal(value, before[key]) == key.startswith("norm."), key


def test_bfloat16_comes_close_and_has_gradients(network, faces):
    images = tensor(faces[:4])
    with torch.no_grad():
        exact = network(images)
    with torch.autocast("cpu", torch.bfloat16):
        half = network(images)
    assert torch.cosine_similarity(exact, half.detach().float()).min() > 0.995
    gradients = torch.autograd.grad(half.float().square().sum(), [p for p in network.parameters() if p.requires_grad])
    wanted = torch.autograd.grad(network(images).square().sum(), [p for p in network.parameters() if p.requires_grad])
    flat, reference = (torch.cat([g.flatten() for g in found]) for found in (gradients, wanted))
    assert flat.dtype == torch.float32
    assert torch.cosine_similarity(flat, reference, dim=0) > 0.95


def test_saved_in_half_precision_it_sees_the_same_faces(network, faces, tmp_path):
    save_weights(network, tmp_path / "half.safetensors", half=True)
    again = load_weights(MobileFaceNet(), tmp_path / "half.safetensors").eval()
    with torch.no_grad():
        cosine = torch.cosine_similarity(again(tensor(faces)), network(tensor(faces)))
    assert cosine.min() > 0.99999
    assert (tmp_path / "half.safetensors").stat().st_size < 7e6


@pytest.mark.parametrize("content", [b"no onnx", b""])
def test_another_file_is_refused(tmp_path, content):
    path = tmp_path / "x.onnx"
    path.write_bytes(content)
    with pytest.raises(LrfrError, match=r"should hold InsightFace's MobileFaceNet, but it could not be read"):
        from_onnx(path)


def test_another_network_is_refused():
    with pytest.raises(LrfrError, match="should hold InsightFace's MobileFaceNet"):
        from_onnx(assets.path("sface"))
