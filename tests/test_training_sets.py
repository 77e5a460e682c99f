"""VGGFace2, CASIA-WebFace and MS1M: their layouts, and what is said where a copy is another."""

from pathlib import Path

import numpy as np
import pytest
from face_sets import as_jpeg, empty_places, raises_one_sentence
from PIL import Image
from surveillance_sets import att, cut_short, plain, write

from lrfr import alignment, datasets

HEADER = "NAME_ID,P1X,P1Y,P2X,P2Y,P3X,P3Y,P4X,P4Y,P5X,P5Y"


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    att()
    return empty_places(tmp_path, monkeypatch)


def small_vggface2(root: Path) -> Path:
    """Two people to train on and one to test on, with the file of landmarks of the training part."""
    home, lines = root / "vggface2", [HEADER]
    for person, part in ((2, "train"), (3, "train"), (1, "test")):
        for number in (1, 2):
            photograph = att()[person * 2 + number]
            write(home / part / f"n{person:06d}" / f"{number:04d}_01.jpg", as_jpeg(photograph.open()))
            points = ",".join(f"{v:.3f}" for v in np.asarray(photograph.landmarks).ravel())
            if part == "train":
                lines.append(f'"n{person:06d}/{number:04d}_01",{points}')
    write(home / "bb_landmark" / "loose_landmark_train.csv", "\n".join(lines).encode())
    return home


def test_vggface2_from_its_official_layout(own):
    home = small_vggface2(own)
    faces = datasets.load("vggface2")
    assert faces.identities == ["n000002", "n000003"] and len(faces) == 4
    assert faces.table["file"].tolist()[0] == "n000002/0001_01.jpg"
    first = Image.open(home / "train" / "n000002" / "0001_01.jpg")
    expected = alignment.warp(first, alignment.similarity_transform(np.asarray(att()[5].landmarks)))
    assert np.abs(faces.images[0].astype(float) - expected).max() <= 2  # the landmarks have three decimals
    test = datasets.photographs("vggface2-test")
    assert [p.identity for p in test] == ["n000001"] * 2 and all(p.landmarks is None for p in test)


def test_vggface2_without_landmarks_or_with_a_part_of_them(own):
    home = small_vggface2(own)
    marks = home / "bb_landmark" / "loose_landmark_train.csv"
    marks.write_text("\n".join(marks.read_text().splitlines()[:2]))
    assert [p.landmarks is not None for p in datasets.photographs("vggface2")] == [True, False, False, False]
    marks.write_text("NAME_ID,X,Y\nn000002/0001_01,1,2\n")
    with raises_one_sentence("Expected the columns NAME_ID,P1X,P1Y,...,P5Y of numbers in .*let MTCNN find the faces"):
        datasets.photographs("vggface2")
    marks.write_text(f"{HEADER}\nn000002/0001_01,{','.join(['x'] * 10)}\n")
    with raises_one_sentence("Expected the columns NAME_ID,P1X,P1Y,...,P5Y of numbers in "):
        datasets.photographs("vggface2")
    marks.unlink()
    assert all(p.landmarks is None for p in datasets.photographs("vggface2"))


def test_vggface2_copies_that_are_others(own):
    with raises_one_sentence(
        "Expected VGGFace2, looked in: .*vggface2. Its makers, .*, no longer offer it; set LRFR_D"
    ):
        datasets.photographs("vggface2")
    home = small_vggface2(own)
    cut_short(home / "train" / "n000003" / "0002_01.jpg")
    prepared = datasets.prepared("vggface2")
    assert prepared.unusable["file"].tolist() == ["n000003/0002_01.jpg"]
    (home / "test").rename(home / "testing")
    with raises_one_sentence("VGGFace2 should hold test/n000002/0001_01.jpg, but .* has no folder test: "):
        datasets.photographs("vggface2-test")


@pytest.mark.parametrize(("name", "title"), [("casia-webface", "CASIA-WebFace"), ("ms1m", "MS1M")])
def test_folders_of_people(own, name, title):
    """Pictures of 112 x 112 are taken as they are, others are cut by MTCNN, those without a face are left out."""
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    with raises_one_sentence(f"Expected {title}, looked in: .*/{name}. "):
        datasets.photographs(name)
    home = own / name
    ready = plain((9, 99, 199), (112, 112))
    write(home / "0000045" / "001.jpg", ready)
    scene = Image.new("RGB", (250, 250), "grey")
    scene.paste(att()[3].open().convert("RGB"), (80, 60))
    write(home / "0000045" / "002.jpg", as_jpeg(scene))
    write(home / "0000099" / "001.jpg", plain((9, 99, 199), (250, 250)))
    write(home / "0000099" / "002.jpg", ready)
    write(home / "train.rec", b"records beside the folders do no harm")
    faces, prepared = datasets.load(name), datasets.prepared(name)
    assert faces.table["file"].tolist() == ["0000045/001.jpg", "0000045/002.jpg", "0000099/002.jpg"]
    assert prepared.unusable.to_numpy().tolist() == [["0000099/001.jpg", "no face found"]]
    assert np.ptp(faces.images[0], axis=(0, 1)).max() == 0 and np.ptp(faces.images[1]) > 100
    landmarks = np.load(prepared.folder / "landmarks.npy")
    np.testing.assert_allclose(landmarks[1], np.asarray(att()[3].landmarks) + np.array([80, 60]), atol=4)


@pytest.mark.parametrize(("name", "title"), [("casia-webface", "CASIA-WebFace"), ("ms1m", "MS1M")])
def test_records_are_not_read(own, name, title):
    home = own / name
    write(home / "train.rec", b"records")
    write(home / "train.idx", b"1\t0\n")
    with raises_one_sentence(
        rf"{title} should hold a folder of pictures for each person, but .* has records \(.rec\), wh"
    ):
        datasets.photographs(name)
    for path in home.iterdir():
        path.unlink()
    with raises_one_sentence("found no such picture: make one folder a person"):
        datasets.photographs(name)
