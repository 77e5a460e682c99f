"""AR: its names, its two days, its hundred people, and what is said where a copy is another."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from face_sets import empty_places, of_photographs, of_table, raises_one_sentence
from surveillance_sets import att, cut_short, small_ar

from lrfr import datasets
from lrfr.datasets import ar


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    att()
    return empty_places(tmp_path, monkeypatch)


def test_ar_from_its_official_names(own):
    home = small_ar(own)
    (home / "women").mkdir()
    (home / "W-002-14.bmp").rename(home / "women" / "f-02-14.BMP")
    (home / "W-002-27.bmp").write_bytes(b"")
    (home / "readme.png").write_bytes(b"")
    found = datasets.photographs("ar")
    assert len(found) == 20
    one = {p.file: p for p in found}["f-02-14.BMP"]
    assert (one.identity, one.session) == ("W-002", "2")
    assert [p.session for p in found[:4]] == ["1", "1", "2", "2"] and found[0].identity == "M-001"
    assert set(ar.conditions(of_photographs(found))) == {1, 2, 14, 15}


def test_its_faces_are_found_by_mtcnn(own, monkeypatch):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    small_ar(own, men=2, women=1)
    prepared = datasets.prepared("ar")
    assert prepared.unusable.empty and prepared.by_frame == 0
    landmarks = np.load(prepared.folder / "landmarks.npy")
    expected = np.asarray(att()[1].landmarks)
    assert np.abs(landmarks[6] - expected).mean() < 2  # M-002-14


def test_the_hundred_are_fifty_men_and_fifty_women_of_both_days():
    rows = []
    for sex, count in (("M", 70), ("W", 56)):
        for number in range(1, count + 1):
            days = (1, 2) if number == 3 else (1, 2, 14, 15)
            rows += [(f"{sex}-{number:03d}-{c:02d}.bmp", f"{sex}-{number:03d}") for c in days]
    faces = of_table(pd.DataFrame(rows, columns=["file", "identity"]), "ar")
    chosen = ar.hundred(faces)
    people = [f"{sex}-{n:03d}" for sex in "MW" for n in range(1, 52) if n != 3]
    assert chosen.identities == people and len(chosen) == 400
    few = faces.subset(
        faces.table["identity"].str[0].eq("M").to_numpy() | (faces.table["identity"] < "W-011").to_numpy()
    )
    with raises_one_sentence("50 men and 50 women with the photographs 1 and 14, but 50 men and 9 women could be prep"):
        ar.hundred(few)


def test_copies_that_are_others(own):
    with raises_one_sentence("Expected AR, looked in: .*/ar. Its maker A. M. Martinez .*LRFR_DATA"):
        datasets.photographs("ar")
    home = small_ar(own, men=1, women=1)
    for path in home.iterdir():
        path.rename(path.with_suffix(".raw"))
    with raises_one_sentence(
        r"AR should hold M-001-01.bmp and so on, but .* has 8 .raw files, which must be converted"
    ):
        datasets.photographs("ar")
    for path in home.iterdir():
        path.rename(path.with_name(f"x{path.stem}.bmp"))
    with raises_one_sentence("AR should hold M-001-01.bmp and so on, but .* has no such picture: "):
        datasets.photographs("ar")


def test_a_truncated_picture_is_listed(own):
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    cut_short(small_ar(own, men=1, women=1) / "W-001-01.bmp")
    prepared = datasets.prepared("ar")
    assert prepared.unusable["file"].tolist() == ["W-001-01.bmp"]
