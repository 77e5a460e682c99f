"""What all files of recorded results have in common."""

import numpy as np
import pandas as pd
import pytest

from lrfr import measure
from lrfr.paths import data_dir

FILES = sorted(p.stem for p in (data_dir() / "results").glob("*.csv") if "low" in pd.read_csv(p, nrows=0))


@pytest.mark.parametrize("name", FILES)
def test_a_value_lies_inside_its_interval(name):
    """Or next to it: d' is never below 0, and a tiny difference may lie a little off the percentiles of its draws."""
    table = pd.read_csv(data_dir() / "results" / f"{name}.csv", low_memory=False)
    table = table[table["low"].notna()]
    outside = np.maximum(table["low"] - table["value"], table["value"] - table["high"])
    allowed = 0.02 * (table["high"] - table["low"]) + 1e-6
    strange = table[outside > allowed]
    assert len(table) and strange.empty, strange[["set", "protocol", "method", "px", "metric", "value", "low", "high"]]


@pytest.mark.parametrize("name", FILES)
def test_no_row_stands_twice(name):
    table = pd.read_csv(data_dir() / "results" / f"{name}.csv", keep_default_na=False, low_memory=False)
    keys = [key for key in [*measure.KEYS, "cut"] if key in table]  # alignment has no setting, but ways to cut
    assert not table.duplicated(keys).any()
