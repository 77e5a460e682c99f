"""ipfsrgan: one step of every objective by hand, what moves and what does not, and its settings."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_training import COLOURS, Brighten, Doubled, Red, faces, recogniser

from lrfr import datasets
from lrfr.errors import LrfrError
from lrfr.networks.discriminator import DiscriminatorSettings
from lrfr.networks.rrdb import RRDBSettings
from lrfr.networks.srcnn import SRCNNSettings
from lrfr.networks.srresnet import SRResNetSettings
from lrfr.papers import ipfsrgan
from lrfr.plans import LONGER, find
from lrfr.training import Batches, Schedule

PLAN = Schedule(1, batch_size=4, learning_rate=1e-3, precision="32-true", device="cpu", decay="constant", log_every=1)
UNIT = 0.5


@pytest.fixture(autouse=True)
def toys(tmp_path, monkeypatch):
    """A generator that adds .1, a discriminator that doubles red, a perceptual unit of one half."""
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ipfsrgan, "build", Brighten)
    monkeypatch.setattr(ipfsrgan, "Discriminator", Red)
    monkeypatch.setattr(ipfsrgan, "perceptual_cost", lambda *arguments: UNIT)


def step(settings: ipfsrgan.Settings, folder: Path, judge=None, eye=None) -> dict[str, float]:
    """The log of one step and the generator's number after it."""
    weights = ipfsrgan.train(replace(settings, schedule=PLAN), faces(), folder, judge, eye)
    row = json.loads((folder / "metrics.jsonl").read_text())
    from safetensors.torch import load_file

    return {**row, "by": float(load_file(weights)["by"])}


def colours(index: np.ndarray | None = None) -> np.ndarray:
    """The colours in [0, 1] of the faces of step 0, in the order of the batch."""
    order, _ = Batches(4, 4, 0)(0)
    return COLOURS[order if index is None else index] / 255


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (a * b).sum(1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def softplus(x: np.ndarray) -> np.ndarray:
    return np.log1p(np.exp(x))


ONLY = ipfsrgan.Settings(RRDBSettings(4), PLAN, 0.0, 0.0, 0.0, 1.0)


def test_pixels_alone_by_hand(tmp_path):
    got = step(ONLY, tmp_path / "l1")
    assert got["loss"] == pytest.approx(0.1, abs=1e-5)  # |SR - HR| is .1 everywhere
    assert got["by"] == pytest.approx(0.1 - 1e-3, abs=1e-6)  # Adam's first step is one learning rate down
    squared = step(replace(ONLY, squared_pixels=True, pixel=3.0), tmp_path / "mse")
    assert squared["loss"] == pytest.approx(3 * 0.01, abs=1e-5)


def test_the_perceptual_loss_by_hand(tmp_path):
    got = step(replace(ONLY, pixel=0.0, perceptual=0.7), tmp_path / "a", eye=Doubled())
    assert got["perceptual"] == pytest.approx((2 * 0.1) ** 2 / UNIT, rel=1e-4)
    assert got["loss"] == pytest.approx(0.7 * 0.04 / UNIT, rel=1e-4)
    absolute = step(replace(ONLY, pixel=0.0, perceptual=1.0, perceptual_kind="absolute"), tmp_path / "b", eye=Doubled())
    assert absolute["loss"] == pytest.approx(0.2 / UNIT, rel=1e-4)


def test_identity_of_the_same_photograph_by_hand(tmp_path):
    got = step(replace(ONLY, pixel=0.0, identity=10.0, pairs="photo"), tmp_path / "a", recogniser())
    hr = colours()
    expected = (1 - cosines(hr + 0.1, hr)).mean()
    assert got["identity"] == pytest.approx(expected, rel=1e-3)
    assert got["loss"] == pytest.approx(10 * expected, rel=1e-3)


def test_identity_of_pairs_by_hand(tmp_path):
    """Everybody has one other photograph; the negative is one of two, drawn as Triplets draws."""
    margin = 0.6
    got = step(replace(ONLY, pixel=0.0, identity=1.0, margin=margin), tmp_path / "a", recogniser())
    order, _ = Batches(4, 4, 0)(0)
    positive, negative = ipfsrgan.Triplets(faces().labels, 0)(order, 0)
    assert set(positive ^ 1) == set(order) and all((negative // 2) != (order // 2))
    near = 1 - cosines(colours() + 0.1, colours(positive))
    far = np.maximum(0, cosines(colours() + 0.1, colours(negative)) - margin)
    assert far.max() > 0  # the margin is felt
    assert got["identity"] == pytest.approx((near.sum() + far.sum()) / 8, rel=1e-3)
    alone = step(replace(ONLY, pixel=0.0, identity=1.0, pairs="positives"), tmp_path / "b", recogniser())
    assert alone["identity"] == pytest.approx(near.mean(), rel=1e-3)


def test_the_margin_that_the_paper_does_not_give_is_the_median_of_strangers(tmp_path):
    from lrfr.datasets.resident import Faces

    resident = Faces(faces(), torch.device("cpu"), recogniser())
    strangers = [cosines(COLOURS[[i]] / 255, COLOURS[[j]] / 255)[0] for i in (0, 1) for j in (2, 3)]
    assert min(strangers) <= ipfsrgan.impostor_median(resident) <= max(strangers)


def test_what_is_computed_from_the_faces_is_kept_beside_the_provenance(tmp_path):
    from lrfr.datasets.resident import Faces

    def kept(settings, name, *networks):
        step(settings, tmp_path / name, *networks)
        return json.loads((tmp_path / name / "provenance.json").read_text())["derived"]

    both = replace(ONLY, identity=1.0, perceptual=1.0)
    median = ipfsrgan.impostor_median(Faces(faces(), torch.device("cpu"), recogniser()))
    assert kept(both, "a", recogniser(), Doubled()) == {"margin": median, "perceptual_unit": UNIT}
    assert kept(replace(both, margin=0.5), "b", recogniser(), Doubled()) == {"perceptual_unit": UNIT}
    assert kept(ONLY, "c") == {}


@pytest.mark.parametrize("halved", [False, True])
def test_the_relativistic_game_by_hand(tmp_path, halved):
    got = step(replace(ONLY, adversarial=0.5, halved=halved), tmp_path / "a")
    real, fake = 2 * colours()[:, 0], 2 * (colours()[:, 0] + 0.1)
    share = 0.5 if halved else 1.0
    # G: -log(1 - D(real, fake)) - log D(fake, real), D = sigmoid(difference to the other's mean)
    generator = share * (softplus(real - fake.mean()).mean() + softplus(-(fake - real.mean())).mean())
    assert got["adversarial"] == pytest.approx(generator, rel=1e-4)
    assert got["loss"] == pytest.approx(0.1 + 0.5 * generator, rel=1e-4)
    # D sees the same faces, enlarged before the generator's step, with the roles exchanged.
    critic = share * (softplus(-(real - fake.mean())).mean() + softplus(fake - real.mean()).mean())
    assert got["discriminator"] == pytest.approx(critic, rel=1e-4)


def test_srgans_game_by_hand(tmp_path):
    got = step(replace(ONLY, adversarial=0.5, relativistic=False), tmp_path / "a")
    real, fake = 2 * colours()[:, 0], 2 * (colours()[:, 0] + 0.1)
    assert got["adversarial"] == pytest.approx(softplus(-fake).mean(), rel=1e-4)
    assert got["discriminator"] == pytest.approx(softplus(-real).mean() + softplus(fake).mean(), rel=1e-4)


def test_each_network_moves_by_its_own_loss_and_the_frozen_ones_by_nothing(tmp_path, monkeypatch):
    made = []

    class Kept(Red):
        def __init__(self, settings=None):
            super().__init__()
            made.append(self)

    monkeypatch.setattr(ipfsrgan, "Discriminator", Kept)
    judge, eye = recogniser(), Doubled()
    got = step(ipfsrgan.Settings(RRDBSettings(4), PLAN), tmp_path / "a", judge, eye)
    # G: brighter looks more real to this discriminator, but all other terms weigh more and pull it down.
    assert got["by"] == pytest.approx(0.1 - 1e-3, abs=1e-6)
    # D: red says fake here (SR is brighter), so its weight falls by one learning rate; G's step, which would like it to
    # rise, leaves no trace in it.
    assert float(made[0].weight.detach()) == pytest.approx(2 - 1e-3, abs=1e-6)
    assert float(judge.network.weight) == 3.0 and float(eye.weight) == 2.0
    assert judge.network.weight.grad is None and eye.weight.grad is None


def test_a_real_training_leaves_the_frozen_network_as_it_was_and_resumes(tmp_path, monkeypatch):
    """The compact networks on AT&T, killed after a checkpoint: same end as undisturbed; dlib's weights unmoved."""
    monkeypatch.undo()
    from lrfr import embeddings, recognizers

    few = datasets.load("att").subset(np.arange(0, 400, 40))
    judge = recognizers.load("dlib")
    before = embeddings.weights_digest(judge)
    plan = replace(PLAN, steps=4, batch_size=2, checkpoint_every=2)
    settings = ipfsrgan.Settings(
        RRDBSettings(4, blocks=1, width=8, growth=4), plan, perceptual=0.0, discriminator=DiscriminatorSettings(width=4)
    )
    whole = ipfsrgan.train(settings, few, tmp_path / "whole", judge)

    class Dying(Batches):
        def __call__(self, step):
            if step == 3:
                raise KeyboardInterrupt
            return super().__call__(step)

    monkeypatch.setattr(ipfsrgan, "Batches", Dying)
    with pytest.raises(KeyboardInterrupt):
        ipfsrgan.train(settings, few, tmp_path / "cut", judge)
    monkeypatch.undo()
    assert (tmp_path / "cut" / "state.ckpt").exists() and not (tmp_path / "cut" / "weights.safetensors").exists()
    again = ipfsrgan.train(settings, few, tmp_path / "cut", judge)
    assert again.read_bytes() == whole.read_bytes()
    assert embeddings.weights_digest(judge) == before


def test_rivals_have_their_own_objectives():
    srcnn = ipfsrgan.srcnn(PLAN, SRCNNSettings(4))
    assert (srcnn.adversarial, srcnn.identity, srcnn.perceptual) == (0, 0, 0) and srcnn.squared_pixels
    srgan = ipfsrgan.srgan(PLAN, SRResNetSettings(4))
    assert not srgan.relativistic and srgan.pixel == 0 and srgan.adversarial == 1e-3
    esrgan = ipfsrgan.esrgan(PLAN, RRDBSettings(4))
    assert (esrgan.adversarial, esrgan.identity, esrgan.perceptual, esrgan.pixel) == (5e-3, 0, 1, 1e-2)


def test_settings_as_printed_and_as_released():
    paper, code = ipfsrgan.paper(), ipfsrgan.released_code()
    assert (paper.adversarial, paper.identity, paper.perceptual, paper.pixel) == (0.005, 10, 0.01, 1)
    assert [paper.schedule.rate(i) for i in (0, 200_000, 499_999)] == pytest.approx([2e-4, 1.4e-4, 0.98e-4])
    assert (code.perceptual, code.pixel, code.pairs, code.halved) == (1, 0.01, "photo", True)
    assert [code.schedule.rate(i) for i in (0, 60_000, 500_000)] == pytest.approx([1e-4, 5e-5, 1e-4 / 16])
    assert paper.generator.blocks == 23 and paper.lr_size == 28


def test_the_studys_trainings_differ_in_their_objective_alone():
    plans = ipfsrgan.study(3)
    adversarial = {key: s for key, s in plans.items() if key not in ("srcnn", "srcnn-l1", "scratch")}
    assert {s.schedule for s in adversarial.values()} == {plans["ip"].schedule} and plans["ip"].schedule.seed == 3
    assert len({(s.discriminator, s.rival_rate) for s in adversarial.values()}) == 1
    chosen = {"discriminator": plans["ip"].discriminator, "rival_rate": plans["ip"].rival_rate}
    assert replace(plans["scratch"], schedule=plans["ip"].schedule, **chosen) == plans["ip"]
    assert find("ipfsrgan-s0-srcnn").lineage == find("ipfsrgan-s0-ip").lineage
    assert plans["srcnn"].squared_pixels and plans["srcnn-l1"] == replace(plans["srcnn"], squared_pixels=False)
    assert plans["ip-photo"] == replace(plans["ip"], pairs="photo")
    assert plans["ip-swapped"] == replace(plans["ip"], perceptual=1.0, pixel=0.01)


def test_the_longer_training_goes_on_from_what_is_shipped_at_a_lower_rate():
    once, more = ipfsrgan.study(3)["ip"], ipfsrgan.longer(3)
    assert find(LONGER).after == "ipfsrgan-s0-ip" and find(LONGER).lineage > 3 * find(LONGER).images
    assert 2 * more.schedule.steps == once.schedule.steps and more.schedule.seed != once.schedule.seed
    assert once.schedule.rate(1800) < more.schedule.learning_rate < once.schedule.rate(1500)
    rival = [s.rival_rate * s.schedule.learning_rate for s in (once, more)]
    assert rival[0] == pytest.approx(rival[1])
    assert replace(more, schedule=once.schedule, rival_rate=once.rival_rate) == once


def test_pilots_differ_in_the_discriminator_alone():
    found = ipfsrgan.pilots()
    for one in found.values():
        assert (
            replace(one, discriminator=found["norm"].discriminator, rival_rate=1.0, adversarial=0.005) == found["norm"]
        )
    assert len(set(map(repr, found.values()))) == len(found)


def test_what_is_no_training_is_refused(tmp_path):
    with pytest.raises(LrfrError, match="one of them more than 0"):
        replace(ONLY, pixel=0.0)
    with pytest.raises(LrfrError, match="one of them more than 0"):
        replace(ONLY, identity=-1.0)
    with pytest.raises(LrfrError, match="pairs both, positives and photo, not 'other'"):
        replace(ONLY, pairs="other")
    with pytest.raises(LrfrError, match="needs a recogniser and the perceptual loss VGG19"):
        ipfsrgan.train(replace(ONLY, identity=1.0), faces(), tmp_path / "x")
    with pytest.raises(LrfrError, match="needs a recogniser and the perceptual loss VGG19"):
        ipfsrgan.train(replace(ONLY, perceptual=1.0), faces(), tmp_path / "y")
