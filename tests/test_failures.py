"""Pairs that change sides of a threshold: which ones, in which order, each two people once."""

import numpy as np
import pytest
import torch
from toy_recognition import corners

from lrfr import datasets, methods
from lrfr.evaluation.pairs import AllPairs
from lrfr.measure import Measured
from lrfr.record import failures

LABELS = np.array([0, 0, 1, 1, 2])
BEFORE = np.array(
    [
        [0.9, 0.8, 0.1, 0.2, 0.4],
        [0.7, 0.9, 0.3, 0.1, 0.6],
        [0.1, 0.3, 0.9, 0.4, 0.2],
        [0.2, 0.1, 0.8, 0.9, 0.0],
        [0.4, 0.1, 0.2, 0.0, 0.9],
    ]
)
AFTER = BEFORE.copy()
AFTER[0, 2], AFTER[1, 2], AFTER[3, 0] = 0.55, 0.6, 0.7  # three times persons 0 and 1
AFTER[4, 0], AFTER[1, 4], AFTER[4, 2] = (
    0.51,
    0.9,
    0.49,
)  # persons 0 and 2: one rises, one was above; 1 and 2: too little
AFTER[0, 1], AFTER[1, 0], AFTER[3, 2] = 0.4, 0.45, 0.5


def pairs_of(found: failures.Crossed) -> list[tuple[int, int]]:
    return list(zip(found.probe.tolist(), found.gallery.tolist(), strict=True))


def test_strangers_that_became_alike():
    found = failures.crossed(BEFORE, AFTER, LABELS, 0.5, genuine=False)
    assert pairs_of(found) == [(3, 0), (4, 0)] and len(found) == 2
    np.testing.assert_allclose(found.before, [0.2, 0.4])
    np.testing.assert_allclose(found.after, [0.7, 0.51])
    assert pairs_of(failures.crossed(BEFORE, AFTER, LABELS, 0.5, genuine=False, most=1)) == [(3, 0)]
    above = failures.crossed(BEFORE, AFTER, LABELS, 0.5, genuine=False, both_orders=False)
    assert pairs_of(above) == [(0, 2)], "0.45 is farther than 0.3"


def test_people_who_became_strangers():
    found = failures.crossed(BEFORE, AFTER, LABELS, 0.5, genuine=True)
    assert pairs_of(found) == [(0, 1)], "0.5 is still accepted, and person 0 counts once"
    assert not len(failures.crossed(BEFORE, BEFORE, LABELS, 0.5, genuine=True))


@pytest.mark.parametrize("setting", ["probe", "both"])
def test_failures_of_an_upsampler_are_at_the_threshold_of_hr(tmp_path, monkeypatch, setting):
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path)
    faces = datasets.load("att").subset(np.concatenate([np.arange(4) + 10 * p for p in range(10)]))
    judge, plain = corners(), methods.interpolation(14)
    ramp = torch.linspace(0, 1, 112)  # the same in every face: two LR faces grow alike, an LR and an HR face apart
    two = [plain, methods.Method("ramp", 14, lambda lr: (plain.enlarge(lr) + 3 * ramp) / 4)]
    found = failures.failures(faces, *two, judge, setting, most=3)
    hr = Measured(faces, methods.hr()).matrix(judge, "both")
    assert found.threshold == AllPairs(hr, faces.labels, both_orders=False).tar_at_far(1e-3).threshold
    assert len(found.accepted) <= 3 and len(found.rejected) <= 3
    assert len(found.accepted if setting == "both" else found.rejected) == 3
    for crossed, genuine in ((found.accepted, False), (found.rejected, True)):
        assert ((faces.labels[crossed.probe] == faces.labels[crossed.gallery]) == genuine).all()
        low, high = (crossed.after, crossed.before) if genuine else (crossed.before, crossed.after)
        assert (low < found.threshold).all() and (high >= found.threshold).all()
        matrix = Measured(faces, two[1]).matrix(judge, setting)
        np.testing.assert_allclose(crossed.after, matrix[crossed.probe, crossed.gallery])
