"""Cutting a whole set: interrupted, killed, asked for twice at once, and honest about what it could not use."""

import io
import os
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time
import zlib
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from face_sets import as_jpeg, att_pictures, raises_one_sentence
from PIL import Image

from lrfr import alignment
from lrfr.datasets import prepare
from lrfr.datasets.base import Photograph

#: Where AT&T's faces lie in their pictures, roughly: a finder that needs no network.
PLACE = np.array([[30.0, 50], [62, 50], [46, 70], [33, 90], [60, 90]])


def photographs(count: int) -> list[Photograph]:
    contents = [as_jpeg(picture) for picture in att_pictures(10)]
    return [
        Photograph(f"{i:03d}.jpg", f"p{i % 3}", lambda i=i: contents[i % 10], session=str(i), stamp=str(i))
        for i in range(count)
    ]


class Finder:
    """Finds the same place in each picture, counts its calls, and fails at one of them."""

    def __init__(self, fails_at: int | None = None) -> None:
        self.calls, self.fails_at = 0, fails_at

    def __call__(self, image):
        self.calls += 1
        if self.calls == self.fails_at:
            raise KeyboardInterrupt
        return PLACE + self.calls % 2


@pytest.fixture(autouse=True)
def parts_of_four(monkeypatch):
    monkeypatch.setattr(prepare, "PART", 4)


def contents(folder):
    names = ["images.npy", "landmarks.npy", "table.csv", "unusable.csv", "info.json"]
    assert sorted(p.name for p in folder.iterdir()) == sorted(names)
    return [(folder / name).read_bytes() for name in names]


def test_crops_rows_and_landmarks_belong_together(tmp_path):
    given = photographs(10)
    prepared = prepare.prepare(given, tmp_path / "set", Finder(), "cutting")
    faces = prepare.read(prepared, "set")
    assert faces.table["file"].tolist() == [p.file for p in given]
    assert faces.table["session"].tolist() == [str(i) for i in range(10)]
    assert faces.table["camera"].tolist() == [""] * 10
    landmarks = np.load(prepared.folder / "landmarks.npy")
    for i, photograph in enumerate(given):
        points = PLACE + (i + 1) % 2
        np.testing.assert_array_equal(landmarks[i], points)
        expected = alignment.warp(photograph.open(), alignment.similarity_transform(points))
        np.testing.assert_array_equal(faces.images[i], expected)
    assert not faces.images.flags.writeable


def test_an_interrupted_call_goes_on(tmp_path):
    """Stopped in the third part: the next call cuts from there on, and the files are those of an undisturbed call."""
    given = photographs(14)
    folder, other = tmp_path / "set", tmp_path / "other"
    with pytest.raises(KeyboardInterrupt):
        prepare.prepare(given, folder, Finder(fails_at=10), "cutting")
    assert sorted(p.name for p in folder.glob("part-*")) == ["part-00000.npz", "part-00001.npz"]
    again = Finder()
    prepare.prepare(given, folder, again, "cutting")
    assert again.calls == 14 - 8
    prepare.prepare(given, other, Finder(), "cutting")
    assert contents(folder) == contents(other)
    unneeded = Finder()
    prepare.prepare(given, folder, unneeded, "cutting")
    assert unneeded.calls == 0


def test_stopped_while_the_parts_are_joined(tmp_path, monkeypatch):
    """Killed after images.npy and before table.csv, with half a file lying about: nothing is cut again."""
    given = photographs(9)
    folder = tmp_path / "set"
    write = prepare.write_text

    def stops(path, text):
        if path.name == "table.csv":
            raise KeyboardInterrupt
        write(path, text)

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "write_text", stops)
        with pytest.raises(KeyboardInterrupt):
            prepare.prepare(given, folder, Finder(), "cutting")
    (folder / ".images.npy.0badc0de").write_bytes(b"half")
    again = Finder()
    prepare.prepare(given, folder, again, "cutting")
    assert again.calls == 0
    prepare.prepare(given, tmp_path / "other", Finder(), "cutting")
    assert contents(folder) == contents(tmp_path / "other")


def test_killed_and_called_again(tmp_path):
    """kill -9 in the middle, where no clean-up runs."""
    script = textwrap.dedent("""
        import sys, time
        from pathlib import Path
        sys.path.insert(0, sys.argv[1])
        from test_prepare import Finder, photographs
        from lrfr.datasets import prepare

        class Slow(Finder):
            def __call__(self, image):
                if self.calls >= 9:
                    Path(sys.argv[2], "reached").touch()
                    time.sleep(600)
                return super().__call__(image)

        prepare.PART = 4
        prepare.prepare(photographs(14), Path(sys.argv[2], "set"), Slow(), "cutting")
    """)
    arguments = [sys.executable, "-c", script, os.path.dirname(__file__), str(tmp_path)]
    with subprocess.Popen(arguments) as process:
        while not (tmp_path / "reached").exists() and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    again = Finder()
    prepare.prepare(photographs(14), tmp_path / "set", again, "cutting")
    assert again.calls == 14 - 8
    prepare.prepare(photographs(14), tmp_path / "other", Finder(), "cutting")
    assert contents(tmp_path / "set") == contents(tmp_path / "other")


def test_two_that_ask_at_once_cut_each_photograph_once(tmp_path):
    find = Finder()
    given = photographs(12)
    results: list[prepare.Prepared] = []
    work = [
        threading.Thread(target=lambda: results.append(prepare.prepare(given, tmp_path / "set", find, "cutting")))
        for _ in range(3)
    ]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert find.calls == 12 and len(results) == 3
    assert len(contents(tmp_path / "set")[2].splitlines()) == 13


def test_everything_that_could_not_be_used_is_listed_with_its_reason(tmp_path):
    given = photographs(6)
    whole = given[0].read()

    def huge() -> bytes:
        """A PNG whose head promises 20,000 x 20,000 pixels."""
        chunks = [b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0), b"IDAT"]
        packed = [struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks]
        return b"\x89PNG\r\n\x1a\n" + b"".join(packed)

    def locked() -> bytes:
        raise RuntimeError("File 'locked.jpg' is encrypted, password required for extraction")  # as zipfile does

    bad = [
        Photograph("cut.jpg", "p0", lambda: whole[: len(whole) // 2]),
        Photograph("empty.jpg", "p0", lambda: b""),
        Photograph("text.jpg", "p0", lambda: b"no picture"),
        Photograph("cut.pgm", "p0", lambda: b"P5\n92"),
        Photograph("cut.ppm", "p0", lambda: b"P6\n4 4\n255\n\0"),
        Photograph("huge.png", "p0", huge),
        Photograph("locked.jpg", "p0", locked),
        Photograph("wall.jpg", "p0", given[0].read),
        Photograph("point.jpg", "p0", given[0].read, landmarks=np.ones((5, 2))),
        Photograph("nan.jpg", "p0", given[0].read, landmarks=np.full((5, 2), np.nan)),
    ]

    class Blind(Finder):
        def __call__(self, image):
            found = super().__call__(image)
            return None if self.calls == 4 else found  # given[0..2], then the wall

    prepared = prepare.prepare([*given[:3], *bad, *given[3:]], tmp_path / "set", Blind(), "cutting")
    assert prepare.read(prepared, "set").table["file"].tolist() == [p.file for p in given]
    for listed in (prepared, prepare.prepare(given, tmp_path / "set", None, "cutting")):  # and again from disk
        reasons = dict(listed.unusable.itertuples(index=False))
        assert list(reasons) == [p.file for p in bad]
        assert reasons["cut.jpg"].startswith("cut.jpg is truncated or no picture")
        assert reasons["empty.jpg"].startswith("empty.jpg is truncated or no picture")
        assert reasons["text.jpg"].startswith("text.jpg is truncated or no picture (its format is not known): ")
        for name, why in {"cut.pgm": "", "cut.ppm": "", "huge.png": "exceeds limit", "locked.jpg": "password"}.items():
            assert reasons[name].startswith(f"{name} is truncated or no picture") and why in reasons[name]
        assert reasons["wall.jpg"] == "no face found"
        assert "at least two distinct landmarks" in reasons["point.jpg"]
        assert "five landmarks (x, y) for nan.jpg" in reasons["nan.jpg"]


def test_a_damaged_picture_in_a_zip_is_listed(tmp_path):
    """A member whose bytes were damaged after packing: its checksum fails, the others are used."""
    import zipfile

    from lrfr.datasets.base import Store

    archive = tmp_path / "faces.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for i, photograph in enumerate(photographs(3)):
            file.writestr(f"p{i}/{photograph.file}", photograph.read())
        offset = file.getinfo("p1/001.jpg").header_offset
    damaged = bytearray(archive.read_bytes())
    damaged[offset + 200 : offset + 260] = bytes(60)
    archive.write_bytes(damaged)
    store = Store(archive)
    given = [Photograph(n, n[:2], store.reader(n), stamp=store.stamp(n)) for n in store.pictures()]
    prepared = prepare.prepare(given, tmp_path / "set", Finder(), "cutting")
    assert prepared.unusable["file"].tolist() == ["p1/001.jpg"]
    assert len(prepare.read(prepared, "set")) == 2


def stored(levels: np.ndarray, kind: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("factor", "kind", "type_"),
    [
        (257, "PNG", np.uint16),
        (257, "TIFF", np.uint16),
        (257, "TIFF", ">u2"),
        (257, "PPM", np.uint16),
        (257, "TIFF", np.int32),
        (1, "TIFF", np.int32),
        (1, "TIFF", np.float32),
        (1 / 255, "TIFF", np.float32),
        (1, "PNG", np.uint8),
    ],
)
def test_grey_levels_of_more_than_8_bits_are_cut_as_if_they_had_8(tmp_path, factor, kind, type_):
    grey = np.asarray(Image.open(io.BytesIO(photographs(1)[0].read())).convert("L"))
    deep = stored((grey * np.float64(factor)).astype(type_), kind)
    for content in (deep, stored(grey, "PNG")):
        given = [Photograph("a", "p", lambda content=content: content, landmarks=PLACE)]
        cut = prepare.read(prepare.prepare(given, tmp_path / str(content is deep), None, "cutting"), "set").images
        assert cut.std() > 20
    np.testing.assert_array_equal(
        *(np.load(tmp_path / name / "images.npy") for name in ("True", "False")), err_msg=f"{kind} {type_}"
    )


def test_a_picture_keeps_what_16_bits_round_to_and_no_range_is_guessed():
    levels = np.array([[0, 128, 129, 385, 65535, 65406]], np.uint16)
    assert np.asarray(Photograph("a", "p", lambda: stored(levels, "PNG")).open()).tolist() == [[0, 0, 1, 1, 255, 254]]
    for strange in (np.array([[0, 1e6]], np.int32), np.array([[-3, 9]], np.float32), np.array([[np.nan]], np.float32)):
        with raises_one_sentence("a is truncated or no picture .grey levels from"):
            Photograph("a", "p", lambda strange=strange: stored(strange.astype(strange.dtype), "TIFF")).open()


def test_a_file_that_cannot_be_read_this_time_is_not_left_out_for_good(tmp_path):
    whole, broken = photographs(4), []

    def disk() -> bytes:
        if not broken:
            broken.append(True)
            raise OSError(5, "Input/output error", "002.jpg")
        return whole[1].read()

    def unpacking() -> bytes:
        raise OSError("Invalid data stream")  # as zipfile does of damaged bzip2

    given = [whole[0], replace(whole[1], read=disk), replace(whole[2], file="bad.jpg", read=unpacking), whole[3]]
    with pytest.raises(OSError, match="Input/output error"):
        prepare.prepare(given, tmp_path / "set", Finder(), "cutting")
    prepared = prepare.prepare(given, tmp_path / "set", Finder(), "cutting")
    assert len(prepare.read(prepared, "set")) == 3
    assert prepared.unusable["file"].tolist() == ["bad.jpg"] and "Invalid data" in prepared.unusable["reason"].iloc[0]


def test_a_set_of_nothing_usable_is_refused(tmp_path):
    with raises_one_sentence("None of the 5 photographs could be used; the first says: no face found"):
        prepare.prepare(photographs(5), tmp_path / "set", lambda image: None, "cutting")


def test_the_fingerprint_follows_everything_that_changes_a_crop(monkeypatch):
    given = photographs(3)
    first = prepare.fingerprint(given, "mtcnn")
    assert first == prepare.fingerprint(photographs(3), "mtcnn")
    changed = [
        prepare.fingerprint(given[:2], "mtcnn"),
        prepare.fingerprint(given[::-1], "mtcnn"),
        prepare.fingerprint(given, "landmarks"),
    ]
    fields: list[dict] = [{"file": "x.jpg"}, {"identity": "x"}, {"landmarks": PLACE}, {"stamp": "x"}]
    for field in [*fields, {"whole": True}, {"ready": True}, {"upright": True}]:
        other = Photograph(**{**vars(given[0]), **field})
        changed.append(prepare.fingerprint([other, *given[1:]], "mtcnn"))
    monkeypatch.setattr(prepare, "VERSION", prepare.VERSION + 1)
    changed.append(prepare.fingerprint(given, "mtcnn"))
    assert len({first, *changed}) == len(changed) + 1


def test_where_no_face_is_found_the_frame_or_the_whole_picture_is_cut_and_counted(tmp_path):
    first = photographs(1)[0]
    given = [
        first,
        Photograph("framed.jpg", "p0", first.read, frame=PLACE),
        Photograph("whole.jpg", "p0", first.read, whole=True),
        Photograph("landmarks.jpg", "p0", first.read, landmarks=PLACE, whole=True),
        Photograph("wall.jpg", "p0", first.read),
    ]
    seen = iter([PLACE, None, None, None])
    prepared = prepare.prepare(given, tmp_path / "set", lambda image: next(seen), "cutting")
    assert prepared.unusable.to_numpy().tolist() == [["wall.jpg", "no face found"]]
    assert prepared.by_frame == 2 == prepare.prepare(given, tmp_path / "set", None, "cutting").by_frame
    images = prepare.read(prepared, "set").images
    np.testing.assert_array_equal(images[0], images[1])
    np.testing.assert_array_equal(images[0], images[3])
    whole = first.open().convert("RGB").resize((112, 112), Image.Resampling.BICUBIC)
    np.testing.assert_array_equal(images[2], np.asarray(whole))


def test_a_crop_of_the_right_size_is_taken_as_it_is_where_the_set_says_so(tmp_path):
    face = Image.fromarray(np.random.default_rng(0).integers(0, 256, (112, 112, 3), dtype=np.uint8))
    ready, large = as_jpeg(face), as_jpeg(face.resize((113, 112)))
    given = [
        Photograph("ready.jpg", "p0", lambda: ready, ready=True),
        Photograph("large.jpg", "p0", lambda: large, ready=True),
        Photograph("other.jpg", "p0", lambda: ready),
    ]
    find = Finder()
    prepared = prepare.prepare(given, tmp_path / "set", find, "cutting")
    assert find.calls == 2 and prepared.by_frame == 0
    images = prepare.read(prepared, "set").images
    np.testing.assert_array_equal(images[0], np.asarray(given[0].open()))
    assert not np.array_equal(images[2], images[0])


def test_parts_of_an_earlier_version_are_used(tmp_path):
    """They do not say which faces were cut by the frame; none is counted."""
    given = photographs(6)
    folder = tmp_path / "set"
    with pytest.raises(KeyboardInterrupt):
        prepare.prepare(given, folder, Finder(fails_at=6), "cutting")
    with np.load(folder / "part-00000.npz") as part:
        older = {key: part[key] for key in ("images", "landmarks", "reasons")}
    np.savez(folder / "part-00000.npz", **older)
    again = Finder()
    assert prepare.prepare(given, folder, again, "cutting").by_frame == 0 and again.calls == 2


def test_more_parts_than_a_process_may_open(tmp_path):
    """A training set of millions has ten thousand parts; they are joined one after the other."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = len(os.listdir("/proc/self/fd"))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + 15, hard))
    try:
        prepared = prepare.prepare(photographs(100), tmp_path / "set", Finder(), "cutting")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(prepare.read(prepared, "set")) == 100


def test_the_unusable_list_survives_being_empty(tmp_path):
    prepared = prepare.prepare(photographs(2), tmp_path / "set", Finder(), "cutting")
    assert prepared.unusable.empty and prepared.unusable.columns.tolist() == ["file", "reason"]
    assert isinstance(prepared.unusable, pd.DataFrame)
