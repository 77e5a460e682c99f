"""multiscale: one step in both readings by hand, the ten sizes, what moves and what does not, and its settings."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scipy.stats import chisquare
from torch import nn
from torch.nn import functional as F
from toy_training import COLOURS, faces, recogniser

from lrfr import datasets, degradation, embeddings, recognizers
from lrfr.errors import LrfrError
from lrfr.networks.unet import UNetSettings
from lrfr.papers import multiscale
from lrfr.training import Batches, Schedule

PLAN = Schedule(1, batch_size=4, learning_rate=1e-3, precision="32-true", device="cpu", decay="constant", log_every=1)
TINY = UNetSettings(width=4, widest=8)
BOTH = multiscale.Settings(TINY, PLAN)
#: Four faces of one colour, each a tenth too bright: by how much, per photograph and channel.
TOO_BRIGHT = 0.1 * COLOURS / 255


class Stretch(nn.Module):
    """128 px to 112 px by the nearest pixel, times one learnt number, 1.1 at first."""

    def __init__(self, settings=None) -> None:
        super().__init__()
        self.by = nn.Parameter(torch.tensor(1.1))

    def forward(self, enlarged: torch.Tensor) -> torch.Tensor:
        assert enlarged.shape[1:] == (3, 128, 128)
        return self.by * F.interpolate(enlarged, (112, 112))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    recognizers.load("dlib")  # from the shared cache, before it moves
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setattr(multiscale, "UNet", Stretch)


def step(settings: multiscale.Settings, folder: Path, judge=None) -> dict[str, float]:
    weights = multiscale.train(settings, faces(), folder, judge)
    row = json.loads((folder / "metrics.jsonl").read_text())
    return {**row, "by": float(load_file(weights)["by"])}


# One step


def test_both_losses_read_as_mean_squared_errors(toy, tmp_path):
    got = step(BOTH, tmp_path / "a", recogniser())
    pixel, embedding = np.square(TOO_BRIGHT).mean(), np.square(3 * TOO_BRIGHT).mean()
    assert got["pixel"] == pytest.approx(pixel, rel=1e-4)
    assert got["embedding"] == pytest.approx(embedding, rel=1e-4)
    assert got["loss"] == pytest.approx(embedding + 5 * pixel, rel=1e-4)


def test_both_losses_read_as_norms(toy, tmp_path):
    got = step(replace(BOTH, reading="norm"), tmp_path / "a", recogniser())
    length = np.sqrt(np.square(TOO_BRIGHT).sum(1))
    pixel, embedding = 112 * length.mean(), 3 * length.mean()
    assert got["pixel"] == pytest.approx(pixel, rel=1e-4)
    assert got["embedding"] == pytest.approx(embedding, rel=1e-4)
    assert got["loss"] == pytest.approx(embedding + 5 * pixel, rel=1e-4)


def test_the_weights_of_both_losses(toy, tmp_path):
    got = step(replace(BOTH, beta=0.5, identity=2.0), tmp_path / "a", recogniser())
    assert got["loss"] == pytest.approx(2 * got["embedding"] + 0.5 * got["pixel"], rel=1e-5)
    alone = step(replace(BOTH, identity=0.0), tmp_path / "b")
    assert "embedding" not in alone and alone["loss"] == pytest.approx(5 * alone["pixel"], rel=1e-6)
    identity = step(replace(BOTH, beta=0.0), tmp_path / "c", recogniser())
    assert identity["loss"] == pytest.approx(identity["embedding"], rel=1e-6)


def test_the_generator_moves_and_the_recogniser_does_not(toy, tmp_path):
    judge = recogniser()
    got = step(BOTH, tmp_path / "a", judge)
    assert got["by"] == pytest.approx(1.1 - 1e-3, abs=1e-6)  # Adam's first step is the rate
    assert float(judge.network.weight) == 3.0 and judge.network.weight.grad is None


@pytest.mark.parametrize("reading", ["mse", "norm"])
def test_a_real_training_moves_every_weight_and_leaves_dlib_as_it_was(tmp_path, reading):
    """The study's precision, ten sizes, and the validation curve."""
    some = datasets.load("att").subset(np.arange(0, 400, 40))
    judge = recognizers.load("dlib")
    before = embeddings.weights_digest(judge)
    plan = replace(PLAN, steps=3, precision="bf16-mixed")
    weights = multiscale.train(replace(BOTH, schedule=plan, reading=reading), some, tmp_path / "a", judge, some)
    torch.manual_seed(0)
    start = {k: v.clone() for k, v in multiscale.UNet(TINY).named_parameters()}
    after = load_file(weights)
    assert all(not torch.equal(after[key], value) for key, value in start.items())
    assert embeddings.weights_digest(judge) == before
    rows = [json.loads(line) for line in (weights.parent / "metrics.jsonl").read_text().splitlines()]
    assert len(rows) == 3 and all(r["embedding"] > 0 and r["pixel"] > 0 for r in rows)
    assert all(r["validation_psnr"] > 10 and 0 < r["validation_identity"] < 2 for r in rows)


def test_a_training_that_was_cut_off_ends_in_the_same_bits_with_dropout_too(tmp_path, monkeypatch):
    some = datasets.load("att").subset(np.arange(0, 400, 40))
    plan = replace(PLAN, steps=4, checkpoint_every=2)
    settings = replace(BOTH, generator=replace(TINY, dropout=0.5), schedule=plan, identity=0.0)
    whole = multiscale.train(settings, some, tmp_path / "whole")
    descend, done = multiscale.descend, []

    def stopping(*given):
        done.append(descend(*given))
        if len(done) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(multiscale, "descend", stopping)
    with pytest.raises(KeyboardInterrupt):
        multiscale.train(settings, some, tmp_path / "cut")
    torch.manual_seed(99)
    again = load_file(multiscale.train(settings, some, tmp_path / "cut"))
    assert len(done) == 5
    for key, value in load_file(whole).items():
        assert torch.equal(again[key], value), key


# Ten sizes


@pytest.fixture(scope="module")
def hr() -> torch.Tensor:
    return datasets.load("att").tensor(list(range(0, 400, 20)))


def test_each_face_has_its_own_size(hr):
    found, drawn = multiscale.enlarged(hr, multiscale.SIZES, 128, torch.Generator().manual_seed(0))
    assert found.shape == (20, 3, 128, 128) and len(drawn.unique()) > 5
    for i, number in enumerate(drawn.tolist()):
        lr = degradation.degrade(hr[i : i + 1], multiscale.SIZES[number])
        assert lr.shape[-2:] == multiscale.SIZES[number]
        torch.testing.assert_close(found[i : i + 1], degradation.upscale(lr, 128), atol=1e-6, rtol=0)


def test_all_sizes_are_equally_likely():
    blank = torch.zeros(4000, 3, 1, 1)
    _, drawn = multiscale.enlarged(blank, multiscale.SIZES, 1, torch.Generator().manual_seed(5))
    assert chisquare(torch.bincount(drawn, minlength=10).numpy()).pvalue > 0.01


def test_the_sizes_of_a_step_depend_on_seed_and_step_alone(hr):
    def drawn(seed: int, step: int) -> list[int]:
        generator = Batches(20, 20, seed).generator(step)
        return multiscale.enlarged(hr, multiscale.SIZES, 8, generator)[1].tolist()

    assert drawn(0, 3) == drawn(0, 3)
    assert drawn(0, 3) != drawn(0, 4) and drawn(0, 3) != drawn(1, 3)


def test_one_size_makes_a_model_for_it(hr, toy, tmp_path, monkeypatch):
    seen = []
    degrade = degradation.degrade
    monkeypatch.setattr(degradation, "degrade", lambda x, size: seen.append(size) or degrade(x, size))
    step(replace(BOTH, sizes=((7, 6),), identity=0.0), tmp_path / "a")
    assert set(seen) == {(7, 6)}


# Settings


def test_the_ten_sizes_of_the_paper():
    assert len(set(multiscale.SIZES)) == 10
    printed = "7x6, 11x8, 14x12, 16x12, 16x14, 16x16, 18x16, 21x15, 32x32 and 112x96"
    assert ", ".join("{}x{}".format(*s) for s in multiscale.SIZES).replace(", 112", " and 112") == printed


def test_settings_as_printed_and_those_of_the_study():
    paper = multiscale.paper()
    assert (paper.beta, paper.identity, paper.sizes) == (5, 1, multiscale.SIZES)
    assert paper.generator == UNetSettings.printed(output=112)
    study = multiscale.study(1)
    both = study["both"]
    assert list(study) == ["both", "pixel", "14x12", "7x6"] and both.schedule.seed == 1
    assert (both.beta, both.identity, both.reading, both.sizes) == (5, 1, "mse", multiscale.SIZES)
    assert study["pixel"] == replace(both, identity=0.0)
    assert study["14x12"] == replace(both, sizes=((14, 12),)) and study["7x6"] == replace(both, sizes=((7, 6),))
    ablations = multiscale.ablations()
    first = multiscale.study()["both"]
    assert ablations["norm"] == replace(first, reading="norm")
    assert ablations["sum"].beta == pytest.approx(5 / 128)
    assert ablations["no-paths"] == replace(first, generator=replace(first.generator, paths=False))
    printed = ablations["printed"].generator
    assert printed == replace(UNetSettings.printed(), width=32, widest=64, output=112)


def test_adding_up_over_the_embedding_is_a_smaller_beta(toy, tmp_path):
    """The squares added up over D components beside the mean over pixels: D times the embedding loss, or beta / D."""
    averaged = step(replace(BOTH, beta=5 / 3), tmp_path / "a", recogniser())
    added_up = step(replace(BOTH, identity=3.0), tmp_path / "b", recogniser())
    assert 3 * averaged["loss"] == pytest.approx(added_up["loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"reading": "l1"}, "read as 'mse' or 'norm', not as 'l1'"),
        ({"beta": -1.0}, "weigh 0 or more"),
        ({"beta": 0.0, "identity": 0.0}, "one of them more than 0"),
        ({"sizes": ()}, "one size or more"),
        ({"sizes": ((128, 128),)}, "of 1 to 112 px a side"),
        ({"generator": UNetSettings.printed()}, "faces of 112 px, but this U-Net gives 128"),
    ],
)
def test_what_is_no_training_is_refused(wrong, words):
    with pytest.raises(LrfrError, match=words):
        replace(BOTH, **wrong)


def test_a_missing_recogniser_is_said(tmp_path):
    with pytest.raises(LrfrError, match="needs a recogniser"):
        multiscale.train(BOTH, faces(), tmp_path / "x")
