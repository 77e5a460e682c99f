"""The surveillance protocols: who is searched among whom, and whole evaluations on copies whose answers are known."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from face_sets import empty_places, raises_one_sentence
from surveillance_sets import (
    MIXED_UP,
    att,
    colours,
    cut_short,
    results_in,
    small_ar,
    small_scface,
    small_tinyface,
    small_xqlfw,
)
from typer.testing import CliRunner

from lrfr import datasets, hardware, measure, methods, recognizers
from lrfr.cli import app
from lrfr.datasets import ar, scface, tinyface
from lrfr.errors import LrfrError
from lrfr.evaluation import surveillance as protocols
from lrfr.networks.unet import UNet, UNetSettings
from lrfr.record import surveillance
from lrfr.record.setup import Setup, upsampler
from lrfr.training import save_weights


@pytest.fixture(scope="module")
def mobilefacenet() -> recognizers.Recognizer:
    return recognizers.load("mobilefacenet")


@pytest.fixture
def own(tmp_path, monkeypatch, mobilefacenet) -> Path:
    att()
    monkeypatch.setattr(scface, "PEOPLE", 6)
    monkeypatch.setattr(scface, "FINE_TUNE", 2)
    monkeypatch.setattr(tinyface, "DISTRACTORS", 4)
    monkeypatch.setattr(ar, "MEN", 3)
    monkeypatch.setattr(ar, "WOMEN", 2)
    results_in(tmp_path, monkeypatch)
    return empty_places(tmp_path, monkeypatch)


def value(rows: pd.DataFrame, protocol: str, metric: str = "rank_1", column: str = "value") -> float:
    (found,) = rows.loc[(rows["protocol"] == protocol) & (rows["metric"] == metric), column]
    return float(found)


# Who is searched among whom


def official_scface() -> pd.DataFrame:
    rows = []
    for n in range(1, 131):
        rows.append((f"{n:03d}_frontal.jpg", f"{n:03d}", "frontal", ""))
        rows += [(f"{n:03d}_cam{c}_{d}.jpg", f"{n:03d}", f"cam{c}", str(d)) for c in range(1, 6) for d in (1, 2, 3)]
    return pd.DataFrame(rows, columns=["file", "identity", "camera", "distance"])


def test_scface_has_650_probes_at_each_distance_and_130_mugshots():
    table = official_scface()
    found = {s.protocol: s for s in protocols.scface_mugshots(table)}
    assert len(found) == 1 + 3 * (1 + 5)
    for name, distance in (("d1", "1"), ("d2", "2"), ("d3", "3")):
        search = found[f"HR gallery, {name}"]
        assert len(search.probe) == 650 and set(table["distance"][search.probe]) == {distance}
        assert len(search.gallery) == 130 and set(table["camera"][search.gallery]) == {"frontal"}
        one = found[f"HR gallery, {name} cam4"]
        assert len(one.probe) == 130 and set(table["camera"][one.probe]) == {"cam4"}
    assert len(found["HR gallery, all"].probe) == 1950
    test = table["identity"].unique()[50:]
    far = next(s for s in protocols.scface_mugshots(table, test, "80") if s.protocol == "80, d1")
    assert (len(far.probe), len(far.gallery)) == (400, 80)
    assert set(table["identity"][far.gallery]) == set(test) == set(table["identity"][far.probe])
    near = protocols.scface_near(table)
    assert (len(near.probe), len(near.gallery), near.setting) == (650, 650, "both")
    assert set(table["distance"][near.probe]) == {"2"} and set(table["distance"][near.gallery]) == {"3"}


def test_ar_is_one_photograph_of_each_day_and_tinyface_has_strangers():
    table = pd.DataFrame({"file": [f"M-{n:03d}-{c:02d}.bmp" for n in range(1, 101) for c in range(1, 27)]})
    search = protocols.ar_days(table, np.tile(np.arange(1, 27), 100))
    assert (len(search.probe), len(search.gallery), search.ranks[-1]) == (100, 100, 100)
    assert table["file"][search.probe[0]] == "M-001-01.bmp" and table["file"][search.gallery[0]] == "M-001-14.bmp"
    table = pd.DataFrame({"file": ["Probe/1.jpg", "Gallery_Match/2.jpg", "Gallery_Distractor/3.jpg"]})
    search = protocols.tinyface(table)
    assert (search.probe.tolist(), search.gallery.tolist(), search.precision) == ([0], [1, 2], True)
    with raises_one_sentence("'probe in gallery' expects probes and a gallery, but found 1 and 0 photographs"):
        protocols.tinyface(table.iloc[:1])


# Whole evaluations


def test_scface_by_hand(own, mobilefacenet):
    """Of 6 x 5 probes a distance, one lies under another's name at d1, two at d2, none at d3."""
    small_scface(own)
    rows = surveillance.evaluate("scface", Setup(upsampler(), mobilefacenet), replicates=100)
    for name, wrong in (("d1", 1), ("d2", 2), ("d3", 0)):
        assert value(rows, f"HR gallery, {name}") == pytest.approx(1 - wrong / 30)
        assert value(rows, f"HR gallery, {name}", column="n") == 30
    assert value(rows, "HR gallery, all") == pytest.approx(1 - 3 / 90)
    assert value(rows, "HR gallery, d1 cam1") == pytest.approx(5 / 6)
    assert value(rows, "HR gallery, d1 cam2") == 1
    assert value(rows, "d2 in d3") == pytest.approx(1 - 2 / 30)
    test = scface.split(datasets.load("scface"))[1].identities
    assert len(test) == 4
    for name, distance in (("d1", 1), ("d2", 2), ("d3", 3)):
        # A picture of somebody who is not among the four may be taken for anybody: it is wrong all the same.
        wrong = sum(person in test and d == distance for person, _, d in MIXED_UP)
        assert value(rows, f"4 people (seed 0), {name}") == pytest.approx(1 - wrong / 20)
    low, high = (value(rows, "HR gallery, d2", column=c) for c in ("low", "high"))
    assert low < 1 - 2 / 30 < high <= 1


def test_rows_name_what_they_were_computed_on(own, monkeypatch):
    small_scface(own)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Some GPU")
    judge = colours()
    surveillance.evaluate("scface", Setup(upsampler(), judge), replicates=2)
    assert set(surveillance.load()["hardware"]) == {hardware.hardware()}
    monkeypatch.setattr(type(judge), "device", torch.device("cuda"))
    monkeypatch.setattr("lrfr.embeddings.embed", lambda judge, images: np.ones((len(images), judge.dim), np.float32))
    surveillance.evaluate("scface", Setup(upsampler(), judge), replicates=2)
    assert set(surveillance.load()["hardware"]) == {"Some GPU"}


def test_tinyface_by_hand(own):
    """Three probes have their two matches first. The blue picture under green's name has them at places 5 and 6.

    Before them stand the four strangers: three blue, then pink. So its average precision is the mean of
    (1/5 + 0)/2 and (2/6 + 1/5)/2.
    """
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    small_tinyface(own)
    rows = surveillance.evaluate("tinyface", Setup(upsampler(), colours()), replicates=100)
    rates = {metric: value(rows, "probe in gallery", metric) for metric in rows["metric"]}
    precision = ((1 / 5 + 0) / 2 + (2 / 6 + 1 / 5) / 2) / 2
    expected = {"rank_1": 3 / 4, "rank_5": 1, "rank_10": 1, "rank_20": 1, "map": (3 + precision) / 4}
    assert rates == pytest.approx(expected)
    assert set(rows["setting"]) == {"both"} and set(rows["n"]) == {4}


def test_xqlfw_by_hand(own):
    """One genuine pair of sixteen pairs shows two hues and scores below every threshold: 8 of 8 and 7 of 8."""
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    small_xqlfw(own)
    rows = surveillance.evaluate("xqlfw", Setup(upsampler(), colours()), replicates=100)
    assert value(rows, "10 folds", "accuracy") == pytest.approx((1 + 7 / 8) / 2)
    assert value(rows, "10 folds", "accuracy", "n") == 16
    assert {"auc", "eer", "d_prime", "tar_at_far_0.01", "accuracy_sd"} <= set(rows["metric"])
    assert set(rows["setting"]) == {"both"}


def test_ar_by_hand(own, mobilefacenet):
    """Day 1 shows another man under the first man's name: 4 of 5. Any photograph of day 1: 0, 1, 1, 1 and 1/2."""
    pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
    small_ar(own)
    rows = surveillance.evaluate("ar", Setup(upsampler(), mobilefacenet), replicates=100)
    assert value(rows, "day 1 in day 14") == pytest.approx(0.8)
    assert value(rows, "day 1 in day 14", "rank_5") == 1 and value(rows, "day 1 in day 14", column="n") == 5
    assert value(rows, "any day 1 in any day 14") == pytest.approx(3.5 / 5)


def test_a_damaged_photograph_stops_a_protocol(own, mobilefacenet):
    home = small_scface(own)
    cut_short(home / "surveillance_cameras_distance_3" / "cam_2" / "002_cam2_3.jpg")
    with raises_one_sentence(
        "SCface's protocol needs all its photographs, but 1 could not be used; the first: 002_cam2_3"
    ):
        surveillance.evaluate("scface", Setup(upsampler(), mobilefacenet))
    with raises_one_sentence("Expected one of the sets scface, tinyface, xqlfw, ar, found 'lfw'"):
        surveillance.evaluate("lfw", Setup(upsampler(), mobilefacenet))


# Upsamplers and joined embeddings


def test_upsamplers_by_name(tmp_path, monkeypatch):
    assert upsampler().method.px == 112
    assert (upsampler("bicubic", px="28").method.name, upsampler("bicubic", px="28").method.px) == ("bicubic", 28)
    uneven = upsampler("bicubic", px="11x8").method
    assert (uneven.name, uneven.size) == ("bicubic 11x8", (11, 8))
    face = datasets.load("att").images[:1]
    seen = methods.restore(uneven, face)
    assert (
        seen.shape == face.shape
        and np.abs(seen.astype(float) - methods.restore(upsampler("bicubic", px="8").method, face)).mean() > 1
    )
    shipped = upsampler("frloss-8x-s0-fr")
    assert (shipped.method.name, shipped.method.px) == ("frloss-8x-s0-fr", 14) and len(shipped.weights) == 16
    given = upsampler(weights=methods.checkpoint("frloss-8x-s0-fr"), px="28")
    assert (given.method.px, given.weights) == (28, shipped.weights)
    tall = upsampler("frloss-8x-s0-fr", px="11x8").method
    assert (tall.name, tall.size) == ("frloss-8x-s0-fr 11x8", (11, 8))
    assert methods.restore(tall, face).shape == face.shape
    for arguments, sentence in (
        ({"px": "14"}, "--px 14 says to which size faces are reduced: name an --upsampler"),
        ({"name": "bicubic"}, "bicubic enlarges faces of any size: give the one they are reduced to first, as --px 28"),
        ({"name": "bicubic", "px": "big"}, "Expected a size below 112 pixels as --px 28 or --px 11x8, found 'big'"),
        ({"name": "bicubic", "px": "0"}, "Expected a size below 112 pixels"),
        ({"name": "frloss-8x-s0-fr", "px": "112"}, "Expected a size below 112 pixels"),
        ({"name": "magic"}, "Expected shipped weights magic, found combine-unet-triplet"),
        ({"weights": methods.checkpoint("logexp-robust")}, ".*logexp-robust.* holds a face network, which recognises"),
    ):
        with raises_one_sentence(sentence):
            upsampler(**arguments)


def test_joined_embeddings_are_compared_as_if_concatenated(mobilefacenet):
    """The cosine of concatenated unit embeddings; an HR face stands for both, a mirrored face is looked at too."""
    faces = datasets.load("att").images[:8]
    entry = upsampler("frloss-8x-s0-fr")
    setup = Setup(entry, mobilefacenet, concatenate=True, flip=True)
    assert (setup.method.name, setup.judge) == ("frloss-8x-s0-fr + bicubic", "mobilefacenet, mirrored too")
    small, whole = setup.looks(faces, restored=True), setup.looks(faces, restored=False)
    assert len(small) == len(whole) == 4
    restored = methods.restore(entry.method, faces)
    bicubic = methods.restore(methods.interpolation(14), faces)
    ways = [restored, restored[:, :, ::-1], bicubic, bicubic[:, :, ::-1]]
    for mine, images in zip(small, ways, strict=True):
        np.testing.assert_allclose(mine, recognizers.embed(mobilefacenet, images), atol=1e-4)

    def joined(looks):
        units = [e / np.linalg.norm(e, axis=1, keepdims=True) for e in looks]
        long = np.concatenate(units, axis=1)
        return long / np.linalg.norm(long, axis=1, keepdims=True)

    expected = joined(small) @ joined(whole).T
    np.testing.assert_allclose(setup.matrix(small, whole), expected, atol=1e-5)
    np.testing.assert_allclose(setup.pairwise(small, whole), np.diag(expected), atol=1e-5)


def test_what_cannot_be_joined(mobilefacenet):
    with raises_one_sentence("Joined embeddings are compared by cosine, but dlib measures another distance"):
        Setup(upsampler("bicubic", px="14"), recognizers.load("dlib"), flip=True)
    with raises_one_sentence("--concatenate joins the enlarged and the restored face: name an --upsampler"):
        Setup(upsampler(), mobilefacenet, concatenate=True)


# The command


def test_the_command_prints_and_keeps_every_row_once(own, tmp_path, monkeypatch, mobilefacenet):
    small_scface(own)
    monkeypatch.setattr(recognizers, "load", lambda *given: mobilefacenet)
    for arguments in ([], ["--upsampler", "bicubic", "--px", "14"], []):
        result = CliRunner().invoke(app, ["evaluate", "scface", *arguments])
        assert result.exit_code == 0, result.output
    assert result.output.startswith("scface, as photographed, mobilefacenet:")
    assert "HR gallery, d1" in result.output and "0.9667" in result.output
    table = surveillance.load()
    assert (tmp_path / "surveillance.csv").is_file()
    assert table.columns.tolist() == [*measure.COLUMNS, "weights", "commit", "date", "hardware"]
    assert not table.duplicated(measure.KEYS).any()
    assert set(table["method"]) == {"as photographed", "bicubic"} and len(table) == 2 * (2 * 19 + 1)
    assert value(table[table["method"] == "as photographed"], "HR gallery, d1") == pytest.approx(29 / 30, abs=1e-5)


def test_a_recognisers_own_weights_and_a_runs_are_named_in_the_results(own, tmp_path, monkeypatch, mobilefacenet):
    """Weights that are called weights.safetensors take their run's name; both digests stand in the row."""
    small_scface(own)
    run = tmp_path / "my-run"
    run.mkdir()
    shipped = methods.checkpoint("frloss-8x-s0-fr")
    (run / "weights.safetensors").write_bytes(shipped.read_bytes())
    (run / "settings.json").write_text(shipped.with_suffix(".json").read_text())
    monkeypatch.setattr(recognizers, "load", lambda *given: mobilefacenet)
    weights = str(run / "weights.safetensors")
    result = CliRunner().invoke(app, ["evaluate", "scface", "--weights", weights, "--recognizer-weights", weights])
    assert result.exit_code == 0, result.output
    table = surveillance.load()
    assert set(table["method"]) == {"my-run"} and set(table["px"]) == {14}
    assert set(table["recognizer"]) == {"mobilefacenet (my-run)"}
    digest = upsampler("frloss-8x-s0-fr").weights
    assert set(table["weights"]) == {f"{digest}+{digest}"}
    assert value(table, "HR gallery, d3") > 0.5


def test_a_fine_tuned_recogniser_is_tested_on_the_people_it_did_not_learn_from(
    own, tmp_path, monkeypatch, mobilefacenet
):
    small_scface(own)
    monkeypatch.setattr(recognizers, "load", lambda *given: mobilefacenet)
    weights = tmp_path / "tuned" / "weights.safetensors"
    weights.parent.mkdir()
    weights.write_bytes(b"stands for them")
    (weights.parent / "origin.json").write_text(json.dumps({"faces": {"name": "scface-fine-tune"}}))
    (weights.parent / "settings.json").write_text(json.dumps({"schedule": {"seed": 3}}))
    command = ["evaluate", "scface", "--recognizer-weights", str(weights)]
    wrong = CliRunner().invoke(app, command)
    assert isinstance(wrong.exception, LrfrError)
    assert str(wrong.exception) == (
        "mobilefacenet (tuned) was fine-tuned on the people of SCface that seed 3 draws, but seed 0 would test some of "
        "them: give --seed 3."
    )
    assert surveillance.load().empty
    right = CliRunner().invoke(app, [*command, "--seed", "3"])
    assert right.exit_code == 0, right.output
    table = surveillance.load()
    assert len(table) == 19 and set(table["protocol"].str.split(",").str[0]) == {"4 people (seed 3)"}


def test_the_command_says_what_is_missing_in_one_sentence(own, monkeypatch, mobilefacenet):
    monkeypatch.setattr(recognizers, "load", lambda *given: mobilefacenet)
    for arguments, sentence in (
        (["xqlfw"], "Expected XQLFW, looked in: "),
        (["lfw"], "Expected one of the sets scface, tinyface, xqlfw, ar, found 'lfw'"),
        (["ar", "--device", "abacus"], "Expected the device auto, cpu or cuda, found 'abacus'"),
    ):
        result = CliRunner().invoke(app, ["evaluate", *arguments])
        assert isinstance(result.exception, LrfrError) and str(result.exception).startswith(sentence)


def test_a_u_net_joins_faces_of_any_size_as_multiscale_does(tmp_path, mobilefacenet):
    """SCface's faces are brought to 64 x 64, AR's to 11 x 8; the bicubic face beside the restored one has that size."""
    settings = UNetSettings(width=4, widest=8)
    save_weights(UNet(settings), tmp_path / "u.safetensors")
    (tmp_path / "u.json").write_text(json.dumps({"generator": asdict(settings)}))
    faces = datasets.load("att").images[:2]
    for px, size, name in (("64", 64, "u + bicubic"), ("11x8", (11, 8), "u 11x8 + bicubic")):
        setup = Setup(upsampler(weights=tmp_path / "u.safetensors", px=px), mobilefacenet, concatenate=True)
        assert (setup.method.name, setup.method.size) == (name, size)
        plain = recognizers.embed(mobilefacenet, methods.restore(methods.interpolation(size), faces))
        np.testing.assert_allclose(setup.looks(faces, restored=True)[1], plain, atol=1e-4)
    with raises_one_sentence("u is a U-Net, which takes faces of any size: say which"):
        upsampler(weights=tmp_path / "u.safetensors")
