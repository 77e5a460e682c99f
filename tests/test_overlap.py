"""Who is in both sets: found by embedding, counted by cosine, and taken out of the pairs."""

import numpy as np
import pandas as pd
import pytest
from face_sets import DATA, raises_one_sentence
from toy_training import Colour, recogniser

from lrfr import datasets, recognizers, record
from lrfr.datasets import FaceDataset, lfw, overlap
from lrfr.errors import LrfrError
from lrfr.recognizers import Recognizer
from lrfr.record import faces as record_faces


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    datasets.load("att")  # from the shared cache, before the test has its own
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(record_faces, "path", lambda name: tmp_path / f"{name}.csv")
    monkeypatch.setattr(record, "commit", lambda: "0123456789")


def plain(colours: dict[str, tuple[str, tuple[int, int, int]]], name: str) -> FaceDataset:
    """Faces of one colour each: file to (identity, colour)."""
    images = np.array([np.broadcast_to(np.uint8(c), (112, 112, 3)) for _, c in colours.values()])
    return FaceDataset(
        name, images, pd.DataFrame({"file": list(colours), "identity": [i for i, _ in colours.values()]})
    )


TEST = plain(
    {
        "ann1": ("Ann", (200, 0, 0)),
        "ann2": ("Ann", (0, 200, 0)),
        "bo1": ("Bo", (0, 100, 100)),
        "cy1": ("Cy", (30, 40, 0)),
    },
    "test",
)
TRAINING = plain({"1": ("7", (250, 0, 0)), "2": ("7", (0, 0, 50)), "3": ("9", (0, 0, 80))}, "training")


def test_the_nearest_training_face_by_cosine():
    """By hand: red on red 1; green on nothing 0; (0, 1, 1) on blue 1 / sqrt 2; (3, 4, 0) on red .6."""
    found = overlap.nearest(TEST, TRAINING, recogniser())
    assert found["file"].tolist() == ["ann1", "ann2", "bo1", "cy1"]
    assert found["similarity"].to_numpy() == pytest.approx([1, 0, np.sqrt(0.5), 0.6], abs=1e-5)
    assert found["training_identity"].tolist()[:1] == ["7"] and found["training_file"].tolist()[3] == "1"
    assert found["training_file"].tolist()[2] in ("2", "3")


def test_photographs_and_people_above_each_cosine():
    table = overlap.summary(overlap.nearest(TEST, TRAINING, recogniser()), (0.4, 0.65, 0.9))
    assert table.to_numpy().tolist() == [[0.4, 3, 3, 4], [0.65, 2, 2, 4], [0.9, 1, 1, 4]]
    assert overlap.summary(overlap.nearest(TEST, TRAINING, recogniser()))["threshold"].tolist()[0] == overlap.SUSPECT


def test_a_person_is_taken_out_with_all_their_photographs():
    found = overlap.nearest(TEST, TRAINING, recogniser())
    names = np.array(["Ann", "Bo", "Cy", "Dee", "Ann"])
    assert overlap.untouched(names, found, 0.65).tolist() == [False, False, True, True, False]
    assert overlap.untouched(names, found).tolist() == [False, False, False, True, False]
    assert overlap.untouched(names, found, 1.1).all()


def test_a_network_without_cosine_is_refused():
    with raises_one_sentence("needs a recogniser with cosine similarity; distant has none"):
        overlap.nearest(TEST, TRAINING, Recognizer("distant", Colour(), 3, "euclidean"))


# What is recorded for the page on faces


@pytest.fixture
def packaged(monkeypatch) -> FaceDataset:
    """Six people of AT&T as LFW, two of them as CelebA; every pair of the six; one network looks."""
    whole = datasets.load("att")
    faces = whole.subset(np.concatenate([np.arange(4) * 2 + 60 * p for p in range(6)]), "lfw")
    trained_on = whole.subset(np.concatenate([np.arange(4) * 2 + 1 + 60 * p for p in (0, 1)]))
    sets = {"lfw": faces, "celeba-train": trained_on}
    monkeypatch.setattr(datasets, "load", sets.__getitem__)
    first, second = np.triu_indices(len(faces), 1)
    listed = lfw.Pairs(first, second, faces.labels[first] == faces.labels[second], first % 3)
    monkeypatch.setattr(lfw, "pairs", lambda dataset, view: listed)
    load = recognizers.load
    judge = load("mobilefacenet")
    monkeypatch.setattr(recognizers, "load", lambda name: judge)
    monkeypatch.setattr(lfw, "edition", lambda: "deep-funneled")
    monkeypatch.setattr(record_faces, "JUDGES", ("mobilefacenet",))
    monkeypatch.setattr(record_faces, "shipped", lambda name: False)
    return faces


def test_people_in_both_sets_and_what_their_pairs_change(packaged):
    people, effect = record_faces.record_overlap()
    written = pd.read_csv(record_faces.path("near_duplicates"))
    assert written["threshold"].tolist() == people["threshold"].tolist() and set(written["of"]) == {24}
    assert written["people"].iloc[0] >= 2  # AT&T's faces are alike: others may pass the lowest cosine too
    assert effect["method"].tolist() == ["HR", "bicubic"] and effect["px"].tolist() == [112, 14]
    assert set(effect["pairs"]) == {24 * 23 // 2}
    left = 4 * (6 - int(written["people"].iloc[0]))
    assert set(effect["pairs_without"]) == {left * (left - 1) // 2}
    assert effect[["auc", "auc_without"]].to_numpy().min() > 0.5
    table = pd.read_csv(record_faces.path("near_duplicates_effect"), dtype=str)
    assert set(table["commit"]) == {"0123456789"} and table["date"].str.fullmatch(r"\d{4}-\d\d-\d\d").all()


def test_two_ways_to_cut_are_compared_on_the_same_pairs(packaged, monkeypatch):
    monkeypatch.setattr(lfw, "edition", lambda: "deep-funneled")
    moved = FaceDataset("lfw", np.roll(packaged.images, 12, 2), packaged.table)
    monkeypatch.setattr(record_faces, "by_mtcnn", lambda faces: moved)
    table = record_faces.record_alignment(replicates=40)
    assert table["cut"].tolist() == ["fixed", "MTCNN", "MTCNN - fixed"] * 2
    assert table["method"].tolist() == ["HR"] * 3 + ["bicubic"] * 3 and set(table["n"]) == {24 * 23 // 2}
    value = table["value"].to_numpy()
    assert value[1] - value[0] == pytest.approx(value[2]) and value[4] - value[3] == pytest.approx(value[5])
    assert (table["low"] <= table["value"]).all() and (table["value"] <= table["high"]).all()
    monkeypatch.setattr(lfw, "edition", lambda: "funneled")
    with pytest.raises(LrfrError, match=r"\AOnly deep-funneled LFW can be cut by one transform[^\n]*\Z"):
        record_faces.record_alignment()


def test_mtcnn_cuts_the_same_photographs_in_the_same_order(tmp_path, monkeypatch):
    from test_lfw import small_lfw

    monkeypatch.setenv("LRFR_DATA", str(tmp_path / "data"))
    small_lfw(tmp_path / "data", packed=False)
    fixed = datasets.load("lfw").subset(np.array([9, 2, 5]))
    monkeypatch.setattr(datasets, "finder", lambda name: lambda image: lfw.LANDMARKS + 10)
    found = record_faces.by_mtcnn(fixed)
    assert found.table["file"].tolist() == fixed.table["file"].tolist() and found.name == "lfw"
    assert (found.images != fixed.images).any()
    monkeypatch.setattr(datasets, "finder", lambda name: lambda image: None)
    (tmp_path / "cache").rename(tmp_path / "old")
    np.testing.assert_array_equal(record_faces.by_mtcnn(fixed).images, fixed.images)


@pytest.mark.skipif(not (DATA / "lfw").is_dir(), reason="needs LFW below LRFR_DATA; its twins run on AT&T faces")
def test_the_recorded_tables_are_of_the_real_lfw():
    whole = pd.read_csv(record.path("near_duplicates"))
    assert set(whole["of"]) == {13233} and whole["people"].is_monotonic_decreasing
    assert set(pd.read_csv(record.path("near_duplicates_effect"))["pairs"]) == {6000}
    assert set(pd.read_csv(record.path("alignment"))["n"]) == {1000}
