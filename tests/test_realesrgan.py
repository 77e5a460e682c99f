"""Real-ESRGAN from its ncnn file: ncnn's own output, what it does to a face, and files that are not it."""

from pathlib import Path

import numpy as np
import pytest
import torch

from lrfr import assets, datasets, degradation
from lrfr.errors import LrfrError
from lrfr.networks import realesrgan
from lrfr.networks.rrdb import RRDBNet


@pytest.fixture(scope="module")
def weights() -> Path:
    return assets.path("realesrgan")


@pytest.fixture(scope="module")
def network(weights: Path) -> RRDBNet:
    return realesrgan.load(weights)


def test_equals_ncnn(network: RRDBNet) -> None:
    """Twelve values that ncnn 1.0.20261020 computed once from this file, in float32, for a picture made by a rule."""
    y, x = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    picture = torch.stack([(3 * x + 5 * y) % 8 / 7, x * y % 8 / 7, (x + 2 * y) % 5 / 4])
    expected = [
        [[0.4256, 0.6794], [0.4479, 0.5073]],
        [[0.0104, 0.8802], [0.7447, 0.6514]],
        [[0.5267, 0.6670], [0.5697, 0.6626]],
    ]
    found = network(picture[None])[0]
    assert found.shape == (3, 32, 32)
    torch.testing.assert_close(found[:, 5::20, 7::20], torch.tensor(expected), atol=1e-4, rtol=0)


def test_the_published_network_and_frozen(network: RRDBNet) -> None:
    assert sum(parameter.numel() for parameter in network.parameters()) == 16_697_987
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_a_restored_face_made_small_again_is_the_input(network: RRDBNet) -> None:
    """RGB in [0, 1]: 25.5 to 26.2 dB measured on these two; in [-1, 1] it is below 18, in grey levels below 15."""
    small = degradation.resize(datasets.load("caltech").tensor([0, 86]), 28)

    def returned(enlarged: torch.Tensor) -> torch.Tensor:
        return -10 * (degradation.resize(enlarged, 28) - small).square().mean((1, 2, 3)).log10()

    restored = network(small)
    assert torch.equal(restored, network(small)), "deterministic"
    assert (returned(restored.clamp(0, 1)) > 24).all()
    assert (returned(network(2 * small - 1) / 2 + 0.5) < 20).all()


@pytest.mark.parametrize("length", [0, 2, 1_000, 10_000_001, -4, -1])
def test_a_file_cut_short_gives_one_sentence(weights: Path, tmp_path: Path, length: int) -> None:
    cut = tmp_path / "cut.bin"
    cut.write_bytes(weights.read_bytes()[:length])
    with pytest.raises(LrfrError, match=r"Real-ESRGAN x4plus.*file ends at byte.*--fetch realesrgan"):
        realesrgan.load(cut)


def test_longer_changed_other_and_absent_files_give_one_sentence(weights: Path, tmp_path: Path) -> None:
    content = weights.read_bytes()
    other = tmp_path / "other.bin"
    for changed, reason in (
        (content + b"\0", "1 bytes are left over"),
        (b"\x48" + content[1:], "unknown form 0x01306b48 at byte 0"),
        # 32-bit numbers announced where 16-bit ones follow: the next form is looked for too far behind
        (bytes(4) + content[4:], "unknown form"),
        (np.random.default_rng(0).bytes(1000), "unknown form"),
    ):
        other.write_bytes(changed)
        with pytest.raises(LrfrError, match=rf"Real-ESRGAN x4plus.*{reason}"):
            realesrgan.load(other)
    for path in (tmp_path / "none.bin", tmp_path):
        with pytest.raises(LrfrError, match="Real-ESRGAN x4plus"):
            realesrgan.load(path)


def test_32_bit_weights_are_read_too(weights: Path, network: RRDBNet, tmp_path: Path) -> None:
    """The same network written in the other form, each convolution by itself."""
    wide = tmp_path / "wide.bin"
    with wide.open("wb") as handle:
        for name, parameter in network.named_parameters():
            handle.write(bytes(4) if name.endswith("weight") else b"")
            handle.write(parameter.contiguous().numpy().astype("<f4").tobytes())
    for expected, found in zip(network.parameters(), realesrgan.load(wide).parameters(), strict=True):
        assert torch.equal(expected, found)
