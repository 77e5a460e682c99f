"""Loss network x evaluation network: what is compared with what, and what is missing."""

import numpy as np
import pytest
from toy_recognition import corners, no_lpips, own_results, some_pairs

from lrfr import datasets, methods, plans
from lrfr.errors import LrfrError
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
    monkeypatch.setattr(transfer, "load_judges", lambda names: [corners()])
    kernels = {"none": "bicubic", "dlib": "nearest", "sface": "area"}

    def some(loss):
        size = plans.TRANSFER[loss][0]
        return [
            Entry(methods.Method(transfer.label(loss, t), size, methods.interpolation(size, k).enlarge), weights=k)
            for t, k in kernels.items()
        ]

    monkeypatch.setattr(transfer, "entries", some)
    table = transfer.record(replicates=20)
    assert set(table["px"]) == {14, 28} and table["method"].nunique() == 9
    value = table.set_index(["method", "setting", "metric"])["value"]
    for loss in plans.TRANSFER:
        plain, other = f"{loss} without identity", f"{loss} through dlib"
        gain = value[other, "probe", "auc"] - value[plain, "probe", "auc"]
        assert value[other, "probe", f"auc_minus_{plain}"] == pytest.approx(gain, abs=1e-5)
        assert (plain, "probe", f"auc_minus_{plain}") not in value.index
    monkeypatch.setattr(transfer.measure, "pair_rows", None)  # nothing is computed again
    assert len(transfer.record(replicates=20)) == len(table)


def test_a_training_that_is_missing_is_named():
    with pytest.raises(
        LrfrError, match=r"\AExpected the weights of transfer-fr-mobilefacenet, found none: run `lrfr queue "
    ):
        transfer.entries("FR")
