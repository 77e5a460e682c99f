"""Faces that are looked for on the small photograph: what it is, who is found, and how they are cut then."""

import numpy as np
import pytest
from PIL import Image

from lrfr import alignment, datasets, degradation, methods
from lrfr.measure import Measured
from lrfr.record import detection


@pytest.fixture(scope="module")
def faces():
    return datasets.load("caltech").subset(np.arange(0, 60, 12))


@pytest.fixture(scope="module")
def behind(faces):
    return detection.sources("caltech", faces)


def test_photographs_and_landmarks_are_those_of_the_faces(faces, behind):
    photographs, landmarks = behind
    assert [p.file for p in photographs] == list(faces.table["file"]) and landmarks.shape == (5, 5, 2)
    cut = alignment.warp(photographs[1].open(), alignment.similarity_transform(landmarks[1]))
    np.testing.assert_array_equal(cut, faces.images[1])


def test_a_small_photograph_has_a_face_of_so_many_pixels(behind):
    photographs, landmarks = behind
    image, straight = photographs[0].open(), alignment.similarity_transform(landmarks[0])
    small = detection.small_photograph(image, straight, 14)
    assert small.size == image.size
    cut = alignment.warp(small, straight).astype(float)
    expected = methods.restore(methods.interpolation(14), alignment.warp(image, straight)[None])[0].astype(float)
    other = methods.restore(methods.interpolation(28), alignment.warp(image, straight)[None])[0].astype(float)
    assert np.abs(cut - expected).mean() < 4 < np.abs(cut - other).mean()
    tiny = Image.new("RGB", (20, 20))
    assert detection.small_photograph(tiny, np.eye(2, 3) * 112 / 10, 56).size == (20, 20), "it is small enough"


def test_who_is_found_is_cut_by_it_and_who_is_not_by_the_true_landmarks(faces, behind):
    photographs, landmarks = behind
    known = iter(landmarks + np.array([3.0, 4.0]))
    answers = [None, *([next(known) for _ in range(5)][1:])]
    found = detection.find_at(photographs, landmarks, 28, lambda image: answers.pop(0))
    assert found.seen.tolist() == [False, True, True, True, True]
    scales = [np.hypot(*alignment.similarity_transform(points)[:, 0]) for points in landmarks]
    np.testing.assert_allclose(found.error[1:], 5 * np.array(scales[1:]), rtol=1e-6)
    assert np.abs(found.images[0].astype(int) - faces.images[0]).max() <= 2, "landmarks are kept in float32"
    assert np.abs(found.images[1].astype(float) - faces.images[1]).mean() > 2
    probe = Measured(faces, methods.degraded(methods.interpolation(28), found)).restored
    lr = degradation.degrade(datasets.base.to_tensor(found.images), 28)
    expected = degradation.quantize(degradation.upscale(lr)).mul(255).round().numpy().transpose(0, 2, 3, 1)
    np.testing.assert_array_equal(probe, expected.astype(np.uint8))
    table = detection.rows(found, faces, 28, 50).set_index("metric")
    assert table.loc["found", "value"] == pytest.approx(0.8) and table.loc["landmark_error", "n"] == 4


def test_mtcnn_finds_large_faces_and_misses_tiny_ones(behind):
    photographs, landmarks = behind
    find = datasets.finder("caltech")
    large, tiny = (detection.find_at(photographs[:3], landmarks[:3], px, find) for px in (56, 7))
    assert large.seen.all() and large.error.max() < 3
    assert tiny.seen.sum() < 3 or np.nanmean(tiny.error) > np.mean(large.error)
