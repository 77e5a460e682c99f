"""LFW: the official layout, its pairs, and what is said where a copy is another."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
from face_sets import DATA, as_jpeg, att_pictures, empty_places, of_photographs, raises_one_sentence

from lrfr import alignment, datasets
from lrfr.datasets import lfw


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    att_pictures(12)
    return empty_places(tmp_path, monkeypatch)


PEOPLE = ("Ann_Bo", "Cy_Dee", "Eve_Fox", "Gus_Hall")
PAIRS = {
    "pairs.txt": [
        "2\t2",
        *("Ann_Bo\t1\t2", "Cy_Dee\t1\t3", "Ann_Bo\t1\tCy_Dee\t2", "Cy_Dee\t3\tAnn_Bo\t3"),
        *("Eve_Fox\t1\t2", "Gus_Hall\t2\t3", "Eve_Fox\t3\tGus_Hall\t1", "Gus_Hall\t2\tEve_Fox\t2"),
    ],
    "pairsDevTrain.txt": ["1", "Ann_Bo\t1\t3", "Ann_Bo\t2\tCy_Dee\t1"],
    "pairsDevTest.txt": ["1", "Eve_Fox\t1\t3", "Eve_Fox\t2\tGus_Hall\t1"],
}


def small_lfw(root: Path, packed: bool) -> Path:
    """LFW's official layout with AT&T's faces in it: four people, three photographs each."""
    home = root / "lfw"
    home.mkdir(parents=True)
    pictures = att_pictures(12)
    for i, picture in enumerate(pictures):
        name = f"lfw-deepfunneled/{PEOPLE[i // 3]}/{PEOPLE[i // 3]}_{i % 3 + 1:04d}.jpg"
        content = as_jpeg(picture.resize((250, 250)))
        if packed:
            with zipfile.ZipFile(home / "lfw-deepfunneled.zip", "a") as archive:
                archive.writestr(name, content)
        else:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(content)
    for file, lines in PAIRS.items():
        (home / file).write_text("\n".join(lines) + "\n")
    return home


@pytest.mark.parametrize("packed", [True, False])
def test_lfw_from_its_official_layout(own, packed):
    home = small_lfw(own, packed)
    faces = datasets.load("lfw")
    assert faces.identities == list(PEOPLE) and len(faces) == 12
    first = datasets.photographs("lfw")[0]
    assert first.file == "Ann_Bo_0001.jpg" and first.identity == "Ann_Bo"
    expected = alignment.warp(first.open(), alignment.similarity_transform(lfw.LANDMARKS))
    np.testing.assert_array_equal(faces.images[0], expected)

    pairs = lfw.pairs(faces)
    named = faces.table["file"].to_numpy()
    assert len(pairs) == 8
    assert named[pairs.first].tolist()[:4] == [
        "Ann_Bo_0001.jpg",
        "Cy_Dee_0001.jpg",
        "Ann_Bo_0001.jpg",
        "Cy_Dee_0003.jpg",
    ]
    assert named[pairs.second].tolist()[:4] == [
        "Ann_Bo_0002.jpg",
        "Cy_Dee_0003.jpg",
        "Cy_Dee_0002.jpg",
        "Ann_Bo_0003.jpg",
    ]
    assert pairs.genuine.tolist() == [True, True, False, False] * 2
    assert pairs.fold.tolist() == [0] * 4 + [1] * 4
    np.testing.assert_array_equal(faces.labels[pairs.first] == faces.labels[pairs.second], pairs.genuine)

    development = lfw.pairs(faces, "devtrain")
    assert development.genuine.tolist() == [True, False] and development.fold.tolist() == [0, 0]
    with raises_one_sentence("LFW has the views view2, devtrain, devtest, but 'view3'"):
        lfw.pairs(faces, "view3")
    with raises_one_sentence("A photograph of pairs.txt is not in the prepared set"):
        lfw.pairs(faces.subset(np.arange(6)))
    (home / "pairs.txt").unlink()
    with raises_one_sentence("Expected LFW's pairs.txt, looked in: .*Set LRFR_DATA"):
        lfw.pairs(faces)


def test_lfw_as_scikit_learn_leaves_it(own, tmp_path, monkeypatch):
    monkeypatch.delenv("LRFR_DATA")
    home = small_lfw(tmp_path / "made", packed=False)
    (tmp_path / "sklearn").mkdir()
    (home / "lfw-deepfunneled").rename(home / "lfw_funneled")
    home.rename(tmp_path / "sklearn" / "lfw_home")
    assert len(datasets.photographs("lfw")) == 12
    assert len(lfw.pairs(of_photographs(datasets.photographs("lfw")), "devtest")) == 2


@pytest.mark.parametrize(("folder", "edition"), [("lfw-deepfunneled", "deep-funneled"), ("lfw_funneled", "funneled")])
def test_only_the_deep_funneled_edition_is_cut_by_one_transform(own, monkeypatch, folder, edition):
    """In the funneled one MTCNN finds each face; where it finds none, the one transform is the best guess."""
    home = small_lfw(own, packed=False)
    (home / "lfw-deepfunneled").rename(home / "moved")
    (home / "moved").rename(home / folder)
    turned = lfw.LANDMARKS @ np.array([[0.9, -0.1], [0.1, 0.9]]) + 8
    asked = []

    def find(image):
        asked.append(image.size)
        return turned if len(asked) > 1 else None

    monkeypatch.setattr(datasets, "finder", lambda name: find)
    faces, photographs = datasets.load("lfw"), datasets.photographs("lfw")
    assert lfw.edition() == edition
    assert len(asked) == (0 if edition == "deep-funneled" else 12)
    for i, where in ((0, lfw.LANDMARKS), (1, lfw.LANDMARKS if edition == "deep-funneled" else turned)):
        expected = alignment.warp(photographs[i].open(), alignment.similarity_transform(where))
        np.testing.assert_array_equal(faces.images[i], expected)


def test_lfw_without_internet_is_one_sentence(monkeypatch):
    def unreachable(**kwargs):
        raise OSError("no route to host")

    monkeypatch.setattr("sklearn.datasets.fetch_lfw_pairs", unreachable)
    with raises_one_sentence(r"LFW could not be downloaded \(no route to host\): Set LRFR_DATA"):
        lfw.fetch()


def test_lfw_layouts_that_are_others(own):
    with raises_one_sentence("Expected LFW, deep-funneled or funneled, as a zip or folder, looked in: .*Set LRFR_DATA"):
        datasets.photographs("lfw")
    home = own / "lfw"
    (home / "lfw-deepfunneled").mkdir(parents=True)
    with raises_one_sentence("Expected <Name>/<Name>_0001.jpg in .*unpack LFW as published"):
        datasets.photographs("lfw")
    (home / "lfw-deepfunneled.zip").write_bytes(b"PK\x03\x04 cut short")
    with raises_one_sentence("is no complete zip file: fetch it again"):
        datasets.photographs("lfw")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "Expected LFW's pairs in"),
        ("name\timagenum1\timagenum2\nAnn_Bo\t1\t2\n", "Expected LFW's pairs in"),
        ("1\nAnn_Bo\t1\t2\nAnn_Bo 1 Cy_Dee 2\n", "Expected LFW's pairs in"),
        ("1\nAnn_Bo\t1\ttwo\nAnn_Bo\t1\tCy_Dee\t2\n", "Expected LFW's pairs in"),
        ("2\nAnn_Bo\t1\t2\nAnn_Bo\t1\tCy_Dee\t2\n", "promises 4 pairs and holds 2"),
        ("10\t300\nAnn_Bo\t1\t2\n", "promises 6000 pairs and holds 1"),
        ("1\nAnn_Bo\t1\t2\nCy_Dee\t1\t2\n", "should hold 1 genuine pairs"),
    ],
)
def test_pair_files_that_are_none(tmp_path, text, match):
    path = tmp_path / "pairs.txt"
    path.write_text(text)
    with raises_one_sentence(match):
        lfw.read_pairs(path)


@pytest.mark.skipif(not (DATA / "lfw").is_dir(), reason="needs LFW below LRFR_DATA; its twin runs on AT&T faces")
def test_the_real_lfw():
    found = datasets.photographs("lfw")
    assert len(found) == 13233 and len({p.identity for p in found}) == 5749
    faces = of_photographs(found)
    pairs = lfw.pairs(faces)
    assert len(pairs) == 6000
    for fold in range(10):
        assert pairs.genuine[pairs.fold == fold].tolist() == [True] * 300 + [False] * 300
    sides: dict[str, set[int]] = {}
    for view, count in (("devtrain", 2200), ("devtest", 1000)):
        part = lfw.pairs(faces, view)
        assert len(part) == count and part.genuine.sum() == count // 2 and set(part.fold) == {0}
        sides[view] = set(faces.labels[np.concatenate([part.first, part.second])])
    assert not sides["devtrain"] & sides["devtest"]
    for view in lfw.VIEWS:
        part = lfw.pairs(faces, view)
        np.testing.assert_array_equal(faces.labels[part.first] == faces.labels[part.second], part.genuine)
