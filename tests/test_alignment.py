"""Cutting a face out: the transform, the resampling, the landmarks."""

import numpy as np
import pytest
from PIL import Image

from lrfr import alignment, datasets
from lrfr.alignment import TEMPLATE, check_landmarks, similarity_transform, warp
from lrfr.errors import LrfrError


def similarity(angle: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([turn, shift])


def moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    return points @ matrix[:, :2].T + matrix[:, 2]


@pytest.mark.parametrize("seed", range(20))
def test_a_known_rotation_scale_and_shift_is_found_again(seed):
    rng = np.random.default_rng(seed)
    known = similarity(rng.uniform(-np.pi, np.pi), 10 ** rng.uniform(-1.5, 1.5), tuple(rng.uniform(-500, 500, 2)))
    points = rng.uniform(0, 300, (int(rng.integers(2, 9)), 2))
    np.testing.assert_allclose(similarity_transform(points, moved(known, points)), known, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("seed", range(10))
def test_what_cannot_be_matched_exactly_is_matched_in_the_least_squares(seed):
    """No nearby similarity fits better, and the solver of the linear problem agrees."""
    rng = np.random.default_rng(seed)
    source, target = rng.uniform(0, 100, (5, 2)), rng.uniform(0, 100, (5, 2))
    x, y = source.T
    one, zero = np.ones(5), np.zeros(5)
    rows = np.vstack([np.column_stack([x, -y, one, zero]), np.column_stack([y, x, zero, one])])
    a, b, tx, ty = np.linalg.lstsq(rows, target.T.ravel(), rcond=None)[0]
    np.testing.assert_allclose(similarity_transform(source, target), [[a, -b, tx], [b, a, ty]], atol=1e-8)


@pytest.mark.parametrize("seed", range(10))
def test_mirrored_points_are_turned_and_never_mirrored(seed):
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 100, (5, 2))
    matrix = similarity_transform(points * [-1, 1], points)
    assert np.linalg.det(matrix[:, :2]) > 0
    assert matrix[0, 0] == matrix[1, 1] and matrix[0, 1] == -matrix[1, 0]


def test_the_template_itself_needs_no_move():
    np.testing.assert_allclose(similarity_transform(TEMPLATE), [[1, 0, 0], [0, 1, 0]], atol=1e-12)


@pytest.mark.parametrize("points", [np.full((5, 2), 3.5), np.array([[1.0, 2.0]]), np.zeros((2, 2))])
def test_points_in_one_place_are_refused(points):
    with pytest.raises(LrfrError, match="two distinct landmarks"):
        similarity_transform(points, TEMPLATE[: len(points)])


def noise(width: int, height: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8))


IDENTITY = np.array([[1.0, 0, 0], [0, 1, 0]])


def test_the_identity_leaves_every_pixel():
    image = noise(112, 112)
    np.testing.assert_array_equal(warp(image, IDENTITY), np.asarray(image))


@pytest.mark.parametrize("factor", [2, 3, 5])
def test_shrinking_is_antialiased(factor):
    """On noise, where aliasing shows at once: the same as Pillow's own antialiased reduction."""
    image = noise(112 * factor, 112 * factor)
    expected = np.asarray(image.resize((112, 112), Image.Resampling.BICUBIC), int)
    found = warp(image, IDENTITY / factor).astype(int)
    assert np.abs(found - expected).max() <= 1
    aliased = np.asarray(image.transform((112, 112), Image.Transform.AFFINE, (factor, 0, 0, 0, factor, 0)), int)
    assert np.abs(aliased - expected).max() > 50


def test_what_lies_outside_is_black():
    white = Image.new("RGB", (112, 112), "white")
    cut = warp(white, np.array([[1.0, 0, 40], [0, 1, 0]]))
    assert (cut[:, :39] == 0).all() and (cut[:, 41:] == 255).all()


@pytest.mark.parametrize("scale", [0.4, 1.0, 2.5])
def test_landmarks_come_to_lie_where_the_transform_says(scale):
    """A bright spot in a turned, scaled photograph is found at its place in the crop (pixel i covers i to i + 1)."""
    matrix = similarity(0.3, scale, (0.0, 0.0))
    middle = np.array([80.0, 60.0])
    matrix[:, 2] = [50, 62] - matrix[:, :2] @ middle
    y, x = np.mgrid[:150, :200] + 0.5
    spot = 255 * np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / (2 * (6 / scale) ** 2))
    cut = warp(Image.fromarray(spot.astype(np.uint8)), matrix)[:, :, 0].astype(float)
    v, u = np.mgrid[:112, :112] + 0.5
    found = np.array([(u * cut).sum(), (v * cut).sum()]) / cut.sum()
    np.testing.assert_allclose(found, [50, 62], atol=0.15)


def test_grey_and_other_modes_come_out_as_rgb():
    for mode in ("L", "RGBA", "P", "1"):
        cut = warp(noise(120, 120).convert(mode), IDENTITY)
        assert cut.shape == (112, 112, 3) and cut.dtype == np.uint8
    assert warp(noise(120, 120), IDENTITY, 64).shape == (64, 64, 3)


@pytest.mark.parametrize(
    "points", [TEMPLATE[:4], TEMPLATE.ravel(), TEMPLATE * np.nan, np.vstack([TEMPLATE[:4], [[np.inf, 0]]])]
)
def test_landmarks_that_are_none_are_refused(points):
    with pytest.raises(LrfrError, match=r"five landmarks .* picture\.jpg"):
        check_landmarks(points, "picture.jpg")


def test_five_landmarks_pass():
    np.testing.assert_array_equal(check_landmarks(TEMPLATE.tolist(), "picture.jpg"), TEMPLATE)


def finds_again(name: str, every: int) -> None:
    """MTCNN finds what data/landmarks records. Half a pixel of the photograph is allowed for other processors."""
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    find = datasets.finder(name)
    for photograph in datasets.photographs(name)[::every]:
        assert photograph.landmarks is not None, photograph.file
        found = find(photograph.open())
        assert found is not None, photograph.file
        assert np.abs(found - photograph.landmarks).max() < 0.5, photograph.file


def test_recorded_landmarks_of_att_are_found_again():
    finds_again("att", 57)


def test_recorded_landmarks_of_caltech_are_found_again():
    finds_again("caltech", 41)


def test_no_face_is_none():
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    assert alignment.LandmarkFinder()(Image.new("RGB", (160, 160), "grey")) is None


def test_of_several_faces_the_one_nearest_the_centre_is_taken():
    """Three different people side by side: the landmarks are those of the one in the middle."""
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    photographs = datasets.photographs("att")[0:30:10]
    row = Image.new("L", (3 * 92, 112))
    for place, photograph in enumerate(photographs):
        row.paste(photograph.open(), (92 * place, 0))
    found = alignment.LandmarkFinder(enlarge=2.0, border=0.3)(row)
    assert found is not None
    eyes = found[:2, 0].mean()
    assert 92 < eyes < 184, eyes


def test_a_large_photograph_is_looked_at_small_and_its_landmarks_are_its_own(monkeypatch):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    photograph = datasets.photographs("caltech")[100].open().convert("RGB")
    large = photograph.resize([4 * side for side in photograph.size], Image.Resampling.BICUBIC)
    find = alignment.LandmarkFinder(border=0.3, most_side=800)
    looked, detect = [], find._mtcnn.detect
    monkeypatch.setattr(
        find._mtcnn, "detect", lambda shown, landmarks: looked.append(shown.size) or detect(shown, True)
    )
    expected = alignment.LandmarkFinder(border=0.3)(photograph)
    eyes = np.hypot(*(expected[1] - expected[0]))
    assert np.abs(find(large) / 4 - expected).max() < 0.05 * eyes
    assert max(looked[0]) == pytest.approx(800 * 1.6, abs=2)
    find(photograph.resize((600, 400)))
    assert max(looked[1]) == pytest.approx(600 * 1.6, abs=2), "what is smaller stays as it is"


def test_a_small_photograph_is_enlarged_to_the_least_side():
    """A face of 20 pixels is found where it is; a larger photograph stays as it is, and so do its landmarks."""
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    photograph = datasets.photographs("att")[0]
    small = photograph.open().resize((16, 20), Image.Resampling.BICUBIC)
    assert alignment.LandmarkFinder(border=0.3)(small) is None
    found = alignment.LandmarkFinder(border=0.3, least_side=112)(small)
    assert np.abs(found - np.asarray(photograph.landmarks) * (16 / 92, 20 / 112)).max() < 1.5
    large = photograph.open().resize((184, 224))
    np.testing.assert_array_equal(alignment.LandmarkFinder(least_side=112)(large), alignment.LandmarkFinder()(large))
