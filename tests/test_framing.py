"""The map from the 112 px crop to dlib's chip: what it is, that it is dlib's, and that recognition needs it."""

import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from sklearn.metrics import roc_auc_score
from torch import nn

from lrfr import alignment, assets, datasets, recognizers
from lrfr.datasets import lfw
from lrfr.networks import dlib_resnet
from lrfr.networks.framing import DLIB_EYE_CORNERS, Framing, dlib_scale_and_shift, linear_rows
from lrfr.recognizers import Recognizer

CHIP = dlib_resnet.CHIP
SHAPE_NOSE = (0.4901123135679, 0.6277975316475)


def whole_crop() -> Framing:
    """The obvious thing: all of the crop enlarged to 150 px, pixel edges kept."""
    scale = CHIP / alignment.SIZE
    return Framing(CHIP, scale, (scale - 1) / 2, (scale - 1) / 2)


def test_eyes_come_to_lie_where_dlib_expects_them() -> None:
    scale, x, y = dlib_scale_and_shift()
    eyes = alignment.TEMPLATE[:2] * scale + [x, y]
    expected = CHIP * (np.array(DLIB_EYE_CORNERS).mean(1) + 0.25) / 1.5
    assert np.abs(eyes - expected).max() < 0.2  # the template's eyes are tilted by .3 degrees
    assert np.allclose(eyes.mean(0), expected.mean(0))


def test_measured_framing_is_found_again() -> None:
    """Fitted by hand once, on the same points: 1.4914, -9.38, -29.82."""
    assert dlib_scale_and_shift() == pytest.approx((1.4914, -9.38, -29.82), abs=0.01)


def test_same_chip_as_dlib_cuts() -> None:
    """A smooth picture with dlib's five points where our map puts them: dlib's own chip shows the same picture."""
    dlib = pytest.importorskip("dlib", reason="needs dlib-bin, which the extra 'test' brings")
    noise = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    crop = F.interpolate(noise, (112, 112), mode="bicubic").clamp(0, 1)
    times = 4  # dlib takes landmarks at whole pixels only, so it gets a picture four times as large
    large = F.interpolate(crop, scale_factor=times, mode="bicubic").clamp(0, 1)
    picture = (large[0] * 255).round().to(torch.uint8).movedim(0, -1).contiguous().numpy()

    scale, *shift = dlib_scale_and_shift()
    (left_outer, left_inner), (right_inner, right_outer) = DLIB_EYE_CORNERS
    shape = np.array([right_outer, right_inner, left_outer, left_inner, SHAPE_NOSE])  # dlib's order
    in_crop = (CHIP * (shape + 0.25) / 1.5 - shift) / scale
    in_picture = np.rint((in_crop + 0.5) * times - 0.5).astype(int)
    landmarks = dlib.full_object_detection(
        dlib.rectangle(0, 0, 447, 447), [dlib.point(*map(int, p)) for p in in_picture]
    )
    theirs = dlib.get_face_chip(picture, landmarks, CHIP, 0.25).astype(float) / 255
    ours = Framing(CHIP, scale, *shift)(crop)[0].movedim(0, -1).numpy()
    assert np.abs(misfit(ours, theirs)).max() < 1  # dlib rounds its rectangles and is off by about half a pixel
    assert np.abs(misfit(np.roll(ours, 2, axis=1), theirs)).max() > 1.5
    assert np.abs(misfit(whole_crop()(crop)[0].movedim(0, -1).numpy(), theirs)).max() > 3


def misfit(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """Pixels by which `ours` lies off `theirs`: to the right, downwards, and outwards at 50 px from the centre."""
    inside = slice(12, 130)  # dlib fills what lies outside the picture with black, we repeat the border
    down, right = np.gradient(ours, axis=(0, 1))
    y, x = np.mgrid[:CHIP, :CHIP][..., None] - (CHIP - 1) / 2
    design = np.stack([right, down, (right * x + down * y) / 50], -1)[inside, inside].reshape(-1, 3)
    return np.linalg.lstsq(design, (theirs - ours)[inside, inside].ravel(), rcond=None)[0]


def test_equals_grid_sample_with_a_repeated_border() -> None:
    x = torch.rand(2, 3, 112, 112, generator=torch.Generator().manual_seed(0))
    scale, shift_x, shift_y = dlib_scale_and_shift()
    at = torch.arange(CHIP, dtype=torch.float64)
    columns, rows = ((at - shift) / scale for shift in (shift_x, shift_y))
    # grid_sample counts from -1 to 1 between the outer edges of the picture.
    grid_y, grid_x = torch.meshgrid((2 * rows + 1) / 112 - 1, (2 * columns + 1) / 112 - 1, indexing="ij")
    grid = torch.stack([grid_x, grid_y], -1).expand(2, -1, -1, -1)
    expected = F.grid_sample(x.double(), grid, mode="bilinear", padding_mode="border", align_corners=False)
    found = Framing(CHIP, scale, shift_x, shift_y)(x)
    assert (found - expected).abs().max() < 1e-5
    assert torch.equal(found[:, :, -1], found[:, :, -2])  # the chip reaches below the crop


def test_rows_interpolate() -> None:
    rows = linear_rows(4, 5, 1.0, 0.5)
    assert rows.sum(1).tolist() == [1] * 5
    assert rows[1].tolist() == [0.5, 0.5, 0, 0]
    assert rows[0].tolist() == [1, 0, 0, 0]
    assert rows[4].tolist() == [0, 0, 0, 1]


def test_framing_keeps_float32_under_autocast_and_passes_gradients() -> None:
    framing = Framing(CHIP, *dlib_scale_and_shift())
    x = torch.rand(1, 3, 112, 112).requires_grad_()
    with torch.autocast("cpu", torch.bfloat16):
        chip = framing(x)
    assert chip.dtype == torch.float32
    assert torch.equal(chip, framing(x))
    chip.sum().backward()
    assert x.grad is not None
    assert float(x.grad.sum()) == pytest.approx(3 * CHIP * CHIP, rel=1e-5)  # each chip pixel is an average


def auc(framing: nn.Module, images: np.ndarray, first: np.ndarray, second: np.ndarray, genuine: np.ndarray) -> float:
    network = nn.Sequential(framing, dlib_resnet.load(assets.path("dlib")))
    recognizer = Recognizer("dlib", network, 128, "euclidean")
    embeddings = recognizers.embed(recognizer, images)
    return float(roc_auc_score(genuine, recognizer.similarity(embeddings[first], embeddings[second])))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["att", "caltech"])
def test_framing_decides_recognition(name: str) -> None:
    faces = datasets.load(name)
    faces = faces.subset(np.arange(len(faces)) % 2 == 0)
    first, second = np.triu_indices(len(faces), 1)
    genuine = faces.labels[first] == faces.labels[second]
    framed, whole = (
        auc(f, faces.images, first, second, genuine) for f in (Framing(CHIP, *dlib_scale_and_shift()), whole_crop())
    )
    assert framed > 0.999
    assert 1 - framed < (1 - whole) / 5


@pytest.mark.slow
def test_framing_decides_recognition_on_lfw() -> None:
    if not os.environ.get("LRFR_DATA"):
        pytest.skip("LRFR_DATA does not name a folder with lfw/; AT&T and Caltech are tested all the same")
    faces = datasets.load("lfw")
    pairs = lfw.pairs(faces, "devtrain")
    chosen = np.flatnonzero(np.arange(len(pairs)) % 6 == 0)
    first, second, genuine = pairs.first[chosen], pairs.second[chosen], pairs.genuine[chosen]
    used, position = np.unique(np.concatenate([first, second]), return_inverse=True)
    first, second = position[: len(chosen)], position[len(chosen) :]
    framed, whole = (
        auc(f, faces.images[used], first, second, genuine)
        for f in (Framing(CHIP, *dlib_scale_and_shift()), whole_crop())
    )
    assert framed > 0.995 > 0.96 > whole
