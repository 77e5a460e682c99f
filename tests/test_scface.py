"""SCface: its layouts, its landmarks, the split of its people, and what is said where a copy is another."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from face_sets import empty_places, of_table, raises_one_sentence
from surveillance_sets import att, cut_short, small_scface, write

from lrfr import alignment, datasets
from lrfr.datasets import scface


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    att()
    monkeypatch.setattr(scface, "PEOPLE", 6)
    return empty_places(tmp_path, monkeypatch)


def cut(person: int) -> np.ndarray:
    """AT&T's photograph as SCface's four points would cut it."""
    photograph = att()[person]
    points = np.asarray(photograph.landmarks)
    five = scface.five_points(np.vstack([points[:3], points[3:].mean(0)]))
    return alignment.warp(photograph.open(), alignment.similarity_transform(five))


def distant(a: np.ndarray, b: np.ndarray) -> float:
    """Mean difference of two crops in grey levels, in the middle of the face."""
    return float(np.abs(a.astype(float) - b)[30:100, 25:87].mean())


@pytest.mark.parametrize(("flat", "cropped"), [(False, True), (True, False)])
def test_scface_from_its_official_layouts(own, flat, cropped):
    small_scface(own, flat=flat, cropped=cropped)
    found = datasets.photographs("scface")
    assert len(found) == 6 * 16 and [p.file for p in found] == sorted(p.file for p in found)
    by_name = {p.file.lower(): p for p in found}
    seen = by_name["002_cam4_1.jpg"]
    assert (seen.identity, seen.camera, seen.distance) == ("002", "cam4", "1")
    mugshot = by_name["002_frontal.jpg"]
    assert (mugshot.identity, mugshot.camera, mugshot.distance) == ("002", "frontal", "")
    assert {p.camera for p in found} == {"frontal", "cam1", "cam2", "cam3", "cam4", "cam5"}  # no infrared
    assert all(p.landmarks is not None for p in found if p.distance)
    assert (mugshot.landmarks is not None) == cropped


def test_faces_are_cut_where_the_text_files_say(own):
    """Near or far, a crop shows what AT&T's own crop shows, as far as its pixels reach."""
    small_scface(own)
    faces = datasets.load("scface")
    assert len(faces) == 96 and datasets.prepared("scface").unusable.empty
    table = faces.table
    for distance, most in (("", 4), ("3", 7), ("2", 10), ("1", 13)):
        rows = table.index[(table["distance"] == distance) & table["camera"].isin(["frontal", "cam3"])]
        assert len(rows) == 6
        for row in rows:
            expected = cut(int(table["identity"][row]) - 1)
            assert (
                distant(faces.images[row], expected) < most < distant(np.roll(faces.images[row], 6, axis=0), expected)
            )


def test_four_points_cut_as_the_five_that_they_come_from():
    turned = np.array([[0.8, -0.3], [0.3, 0.8]])
    five = alignment.TEMPLATE @ turned.T + (30, 7)
    four = np.vstack([five[:3], five[3:].mean(0)])
    np.testing.assert_allclose(scface.five_points(four), five, atol=1e-9)
    np.testing.assert_allclose(scface.five_points(four[[1, 0, 2, 3]]), five, atol=1e-9)  # eyes in the other order
    uneven = four + np.array([[1, 0], [0, 2], [0, -1], [1, 1]])
    target = np.vstack([alignment.TEMPLATE[:3], alignment.TEMPLATE[3:].mean(0)])
    np.testing.assert_allclose(
        alignment.similarity_transform(scface.five_points(uneven)), alignment.similarity_transform(uneven, target)
    )


def test_a_picture_without_a_line_is_left_to_mtcnn(own):
    """And the two kinds of mugshots are not confused: the lines of all.txt belong to the original ones."""
    home = small_scface(own)
    lines = (home / "all.txt").read_text().splitlines()
    (home / "all.txt").write_text("\n".join(line for line in lines if not line.startswith("001_cam1_1")))
    (home / "mugshot_frontal_cropped.txt").unlink()
    found = {p.file: p for p in datasets.photographs("scface")}
    assert found["001_cam1_1.jpg"].landmarks is None and found["001_cam1_2.jpg"].landmarks is not None
    assert found["001_frontal.JPG"].landmarks is None


def test_without_text_files_mtcnn_finds_the_faces(own, monkeypatch):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    monkeypatch.setattr(scface, "PEOPLE", 1)
    small_scface(own, people=1, texts=False)
    prepared = datasets.prepared("scface")
    faces = datasets.load("scface")
    assert prepared.by_frame == 0 and len(faces) >= 12
    assert set(prepared.unusable["reason"]) <= {"no face found"}
    near = faces.images[faces.table.index[faces.table["distance"] == "3"]]
    assert max(distant(image, cut(0)) for image in near) < 12


def test_the_official_size_of_the_split():
    rows = [(f"{n:03d}_frontal.jpg", f"{n:03d}") for n in range(1, 131)]
    faces = of_table(pd.DataFrame(rows, columns=["file", "identity"]), "scface")
    tune, test = scface.split(faces)
    assert (len(tune.identities), len(test.identities)) == (50, 80)
    assert not set(tune.identities) & set(test.identities)
    assert (tune.name, test.name) == ("scface-fine-tune", "scface-test")
    assert scface.split(faces)[0].identities == tune.identities != scface.split(faces, seed=1)[0].identities
    shuffled = faces.subset(np.random.default_rng(3).permutation(len(faces)))
    assert scface.split(shuffled)[0].identities == tune.identities
    with raises_one_sentence("SCface should hold more than 50 people to split, but 50 could be prepared: .*scface.org"):
        scface.split(tune)


def test_the_official_number_of_photographs(own, monkeypatch):
    """130 people before five cameras at three distances: 2,080 photographs, listed without opening one."""
    monkeypatch.setattr(scface, "PEOPLE", 130)
    home = own / "scface"
    for person in range(1, 131):
        write(home / scface.CROPPED / f"{person:03d}_frontal.JPG", b"")
        for camera in range(1, 6):
            for distance in range(1, 4):
                folder = home / f"surveillance_cameras_distance_{distance}" / f"cam_{camera}"
                write(folder / f"{person:03d}_cam{camera}_{distance}.jpg", b"")
    found = datasets.photographs("scface")
    assert len(found) == 2080 and pd.Series([p.distance for p in found]).value_counts().to_dict() == {
        "1": 650,
        "2": 650,
        "3": 650,
        "": 130,
    }


def test_copies_that_are_others(own, monkeypatch):
    with raises_one_sentence("Expected SCface, looked in: .*/scface. The University of Zagreb .* www.scface.org"):
        datasets.photographs("scface")
    home = small_scface(own)
    (home / "surveillance_cameras_distance_2" / "cam_3" / "004_cam3_2.jpg").unlink()
    (home / scface.CROPPED / "006_frontal.JPG").unlink()
    with raises_one_sentence(
        r"96 photographs of 6 people, but 2 are missing .*the first is 006_frontal\): .*LRFR_DATA"
    ):
        datasets.photographs("scface")
    monkeypatch.setattr(scface, "PEOPLE", 3)
    assert len(datasets.photographs("scface")) == 48
    (home / "all.txt").write_text("001_cam1_1 1 2 3 4 5 6 7\n")
    with raises_one_sentence("a picture's name and four different points in line 1 of .*all.txt.*let MTCNN find"):
        datasets.photographs("scface")
    (home / "all.txt").write_text("\n001_cam1_1 5 5 5 5 5 5 5 5\n")
    with raises_one_sentence("four different points in line 2 of .*all.txt"):
        datasets.photographs("scface")
    monkeypatch.delenv("LRFR_DATA")
    with raises_one_sentence("Expected SCface, looked in: nowhere, LRFR_DATA is not set"):
        datasets.photographs("scface")


def test_a_truncated_picture_is_listed(own):
    home = small_scface(own)
    cut_short(home / "surveillance_cameras_distance_1" / "cam_1" / "001_cam1_1.jpg")
    prepared = datasets.prepared("scface")
    assert prepared.unusable["file"].tolist() == ["001_cam1_1.jpg"]
    assert "is truncated or no picture" in prepared.unusable["reason"].iloc[0]
