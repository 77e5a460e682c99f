"""How unequal people are: each person's AUC and rank-1 by hand, and quantiles over people."""

import numpy as np
import pytest

from lrfr.errors import LrfrError
from lrfr.evaluation import people

LABELS = np.array([0, 0, 1, 1, 2, 2])
#: Person 0 is always nearest to oneself, person 1 half of the time, person 2 never.
MATRIX = np.array(
    [
        [9, 8, 1, 2, 3, 4],
        [8, 9, 1, 2, 3, 4],
        [1, 2, 9, 5, 3, 4],
        [8, 7, 6, 9, 5, 4],
        [5, 6, 7, 8, 9, 1],
        [5, 6, 7, 8, 1, 9],
    ],
    float,
)


def test_each_person_by_hand():
    found = people.each(MATRIX, LABELS)
    # person 1: genuine 5 and 6 against 1, 2, 3, 4, 8, 7, 5, 4: 5 beats five and ties one, 6 beats six
    np.testing.assert_allclose(found["auc"], [1, (5.5 + 6) / 16, 0])
    np.testing.assert_allclose(found["rank_1"], [1, 0.5, 0])


def test_quantiles_and_their_paired_difference():
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(20), 4)
    same = labels[:, None] == labels[None]
    easy = same * np.linspace(0, 3, 20)[labels][:, None] + rng.normal(size=same.shape)
    mine, other = (people.quantiles(m, labels, 200) for m in (easy + 0.3 * same, easy))
    assert set(mine) == {f"{metric}_person_p{p}" for metric in ("auc", "rank_1") for p in (10, 50, 90)}
    values = people.each(easy, labels)["auc"]
    low = other["auc_person_p10"]
    assert low.value == pytest.approx(np.quantile(values, 0.1)) and len(low.replicates) == 200
    assert low.interval.low <= low.value <= low.interval.high < np.quantile(values, 0.9)
    gain = mine["auc_person_p10"].minus(low)
    assert gain.value == pytest.approx(mine["auc_person_p10"].value - low.value) and gain.value > 0
    assert low.minus(low) == people.Interval(0, 0, 0)


def test_a_person_of_one_photograph_has_no_auc():
    with pytest.raises(LrfrError, match="two photographs"):
        people.each(MATRIX[:5, :5], LABELS[:5])
