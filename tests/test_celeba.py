"""CelebA: the official layout, the hold-out, and what is said where a copy is another."""

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from face_sets import DATA, as_jpeg, att_pictures, empty_places, of_photographs, of_table, raises_one_sentence
from PIL import Image

from lrfr import alignment, datasets
from lrfr.datasets import FaceDataset, celeba


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    for count in (2, 8):
        att_pictures(count)
    return empty_places(tmp_path, monkeypatch)


def small_celeba(root: Path, packed: bool, name: str = "celeba", people: int = 4) -> Path:
    """CelebA's official layout with AT&T's faces in it."""
    home = root / name
    home.mkdir(parents=True)
    files = [f"{i + 1:06d}.jpg" for i in range(2 * people)]
    for file, picture in zip(files, att_pictures(2 * people), strict=True):
        frame = Image.new("RGB", (178, 218))
        frame.paste(picture.convert("RGB"), (43, 60))
        if packed:
            with zipfile.ZipFile(home / "img_align_celeba.zip", "a") as archive:
                archive.writestr(f"img_align_celeba/{file}", as_jpeg(frame))
        else:
            (home / "img_align_celeba").mkdir(exist_ok=True)
            (home / "img_align_celeba" / file).write_bytes(as_jpeg(frame))
    rows = [f"{file} {1000 + i // 2}" for i, file in enumerate(files)]
    (home / "identity_CelebA.txt").write_text("\n".join([*rows, "202599.jpg 77"]) + "\n")
    points = "lefteye_x lefteye_y righteye_x righteye_y nose_x nose_y leftmouth_x leftmouth_y rightmouth_x rightmouth_y"
    marks = " ".join(str(round(v)) for v in celeba.FRAME.ravel())
    lines = [str(len(files)), points, *(f"{file}  {marks}" for file in files)]
    (home / "list_landmarks_align_celeba.txt").write_text("\n".join(lines) + "\n")
    split = "\n".join(f"{file} {i * 3 // len(files)}" for i, file in enumerate(files))
    (home / "list_eval_partition.txt").write_text(split + "\n")
    return home


@pytest.mark.parametrize(("packed", "name"), [(True, "celeba"), (False, "celeba"), (True, "celeba-299")])
def test_celeba_from_its_official_layout(own, packed, name):
    home = small_celeba(own, packed, name)
    faces = datasets.load("celeba")
    assert len(faces) == 8 and faces.identities == ["1000", "1001", "1002", "1003"]
    assert faces.table["file"].tolist() == [f"{i + 1:06d}.jpg" for i in range(8)]
    first = datasets.photographs("celeba")[0]
    np.testing.assert_array_equal(first.landmarks, celeba.FRAME.round())
    expected = alignment.warp(first.open(), alignment.similarity_transform(celeba.FRAME.round()))
    np.testing.assert_array_equal(faces.images[0], expected)
    parts = [celeba.partition(faces, part).table["file"].tolist() for part in (0, 1, 2)]
    assert [len(part) for part in parts] == [3, 3, 2] and [*parts[0], *parts[1], *parts[2]] == faces.table[
        "file"
    ].tolist()
    assert celeba.partition(faces, 2).name == "celeba-2"
    (home / "list_eval_partition.txt").unlink()
    with raises_one_sentence("Expected CelebA's list_eval_partition.txt, looked in: "):
        celeba.partition(faces, 0)


def test_celeba_without_landmarks_is_found_by_mtcnn_or_cut_by_its_own_frame(own):
    """A face that MTCNN misses is cut where CelebA's own alignment puts it; the others where MTCNN finds them."""
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    home = small_celeba(own, packed=False, people=1)
    (home / "list_landmarks_align_celeba.txt").unlink()
    Image.new("RGB", (178, 218), "grey").save(home / "img_align_celeba" / "000002.jpg")
    prepared = datasets.prepared("celeba")
    assert len(prepared.unusable) == 0
    landmarks = np.load(prepared.folder / "landmarks.npy")
    np.testing.assert_allclose(landmarks[1], celeba.FRAME, atol=1e-3)
    assert np.abs(landmarks[0] - celeba.FRAME).max() > 1


def test_celeba_layouts_that_are_others(own, monkeypatch):
    with raises_one_sentence("Expected CelebA, looked in: .*Set LRFR_DATA to the folder that holds celeba/"):
        datasets.photographs("celeba")
    home = small_celeba(own, packed=False)
    marks, rows = home / "list_landmarks_align_celeba.txt", home / "identity_CelebA.txt"
    marks.write_text("8\nheader\n000001.jpg 1 2 3\n")
    with raises_one_sentence("Expected lines of a file name and ten numbers in "):
        datasets.photographs("celeba")
    marks.unlink()
    rows.write_text("000001.jpg,1000\n")
    with raises_one_sentence("Expected lines of a file name and an identity number in "):
        datasets.photographs("celeba")
    rows.write_text("202599.jpg 77\n")
    with raises_one_sentence("No photograph in .* has a row in .*one edition of CelebA"):
        datasets.photographs("celeba")
    rows.unlink()
    with raises_one_sentence("Expected CelebA's identity_CelebA.txt, looked in: "):
        datasets.photographs("celeba")
    (home / "img_align_celeba").rename(home / "img_celeba")
    with raises_one_sentence("Expected CelebA's img_align_celeba, looked in: "):
        datasets.photographs("celeba")
    monkeypatch.delenv("LRFR_DATA")
    with raises_one_sentence("Expected CelebA, looked in: nowhere, LRFR_DATA is not set"):
        datasets.photographs("celeba")


def thirty_each(people: int, others: int = 8) -> FaceDataset:
    """``people`` identities with exactly 30 photographs and ``others`` with 29 or 31, shuffled."""
    sizes = {f"{1000 + i}": 30 for i in range(people)} | {f"{2000 + i}": 29 + 2 * (i % 2) for i in range(others)}
    names = np.random.default_rng(0).permutation(np.repeat(list(sizes), list(sizes.values())))
    return of_table(pd.DataFrame({"file": [f"{i:06d}.jpg" for i in range(len(names))], "identity": names}), "celeba")


def check_split(faces: FaceDataset) -> None:
    train, held = celeba.split(faces)
    assert held.table.groupby("identity").size().tolist() == [30] * 30
    assert not set(train.identities) & set(held.identities)
    assert len(train) + len(held) == len(faces)
    assert (train.name, held.name) == ("celeba-train", "celeba-held-out")
    again = celeba.split(faces)[1]
    assert again.table["file"].tolist() == held.table["file"].tolist()


def test_the_hold_out_is_thirty_people_with_exactly_thirty_photographs():
    faces = thirty_each(70)
    check_split(faces)
    shuffled = faces.subset(np.random.default_rng(1).permutation(len(faces)))
    assert celeba.split(shuffled)[1].identities == celeba.split(faces)[1].identities
    assert celeba.split(faces, seed=1)[1].identities != celeba.split(faces)[1].identities
    check_split(thirty_each(30))


def test_too_few_people_for_the_hold_out():
    with raises_one_sentence("needs 30 identities with exactly 30 photographs, but celeba has 29"):
        celeba.split(thirty_each(29))


@pytest.mark.skipif(
    not (DATA / "celeba-299").is_dir(), reason="needs CelebA-299 below LRFR_DATA; its twin runs on AT&T"
)
def test_the_real_celeba_299():
    found = datasets.photographs("celeba")
    faces = of_photographs(found, "celeba")
    assert len(faces) == 6270 and len(faces.identities) == 299
    assert int((faces.table.groupby("identity").size() == 30).sum()) == 70
    check_split(faces)
    assert found[0].open().size == (178, 218)
