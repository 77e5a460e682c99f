"""A reader's own photograph: the face is found, cut at the size it has, and restored; or one sentence says why not."""

import sys

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from lrfr import alignment, datasets, degradation, upscale
from lrfr.cli import app
from lrfr.datasets.base import to_tensor
from lrfr.errors import LrfrError


@pytest.fixture(scope="module")
def photograph() -> Image.Image:
    """A person before a background, from the Caltech faces."""
    return datasets.photographs("caltech")[100].open().convert("RGB")


@pytest.fixture
def saved(photograph, tmp_path):
    """The photograph at a share of its size."""

    def save(share: float, name: str = "photo.png"):
        path = tmp_path / name
        photograph.resize([round(side * share) for side in photograph.size], Image.Resampling.BICUBIC).save(path)
        return path

    return save


@pytest.mark.parametrize(("share", "px"), [(1.0, 56), (0.12, 28), (0.06, 14)])
def test_a_face_is_cut_at_the_size_that_it_has(saved, share, px):
    face = upscale.cut(saved(share))
    assert face.px == px and face.pixels.shape == (px, px, 3)
    assert face.found == pytest.approx(235 * share, rel=0.1)


def test_the_cut_face_is_the_frames_face_reduced(saved):
    """Cutting it small at once is cutting it at 112 px and reducing that, as the networks were trained on."""
    path = saved(1.0)
    face = upscale.cut(path, 28)
    image = Image.open(path)
    points = alignment.LandmarkFinder(border=0.3, least_side=450)(image)
    large = alignment.warp(image, alignment.similarity_transform(points))
    reduced = degradation.degrade(to_tensor(large[None]), 28)[0].permute(1, 2, 0).numpy()
    found = face.pixels / 255
    assert np.abs(found - reduced).mean() < 0.02
    moved = np.roll(found, 1, axis=1)
    assert np.abs(moved - reduced).mean() > 2 * np.abs(found - reduced).mean()


def test_every_network_makes_its_own_picture_of_it(saved):
    face = upscale.cut(saved(0.06))
    found = upscale.restore(face, ["SRResNet (FR)", "FTLGAN"])
    assert list(found) == ["bicubic", "SRResNet (FR)", "FTLGAN"]
    plain = degradation.upscale(to_tensor(face.pixels[None]), alignment.SIZE)[0].clamp(0, 1).permute(1, 2, 0).numpy()
    for pixels in found.values():
        assert pixels.dtype == np.uint8 and pixels.shape == (112, 112, 3)
        assert np.abs(pixels / 255 - plain).mean() < 0.1
    assert len({pixels.tobytes() for pixels in found.values()}) == 3


def test_the_command_writes_a_picture_a_method_and_a_sheet(saved, tmp_path):
    path = saved(0.12, "me.jpg")
    done = CliRunner().invoke(app, ["upscale", str(path), "--method", "SRResNet (FR)", "--method", "U-Net"])
    folder = tmp_path / "me-upscaled"
    assert done.exit_code == 0, done.output
    assert "cut at 28" in done.output and "not who it is" in done.output
    names = {p.name for p in folder.iterdir()}
    assert names - {"u-net.png"} == {"28-px.png", "bicubic.png", "srresnet-fr.png", "overview.png"}
    assert Image.open(folder / "srresnet-fr.png").size == (112, 112)
    sheet = np.asarray(Image.open(folder / "overview.png").convert("L"))
    drawn = (sheet < 250).any(0)
    assert drawn.mean() > 0.7, "the sheet shows the faces side by side"


def test_a_folder_holds_the_pictures_of_one_face_and_keeps_what_is_not_ours(saved, tmp_path, monkeypatch):
    folder = tmp_path / "out"
    folder.mkdir()
    strange = {"holiday.png": b"no picture", "28-px.txt": b"notes"}
    for name, content in strange.items():
        (folder / name).write_bytes(content)
    Image.new("RGB", (9, 9), "red").save(folder / "esrgan.png")  # a reader's own, of a name that is ours
    monkeypatch.setattr(upscale, "restore", lambda face, only: dict.fromkeys(only, face.pixels))
    upscale.upscale(saved(1.0), folder, 28, ["bicubic", "U-Net"])
    assert {p.name for p in folder.iterdir()} == {
        *strange, "esrgan.png", "28-px.png", "bicubic.png", "u-net.png", "overview.png"
    }  # fmt: skip
    first = (folder / "bicubic.png").read_bytes()
    upscale.upscale(saved(0.06, "another.png"), folder, 14, ["bicubic", "FTLGAN"])
    assert {p.name for p in folder.iterdir()} == {
        *strange, "esrgan.png", "14-px.png", "bicubic.png", "ftlgan.png", "overview.png"
    }  # fmt: skip
    assert (folder / "bicubic.png").read_bytes() != first
    assert Image.open(folder / "esrgan.png").getpixel((0, 0)) == (255, 0, 0)
    assert all((folder / name).read_bytes() == content for name, content in strange.items())


def test_without_the_drawing_library_nothing_is_written(saved, tmp_path, monkeypatch):
    monkeypatch.setattr(upscale, "restore", lambda face, only: {"bicubic": face.pixels})
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(LrfrError, match="matplotlib"):
        upscale.upscale(saved(0.12), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_photograph_that_lies_on_its_side_is_turned(photograph, tmp_path):
    path = tmp_path / "turned.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    photograph.rotate(90, expand=True).save(path, exif=exif)
    assert upscale.cut(path, 28).found == pytest.approx(235, rel=0.1)


def test_what_is_no_photograph_of_a_face_gives_one_sentence(saved, tmp_path):
    with pytest.raises(LrfrError, match="found nothing there"):
        upscale.cut(tmp_path / "none.png")
    with pytest.raises(LrfrError, match=r"found a folder: name a picture in it\.\Z"):
        upscale.cut(tmp_path)
    text = tmp_path / "text.png"
    text.write_text("no picture")
    with pytest.raises(LrfrError, match=r"text\.png is truncated or no picture .*: give another picture\.\Z"):
        upscale.cut(text)
    whole = saved(1.0).read_bytes()
    text.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(LrfrError, match=r"text\.png is truncated or no picture .*: give another picture\.\Z"):
        upscale.cut(text)
    empty = tmp_path / "empty.png"
    Image.new("RGB", (200, 100), "white").save(empty)
    done = CliRunner().invoke(app, ["upscale", str(empty)])
    assert isinstance(done.exception, LrfrError) and "No face was found" in str(done.exception)
    assert not (tmp_path / "empty-upscaled").exists()
    Image.new("RGB", (3000, 100), "white").save(empty)
    with pytest.raises(LrfrError, match=r"and of 48 px on one so large: else cut out the part around it\.\Z"):
        upscale.cut(empty)
    with pytest.raises(LrfrError, match="faces of 7, 14, 28, 56 px, not of 20"):
        upscale.cut(saved(1.0), 20)
    with pytest.raises(LrfrError, match=r"Expected methods for [0-9]+ px among bicubic, SRCNN"):
        upscale.restore(upscale.cut(saved(0.06)), ["magic"])
