"""Averaged embeddings and fused recognisers: by hand, and in the place of one upsampler and one recogniser."""

import numpy as np
import pytest
import torch
from toy_recognition import corners, halves, some_pairs

from lrfr import datasets, methods
from lrfr.errors import LrfrError
from lrfr.evaluation import verification
from lrfr.measure import Measured
from lrfr.record import averages
from lrfr.record.averages import Averaged, Fused


@pytest.fixture(scope="module")
def faces():
    """Six people of AT&T, four photographs each."""
    return datasets.load("att").subset(np.concatenate([np.arange(4) + 10 * p for p in range(6)]))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path)


def test_directions_are_averaged_and_points_too():
    one, two = np.array([[3.0, 4.0], [2.0, 0.0]]), np.array([[0.0, 5.0], [0.0, 1.0]])
    np.testing.assert_allclose(averages.average([one, two], "euclidean"), [[1.5, 4.5], [1.0, 0.5]])
    by_hand = np.array([[0.6, 1.8], [1.0, 1.0]])
    by_hand /= np.sqrt(np.square(by_hand).sum(1, keepdims=True))
    np.testing.assert_allclose(averages.average([one, two], "cosine"), by_hand)
    assert averages.average([one], "cosine") is one


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
def test_a_mean_stands_where_an_upsampler_does(faces, distance):
    judge = corners(distance=distance)
    parts = [Measured(faces, methods.interpolation(7, kernel)) for kernel in ("bicubic", "nearest")]
    mean = Averaged("mean of bicubic, nearest", parts)
    seen = averages.average([part.embedded(judge) for part in parts], distance)
    np.testing.assert_array_equal(mean.embedded(judge), seen)
    np.testing.assert_array_equal(mean.matrix(judge, "both"), judge.similarity_matrix(seen, seen))
    np.testing.assert_array_equal(mean.matrix(judge, "probe"), judge.similarity_matrix(seen, parts[0].original(judge)))
    assert mean.method.name == "mean of bicubic, nearest" and mean.method.px == 7
    with pytest.raises(LrfrError, match=r"\AAveraged embeddings show no picture: restore "):
        _ = mean.restored


def test_fused_similarities_are_the_mean_of_the_z_normed_ones(faces):
    pairs, two = some_pairs(faces), [corners(), halves()]
    spreads = [averages.spread(judge, faces, pairs) for judge in two]
    judge = Fused(two, spreads)
    assert judge.name == "corners + halves" and judge.dim == 60
    hr = Measured(faces, methods.hr())
    impostors = [hr.similarity(j, pairs, "both")[~pairs.genuine] for j in two]
    assert spreads == pytest.approx([s.std() for s in impostors])
    measured = Averaged("bicubic", [Measured(faces, methods.interpolation(14))])
    single = [measured.similarity(j, pairs, "probe") for j in two]
    normed = np.mean([(s - i.mean()) / i.std() for s, i in zip(single, impostors, strict=True)], axis=0)
    together = measured.similarity(judge, pairs, "probe")
    slope, start = np.polyfit(normed, together, 1)
    np.testing.assert_allclose(together, slope * normed + start, atol=1e-5)
    assert slope > 0 and np.abs(together).max() <= 1
    assert verification.auc(together, pairs.genuine) == pytest.approx(verification.auc(normed, pairs.genuine), abs=1e-3)
    with torch.no_grad():
        seen = judge(faces.tensor())
    np.testing.assert_allclose(seen.numpy(), measured.original(judge), atol=1e-5)


def test_only_cosines_are_fused():
    with pytest.raises(LrfrError, match=r"\AExpected recognisers whose similarity is the cosine, found dlib: leave"):
        Fused([corners(), corners("dlib", "euclidean")], [1.0, 1.0])
