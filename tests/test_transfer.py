"""Loss network x evaluation network: what is compared with what, and what is missing."""

import numpy as np
import pytest
from toy_recognition import corners, halves, no_lpips, own_results, some_pairs

from lrfr import datasets, differences, methods, plans, record
from lrfr.errors import LrfrError
from lrfr.measure import Measured
from lrfr.record import Entry, transfer


@pytest.fixture(autouse=True)
def own(tmp_path, monkeypatch):
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path / "embeddings")
    own_results(monkeypatch, tmp_path)
    monkeypatch.setattr(plans, "repo_root", lambda: tmp_path)
    no_lpips(monkeypatch)


def test_each_training_is_compared_with_the_one_without_identity(monkeypatch):
    faces = datasets.load("att").subset(np.concatenate([np.arange(4) + 10 * p for p in range(6)]), "lfw")
    monkeypatch.setattr(transfer, "view", lambda name: (faces, some_pairs(faces)))
    monkeypatch.setattr(record, "foreign", lambda name: "")
    monkeypatch.setattr(transfer, "load_judges", lambda names: [corners("dlib"), halves("sface")])
    kernels = {"none": "bicubic", "dlib": "nearest", "sface": "lanczos"}

    def some(loss):
        size = plans.TRANSFER[loss][0]
        return [
            Entry(methods.Method(transfer.label(loss, t), size, methods.interpolation(size, k).enlarge), weights=k)
            for t, k in kernels.items()
        ]

    monkeypatch.setattr(transfer, "entries", some)
    table = transfer.record(replicates=20)
    assert set(table["px"]) == {14, 28} and table["method"].nunique() == 9
    tastes = table[table["protocol"] == transfer.TASTE]
    value = table.drop(tastes.index).query("recognizer != 'sface'").set_index(["method", "setting", "metric"])["value"]
    for loss in plans.TRANSFER:
        plain, other = f"{loss} without identity", f"{loss} through dlib"
        gain = value[other, "probe", "auc"] - value[plain, "probe", "auc"]
        assert value[other, "probe", f"auc_minus_{plain}"] == pytest.approx(gain, abs=1e-5)
        assert (plain, "probe", f"auc_minus_{plain}") not in value.index
    seen = table.set_index(["method", "recognizer", "setting", "metric"])
    assert set(zip(tastes["method"], tastes["recognizer"], strict=True)) == {
        (f"{loss} through {j}", j) for loss in plans.TRANSFER for j in ("dlib", "sface")
    }
    ahead = seen.loc[("FR through sface", "sface", "both", "auc_minus_others")]
    pupils = [seen["value"]["FR through " + j, "sface", "both", "auc"] for j in ("sface", "dlib")]
    assert ahead["value"] == pytest.approx(pupils[0] - pupils[1], abs=1e-5) and ahead["low"] < ahead["value"]
    monkeypatch.setattr(transfer.measure, "pair_rows", None)  # nothing is computed again
    monkeypatch.setattr(transfer.differences, "mean_pair_rows", None)
    assert len(transfer.record(replicates=20)) == len(table)


def test_a_training_that_is_missing_is_named():
    with pytest.raises(
        LrfrError, match=r"\AExpected the weights of transfer-fr-mobilefacenet, found none: run `lrfr queue "
    ):
        transfer.entries("FR")


def test_one_is_compared_with_the_mean_of_several_under_the_same_draws():
    faces = datasets.load("att").subset(np.concatenate([np.arange(4) + 10 * p for p in range(12)]), "lfw")
    judge, pairs = halves(), some_pairs(faces)
    one, *others = (Measured(faces, methods.interpolation(7, k)) for k in ("bicubic", "nearest", "lanczos"))
    table = differences.mean_pair_rows(one, others, "others", judge, pairs, "taste", 50)
    found = table.set_index(["setting", "metric"])
    apart = [
        differences.pair_rows(one, other, judge, pairs, "taste", 50).set_index(["setting", "metric"])["value"]
        for other in others
    ]
    for metric in ("auc", "d_prime", "eer"):
        each = [a["probe", f"{metric}_minus_{o.method.name}"] for a, o in zip(apart, others, strict=True)]
        assert found["value"]["probe", f"{metric}_minus_others"] == pytest.approx(np.mean(each))
        assert metric == "eer" or np.ptp(each) > 0
    auc = found.loc[("probe", "auc_minus_others")]
    assert auc["low"] < auc["value"] < auc["high"]
    alone = differences.mean_pair_rows(one, [one, one], "others", judge, pairs, "taste", 50)
    assert (alone[["value", "low", "high"]].to_numpy() == 0).all(), "draws are shared"
