"""XQLFW: its two editions, its pairs, and what is said where a copy is another."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from face_sets import empty_places, raises_one_sentence
from PIL import Image
from surveillance_sets import att, cut_short, small_xqlfw

from lrfr import alignment, datasets
from lrfr.datasets import lfw, xqlfw


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    att()
    return empty_places(tmp_path, monkeypatch)


@pytest.mark.parametrize("packed", [False, True])
def test_the_aligned_edition_is_taken_as_it_is(own, packed):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    home = small_xqlfw(own)
    folder = home / xqlfw.ALIGNED
    noise = np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "Ann_Ash" / "Ann_Ash_0001.jpg")
    expected = np.asarray(Image.open(folder / "Ann_Ash" / "Ann_Ash_0001.jpg"))
    if packed:
        with zipfile.ZipFile(home / f"{xqlfw.ALIGNED}.zip", "w") as archive:
            for path in sorted(folder.rglob("*.jpg")):
                archive.write(path, f"{xqlfw.ALIGNED}/{path.relative_to(folder)}")
        folder.rename(home / "elsewhere")
    faces = datasets.load("xqlfw")
    assert len(faces) == 16 and faces.identities[:2] == ["Ann_Ash", "Bob_Bay"]
    np.testing.assert_array_equal(faces.images[0], expected)
    prepared = datasets.prepared("xqlfw")
    assert prepared.by_frame == 0
    np.testing.assert_allclose(np.load(prepared.folder / "landmarks.npy")[0], alignment.TEMPLATE, rtol=1e-6)


def test_the_original_edition_is_cut_by_mtcnn_or_where_lfw_has_its_faces(own):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    small_xqlfw(own, aligned=False)
    prepared = datasets.prepared("xqlfw")
    assert prepared.unusable.empty and prepared.by_frame == 15
    landmarks = np.load(prepared.folder / "landmarks.npy")
    np.testing.assert_allclose(landmarks[1], lfw.LANDMARKS, atol=1e-3)
    np.testing.assert_allclose(landmarks[0], np.asarray(att()[0].landmarks) + np.array([80, 60]), atol=4)


def test_the_pairs_are_positions(own):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    small_xqlfw(own)
    faces = datasets.load("xqlfw")
    pairs = xqlfw.pairs(faces)
    assert pairs.genuine.tolist() == ([True] * 4 + [False] * 4) * 2
    assert pairs.fold.tolist() == [0] * 8 + [1] * 8
    file = faces.table["file"]
    assert (file[pairs.first[1]], file[pairs.second[1]]) == ("Bob_Bay_0001.jpg", "Bob_Bay_0002.jpg")
    assert (file[pairs.first[15]], file[pairs.second[15]]) == ("Hal_Hay_0001.jpg", "Eve_Elm_0001.jpg")
    with raises_one_sentence(r"A photograph of xqlfw_pairs.txt is not in the prepared set .*martlgap.github.io/xqlfw"):
        xqlfw.pairs(faces.subset(np.arange(15)))


def test_copies_that_are_others(own):
    with raises_one_sentence("Expected XQLFW, looked in: .*xqlfw. Its makers give it out .*martlgap.github.io/xqlfw"):
        datasets.photographs("xqlfw")
    home = small_xqlfw(own)
    faces = datasets.FaceDataset("xqlfw", np.zeros((0, 112, 112, 3), np.uint8), None)
    (home / "xqlfw_pairs.txt").write_text("10 300\nAnn_Ash\t1\t2\n")
    with raises_one_sentence("xqlfw_pairs.txt promises 6000 pairs and holds 1: fetch it again"):
        xqlfw.pairs(faces)
    (home / "xqlfw_pairs.txt").unlink()
    with raises_one_sentence("Expected XQLFW's xqlfw_pairs.txt, looked in: .*Its makers"):
        xqlfw.pairs(faces)
    for path in (home / xqlfw.ALIGNED).rglob("*.jpg"):
        path.unlink()
    with raises_one_sentence("XQLFW should hold <Name>/<Name>_0001.jpg, but .* has no such picture: "):
        datasets.photographs("xqlfw")
    (home / xqlfw.ALIGNED).rename(home / "faces")
    with raises_one_sentence("Expected an edition of XQLFW, looked in: .*xqlfw_aligned_112.*min_qual0.85variant11"):
        datasets.photographs("xqlfw")
    (home / "xqlfw.zip").write_bytes(b"PK cut short")
    with raises_one_sentence("xqlfw.zip is no complete zip file: fetch it again"):
        datasets.photographs("xqlfw")


def test_a_truncated_picture_is_listed(own):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    cut_short(small_xqlfw(own) / xqlfw.ALIGNED / "Dan_Day" / "Dan_Day_0002.jpg")
    assert datasets.prepared("xqlfw").unusable["file"].tolist() == ["Dan_Day_0002.jpg"]
