"""Published values beside ours."""

import numpy as np
import pandas as pd
import pytest

from lrfr import tables
from lrfr.errors import LrfrError
from lrfr.measure import COLUMNS


@pytest.fixture
def results() -> pd.DataFrame:
    rows = []
    for number, (method, px) in enumerate(tables.FRLOSS_ROWS.values()):
        for metric in ("1nn", "5nn", "10nn"):
            value = 0.9 - number / 100
            rows.append(["toy", "leave one out", method, px, 0, "dlib", "both", metric, value, value - 0.01, np.nan, 9])
    rows.append(["toy", "all pairs", "HR", 112, 0, "dlib", "both", "auc", 0.5, np.nan, np.nan, 9])
    rows[0][COLUMNS.index("high")] = 0.91
    return pd.DataFrame(rows, columns=COLUMNS)


def test_columns_stay_apart_and_rows_keep_the_papers_order(results: pd.DataFrame) -> None:
    shown = tables.frloss_side_by_side(2, results, {"1NN": "1nn"}, set="toy", recognizer="dlib", seed=0)
    assert list(shown.columns) == ["method (paper)", "1NN, published", "1NN, ours"]
    assert list(shown["method (paper)"]) == list(tables.FRLOSS_ROWS)
    assert shown["1NN, published"].iloc[0] == "0.9714"
    assert shown["1NN, ours"].iloc[0] == "0.900 [0.890, 0.910]"


def test_value_without_interval_has_none(results: pd.DataFrame) -> None:
    assert tables.cell(results, metric="auc") == "0.500"


def test_missing_result_names_what_was_asked(results: pd.DataFrame) -> None:
    with pytest.raises(LrfrError, match="recognizer sface"):
        tables.value(results, metric="auc", recognizer="sface")
