"""ftlgan: one step of every objective by hand, mining, what moves and what does not, and its settings."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.fabric import Fabric
from safetensors.torch import load_file
from toy_training import COLOURS, Brighten, Doubled, faces, recogniser

from lrfr import datasets
from lrfr.errors import LrfrError
from lrfr.networks.rrdb import RRDBNet, RRDBSettings
from lrfr.papers import ftlgan
from lrfr.training import Batches, Schedule, save_weights

PLAN = Schedule(1, batch_size=4, learning_rate=1e-3, precision="32-true", device="cpu", decay="constant", log_every=1)
UNIT = 0.5
ONLY = ftlgan.Settings(RRDBSettings(4), PLAN, alpha=0.0, beta=1.0, units=False)


@pytest.fixture(autouse=True)
def toys(tmp_path, monkeypatch):
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ftlgan, "RRDBNet", Brighten)
    monkeypatch.setattr(ftlgan, "perceptual_cost", lambda *arguments: UNIT)


def step(settings: ftlgan.Settings, folder: Path, judge=None, eye=None) -> dict[str, float]:
    weights = ftlgan.train(settings, faces(), folder, judge, eye)
    row = json.loads((folder / "metrics.jsonl").read_text())
    return {**row, "by": float(load_file(weights)["by"])}


def drawn() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Anchors, positives and negatives of step 0."""
    order, _ = Batches(4, 4, 0)(0)
    return (order, *ftlgan.Triplets(faces().labels, 0)(order, 0))


def embedded(index: np.ndarray, brighter: float = 0.0) -> np.ndarray:
    """The toy recogniser's embeddings: three times the mean colour."""
    return 3 * (COLOURS[index] / 255 + brighter)


@pytest.mark.parametrize("squared", [True, False])
def test_the_triplet_loss_by_hand(tmp_path, squared):
    margin = 8.0 if squared else 3.0
    got = step(replace(ONLY, beta=0.5, margin=margin, squared=squared), tmp_path / "a", recogniser())
    anchor, positive, negative = drawn()
    near, far = (np.square(embedded(anchor, 0.1) - embedded(other)).sum(1) for other in (positive, negative))
    if not squared:
        near, far = np.sqrt(near), np.sqrt(far)
    hinge = np.maximum(0, near - far + margin)
    assert hinge.max() > 0
    assert got["triplet"] == pytest.approx(hinge.mean(), rel=1e-3)
    assert got["loss"] == pytest.approx(0.5 * hinge.mean(), rel=1e-3)


def test_the_triplet_loss_on_cosines_by_hand(tmp_path):
    got = step(replace(ONLY, cosine=True, margin=0.6), tmp_path / "a", recogniser())
    anchor, positive, negative = drawn()
    sr = embedded(anchor, 0.1)

    def apart(other: np.ndarray) -> np.ndarray:
        hr = embedded(other)
        return 1 - (sr * hr).sum(1) / np.linalg.norm(sr, axis=1) / np.linalg.norm(hr, axis=1)

    expected = np.maximum(0, apart(positive) - apart(negative) + 0.6).mean()
    assert got["triplet"] == pytest.approx(expected, rel=1e-3) and expected > 0


def test_the_second_branch_by_hand(tmp_path):
    """SR of the positive is .1 too bright: (2 * .1)^2 in the doubled features, .1^2 in the pixels."""
    got = step(replace(ONLY, alpha=0.8, beta=0.0), tmp_path / "a", eye=Doubled())
    assert got["perceptual"] == pytest.approx(0.04 / UNIT, rel=1e-4)
    assert got["loss"] == pytest.approx(0.8 * 0.04 / UNIT, rel=1e-4)
    pixels = step(replace(ONLY, beta=0.0, mse=5.0), tmp_path / "b")
    assert pixels["loss"] == pytest.approx(5 * 0.01, abs=1e-5)


def test_the_unit_of_the_perceptual_loss_is_kept_beside_the_provenance(tmp_path):
    for name, settings, derived in (("a", replace(ONLY, alpha=0.8), {"perceptual_unit": UNIT}), ("b", ONLY, {})):
        step(settings, tmp_path / name, recogniser(), Doubled())
        assert json.loads((tmp_path / name / "provenance.json").read_text())["derived"] == derived


def test_the_unit_of_the_triplet_loss_is_what_bicubic_costs(tmp_path):
    """A face of one colour is its own bicubic enlargement."""
    settings = replace(ONLY, units=True, margin=8.0)
    order = np.random.default_rng(PLAN.seed).choice(4, 4, replace=False)
    positive, negative = ftlgan.Triplets(faces().labels, PLAN.seed)(order, 0)
    near, far = (np.square(embedded(order) - embedded(other)).sum(1) for other in (positive, negative))
    unit = np.maximum(0, near - far + 8.0).mean()
    bare = step(replace(settings, units=False), tmp_path / "bare", recogniser())
    got = step(settings, tmp_path / "units", recogniser())
    derived = json.loads((tmp_path / "units" / "provenance.json").read_text())["derived"]
    assert derived == {"triplet_unit": pytest.approx(unit, rel=1e-3)} and unit > 0
    assert got["triplet"] == pytest.approx(bare["triplet"] / unit, rel=1e-3)


def test_both_branches_add_up(tmp_path):
    got = step(replace(ONLY, alpha=0.8, beta=0.2, margin=8.0), tmp_path / "a", recogniser(), Doubled())
    assert got["loss"] == pytest.approx(0.8 * got["perceptual"] + 0.2 * got["triplet"], rel=1e-4)
    assert got["perceptual"] > 0 and got["triplet"] > 0


def test_each_process_mines_among_people_of_its_own(tmp_path, monkeypatch):
    asked = []

    def noted(self, *those):
        asked.append(those)
        return np.arange(4)

    monkeypatch.setattr(Fabric, "world_size", property(lambda self: 2))
    monkeypatch.setattr(Fabric, "global_rank", property(lambda self: 1))
    monkeypatch.setattr(ftlgan.Triplets, "balanced_batch", noted)
    doubled = faces().subset(np.arange(8) % 4)
    settings = replace(ONLY, mining="batch-hard", margin=8.0, schedule=replace(PLAN, batch_size=8))
    ftlgan.train(settings, doubled, tmp_path / "a", recogniser())
    assert asked == [(0, 2, 4, 1, 2)]


@pytest.mark.parametrize("mining", ["semi-hard", "batch-hard"])
def test_online_mining_by_hand(tmp_path, mining):
    """Two people, two photographs each (the batch wants four each: the toy set is doubled)."""
    twice = faces()
    twice = type(twice)(
        "twice",
        np.concatenate([twice.images, twice.images]),
        twice.table.loc[[0, 1, 2, 3, 0, 1, 2, 3]].reset_index(drop=True),
    )
    settings = replace(ONLY, mining=mining, margin=8.0, schedule=replace(PLAN, batch_size=8))
    weights = ftlgan.train(settings, twice, tmp_path / "a", recogniser())
    got = json.loads((weights.parent / "metrics.jsonl").read_text())["triplet"]
    batch = ftlgan.Triplets(twice.labels, 0).balanced_batch(0, 2, 4)
    assert sorted(batch) == list(range(8))
    colour = batch % 4
    d = np.square(embedded(colour, 0.1)[:, None] - embedded(colour)[None]).sum(2)
    same = (colour[:, None] // 2) == (colour[None] // 2)
    positives = same & ~np.eye(8, dtype=bool)
    hinges = []
    for a in range(8):
        if mining == "batch-hard":
            hinges.append(max(0, d[a][positives[a]].max() - d[a][~same[a]].min() + 8.0))
        else:
            for p in np.flatnonzero(positives[a]):
                hinges += [d[a, p] - d[a, n] + 8.0 for n in np.flatnonzero(~same[a]) if d[a, p] < d[a, n] < d[a, p] + 8]
    assert hinges and got == pytest.approx(np.mean(hinges), rel=1e-3)


def test_the_generator_moves_and_the_frozen_networks_do_not(tmp_path):
    judge, eye = recogniser(), Doubled()
    got = step(replace(ONLY, alpha=0.8, beta=0.2), tmp_path / "a", judge, eye)
    assert got["by"] == pytest.approx(0.1 - 1e-3, abs=1e-6)
    assert float(judge.network.weight) == 3.0 and judge.network.weight.grad is None
    assert float(eye.weight) == 2.0 and eye.weight.grad is None


def test_sgd_and_a_clipped_gradient_by_hand(tmp_path):
    plain = replace(ONLY, beta=0.0, mse=1.0, optimizer="sgd")
    assert step(plain, tmp_path / "a")["by"] == pytest.approx(0.1 - 1e-3 * 0.2, abs=1e-6)  # d (by^2) = 2 by
    clipped = step(replace(plain, clip=0.05), tmp_path / "b")
    assert clipped["by"] == pytest.approx(0.1 - 1e-3 * 0.05, abs=1e-6)
    assert clipped["gradient"] == pytest.approx(0.2, rel=1e-3)


def test_the_camera_makes_other_anchors_and_the_second_branch_keeps_the_kernel(tmp_path):
    clean = step(replace(ONLY, margin=8.0, mse=1.0), tmp_path / "a", recogniser())
    camera = step(replace(ONLY, margin=8.0, mse=1.0, camera=True), tmp_path / "b", recogniser())
    assert camera["triplet"] != clean["triplet"]
    assert camera["mse"] == pytest.approx(clean["mse"], rel=1e-5)


def test_a_real_training_goes_on_from_a_start_and_leaves_dlib_as_it_was(tmp_path, monkeypatch):
    monkeypatch.undo()
    from lrfr import embeddings, recognizers

    few = datasets.load("att").subset(np.arange(0, 400, 40).repeat(2) + np.tile([0, 1], 10))
    judge = recognizers.load("dlib")
    before = embeddings.weights_digest(judge)
    shape = RRDBSettings(8, blocks=1, width=8, growth=4)
    torch.manual_seed(0)
    start = tmp_path / "start.safetensors"
    network = RRDBNet(shape)
    save_weights(network, start)
    plan = replace(PLAN, steps=3, batch_size=4)
    weights = ftlgan.train(ftlgan.Settings(shape, plan, 0.0, 1.0), few, tmp_path / "run", judge, None, start, few)
    after = load_file(weights)
    assert not torch.equal(after["conv_last.weight"], network.conv_last.weight)
    assert torch.equal(after["conv_first.weight"], network.conv_first.weight) is False
    assert embeddings.weights_digest(judge) == before
    rows = [json.loads(line) for line in (weights.parent / "metrics.jsonl").read_text().splitlines()]
    assert all(r["validation_psnr"] > 10 and 0 < r["validation_identity"] < 2 for r in rows)


def test_settings_as_printed():
    paper = ftlgan.paper(8)
    assert (paper.alpha, paper.beta, paper.mse) == (0.8, 0.2, 0.0) and paper.optimizer == "sgd" and paper.camera
    assert not paper.units, "the triplet loss is as it is printed"
    assert paper.generator.blocks == 16 and paper.schedule.rate(0) == 1e-5 and paper.lr_size == 14
    base, whole = ftlgan.study(4, 1)
    assert (base.alpha, base.beta, base.mse) == (0, 0, 1) and (whole.alpha, whole.beta, whole.mse) == (0.8, 0.2, 0)
    assert base.generator == whole.generator and base.schedule.seed == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"beta": 0.0}, "one of them more than 0"),
        ({"alpha": -1.0}, "weigh 0 or more"),
        ({"mining": "hard"}, "mined semi-hard or batch-hard, not 'hard'"),
        ({"optimizer": "rmsprop"}, "'adam' or 'sgd', but 'rmsprop'"),
        ({"mining": "semi-hard", "schedule": replace(PLAN, batch_size=6)}, "a multiple of 4, not 6"),
    ],
)
def test_what_is_no_training_is_refused(wrong, words):
    with pytest.raises(LrfrError, match=words):
        replace(ONLY, **wrong)


def test_a_missing_network_is_said(tmp_path):
    with pytest.raises(LrfrError, match="needs a recogniser and the perceptual loss VGG19"):
        ftlgan.train(ONLY, faces(), tmp_path / "x")
    with pytest.raises(LrfrError, match="needs a recogniser and the perceptual loss VGG19"):
        ftlgan.train(replace(ONLY, alpha=1.0, beta=0.0), faces(), tmp_path / "y")
