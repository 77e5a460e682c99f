"""Search in a gallery with several photographs of a person: TinyFace's rank and average precision."""

import numpy as np
import pytest
from face_sets import raises_one_sentence
from sklearn.metrics import average_precision_score

from lrfr.evaluation import identification
from lrfr.evaluation.retrieval import search


def place_by_place(similarity: np.ndarray, match: np.ndarray) -> tuple[int, float]:
    """Walk down the sorted gallery and add up the trapezoids between neighbouring points of precision and recall."""
    order = np.argsort(-similarity, kind="stable")
    recall, precision, area, first = 0.0, 1.0, 0.0, 0
    for place, column in enumerate(order, 1):
        found = match[order[:place]].sum()
        now_recall, now_precision = found / match.sum(), found / place
        area += (now_recall - recall) * (precision + now_precision) / 2
        recall, precision = now_recall, now_precision
        if match[column] and not first:
            first = place
    return first, area


def test_worked_by_hand():
    """Matches of the first probe stand at places 1 and 3: (1 + 1)/2 and (2/3 + 1/2)/2; of the second at place 2."""
    matrix = np.array([[0.9, 0.8, 0.7, 0.1], [0.2, 0.9, 0.5, 0.1]])
    found = search(matrix, ["a", "c"], ["a", "b", "a", "c"])
    assert found.rank.tolist() == [1, 4]
    np.testing.assert_allclose(found.average_precision, [(1 + 7 / 12) / 2, (1 / 4) / 2])
    found = search(matrix[1:], ["c"], ["b", "x", "c", "b"])
    assert found.rank.tolist() == [2]
    np.testing.assert_allclose(found.average_precision, [(1 / 2 + 0) / 2])


def test_as_the_definition_says_it_for_random_galleries():
    rng = np.random.default_rng(0)
    gallery = np.array([f"p{i}" for i in rng.integers(6, size=40)] + ["stranger"] * 60)
    probe = np.array([f"p{i}" for i in range(6)])
    matrix = rng.normal(size=(6, 100)) + 1.5 * (probe[:, None] == gallery[None, :])
    found = search(matrix, probe, gallery)
    expected = [place_by_place(row, gallery == label) for row, label in zip(matrix, probe, strict=True)]
    assert found.rank.tolist() == [rank for rank, _ in expected]
    np.testing.assert_allclose(found.average_precision, [area for _, area in expected])
    np.testing.assert_array_equal(found.rank, identification.ranks(matrix, probe, gallery))


def test_scikit_learn_measures_another_area():
    """Its sum of steps agrees where all matches come first, and lies above the trapezoids where one does not."""
    gallery = np.array(["a", "a", "b", "b", "b"])
    first = np.array([[0.9, 0.8, 0.3, 0.2, 0.1]])
    later = np.array([[0.9, 0.25, 0.3, 0.2, 0.1]])
    for matrix, equal in ((first, True), (later, False)):
        ours = search(matrix, ["a"], gallery).average_precision[0]
        steps = average_precision_score(gallery == "a", matrix[0])
        assert (ours == pytest.approx(steps)) == equal and ours <= steps + 1e-12


def test_a_tie_earns_nothing():
    found = search(np.zeros((1, 5)), ["a"], ["a", "a", "b", "c", "d"])
    assert found.rank.tolist() == [4]
    np.testing.assert_allclose(found.average_precision, [((1 / 4 + 0) / 2 + (2 / 5 + 1 / 4) / 2) / 2])


@pytest.mark.parametrize(
    ("matrix", "probe", "sentence"),
    [
        (np.zeros((1, 3)), ["a"], r"matrix for 1 and 2 labels, but its shape is \(1, 3\)"),
        (np.array([[np.nan, 0]]), ["a"], "expects finite similarities"),
        (np.zeros((1, 2)), ["z"], "every probe's identity in the gallery, but nobody there is z"),
    ],
)
def test_what_cannot_be_searched(matrix, probe, sentence):
    with raises_one_sentence(sentence):
        search(matrix, probe, ["a", "b"])
