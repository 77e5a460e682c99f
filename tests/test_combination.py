"""The U-Net with a triplet loss: one step by hand, its units, what moves and what does not, its settings."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from toy_training import COLOURS, Brighten, faces, recogniser

from lrfr import datasets, embeddings, plans, recognizers
from lrfr.errors import LrfrError
from lrfr.networks.unet import UNet, UNetSettings
from lrfr.papers import combination, ftlgan, multiscale
from lrfr.training import Batches, Schedule

PLAN = Schedule(1, batch_size=4, learning_rate=1e-3, precision="32-true", device="cpu", decay="constant", log_every=1)
TINY = UNetSettings(width=4, widest=8)
SOME = combination.Settings(TINY, PLAN, margin=8.0)
UNIT = 0.5


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    recognizers.load("dlib")  # from the shared cache, before it moves
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))


def log_of(weights: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (weights.parent / "metrics.jsonl").read_text().splitlines()]


def test_one_step_by_hand(tmp_path, monkeypatch):
    """Faces of one colour: any reduction leaves them, and the toy network makes them .1 too bright."""
    monkeypatch.setattr(combination, "UNet", Brighten)
    monkeypatch.setattr(combination, "pixel_cost", lambda faces, settings: UNIT)
    judge = recogniser()
    weights = combination.train(SOME, faces(), tmp_path / "a", judge)
    (got,) = log_of(weights)
    order, _ = Batches(4, 4, 0)(0)
    positive, negative = ftlgan.Triplets(faces().labels, 0)(order, 0)

    def hinge(brighter: float, anchor: np.ndarray, positive: np.ndarray, negative: np.ndarray) -> float:
        sr, near, far = (3 * (COLOURS[i] / 255 + b) for i, b in ((anchor, brighter), (positive, 0), (negative, 0)))
        return np.maximum(0, np.square(sr - near).sum(1) - np.square(sr - far).sum(1) + 8).mean()

    all_four = np.random.default_rng(0).choice(4, 4, replace=False)
    unit = hinge(0, all_four, *ftlgan.Triplets(faces().labels, 0)(all_four, 0))
    triplet = hinge(0.1, order, positive, negative) / unit
    assert got["pixel"] == pytest.approx(0.01 / UNIT, rel=1e-3) and got["triplet"] == pytest.approx(triplet, rel=1e-3)
    assert got["loss"] == pytest.approx(0.8 * 0.01 / UNIT + 0.2 * triplet, rel=1e-3)
    derived = json.loads((weights.parent / "provenance.json").read_text())["derived"]
    assert derived == {"pixel_unit": UNIT, "triplet_unit": pytest.approx(unit, rel=1e-3)}
    assert float(load_file(weights)["by"]) == pytest.approx(0.1 - 1e-3, abs=1e-6), "Adam's first step is the rate"
    assert float(judge.network.weight) == 3.0


def test_a_real_training_starts_at_the_units_and_moves_every_weight(tmp_path):
    """The network starts as the bicubic enlargement, so that each loss is about 1 at first."""
    some = datasets.load("att").subset(np.concatenate([np.arange(2) + 40 * p for p in range(8)]))
    judge = recognizers.load("dlib")
    before = embeddings.weights_digest(judge)
    plan = replace(PLAN, steps=2, batch_size=16, precision="bf16-mixed")
    weights = combination.train(replace(SOME, schedule=plan, margin=0.5), some, tmp_path / "a", judge, some)
    rows = log_of(weights)
    assert 0.3 < rows[0]["pixel"] < 3 and 0.3 < rows[0]["triplet"] < 3
    assert rows[-1]["validation_psnr"] > 10 and 0 < rows[-1]["validation_identity"] < 2
    torch.manual_seed(0)
    start, after = UNet(TINY).state_dict(), load_file(weights)
    learnt = {name for name, _ in UNet(TINY).named_parameters()}
    assert all(not torch.equal(after[key], start[key]) for key in learnt)
    assert embeddings.weights_digest(judge) == before
    assert combination.train(replace(SOME, schedule=plan, margin=0.5), some, tmp_path / "a") == weights, "it is done"


def test_the_unit_of_pixels_is_the_mean_error_of_bicubic_enlargement():
    some = datasets.load("att").subset(np.arange(0, 400, 20))
    held = ftlgan.Faces(some, torch.device("cpu"))
    coarse, fine = (combination.pixel_cost(held, replace(SOME, sizes=(size,))) for size in ((7, 6), (32, 32)))
    both = combination.pixel_cost(held, replace(SOME, sizes=((7, 6), (32, 32))))
    assert fine < both < coarse and coarse > 3 * fine


def test_the_study_s_run_has_the_budget_of_multiscale_and_the_margin_of_ftlgan():
    run, like = plans.find("combine-unet-triplet"), plans.find("multiscale-s0-both")
    assert run in plans.planned() and run.recognizer == like.recognizer == "dlib"
    settings = run.settings
    assert (settings.generator, settings.schedule, settings.sizes) == (
        like.settings.generator,
        like.settings.schedule,
        multiscale.SIZES,
    )
    whole = plans.find("ftlgan-14-s0").settings
    assert (settings.alpha, settings.beta, settings.margin) == (whole.alpha, whole.beta, whole.margin)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"alpha": 0.0}, "weigh more than 0"),
        ({"beta": -1.0}, "weigh more than 0"),
        ({"generator": UNetSettings.printed()}, "faces of 112 px, but this U-Net gives 128"),
    ],
)
def test_what_is_no_training_is_refused(wrong, words):
    with pytest.raises(LrfrError, match=words):
        replace(SOME, **wrong)


def test_a_missing_recogniser_is_said(tmp_path):
    with pytest.raises(LrfrError, match="needs a recogniser"):
        combination.train(SOME, faces(), tmp_path / "x")
