"""Sets of faces: the interface, splits by identity, the packaged sets, a folder of people."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from face_sets import att_pictures, of_table, raises_one_sentence
from PIL import Image
from typer.testing import CliRunner

from lrfr import alignment, assets, datasets
from lrfr.cli import app
from lrfr.datasets import FaceDataset, caltech, folder
from lrfr.paths import data_dir


def test_labels_tensors_and_subsets():
    images = np.random.default_rng(0).integers(0, 256, (5, 112, 112, 3), dtype=np.uint8)
    table = pd.DataFrame({"file": list("abcde"), "identity": ["10", "9", "10", "zoe", "9"]})
    faces = FaceDataset("toy", images, table)
    assert len(faces) == 5
    assert faces.identities == ["10", "9", "zoe"]
    assert faces.labels.tolist() == [0, 1, 0, 2, 1] and faces.labels.dtype == np.int64
    assert [faces.identities[i] for i in faces.labels] == table["identity"].tolist()
    assert faces.first(1).tolist() == [0, 1, 3] and faces.first(2, 2).tolist() == [0, 2, 1, 4]
    whole = faces.tensor()
    assert whole.shape == (5, 3, 112, 112) and whole.dtype == torch.float32
    np.testing.assert_array_equal((whole * 255).round().numpy().transpose(0, 2, 3, 1), images)
    assert float(faces.tensor([0, 1]).max()) == images[:2].max() / 255
    image, label = faces[3]
    assert torch.equal(image, whole[3]) and label == 2
    for chosen in (np.array([False, True, False, True, True]), np.array([1, 3, 4])):
        part = faces.subset(chosen, "part")
        assert part.name == "part" and part.table["file"].tolist() == ["b", "d", "e"]
        np.testing.assert_array_equal(part.images, images[[1, 3, 4]])
        assert part.labels.tolist() == [0, 1, 0]
    assert faces.subset(np.array([4, 0])).table["file"].tolist() == ["e", "a"]
    assert faces.subset(np.array([4, 0])).name == "toy"


def test_a_split_by_identity_has_nobody_on_both_sides():
    faces = of_table(pd.DataFrame({"file": [str(i) for i in range(60)], "identity": [f"p{i % 12}" for i in range(60)]}))
    first, second = datasets.identity_split(faces, 0.25, seed=3)
    assert len(second.identities) == 3 and len(first.identities) == 9
    assert not set(first.identities) & set(second.identities)
    assert sorted(first.table["file"].tolist() + second.table["file"].tolist()) == sorted(faces.table["file"])
    again = datasets.identity_split(faces, 0.25, seed=3)
    assert again[1].identities == second.identities
    assert any(datasets.identity_split(faces, 0.25, seed=s)[1].identities != second.identities for s in range(5))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.99, 1.0])
def test_a_split_with_an_empty_side_is_refused(share):
    faces = of_table(pd.DataFrame({"file": list("abc"), "identity": list("xyz")}))
    with raises_one_sentence("one side empty"):
        datasets.identity_split(faces, share)


def test_att_is_forty_people_ten_times():
    faces = datasets.load("att")
    assert faces.images.shape == (400, 112, 112, 3) and faces.images.dtype == np.uint8
    assert np.bincount(faces.labels).tolist() == [10] * 40
    assert faces.table["session"].tolist()[:10] == [str(i) for i in range(1, 11)]
    assert (faces.images[..., 0] == faces.images[..., 2]).all()  # grey
    assert not faces.images.flags.writeable


def test_caltech_is_twenty_five_people_without_the_doubtful_run():
    faces = datasets.load("caltech")
    assert len(faces) == 410 and len(faces.identities) == 25
    numbers = faces.table["file"].str.extract(r"(\d+)", expand=False).astype(int)
    assert not set(numbers) & {*caltech.DRAWINGS, *caltech.DOUBTFUL}
    assert np.bincount(faces.labels).min() >= 2


@pytest.mark.parametrize("name", ["att", "caltech"])
def test_packaged_faces_lie_in_the_frame(name):
    """The crops' landmarks, found again in the crops themselves, are where the template says."""
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    faces = datasets.load(name)
    find = alignment.LandmarkFinder(enlarge=2.0, border=0.3)
    found = [find(Image.fromarray(faces.images[i])) for i in np.linspace(0, len(faces) - 1, 4, dtype=int)]
    distances = [np.abs(points - alignment.TEMPLATE).mean() for points in found if points is not None]
    assert len(distances) >= 3 and np.median(distances) < 4


def test_an_incomplete_package_is_said(tmp_path, monkeypatch):
    (tmp_path / "s1").mkdir()
    (tmp_path / "s1" / "1.pgm").write_bytes(b"")
    monkeypatch.setattr(assets, "path", lambda name: tmp_path)
    with raises_one_sentence(r"399 are missing \(s1/2.pgm\).*lrfr assets --fetch att"):
        datasets.photographs("att")
    with raises_one_sentence("Caltech faces should hold image_0001.jpg.*lrfr assets --fetch caltech"):
        datasets.photographs("caltech")


@pytest.fixture
def people(tmp_path, monkeypatch) -> Path:
    """Two people of Caltech, one with two photographs, one truncated picture and one without a face; no cache."""
    root = tmp_path / "people"
    chosen = {p.file: p for p in datasets.photographs("caltech")}
    for file in ("image_0001.jpg", "image_0002.jpg", "image_0030.jpg"):
        photograph = chosen[file]
        (root / photograph.identity).mkdir(parents=True, exist_ok=True)
        photograph.open().reduce(2).save(root / photograph.identity / file)
    whole = (root / "c00" / "image_0001.jpg").read_bytes()
    (root / "c00" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    Image.new("RGB", (200, 200), "grey").save(root / "c00" / "wall.png")
    (root / "c00" / "notes.txt").write_text("no picture")
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    return root


def test_a_folder_of_people_is_a_set(people):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    result = CliRunner().invoke(app, ["prepare", str(people)])
    assert result.exit_code == 0, result.output
    assert "3 faces of 2 people; 2 unusable" in result.output
    assert "c00/cut.jpg is truncated" in result.output and "c00/wall.png: no face found" in result.output
    faces = datasets.load(str(people))
    assert faces.name == "people" and faces.images.shape == (3, 112, 112, 3)
    assert faces.table["file"].tolist()[:2] == ["c00/image_0001.jpg", "c00/image_0002.jpg"]

    # A picture that was mended under its old name is cut: what was prepared of the older file does not hide it.
    (people / "c00" / "cut.jpg").write_bytes((people / "c00" / "image_0001.jpg").read_bytes())
    assert datasets.prepared(str(people)).unusable["file"].tolist() == ["c00/wall.png"]
    assert len(datasets.load(str(people))) == 4


def test_pictures_of_a_readers_folder_are_turned_and_those_of_a_set_stay_as_stored(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    upright = att_pictures(1)[0].convert("RGB")
    (tmp_path / "p").mkdir()
    upright.rotate(90, expand=True).save(tmp_path / "p" / "1.png", exif=exif)
    (turned,) = datasets.photographs(str(tmp_path))
    np.testing.assert_array_equal(np.asarray(turned.open()), np.asarray(upright))
    (stored,) = folder.photographs(tmp_path)
    assert stored.open().size == upright.size[::-1]


def test_folders_that_are_no_set(tmp_path):
    with raises_one_sentence("Expected a folder of faces at .*nowhere"):
        datasets.photographs(str(tmp_path / "nowhere"))
    with raises_one_sentence("found no such picture: make one folder a person"):
        datasets.photographs(str(tmp_path))
    att_pictures(1)[0].save(tmp_path / "loose.png")
    with raises_one_sentence("found no such picture: make one folder a person"):
        datasets.photographs(str(tmp_path))


@pytest.mark.parametrize("name", ["att", "caltech"])
def test_recorded_landmarks_are_the_main_face(name):
    """A bystander in the background has eyes many times closer together than the people photographed."""
    table = pd.read_csv(data_dir() / "landmarks" / f"{name}.csv")
    eyes = np.hypot(table["right_eye_x"] - table["left_eye_x"], table["right_eye_y"] - table["left_eye_y"])
    assert eyes.min() > 0.5 * eyes.median()
    assert eyes.max() < 2 * eyes.median()
