"""TinyFace: its layout and lists, how its faces are cut, and what is said where a copy is another."""

from pathlib import Path

import numpy as np
import pytest
from face_sets import att_pictures, empty_places, raises_one_sentence
from PIL import Image
from scipy.io import savemat
from surveillance_sets import att, cut_short, small_tinyface

from lrfr import alignment, datasets, recognizers
from lrfr.datasets import tinyface
from lrfr.evaluation import identification


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    att_pictures(2)
    monkeypatch.setattr(tinyface, "DISTRACTORS", 4)
    return empty_places(tmp_path, monkeypatch)


@pytest.mark.parametrize("nested", [False, True])
def test_tinyface_from_its_official_layout(own, nested):
    small_tinyface(own, nested)
    found = datasets.photographs("tinyface")
    assert [(p.file, p.identity) for p in found] == [
        ("Probe/12_1.jpg", "12"),
        ("Probe/12_9.jpg", "12"),
        ("Probe/7_1.jpg", "7"),
        ("Probe/7_2.jpg", "7"),
        ("Gallery_Match/12_2.jpg", "12"),
        ("Gallery_Match/12_3.jpg", "12"),
        ("Gallery_Match/7_3.jpg", "7"),
        ("Gallery_Match/7_4.jpg", "7"),
        ("Gallery_Distractor/1.jpg", "stranger"),
        ("Gallery_Distractor/2.jpg", "stranger"),
        ("Gallery_Distractor/a/3.jpg", "stranger"),
        ("Gallery_Distractor/a/4.jpg", "stranger"),
    ]
    training = datasets.photographs("tinyface-train")
    assert [(p.file, p.identity) for p in training] == [
        ("18/18_1.jpg", "18"),
        ("18/18_2.jpg", "18"),
        ("3/3_1.jpg", "3"),
        ("3/3_2.jpg", "3"),
    ]


def test_the_list_says_who_it_is_not_the_file_name(own):
    test = small_tinyface(own) / "Testing_Set"
    cells = np.array([["7_1.jpg"], ["12_1.jpg"]], object)
    savemat(test / "probe_img_ID_pairs.mat", {"probe_set": cells, "probe_ids": np.array([[12], [7]], np.uint16)})
    assert tinyface.read_list(test / "probe_img_ID_pairs.mat", "probe") == {"7_1.jpg": "12", "12_1.jpg": "7"}


def test_where_no_face_is_found_the_whole_picture_is_the_crop(own):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    small_tinyface(own)
    prepared = datasets.prepared("tinyface")
    assert prepared.unusable.empty and prepared.by_frame == 12
    first = datasets.photographs("tinyface")[0]
    expected = first.open().convert("RGB").resize((112, 112), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(datasets.load("tinyface").images[0], np.asarray(expected))
    landmarks = np.load(prepared.folder / "landmarks.npy")[0]
    np.testing.assert_allclose(landmarks, alignment.TEMPLATE * (16 / 112, 20 / 112), rtol=1e-6)
    assert datasets.prepared("tinyface").by_frame == 12  # read again


def test_mtcnn_finds_faces_of_sixteen_pixels_and_recognition_rests_on_it():
    """AT&T's faces in loose boxes of 16 x 20 pixels, as TinyFace has them, cut by MTCNN and taken whole."""
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    find, rng = datasets.finder("tinyface"), np.random.default_rng(0)
    small, by_mtcnn, by_frame = [], [], 0
    for photograph in datasets.photographs("att")[3:203:10]:
        points = np.asarray(photograph.landmarks)
        reach = np.ptp(points[:, 1]) * rng.uniform(1.15, 1.35)
        x, y = points.mean(0) + rng.uniform(-0.08, 0.08, 2) * reach
        box = (x - 0.8 * reach, y - reach, x + 0.8 * reach, y + reach)
        face = (
            photograph.open().convert("RGB").transform((64, 80), Image.Transform.EXTENT, box, Image.Resampling.BICUBIC)
        )
        small.append(face.resize((16, 20), Image.Resampling.BICUBIC))
        found = find(small[-1])
        by_frame += found is None
        points = alignment.TEMPLATE * (16 / 112, 20 / 112) if found is None else found
        by_mtcnn.append(alignment.warp(small[-1], alignment.similarity_transform(points)))
    whole = [np.asarray(face.resize((112, 112), Image.Resampling.BICUBIC)) for face in small]
    judge = recognizers.load("mobilefacenet")
    gallery = [alignment.warp(p.open(), alignment.similarity_transform(p.landmarks)) for p in att()[:20]]
    hr = recognizers.embed(judge, np.stack(gallery))
    rate = {}
    for name, crops in (("mtcnn", by_mtcnn), ("whole", whole)):
        matrix = judge.similarity_matrix(recognizers.embed(judge, np.stack(crops)), hr)
        rate[name] = (identification.ranks(matrix, np.arange(20), np.arange(20)) == 1).mean()
    assert by_frame <= 2
    assert rate["mtcnn"] > 0.9 and rate["whole"] < 0.6


def test_copies_that_are_others(own, monkeypatch):
    with raises_one_sentence(
        "Expected TinyFace, looked in: .*tinyface. Queen Mary University .*qmul-tinyface.github.io"
    ):
        datasets.photographs("tinyface")
    home = small_tinyface(own)
    test = home / "Testing_Set"
    monkeypatch.setattr(tinyface, "DISTRACTORS", 153_428)
    with raises_one_sentence("TinyFace should hold 153428 pictures in Gallery_Distractor, but .* has 4: .*LRFR_DATA"):
        datasets.photographs("tinyface")
    (test / "Probe" / "7_2.jpg").unlink()
    with raises_one_sentence(r"the 4 pictures of probe_img_ID_pairs.mat in Probe, but 1 are missing \(.* 7_2.jpg\)"):
        datasets.photographs("tinyface")
    cut_short(test / "probe_img_ID_pairs.mat")
    with raises_one_sentence("Expected the variables probe_set and probe_ids of one length in .*could not be read"):
        datasets.photographs("tinyface")
    savemat(test / "probe_img_ID_pairs.mat", {"probe_set": np.array([["7_1.jpg"]], object), "other": [[7]]})
    with raises_one_sentence(r"Expected the variables probe_set and probe_ids .* could not be read \(KeyError\)"):
        datasets.photographs("tinyface")
    (test / "probe_img_ID_pairs.mat").unlink()
    with raises_one_sentence("the list probe_img_ID_pairs.mat in Testing_Set, but .* has none"):
        datasets.photographs("tinyface")
    (test / "Probe").rename(test / "probes")
    with raises_one_sentence("the folder Testing_Set/Probe, but .* has none"):
        datasets.photographs("tinyface")
    test.rename(home / "Test")
    with raises_one_sentence("TinyFace should hold the folder Testing_Set, but .* has none"):
        datasets.photographs("tinyface")
    (home / "Training_Set").rename(home / "Train")
    with raises_one_sentence("TinyFace should hold the folder Training_Set, but .* has none"):
        datasets.photographs("tinyface-train")


def test_a_truncated_picture_is_listed(own):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    cut_short(small_tinyface(own) / "Testing_Set" / "Gallery_Distractor" / "a" / "3.jpg")
    prepared = datasets.prepared("tinyface")
    assert prepared.unusable["file"].tolist() == ["Gallery_Distractor/a/3.jpg"]
    assert "is truncated or no picture" in prepared.unusable["reason"].iloc[0]
