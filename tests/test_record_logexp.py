"""logexp's measurements: recognisers compared behind one method, kept apart in the table, recomputed alike."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from toy_recognition import own_results, some_pairs

from lrfr import datasets, differences, measure, methods, plans, recognizers, record
from lrfr.datasets import FaceDataset
from lrfr.errors import LrfrError
from lrfr.evaluation import identification, verification
from lrfr.evaluation.intervals import PairBootstrap
from lrfr.evaluation.resolution import centre_shift, errors
from lrfr.measure import Measured, Pairs
from lrfr.record import Entry, logexp_inside
from lrfr.record import logexp as record_logexp


class Squares(nn.Module):
    """A quick face network: means of the picture's squares minus their mean, to a power, times a scale."""

    def __init__(self, scale: float, power: int) -> None:
        super().__init__()
        self.power = power
        self.scale = nn.Parameter(torch.tensor(scale))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        squares = nn.functional.avg_pool2d(images, 14).flatten(1)
        return self.scale * (squares - squares.mean(1, keepdim=True)).pow(self.power)


def judge(name: str, scale: float, power: int) -> recognizers.Recognizer:
    return recognizers.Recognizer(name, Squares(scale, power), 192, "cosine")


FINE = judge("mobilefacenet", 1.0, 1)
TURNED = judge("robust", -2.0, 1)  # the same cosines between its embeddings, which point the other way
OTHER = judge("other", 1.0, 3)


@pytest.fixture(scope="module")
def faces() -> FaceDataset:
    """Eight people of AT&T, five photographs each."""
    return datasets.load("att").subset(np.concatenate([np.arange(5) + 10 * p for p in range(8)]))


@pytest.fixture(scope="module")
def pairs(faces) -> Pairs:
    return some_pairs(faces, folds=4)


@pytest.fixture(autouse=True)
def own_places(tmp_path, tmp_path_factory, monkeypatch):
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path_factory.getbasetemp() / "embeddings")
    own_results(monkeypatch, tmp_path)
    known = {"mobilefacenet": (FINE, ""), "robust": (TURNED, "aaaa"), "other": (OTHER, "bbbb")}
    monkeypatch.setattr(record_logexp, "recogniser", known.__getitem__)
    monkeypatch.setattr(record_logexp, "names", lambda: list(known))


def test_paired_differences_of_recognisers_by_hand(faces, pairs):
    measured = Measured(faces, methods.interpolation(14))
    rows = differences.recognizer_pair_rows(measured, OTHER, FINE, pairs, "view2", 50)
    assert set(rows["recognizer"]) == {"other"} and set(rows["method"]) == {"bicubic"}
    value = rows.set_index(["setting", "metric"])["value"]
    for setting in measure.SETTINGS:
        mine, theirs = (measured.similarity(r, pairs, setting) for r in (OTHER, FINE))
        auc = verification.auc(mine, pairs.genuine) - verification.auc(theirs, pairs.genuine)
        assert value[setting, "auc_minus_mobilefacenet"] == pytest.approx(auc)
        tar = [verification.tar_at_far(s, pairs.genuine, 0.01).tar for s in (mine, theirs)]
        assert value[setting, "tar_at_far_0.01_minus_mobilefacenet"] == pytest.approx(tar[0] - tar[1])
        right = [verification.fold_accuracy(s, pairs.genuine, pairs.fold).correct.mean() for s in (mine, theirs)]
        assert value[setting, "accuracy_minus_mobilefacenet"] == pytest.approx(right[0] - right[1])
    assert {m.split("_minus_")[0] for m in rows["metric"]} == {"auc", "d_prime", "eer", "tar_at_far_0.01", "accuracy"}
    assert (rows["low"] <= rows["value"]).all() and (rows["value"] <= rows["high"]).all()


def test_intervals_of_the_difference_are_paired(faces, pairs):
    """Against itself a recogniser differs by 0 in every replicate, however wide each one's own interval is."""
    measured = Measured(faces, methods.interpolation(14))
    rows = differences.recognizer_pair_rows(measured, TURNED, FINE, pairs, "view2", 50)
    assert rows.loc[rows["setting"] == "both", ["value", "low", "high"]].abs().to_numpy().max() < 1e-6
    own = measure.pair_rows(measured, TURNED, pairs, "view2", 50).set_index(["setting", "metric"])
    assert own.loc[("both", "auc"), "high"] - own.loc[("both", "auc"), "low"] > 1e-3
    tar = own.loc[("both", "tar_at_far_0.01")]
    assert tar["low"] <= tar["value"] <= tar["high"]


def test_without_folds_accuracy_is_that_of_the_best_threshold(faces, pairs):
    bare = Pairs(pairs.first, pairs.second, pairs.genuine)
    measured = Measured(faces, methods.interpolation(14))
    rows = measure.best_accuracy_rows(measured, FINE, bare, "devtest", 50).set_index("setting")
    s = measured.similarity(FINE, bare, "probe")
    best = max(float(((s >= t) == bare.genuine).mean()) for t in [*s, np.inf])
    assert rows.loc["probe", "value"] == pytest.approx(best)
    right = measure.correct(s, bare)
    identity = faces.labels
    interval = PairBootstrap(identity[bare.first], identity[bare.second], bare.genuine, 50).fixed_accuracy(right)
    assert rows.loc["probe", "low"] == pytest.approx(interval.low)


def test_a_network_without_direction_tells_nobody_apart_and_has_neither_drift_nor_errors(faces, pairs, monkeypatch):
    dead = judge("dead", 1e30, 1)
    monkeypatch.setattr(record_logexp, "recogniser", {"dead": (dead, ""), "mobilefacenet": (FINE, "")}.__getitem__)
    bare = Pairs(pairs.first, pairs.second, pairs.genuine)
    entry = Entry(methods.interpolation(7), recognizer="dead")
    rows = record_logexp.Bench(faces, bare, "devtest", 20).rows(entry)
    assert set(rows["protocol"]) == {"devtest"} and rows["value"].notna().all()
    value = rows.set_index(["setting", "metric"])["value"]
    assert value["probe", "auc"] == 0.5 and value["probe", "d_prime"] == 0


def test_differences_of_leave_one_out_by_hand(faces):
    measured = Measured(faces, methods.interpolation(7))
    rows = differences.recognizer_set_rows(measured, OTHER, FINE, 50).set_index(["setting", "metric"])
    hits = [
        identification.leave_one_out_knn(measured.matrix(r, "probe"), faces.labels)[1].mean() for r in (OTHER, FINE)
    ]
    assert rows.loc[("probe", "1nn_minus_mobilefacenet"), "value"] == pytest.approx(hits[0] - hits[1])


def test_drift_says_how_far_a_network_went_from_its_start(faces):
    hr = Measured(faces, methods.hr())
    assert measure.drift_rows(hr, FINE, FINE, "x", 50)["value"].item() == pytest.approx(1, abs=1e-6)
    turned = measure.drift_rows(hr, TURNED, FINE, "x", 50)
    assert turned["value"].item() == pytest.approx(-1, abs=1e-6)
    assert turned[["protocol", "metric", "n"]].iloc[0].tolist() == ["x drift", "cosine_to_mobilefacenet", len(faces)]
    small = measure.drift_rows(Measured(faces, methods.interpolation(7)), FINE, FINE, "x", 50)["value"].item()
    assert 0 < small < 0.99


def test_each_recogniser_has_its_rows_behind_one_method(faces, pairs, monkeypatch):
    monkeypatch.setattr(record_logexp, "faces_of", lambda name: (faces, pairs))
    table = record_logexp.record(["view2"], 20, (7, 112))
    assert table.groupby("recognizer")["px"].unique().map(list).to_dict() == {
        name: [7, 112] for name in ("mobilefacenet", "robust", "other")
    }
    assert table.groupby("recognizer")["weights"].unique().map(list).to_dict() == {
        "mobilefacenet": [""], "robust": ["aaaa"], "other": ["bbbb"]
    }  # fmt: skip
    assert not table.duplicated(measure.KEYS).any()
    assert set(table["method"]) == {"bicubic", "HR"} and set(table["set"]) == {"att"}
    compared = table[table["metric"].str.contains("_minus_")]
    assert set(compared["recognizer"]) == {"robust", "other"}
    assert {"view2", "view2 drift", "view2 errors"} == set(table["protocol"])


def test_recording_again_measures_only_what_is_missing(faces, pairs, monkeypatch):
    here = record_logexp.Bench(faces, pairs, "view2", 20)
    entries = record_logexp.entries(["mobilefacenet", "other"], (7,))
    calls = []

    def rows(entry: Entry) -> pd.DataFrame:
        calls.append(entry.recognizer)
        return here.rows(entry)

    for _ in range(2):
        record.record_missing("logexp", faces.name, "view2", entries, rows)
    assert calls == ["mobilefacenet", "other"]
    before = record.load("logexp")
    fresh = Entry(entries[1].method, weights="cccc", recognizer="other")
    record.record_missing("logexp", faces.name, "view2", [fresh], rows)
    after = record.load("logexp")
    assert len(after) == len(before) and set(after.loc[after["recognizer"] == "other", "weights"]) == {"cccc"}
    first = Entry(entries[0].method, weights="dddd", recognizer="mobilefacenet")
    record.record_missing("logexp", faces.name, "view2", [first], rows)
    left = record.load("logexp")
    assert "other" not in set(left["recognizer"]), "it was compared with the older baseline"


def test_a_set_without_pairs_is_recomputed_as_it_was_recorded(faces, monkeypatch):
    monkeypatch.setattr(datasets, "load", lambda name: faces)
    record_logexp.record(["att"], 20, (14, 112))
    again = record_logexp.recompute(["att"], sizes=(14, 112), replicates=20)
    covered = record.covered(record.load("logexp"), ["att"], record_logexp.names())
    same = record.compare(covered, again, 1e-5)
    assert len(same) == len(covered) == len(again) > 50
    assert {"all pairs", "leave one out", "all pairs drift", "all pairs errors"} == set(again["protocol"])
    one = record_logexp.recompute(["att"], ["robust"], (14,), 20)
    assert set(one["recognizer"]) == {"robust"} and set(one["px"]) == {14}


def test_errors_of_lr_embeddings_by_hand(faces):
    measured = Measured(faces, methods.interpolation(7))
    rows = logexp_inside.error_rows(measured, OTHER, "devtest", 50, [FINE]).set_index("metric")
    assert set(rows["protocol"]) == {"devtest errors"} and set(rows["recognizer"]) == {"other"}
    hr, lr = measured.original(OTHER), measured.embedded(OTHER)
    other = logexp_inside.strangers(faces.labels)
    assert not (faces.labels == faces.labels[other]).any()
    assert rows.loc["error", "value"] == pytest.approx(errors(hr, lr).mean())
    share = {n: errors(n_hr, n_lr).mean() / errors(n_hr, n_hr[other]).mean() for n, n_hr, n_lr in (
        ("other", hr, lr), ("fine", measured.original(FINE), measured.embedded(FINE))
    )}  # fmt: skip
    assert rows.loc["error_share", "value"] == pytest.approx(share["other"])
    assert rows.loc["error_share", "low"] <= share["other"] <= rows.loc["error_share", "high"]
    difference = rows.loc["error_share_minus_mobilefacenet"]
    assert difference["value"] == pytest.approx(share["other"] - share["fine"], abs=1e-6)
    assert difference["low"] <= difference["value"] <= difference["high"]
    each = errors(hr, lr).mean(0)
    assert rows.loc["error_p05", "value"] == pytest.approx(np.percentile(each, 5))
    assert rows.loc["error_p95", "value"] == pytest.approx(np.percentile(each, 95))
    assert rows.loc["centre_shift", "value"] == pytest.approx(centre_shift(hr, lr))
    same = logexp_inside.error_rows(measured, TURNED, "devtest", 50, [FINE]).set_index("metric")
    assert same.loc["error_share_minus_mobilefacenet", ["value", "low", "high"]].abs().max() < 1e-6, "paired"


def test_an_ablation_is_compared_with_its_like_too(faces, pairs, monkeypatch):
    monkeypatch.setattr(record_logexp, "faces_of", lambda name: (faces, pairs))
    monkeypatch.setattr(record_logexp, "likes", lambda name: ["robust"] if name == "other" else [])
    table = record_logexp.record(["view2"], 20, (7,))
    compared = table[table["metric"].str.endswith("_minus_robust")]
    assert set(compared["recognizer"]) == {"other"}
    assert {"auc_minus_robust", "accuracy_minus_robust", "error_share_minus_robust"} <= set(compared["metric"])
    again = record_logexp.record(["view2"], 20, (7,))
    assert len(again) == len(table), "recording again loses no row"


def test_what_an_ablation_is_compared_with_stands_before_it():
    """Recorded afterwards, it would take the comparison's rows away as outdated."""
    later = [r.name.removeprefix("logexp-") for r in plans.pilots() if r.name.startswith("logexp-")]
    order = [*plans.LOGEXP_SHIPPED, *later]
    assert set(record_logexp.LIKE) | {record_logexp.OURS, "aug"} == set(order)
    for name, like in record_logexp.LIKE.items():
        assert all(order.index(other) < order.index(name) for other in like), name
    assert set(record_logexp.FIGURE3) <= set(order)


def test_gradients_of_each_size_and_loss(faces, monkeypatch):
    monkeypatch.setattr(datasets, "load", lambda name: faces)
    table = record_logexp.record(["gradients"], sizes=(7, 112))
    assert set(table["set"]) == {"att-first"} and set(table["protocol"]) == {"gradients"}
    assert (table["n"] == len(faces.identities)).all() and len(table) == 3 * 2 * 3
    value = table.set_index(["recognizer", "px", "metric"])["value"]
    assert value["other", 7, "gradient_l2"] > 0 and value["other", 7, "gradient_cosface"] > 0
    assert value["other", 112, "gradient_l2"] == pytest.approx(0, abs=1e-6), "HR does not differ from itself"
    one = record_logexp.gradients(record_logexp.entries(["other"], (7,))[0])
    covered = record.covered(table, ["att-first"], ["other"], (7,))
    record.compare(covered[covered["px"] == 7], one)
    entry = record_logexp.entries(["other"], (7,))[0]
    assert record_logexp.gradients(entry, metrics=["gradient_l2"])["metric"].tolist() == ["gradient_l2"]


def test_shipped_and_finished_runs_are_found(tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(plans, "repo_root", lambda: tmp_path)
    monkeypatch.setattr(record, "data_dir", lambda: tmp_path / "data")
    monkeypatch.setattr(methods, "data_dir", lambda: tmp_path / "data")
    assert record_logexp.names() == ["mobilefacenet"] and record_logexp.ablations() == []
    (tmp_path / "data" / "checkpoints").mkdir(parents=True)
    (tmp_path / "data" / "checkpoints" / "logexp-robust.safetensors").touch()
    for name in ("logexp-maug-l1", "logexp-aug", "frloss-8x-s0-fr"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "weights.safetensors").touch()
    assert record_logexp.names() == ["mobilefacenet", "robust"]
    assert record_logexp.ablations() == ["maug-l1", "aug"]
    assert record_logexp.likes("maug") == ["aug"] and record_logexp.likes("robust") == []
    with pytest.raises(LrfrError, match="Expected the settings of weights"):
        record_logexp.recogniser("aug")
    record_logexp.recogniser.cache_clear()


def test_nothing_to_record_is_said():
    with pytest.raises(LrfrError, match="Nothing to record"):
        record_logexp.record([])
