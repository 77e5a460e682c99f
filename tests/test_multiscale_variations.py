"""Varied probes and what an invariant network would not see: by hand on small cases, and its rows on AT&T."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from toy_recognition import corners

from lrfr import datasets, measure, methods, tables
from lrfr.datasets import FaceDataset, Photograph
from lrfr.degradation import degrade
from lrfr.evaluation import identification
from lrfr.measure import Measured
from lrfr.record import Entry
from lrfr.record import multiscale_rows as rows
from lrfr.record import multiscale_variations as varied


@pytest.fixture(scope="module")
def faces() -> FaceDataset:
    """Six people of AT&T, four photographs each."""
    return datasets.load("att").subset(np.concatenate([np.arange(4) * 2 + 10 * p for p in range(6)]))


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setattr("lrfr.embeddings.cache_dir", lambda: tmp_path_factory.getbasetemp() / "embeddings")


def test_what_is_worn_covers_its_place_and_nothing_else():
    white = torch.ones(2, 3, 112, 112)
    for wear, (rows_, columns), covered in (
        (varied.sunglasses, varied.GLASSES, (51, 38)),  # the left eye of the frame
        (varied.scarf, varied.SCARF, (92, 56)),  # the middle of its mouth
    ):
        worn = wear(white)
        assert worn[0, 0, *covered] < 0.5 and float(white.min()) == 1
        changed = (worn != 1).all(1)
        height, width = rows_.stop - rows_.start, columns.stop - columns.start
        assert changed.sum() == 2 * height * width and changed[:, rows_, columns].all()


def test_light_from_the_side_is_a_ramp():
    lit = varied.side_light(torch.full((1, 3, 8, 112), 0.5))
    assert lit[0, 0, 0, [0, -1]].tolist() == pytest.approx([0.125, 0.625])
    assert (lit[0, 0, 0].diff() > 0).all() and (lit == lit[:, :1, :1]).all()
    assert varied.side_light(torch.ones(1, 3, 4, 4)).max() == 1


def test_a_nose_aside_is_a_turned_face_and_a_tilted_one_is_not(monkeypatch):
    frontal = np.array([[10, 20], [50, 20], [30, 45], [15, 60], [45, 60]], float)
    aside = frontal.copy()
    aside[2, 0] += 10
    tilted = aside @ np.array([[0.0, 3.0], [-3.0, 0.0]])  # a quarter turn, three times as large
    found = [Photograph(n, "a", bytes, landmarks=p) for n, p in zip("xyz", (frontal, aside, tilted), strict=True)]
    monkeypatch.setattr(datasets, "photographs", lambda name: found)
    table = pd.DataFrame({"file": list("zxy"), "identity": list("aaa")})
    assert varied.turned(FaceDataset("att", np.zeros((3, 1, 1, 3)), table)) == pytest.approx([0.25, 0, 0.25])


def test_the_brighter_half_says_where_the_light_comes_from():
    images = np.full((3, 112, 112, 3), 100, np.uint8)
    images[1, :, 56:], images[2, :, :56] = 200, 0
    found = varied.lit(FaceDataset("att", images, pd.DataFrame({"identity": list("abc")})))
    assert found == pytest.approx([0, 1 / 3, 1])


def test_sensitivity_is_a_share_of_what_tells_people_apart():
    """Own photographs have 1 less .1 a step apart, others' 0: by hand for four photographs at 0, 1, 2, 3 steps."""
    labels, value = np.repeat([0, 1, 2], [4, 4, 2]), np.array([0, 1, 2, 3, 0, 1, 2, 3, 0, 9])
    same = labels[:, None] == labels[None, :]
    matrix = np.where(same, 1 - 0.1 * np.abs(value[:, None] - value[None, :]), 0.0)
    share, drawn = varied.sensitivity(matrix, labels, value, 40)
    steps = np.array([1, 1, 1, 2, 2, 3])
    alike = steps <= np.median(steps)
    expected = 0.1 * (steps[~alike].mean() - steps[alike].mean()) / (1 - 0.1 * steps.mean())
    assert share == pytest.approx(expected) and drawn == pytest.approx(np.full(40, expected))  # both people are alike
    blind, _ = varied.sensitivity(same.astype(float), labels, value, 10)
    assert blind == 0


def test_rows_of_varied_probes_by_hand(faces):
    eye, plain = corners(), methods.interpolation(varied.VARIED)
    nearest = methods.interpolation(varied.VARIED, "nearest")
    found = varied.varied_rows(faces, nearest, "scarf", plain, [eye], 30)
    assert not found.duplicated(measure.KEYS).any() and set(found["protocol"]) == {"scarf 16x12"}
    value = found.set_index("metric")["value"]
    worn = replace(nearest, degrade=lambda hr, size, keys: degrade(varied.scarf(hr), size))
    by_hand = {
        name: identification.single_gallery_cmc(Measured(faces, way).matrix(eye, "probe"), faces.labels)[0]
        for name, way in (("mine", worn), ("plain", nearest), ("bicubic", replace(worn, enlarge=plain.enlarge)))
    }
    assert value["rank_1"] == pytest.approx(by_hand["mine"])
    for name in ("plain", "bicubic"):
        assert value[f"rank_1_minus_{name}"] == pytest.approx(by_hand["mine"] - by_hand[name])
    assert by_hand["mine"] != by_hand["plain"]
    keys = rows.varied("scarf", "nearest", "corners", "rank_1_minus_plain")
    assert tables.value(found, **keys) == value["rank_1_minus_plain"]
    first = varied.varied_rows(faces, plain, "camera", None, [eye], 10)
    assert {m for m in first["metric"] if "minus" in m} == {"rank_1_minus_plain"}


def test_everything_that_is_measured_of_a_set(faces):
    eye, ways = corners(), [Entry(methods.hr()), Entry(methods.interpolation(varied.VARIED))]
    found = varied.variations(faces, ways)
    names = [where for where, _, _ in found]
    assert names == ["invariance"] * 2 + [f"{n} 16x12" for n in varied.VARIATIONS]
    table = found[0][2]([eye], 20)
    assert set(table["metric"]) == {"pose", "light"} and set(table["px"]) == {112}
    assert tables.has(table, **rows.invariance("att", "HR", "corners", "pose"))
    assert (table["low"] <= table["value"]).all() and (table["value"] <= table["high"]).all()
    assert [where for where, _, _ in varied.variations(faces, ways[:1])] == ["invariance"]


def test_verdicts_on_invariance():
    def row(low: float, high: float) -> pd.Series:
        return pd.Series({"value": (low + high) / 2, "low": low, "high": high})

    assert rows.invariant([]) is None
    assert rows.invariant([row(-0.1, 0.1), row(-0.2, 0.1)]) == "not decided"
    assert rows.invariant([row(0.1, 0.2), row(-0.2, 0.1)]) is False
    assert [r["high"] for r in tables.turned([row(0.1, 0.2)])] == [-0.1]
