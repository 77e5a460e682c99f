"""What the chapter on ipfsrgan recomputes: the rows of the methods that are asked for, each with its likeness."""

import numpy as np
import pandas as pd
import pytest
from toy_training import faces, recogniser

from lrfr import datasets, measure, methods, recognizers
from lrfr.record import Entry
from lrfr.record import ipfsrgan as record_ipfsrgan


@pytest.fixture(autouse=True)
def toys(tmp_path, monkeypatch):
    """Two methods on a toy set; everything but likeness is another module's business."""
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    found = [Entry(methods.hr()), Entry(methods.interpolation(28)), Entry(methods.interpolation(28, "nearest"))]
    monkeypatch.setattr(record_ipfsrgan, "entries", lambda variants=True: found)
    monkeypatch.setattr(datasets, "load", lambda name: faces())
    monkeypatch.setattr(recognizers, "load", lambda name: recogniser())
    monkeypatch.setattr(
        record_ipfsrgan, "faces_rows", lambda measured, judges, replicates: pd.DataFrame(columns=measure.COLUMNS)
    )


def test_each_method_but_hr_has_its_likeness_and_its_sharpness():
    rows = record_ipfsrgan.recompute(["toy"], ["toy"], replicates=20)
    assert rows["method"].tolist() == ["bicubic"] * 2 + ["nearest"] * 2
    assert rows["protocol"].tolist() == ["likeness", "sharpness"] * 2
    assert rows["metric"].tolist() == ["cosine", "sharpness"] * 2
    assert rows["value"].to_numpy() == pytest.approx(np.ones(4), abs=1e-4), "faces of one colour lose nothing"


def test_only_the_methods_that_are_asked_for():
    rows = record_ipfsrgan.recompute(["toy"], ["toy"], replicates=20, only=("HR", "nearest"))
    assert set(rows["method"]) == {"nearest"}


def test_variants_are_compared_with_the_printed_method():
    assert record_ipfsrgan.BASELINES[-1] == record_ipfsrgan.RIVALS["ip"]
