"""Assets against small packages made here: pip finds them in a folder and never asks an index."""

import hashlib
import io
import os
import re
import signal
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from lrfr import assets, packages
from lrfr.assets import Asset
from lrfr.errors import LrfrError
from lrfr.packages import Source

CONTENT = b"weights " * 1000
MEMBER = "tinyface/models/net.dat"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def make_wheel(folder: Path, name: str, members: dict[str, bytes]) -> Source:
    """A wheel with these members, and the source that names it (without a member)."""
    info = f"{name}-1.0.dist-info"
    archive = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as wheel:
        for member, content in members.items():
            wheel.writestr(member, content)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return Source(archive.name, sha256(archive.read_bytes()), member="", package=f"{name}==1.0")


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that pip takes for its only index, and an empty cache."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_EXTRA_INDEX_URL", raising=False)
    return folder


@pytest.fixture
def asset(index):
    source = replace(make_wheel(index, "tinyface", {MEMBER: CONTENT, "tinyface/other.dat": b"other"}), member=MEMBER)
    return Asset("tiny", len(CONTENT), "demo", "tests", "none", "net.dat", sha256(CONTENT), (source,))


def leftovers() -> list[str]:
    """What lies in the cache beside complete assets and their locks."""
    folder = assets.paths.cache_dir() / "assets"
    return [p.name for p in folder.iterdir() if ".tmp-" in p.name] if folder.is_dir() else []


def test_fetches_the_one_member_and_nothing_else(asset):
    target = assets.fetch(asset)
    assert target.read_bytes() == CONTENT
    assert [p.name for p in target.parent.iterdir()] == ["net.dat"]
    assert leftovers() == []


def test_second_call_asks_no_package_manager(asset, monkeypatch):
    target = assets.fetch(asset)
    monkeypatch.setattr(packages, "download", lambda *_: pytest.fail("fetched again"))
    assert assets.fetch(asset) == target


def test_changed_pin_never_meets_the_old_file(asset):
    assert assets.location(asset) != assets.location(replace(asset, sha256="0" * 64))


def test_truncated_file_is_fetched_again(asset):
    assets.fetch(asset).write_bytes(CONTENT[:-1])
    assert assets.fetch(asset).read_bytes() == CONTENT


def test_wrong_archive_hash_is_one_sentence_and_leaves_nothing(asset, index):
    archive = index / asset.sources[0].archive
    with zipfile.ZipFile(archive, "a") as wheel:
        wheel.writestr("tinyface/added.py", "print('not what was pinned')")
    with pytest.raises(LrfrError) as caught:
        assets.fetch(asset)
    assert asset.sources[0].sha256 in str(caught.value)
    assert sha256(archive.read_bytes()) in str(caught.value)
    assert "lrfr assets --fetch tiny" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not assets.location(asset).exists()
    assert leftovers() == []


def test_wrong_file_hash_is_one_sentence_and_leaves_nothing(asset):
    wrong = replace(asset, sha256=sha256(b"something else"))
    with pytest.raises(LrfrError, match=f"has sha256 {sha256(CONTENT)} instead of the pinned {wrong.sha256}"):
        assets.fetch(wrong)
    assert not assets.location(wrong).exists()
    assert leftovers() == []


def test_next_source_is_tried(asset, index):
    (source,) = asset.sources
    absent = replace(source, package="nosuchpackage==1.0")
    hollow = replace(make_wheel(index, "hollow", {"x": b""}), member=MEMBER)
    assert assets.fetch(replace(asset, sources=(absent, hollow, source))).read_bytes() == CONTENT


def test_every_failed_source_is_named(asset, index):
    absent = replace(asset.sources[0], package="nosuchpackage==1.0")
    hollow = replace(make_wheel(index, "hollow", {"x": b""}), member=MEMBER)
    with pytest.raises(LrfrError) as caught:
        assets.fetch(replace(asset, sources=(absent, hollow)))
    assert "does not offer nosuchpackage==1.0" in str(caught.value)
    assert f"{hollow.archive} has no member {MEMBER}" in str(caught.value)


def test_no_network_is_one_sentence(asset, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")  # nothing listens on the discard port
    monkeypatch.setenv("PIP_RETRIES", "1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(LrfrError, match="no network: pip could not reach the package index"):
        assets.fetch(asset)


def test_missing_pip_is_one_sentence(asset, monkeypatch):
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(LrfrError, match=r"has no pip .*ensurepip"):
        assets.fetch(asset)


def test_full_disk_or_unwritable_cache_is_one_sentence(asset, tmp_path, monkeypatch):
    (tmp_path / "occupied").write_text("a file where the cache should be")
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "occupied"))
    with pytest.raises(LrfrError, match=r"could not be stored .*LRFR_CACHE"):
        assets.fetch(asset)


def test_folder_keeps_the_matching_members_of_an_inner_zip(index):
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as zipped:
        for name in ("faces/image_1.jpg", "faces/image_2.jpg", "faces/celebrity.jpg"):
            zipped.writestr(name, name.encode())
    wheel = make_wheel(index, "tinyset", {"tinyset/faces.zip": inner.getvalue()})
    source = replace(wheel, inside="tinyset/faces.zip", member=r"faces/(image_\d\.jpg)")
    names = [b"image_1.jpg", b"image_2.jpg"]
    by_hand = sha256(b"".join(n + b"\0" + hashlib.sha256(b"faces/" + n).digest() for n in names))
    target = assets.fetch(Asset("set", 34, "demo", "tests", "none", "", by_hand, (source,)))
    assert sorted(p.name for p in target.iterdir()) == ["image_1.jpg", "image_2.jpg"]
    with pytest.raises(LrfrError, match="instead of the pinned"):
        assets.fetch(Asset("set", 34, "demo", "tests", "none", "", "0" * 64, (source,)))


def test_source_archive_with_setup_code(index):
    archive = index / "tinysdist-1.0.tar.gz"
    files = {"setup.py": b"from setuptools import setup\nsetup(name='tinysdist', version='1.0')\n", "net.dat": CONTENT}
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"tinysdist-1.0/{name}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    digest = sha256(archive.read_bytes())
    source = Source(archive.name, digest, "tinysdist-1.0/net.dat", package="tinysdist==1.0")
    asset = Asset("sdist", len(CONTENT), "demo", "tests", "none", "net.dat", sha256(CONTENT), (source,))
    assert assets.fetch(asset).read_bytes() == CONTENT


def test_npm_source_checks_the_archive_too(tmp_path, monkeypatch):
    with tarfile.open(tmp_path / "tiny-1.0.0.tgz", "w:gz") as tar:
        entry = tarfile.TarInfo("package/net.dat")
        entry.size = len(CONTENT)
        tar.addfile(entry, io.BytesIO(CONTENT))
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "npm").write_text(f"#!/bin/sh\n/bin/cp {tmp_path}/tiny-1.0.0.tgz .\n")  # stands in for the real one
    (programs / "npm").chmod(0o755)
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    digest = sha256((tmp_path / "tiny-1.0.0.tgz").read_bytes())
    source = Source("tiny-1.0.0.tgz", digest, "package/net.dat", npm="tiny@1.0.0")
    asset = Asset("npm", len(CONTENT), "demo", "tests", "none", "net.dat", sha256(CONTENT), (source,))
    with pytest.raises(LrfrError, match=f"sha256 {digest} instead of the pinned"):
        assets.fetch(replace(asset, sources=(replace(source, sha256="0" * 64),)))
    assert assets.fetch(asset).read_bytes() == CONTENT


def fetching_process(asset: Asset, patch: str) -> subprocess.Popen:
    """A second Python that fetches `asset` after running `patch`, which may replace parts of `packages`."""
    imports = "import os, signal, time; from pathlib import Path; from lrfr import assets, packages"
    program = f"{imports}; from lrfr.assets import Asset; from lrfr.packages import Source\n{textwrap.dedent(patch)}\n"
    program += f"print(assets.fetch({asset!r}))\n"
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


def test_two_processes_at_once_fetch_once(asset, tmp_path):
    log = tmp_path / "log"
    slow = f"""
        original = packages.download
        def slow(source, folder):
            with open({str(log)!r}, "a") as handle:
                handle.write("fetched\\n")
            time.sleep(1.5)
            return original(source, folder)
        packages.download = slow
    """
    processes = [fetching_process(asset, slow) for _ in range(2)]
    outputs = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert outputs == [str(assets.location(asset))] * 2
    assert log.read_text() == "fetched\n"
    assert assets.location(asset).read_bytes() == CONTENT


def test_killed_in_the_middle_leaves_no_asset_and_the_next_call_tidies_up(asset):
    killed = """
        def half(self, content):
            with self.open("wb") as handle:
                handle.write(content[:100])
            os.kill(os.getpid(), signal.SIGKILL)
        Path.write_bytes = half
    """
    process = fetching_process(asset, killed)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
    assert not assets.location(asset).exists()
    assert len(leftovers()) == 1
    assert assets.fetch(asset).read_bytes() == CONTENT
    assert leftovers() == []


def test_weights_that_no_package_carries(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    assert assets.status("facenet") == "missing"
    with pytest.raises(LrfrError, match=r"TORCH_HOME.*is not there"):
        assets.path("facenet")
    file = tmp_path / "checkpoints" / assets.get("facenet").file
    file.parent.mkdir()
    file.touch()
    assert assets.status("facenet") == "present"
    assert assets.path("facenet") == file


def test_face_sets_of_the_readers_own_are_found_below_lrfr_data(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable in ("LRFR_DATA", "SCIKIT_LEARN_DATA"):
        monkeypatch.delenv(variable, raising=False)
    assert [assets.status(name) for name in ("lfw", "celeba")] == ["missing", "missing"]
    with pytest.raises(LrfrError, match=r"\AThe asset lfw needs lfw/ below LRFR_DATA.*LRFR_DATA/lfw is not there\.\Z"):
        assets.path("lfw")
    (tmp_path / "scikit_learn_data" / "lfw_home").mkdir(parents=True)
    assert assets.path("lfw") == tmp_path / "scikit_learn_data" / "lfw_home"
    monkeypatch.setenv("LRFR_DATA", str(tmp_path / "own"))
    (tmp_path / "own" / "lfw").mkdir(parents=True)
    (tmp_path / "own" / "celeba-299").mkdir()
    assert assets.path("lfw") == tmp_path / "own" / "lfw" and assets.verify("lfw")
    assert assets.path("celeba") == tmp_path / "own" / "celeba-299"
    assets.remove("lfw")
    assert assets.status("lfw") == "present"  # what is the reader's own is never taken away


def test_every_network_and_face_set_of_the_study_is_listed():
    networks = {"dlib", "sface", "mobilefacenet", "facenet", "lightcnn", "sphereface"}
    perceptual = {"vgg19", "vgg19-torchvision", "lpips-alexnet", "lpips-vgg16", "realesrgan"}
    faces = {"att", "caltech", "lfw", "celeba"}
    assert networks | perceptual | faces <= set(assets.load())


def test_unknown_asset_names_the_known_ones():
    with pytest.raises(LrfrError, match=r"no asset 'dlibb'.*dlib, sface"):
        assets.path("dlibb")


def test_selecting_by_name_and_by_group():
    demo = [asset.name for asset in assets.select(["demo"])]
    assert {"att", "caltech", "dlib", "sface", "mobilefacenet"} <= set(demo)
    assert [asset.name for asset in assets.select(["dlib", "demo"])] == ["dlib", *(n for n in demo if n != "dlib")]
    assert assets.select([]) == list(assets.load().values())


@pytest.mark.parametrize("asset", assets.load().values(), ids=lambda asset: asset.name)
def test_list_is_pinned(asset):
    assert asset.group in ("demo", "study", "optional")
    assert asset.needed_for
    assert asset.licence
    assert bool(asset.sources) != bool(asset.elsewhere)
    for source in asset.sources:
        assert re.fullmatch(r"[0-9a-f]{64}", asset.sha256)
        assert re.fullmatch(r"[0-9a-f]{64}", source.sha256)
        assert re.fullmatch(r"[\w-]+==[\d.]+", source.package) or re.fullmatch(r"[\w-]+@[\d.]+", source.npm)
        version = re.split("==|@", source.label)[1]
        assert f"-{version}" in source.archive
    assert "://" not in repr(asset)


@pytest.mark.parametrize("name", [asset.name for asset in assets.select(["demo"])])
def test_what_the_demo_needs_has_its_pinned_hash(name):
    assets.path(name)
    assert assets.verify(name)


def test_face_sets_are_complete():
    people = sorted(p.name for p in assets.path("att").iterdir())
    assert people == sorted(f"s{i}" for i in range(1, 41))
    assert all(len(list((assets.path("att") / p).glob("*.pgm"))) == 10 for p in people)
    assert len(list(assets.path("caltech").glob("image_*.jpg"))) == 435
