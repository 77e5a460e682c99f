"""Faces that are looked for on the small photograph: what it is, who is found, and how they are cut then."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from toy_recognition import corners, own_results
from typer.testing import CliRunner

from lrfr import alignment, datasets, degradation, methods
from lrfr.commands import app
from lrfr.errors import LrfrError
from lrfr.measure import Measured
from lrfr.record import Entry, benchmark, detection, scores


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


@pytest.fixture
def recorded(tmp_path, monkeypatch) -> list[int]:
    """Twelve people of Caltech, a finder that misses one photograph and is 6 px off; counts what it looks at."""
    whole = datasets.load("caltech")
    twelve = whole.subset(whole.first(3, 12))
    looked = []

    def find_at(photographs, landmarks, px, find):
        looked.append(px)
        seen = np.arange(len(twelve)) > (0 if px > 14 else 20)
        images = np.where(seen[:, None, None, None], np.roll(twelve.images, 6, axis=2), twelve.images)
        return detection.Found(images, seen, np.where(seen, 6.0, np.nan))

    monkeypatch.setattr(detection, "sources", lambda name, faces: ([], np.empty(0)))
    monkeypatch.setattr(detection, "find_at", find_at)
    monkeypatch.setattr(detection.datasets, "load", lambda name: twelve)
    monkeypatch.setattr(
        benchmark, "entries", lambda px, only, quick: [Entry(methods.hr()), Entry(methods.interpolation(px))]
    )
    monkeypatch.setattr(benchmark, "judges", lambda quick: [corners()])
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path / "embeddings")
    own_results(monkeypatch, tmp_path)
    return looked


def test_a_cut_that_is_off_costs_and_is_measured_once(recorded):
    table = detection.record(["caltech"], [28, 14], 50)
    assert recorded == [28, 14] and set(table["protocol"]) == {"found at LR"}
    value = table.set_index(["method", "px", "metric"])["value"]
    assert value["MTCNN", 28, "found"] == pytest.approx(35 / 36) and value["MTCNN", 28, "landmark_error"] == 6
    assert value["bicubic", 28, "auc_minus_aligned"] < 0, "three hundredths of the picture off, faces are less alike"
    assert set(table.loc[table["method"] == "bicubic", "n"]) == {35}
    assert value["MTCNN", 14, "found"] == pytest.approx(15 / 36)
    assert ("bicubic", 14, "auc") not in value.index, "five people are too few to be compared"
    assert len(detection.record(["caltech"], [28, 14], 50)) == len(table) and recorded == [28, 14]


def test_what_is_compared_is_cut_by_what_was_found(faces, monkeypatch, tmp_path):
    """Landmarks that are exactly right: nothing changes."""
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path)
    monkeypatch.setattr(detection, "LEAST_PEOPLE", 1)
    some = datasets.load("att").subset(np.concatenate([np.arange(3) + 10 * p for p in range(6)]))
    found = detection.Found(np.asarray(some.images), np.arange(len(some)) != 4, np.zeros(len(some)))
    table = detection.comparison_rows(found, some, [Entry(methods.interpolation(14))], [corners()], 50)
    differences = table[table["metric"].str.endswith("_minus_aligned")]
    assert len(differences) == len(scores.COMPARED) and (differences["value"] == 0).all()
    assert set(table["n"]) == {17} and set(table["setting"]) == {"probe"}


def test_the_command_knows_its_sets_and_sizes(monkeypatch):
    asked = []
    monkeypatch.setattr(detection, "record", lambda sets, sizes: asked.append((*sets, *sizes)) or pd.DataFrame([1]))
    done = [CliRunner().invoke(app, words) for words in (["detect"], ["detect", "att", "--px", "7"], ["detect", "lfw"])]
    assert asked == [("att", "caltech", 56, 28, 14, 7), ("att", 7)] and done[0].exit_code == done[1].exit_code == 0
    assert done[0].output == "data/results/detection.csv holds 1 rows.\n"
    assert isinstance(done[2].exception, LrfrError) and "found lfw" in str(done[2].exception)
