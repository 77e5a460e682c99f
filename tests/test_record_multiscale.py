"""multiscale's own measurements: search with one gallery photograph a person, its ablations, with tiny weights."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from toy_recognition import corners, some_pairs

from lrfr import datasets, differences, measure, methods, plans, recognizers, record
from lrfr.datasets import FaceDataset
from lrfr.errors import LrfrError
from lrfr.evaluation import identification
from lrfr.measure import Measured, Pairs
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.networks.unet import UNet, UNetSettings
from lrfr.papers import multiscale as paper
from lrfr.record import multiscale
from lrfr.record.multiscale_variations import VARIATIONS
from lrfr.training import save_weights

TINY = UNetSettings(width=4, widest=8)
ALL = ["bicubic", "SRResNet (FR)", "U-Net (pixel)", "U-Net", "U-Net (14x12)", "U-Net (7x6)", "U-Net + bicubic"]


def judge(name: str = "dlib", distance: str = "cosine") -> recognizers.Recognizer:
    return corners(name, distance)


@pytest.fixture(scope="module")
def faces() -> FaceDataset:
    """Eight people of AT&T, four photographs each."""
    return datasets.load("att").subset(np.concatenate([np.arange(4) * 2 + 10 * p for p in range(8)]))


@pytest.fixture(scope="module")
def pairs(faces) -> Pairs:
    return some_pairs(faces)


def write(path: Path, network: nn.Module, settings: dict) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_weights(network, path)
    path.with_suffix(".json").write_text(json.dumps({"settings": settings}))


def unet(seed: int) -> UNet:
    torch.manual_seed(seed)
    network = UNet(TINY)
    nn.init.normal_(network.tail.weight, std=0.2)
    return network


@pytest.fixture(autouse=True)
def here(tmp_path, tmp_path_factory, monkeypatch, faces) -> Path:
    """Tiny shipped weights of the chapter, and of one network of another; results and embeddings of the test's own."""
    for module in (record, methods):
        monkeypatch.setattr(module, "data_dir", lambda: tmp_path)
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path_factory.getbasetemp() / "embeddings")
    monkeypatch.setattr(plans, "repo_root", lambda: tmp_path)
    monkeypatch.setattr(multiscale, "JUDGES", ("dlib",))
    monkeypatch.setattr(recognizers, "load", judge)
    monkeypatch.setattr(datasets, "load", lambda name: faces)
    for seed, key in enumerate(("pixel", "both", "14x12", "7x6")):
        settings = asdict(paper.Settings(TINY))
        write(tmp_path / "checkpoints" / f"multiscale-s0-{key}.safetensors", unet(seed), settings)
    network = SRResNetSettings(8, blocks=1, width=4)
    write(
        tmp_path / "checkpoints" / "frloss-8x-s0-fr.safetensors", SRResNet(network).eval(), {"network": asdict(network)}
    )
    return tmp_path


# Which methods


def test_methods_of_one_size_in_the_order_in_which_they_are_compared(here):
    found = multiscale.entries((16, 12), tuple(multiscale.SINGLES), others=True, joined=True)
    assert [e.method.name for e in found] == ALL
    assert {e.method.size for e in found} == {(16, 12)} and {e.seed for e in found} == {0}
    digests = {e.method.name: e.weights for e in found}
    assert digests["bicubic"] == "" and digests["U-Net"] == digests["U-Net + bicubic"] != digests["U-Net (pixel)"]
    for name, expected in (("bicubic", []), ("U-Net", ["bicubic", "U-Net (pixel)"]), (ALL[-1], multiscale.BASELINES)):
        assert multiscale._before(name, found) == list(expected)


def test_what_is_not_shipped_is_left_out(here):
    for file in (here / "checkpoints").glob("*"):
        file.unlink()
    assert [e.method.name for e in multiscale.entries((7, 6), tuple(multiscale.SINGLES), True, True)] == ["bicubic"]
    assert [(e.method.name, e.method.px) for e in multiscale.squares()] == [
        ("HR", 112), ("bicubic", 7), ("bicubic", 14), ("bicubic", 28),
    ]  # fmt: skip


def test_the_names_of_the_study_are_those_of_the_planned_runs():
    names = {run.name for run in plans.planned()}
    assert {f"multiscale-s0-{key}" for key in (*multiscale.NETWORKS, *multiscale.SINGLES)} <= names
    assert set(multiscale.OTHERS) <= names
    assert all("x".join(map(str, size)) in multiscale.SINGLES for size in multiscale.ABLATION_SIZES)
    assert {*multiscale.AR_SIZES, *multiscale.LFW_SIZES} <= set(paper.SIZES)


# The search


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_rows_of_the_search_are_the_cmc_over_all_choices(faces, distance):
    search, eye = multiscale.Search(faces, (7, 6)), judge(distance=distance)
    assert search.protocol == "one gallery 7x6"
    entry = next(e for e in search.entries if e.method.name == "U-Net")
    rows = search.rows(entry, [eye], 60)
    assert rows.columns.tolist() == measure.COLUMNS and not rows.duplicated(measure.KEYS).any()
    assert set(rows["px"]) == {7} and set(rows["protocol"]) == {"one gallery 7x6"} and set(rows["n"]) == {32}
    value = rows.set_index("metric")["value"]
    assert [m for m in value.index if "minus" not in m] == [f"rank_{k}" for k in range(1, 9)]
    matrix = Measured(faces, entry.method).matrix(eye, "probe")
    np.testing.assert_allclose(value.filter(regex=r"rank_\d$"), identification.single_gallery_cmc(matrix, faces.labels))
    plain = Measured(faces, methods.interpolation((7, 6))).matrix(eye, "probe")
    by_hand = (identification.single_gallery_cmc(m, faces.labels)[0] for m in (matrix, plain))
    assert value["rank_1_minus_bicubic"] == pytest.approx(np.subtract(*by_hand))
    assert "rank_1_minus_U-Net (pixel)" in value.index and value["rank_8"] == 1
    interval = rows.set_index("metric").loc["rank_1_minus_bicubic"]
    assert interval["low"] <= interval["value"] <= interval["high"] and interval["low"] < interval["high"]


def test_embeddings_side_by_side_are_searched_as_one(faces):
    """Both halves of the HR photograph are the HR photograph: it is neither enlarged nor restored."""
    search, eye = multiscale.Search(faces, (14, 12)), judge()
    found = search.matrix("U-Net + bicubic", eye)
    whole, plain = (
        next(Measured(faces, e.method) for e in search.entries if e.method.name == n) for n in ("U-Net", "bicubic")
    )

    def unit(x: np.ndarray) -> np.ndarray:
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    probe = np.hstack([unit(whole.embedded(eye)), unit(plain.embedded(eye))])
    gallery = np.hstack([unit(whole.original(eye))] * 2)
    np.testing.assert_allclose(found, unit(probe) @ unit(gallery).T, atol=1e-5)
    rows = search.rows(search.entries[-1], [eye], 20)
    assert set(rows["method"]) == {"U-Net + bicubic"} and "rank_1_minus_U-Net" in set(rows["metric"])


def test_on_lfw_a_model_for_one_size_sees_that_size_alone(faces):
    lfw = replace(faces, name="lfw")
    names = {size: [e.method.name for e in multiscale.Search(lfw, size).entries] for size in multiscale.LFW_SIZES}
    assert {size: [n for n in found if n in multiscale.SINGLES.values()] for size, found in names.items()} == {
        (7, 6): ["U-Net (7x6)"], (14, 12): ["U-Net (14x12)"], (16, 14): [], (18, 16): [],
    }  # fmt: skip
    assert [e.method.name for e in multiscale.Search(lfw, (112, 112)).entries] == ["HR"]
    assert multiscale.search_sizes("lfw") == ((112, 112), *multiscale.LFW_SIZES)
    assert multiscale.search_sizes("att") == ((112, 112), *multiscale.AR_SIZES)


def test_the_first_two_photographs_of_everybody_who_has_two():
    table = pd.DataFrame({"file": list("abcdefg"), "identity": ["x", "y", "y", "z", "y", "w", "w"]})
    images = np.arange(7, dtype=np.uint8)[:, None, None, None]
    found = multiscale.first_photographs(FaceDataset("lfw", images, table))
    assert found.table["file"].tolist() == ["b", "c", "f", "g"] and found.name == "lfw"
    assert found.images.ravel().tolist() == [1, 2, 5, 6]
    assert multiscale.first_photographs(FaceDataset("lfw", images, table), 3).table["file"].tolist() == ["b", "c", "e"]


# Recording


def quick_rows(measured: Measured, judges, replicates=1000, others=()) -> pd.DataFrame:
    """In place of `record.faces_rows`, which takes long and has its own tests."""
    parts = [measure.set_rows(measured, j, replicates) for j in judges]
    parts += [differences.set_rows(measured, other, j, replicates) for j in judges for other in others]
    return pd.concat(parts, ignore_index=True)


def test_att_is_recorded_once_and_computed_anew_alike(here, monkeypatch):
    """Sizes of one height, 16 x 12 and 16 x 16, are kept apart by their protocols."""
    monkeypatch.setattr(multiscale, "AR_SIZES", ((16, 12), (16, 16)))
    monkeypatch.setattr(record, "faces_rows", quick_rows)
    squares = multiscale.squares
    monkeypatch.setattr(multiscale, "squares", lambda: squares((14,)))
    table = multiscale.record(["att"], replicates=30)
    on_disk = record.load("multiscale")
    assert len(on_disk) == len(table) and not on_disk.duplicated(measure.KEYS).any()
    searched = on_disk[on_disk["protocol"].str.startswith("one gallery")]
    assert set(searched["protocol"]) == {f"one gallery {s}" for s in ("112x112", "16x12", "16x16")}
    assert set(searched["method"]) == {"HR", *ALL}
    trained = on_disk[(on_disk["method"] == "U-Net") & (on_disk["px"] == 14)]
    assert {"auc", "1nn_minus_bicubic", "1nn_minus_U-Net (pixel)"} <= set(trained["metric"])

    varied = on_disk[on_disk["protocol"].str.endswith(" 16x12") & ~on_disk["protocol"].str.startswith("one")]
    assert set(varied["protocol"]) == {f"{name} 16x12" for name in VARIATIONS}
    assert set(varied["method"]) == {"bicubic", "U-Net"}
    assert set(on_disk[on_disk["protocol"] == "invariance"]["method"]) == {"HR", "bicubic", "U-Net"}

    again = multiscale.recompute(["att"], ["dlib"], replicates=20)
    both = record.compare(multiscale.covered(on_disk, ["att"], ["dlib"]), again)
    assert len(both) == len(on_disk) and both["difference"].max() < 1e-4
    low = multiscale.recompute(["att"], ["dlib"], px=[14], replicates=20)
    record.compare(multiscale.covered(on_disk, ["att"], ["dlib"], [14]), low)
    only = multiscale.recompute(["att"], ["dlib"], replicates=20, only=["U-Net + bicubic"])
    record.compare(multiscale.covered(on_disk, ["att"], ["dlib"], only=["U-Net + bicubic"]), only)
    assert set(only["method"]) == {"U-Net + bicubic"} and len(set(only["protocol"])) == 2

    def never(*arguments, **keys):
        raise AssertionError("measured twice")

    monkeypatch.setattr(measure, "single_gallery_rows", never)
    monkeypatch.setattr(record, "faces_rows", never)
    multiscale.record(["att"], replicates=30)
    write(here / "checkpoints" / "multiscale-s0-7x6.safetensors", unet(9), asdict(paper.Settings(TINY)))
    with pytest.raises(AssertionError, match="measured twice"):
        multiscale.record(["att"], replicates=30)


def test_lfw_is_searched_at_the_sizes_of_table_4(here, faces, monkeypatch):
    monkeypatch.setattr(datasets, "load", lambda name: replace(faces, name="lfw"))
    monkeypatch.setattr(multiscale, "LFW_SIZES", ((7, 6), (14, 12)))
    table = multiscale.record(["identification"], replicates=30)
    assert set(table["set"]) == {"lfw"} and set(table["n"]) == {16}  # two photographs of eight people
    assert set(table["protocol"]) == {"one gallery 112x112", "one gallery 7x6", "one gallery 14x12"}
    assert set(table[table["px"] == 7]["method"]) == {*ALL} - {"U-Net (14x12)", "SRResNet (FR)"}
    again = multiscale.recompute(["identification"], ["dlib"], [7], replicates=20)
    both = record.compare(multiscale.covered(table, ["identification"], ["dlib"], [7]), again)
    assert set(both["px"]) == {7, 112} and len(both) == len(table[table["px"] != 14])


def test_pairs_are_computed_anew_on_a_readers_own_lfw(here, faces, pairs, monkeypatch):
    lfw = replace(faces, name="lfw")
    for module in (record, multiscale):
        monkeypatch.setattr(module, "view", lambda name: (lfw, pairs))
    squares = multiscale.squares
    monkeypatch.setattr(multiscale, "squares", lambda: squares((14,)))
    table = multiscale.record(["devtest"], replicates=30)
    assert "auc_minus_bicubic" in set(table[table["method"] == "U-Net"]["metric"])
    again = multiscale.recompute(["devtest"], ["dlib"], [14], replicates=20)
    assert len(record.compare(multiscale.covered(table, ["devtest"], ["dlib"], [14]), again)) == len(table)


def test_ablations_stand_beside_what_is_shipped(here, faces, pairs, monkeypatch):
    monkeypatch.setattr(multiscale, "view", lambda name: (replace(faces, name="lfw"), pairs))
    monkeypatch.setattr(multiscale, "ABLATION_SIZES", ((14, 12),))
    folder = here / "runs" / "multiscale-abl-norm"
    folder.mkdir(parents=True)
    save_weights(unet(7), folder / "weights.safetensors")
    (folder / "settings.json").write_text(json.dumps(asdict(paper.Settings(TINY))))
    table = multiscale.record(["ablations"], replicates=30)
    assert set(table["protocol"]) == {"ablation 14x12"} and set(table["px"]) == {14}
    assert list(table["method"].unique()) == ["bicubic", "U-Net (pixel)", "U-Net", "norm"]
    norm = table[table["method"] == "norm"]
    assert {"auc", "psnr", "auc_minus_bicubic", "auc_minus_U-Net (pixel)", "auc_minus_U-Net"} <= set(norm["metric"])
    pixel = set(table[table["method"] == "U-Net (pixel)"]["metric"])
    assert "auc_minus_bicubic" in pixel and "auc_minus_U-Net" not in pixel
    assert len(multiscale.record(["ablations"], replicates=30)) == len(table)


def test_nothing_to_record_is_said():
    with pytest.raises(
        LrfrError, match="Nothing to record: name at least one of att, caltech, view2, devtest, identification"
    ):
        multiscale.record([])
