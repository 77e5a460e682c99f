"""Embeddings are kept by what made them: the pictures, and everything that the network computes with."""

import numpy as np
import pytest
import torch
from torch import nn

from lrfr import datasets, embeddings
from lrfr.networks.facenet import Input
from lrfr.networks.framing import Framing
from lrfr.recognizers import Recognizer


class Counting(nn.Module):
    """A small network that counts its calls."""

    def __init__(self, dim: int = 5) -> None:
        super().__init__()
        self.calls = [0]
        self.body = nn.Sequential(nn.AvgPool2d(16), nn.Flatten(), nn.Linear(147, dim), nn.BatchNorm1d(dim))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.calls[0] += 1
        return self.body(x)


def recognizer(dim: int = 5, name: str = "counting") -> Recognizer:
    torch.manual_seed(0)
    return Recognizer(name, Counting(dim), dim, "euclidean")


@pytest.fixture
def crops(tmp_path, monkeypatch) -> np.ndarray:
    images = datasets.load("att").images[:70:10]
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path))
    return images


def test_the_same_pictures_are_embedded_once(crops, tmp_path):
    first = recognizer()
    found = embeddings.cached(first, crops)
    assert first.network.calls == [1] and found.shape == (7, 5) and found.dtype == np.float32
    with torch.no_grad():
        expected = first(torch.from_numpy(crops.transpose(0, 3, 1, 2) / np.float32(255)))
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-6)
    again = recognizer()
    np.testing.assert_array_equal(embeddings.cached(again, crops.copy()), found)
    assert again.network.calls == [0]
    assert [p.suffix for p in (tmp_path / "embeddings").iterdir()] == [".npy"]


def test_other_pictures_and_other_networks_are_embedded_anew(crops):
    embeddings.cached(recognizer(), crops)
    one_grey_level = crops.copy()
    one_grey_level[3, 50, 60, 1] ^= 1
    for images in (one_grey_level, crops[:6], crops[::-1], crops[:, :, ::-1]):
        judge = recognizer()
        embeddings.cached(judge, images)
        assert judge.network.calls == [1]
    other_weight = recognizer()
    with torch.no_grad():
        other_weight.network.body[2].weight[0, 0] += 1e-6
    other_statistics = recognizer()
    other_statistics.network.body[3].running_mean += 1e-6
    for judge in (other_weight, other_statistics, recognizer(name="other"), recognizer(dim=6)):
        embeddings.cached(judge, crops)
        assert judge.network.calls == [1]


def test_an_accelerators_embeddings_are_kept_apart(crops, tmp_path, monkeypatch):
    """What is kept of a processor has the name that it always had."""
    here = embeddings.cached(recognizer(), crops)
    name = f"counting-{embeddings.weights_digest(recognizer())}-{embeddings.digest(crops)}.npy"
    assert [p.name for p in (tmp_path / "embeddings").iterdir()] == [name]
    monkeypatch.setattr(Recognizer, "device", torch.device("cuda"))
    monkeypatch.setattr(embeddings, "embed", lambda judge, images: here + 1)
    np.testing.assert_array_equal(embeddings.cached(recognizer(), crops), here + 1)
    assert len(list((tmp_path / "embeddings").iterdir())) == 2


def test_what_a_processor_without_bfloat16_embeds_quickly_is_kept_apart(crops, tmp_path, monkeypatch):
    for able in (True, False):
        monkeypatch.setattr("lrfr.recognizers.multiplies_bfloat16", lambda able=able: able)
        quick = recognizer()
        quick.follow_autocast = True
        embeddings.cached(quick, crops)
        assert quick.network.calls == [1]
    name = f"counting-{embeddings.weights_digest(quick)}{{}}-{embeddings.digest(crops)}.npy"
    assert {p.name for p in (tmp_path / "embeddings").iterdir()} == {name.format(""), name.format("-float32")}


def test_the_digest_of_images_follows_content_and_shape():
    images = np.arange(2 * 4 * 6 * 3, dtype=np.uint8).reshape(2, 4, 6, 3)
    assert embeddings.digest(images) == embeddings.digest(np.asfortranarray(images))
    others = [images + 1, images[:1], images.reshape(2, 6, 4, 3), images[::-1]]
    assert len({embeddings.digest(x) for x in [images, *others]}) == 5


def test_networks_of_equal_weights_that_see_otherwise_differ():
    """The framing of the crop, the standardisation, and moving batch norm are no weights, and all change embeddings."""
    networks = [
        Framing(150, 1.3, 2.0, 3.0),
        Framing(150, 1.3, 2.0, 3.5),
        Input("image"),
        Input("fixed"),
        nn.BatchNorm1d(3).train(),
        nn.BatchNorm1d(3).eval(),
        nn.LeakyReLU(0.1),
        nn.LeakyReLU(0.2),
        nn.ReLU(),
    ]
    digests = [embeddings.weights_digest(network) for network in networks]
    assert len(set(digests)) == len(networks)
    assert digests[0] == embeddings.weights_digest(Framing(150, 1.3, 2.0, 3.0))


def test_the_digest_of_a_file_is_of_its_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "b").write_bytes(b"one")
    (tmp_path / "c").write_bytes(b"two")
    a, b, c = (embeddings.file_digest(tmp_path / name) for name in "abc")
    assert a == b != c and len(a) == 16
