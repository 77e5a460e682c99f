"""Faces on the training device, and the frozen networks beside them: only those whose losses weigh anything."""

import numpy as np
import pytest
import torch
from toy_training import Doubled, faces, recogniser

from lrfr.datasets.resident import Faces, onlookers
from lrfr.errors import LrfrError

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))


def test_a_network_whose_loss_weighs_nothing_is_left_out():
    judge, eye = recogniser(), Doubled()
    resident, seen, looking = onlookers(faces(), CPU, judge, eye, 10.0, 0.01)
    assert (seen, looking) == (judge, eye) and resident.embeddings.shape == (2, 4, 3)
    resident, seen, looking = onlookers(faces(), CPU, judge, eye, 0.0, 1.0)
    assert seen is None and looking is eye and resident.embeddings is None
    assert onlookers(faces(), CPU, None, None, 0.0, 0.0)[1:] == (None, None)


@pytest.mark.parametrize("weights", [(1.0, 0.0), (0.0, 1.0)])
def test_a_missing_network_is_said(weights):
    with pytest.raises(LrfrError, match="needs a recogniser and the perceptual loss VGG19: give"):
        onlookers(faces(), CPU, None, None, *weights)


def test_faces_that_stay_on_disk_are_the_same():
    index, flip = np.array([3, 0, 2]), np.array([True, False, True])
    here, there = Faces(faces(), CPU), Faces(faces(), CPU, on_disk=True)
    assert there.pixels is None and torch.equal(here.hr(index, flip), there.hr(index, flip))
    assert torch.equal(here.sample(3, 1), there.sample(3, 1))
