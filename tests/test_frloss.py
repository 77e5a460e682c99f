"""frloss: its losses by hand, its step by hand, its arms side by side."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from lightning.fabric import Fabric
from torch import nn

from lrfr import datasets, degradation, embeddings, recognizers
from lrfr.datasets import FaceDataset
from lrfr.errors import LrfrError
from lrfr.losses.identity import fr_loss
from lrfr.losses.pixel import mse_loss
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.papers import frloss
from lrfr.recognizers import Recognizer
from lrfr.training import Batches, Schedule, load_weights, save_weights

NETWORK = SRResNetSettings(4, blocks=1, width=8)
PLAN = Schedule(1, batch_size=4, learning_rate=1e-3, precision="32-true", device="cpu", log_every=1)
MSE = frloss.Settings(NETWORK, PLAN)
FR = frloss.Settings(NETWORK, PLAN, arm="fr")


@pytest.fixture
def faces(tmp_path, monkeypatch) -> FaceDataset:
    """Eight people of AT&T; what is embedded is kept for this test only."""
    dataset = datasets.load("att").subset(np.arange(0, 400, 50))
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    return dataset


@pytest.fixture
def start(tmp_path) -> Path:
    """Phase 1's weights: here, drawn."""
    torch.manual_seed(3)
    network = SRResNet(NETWORK)
    nn.init.normal_(network.tail.weight, std=1e-3)
    save_weights(network, tmp_path / "start.safetensors")
    return tmp_path / "start.safetensors"


def judge(norm: bool = False) -> Recognizer:
    """A small face network, so that a step can be followed by hand."""
    torch.manual_seed(1)
    layers = [nn.AvgPool2d(8), nn.Flatten(), nn.Linear(588, 6), *([nn.BatchNorm1d(6)] if norm else [])]
    return Recognizer("small", nn.Sequential(*layers), 6, "euclidean")


@pytest.fixture(scope="module")
def dlib() -> Recognizer:
    return recognizers.load("dlib")


def log(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


# The losses


def test_fr_loss_by_hand():
    sr, hr = torch.tensor([[1.0, 2.0, 0.0], [0.0, 0.0, 1.0]]), torch.tensor([[0.0, 0.0, 0.0], [0.0, 3.0, 1.0]])
    assert float(fr_loss(sr, hr)) == pytest.approx((5 + 9) / 2)
    given = sr.clone().requires_grad_()
    fr_loss(given, hr).backward()
    torch.testing.assert_close(given.grad, 2 * (sr - hr) / 2)


def test_mse_loss_by_hand():
    sr, hr = torch.zeros(2, 3, 2, 2), torch.zeros(2, 3, 2, 2)
    sr[0, 0, 0, 0], hr[1, 2, 1, 1] = 0.5, -1.0
    assert float(mse_loss(sr, hr)) == pytest.approx((0.25 + 1) / 24)


# One step


def adam_once(weights: dict[str, torch.Tensor], gradients: dict[str, torch.Tensor], rate: float) -> dict:
    """The first step of Adam, whose two running means are then the gradient and its square."""
    return {k: w - rate * gradients[k] / (gradients[k].square().sqrt() + 1e-8) for k, w in weights.items()}


@pytest.mark.parametrize("arm", ["mse", "fr"])
def test_one_step_is_the_step_written_by_hand(faces, start, tmp_path, arm):
    settings = replace(MSE if arm == "mse" else FR, share=0.3)
    found = load_weights(SRResNet(NETWORK), frloss.train(settings, faces, tmp_path / "run", judge(), start))

    network = load_weights(SRResNet(NETWORK), start)
    index, flip = Batches(8, 4, 0)(0)
    pictures = faces.images[index]
    pictures = np.where(flip[:, None, None, None], pictures[:, :, ::-1], pictures)
    hr = torch.from_numpy(pictures.transpose(0, 3, 1, 2) / np.float32(255))
    sr = network(degradation.degrade(hr, 28))
    loss = ((sr - hr) ** 2).mean()
    if arm == "fr":
        look = judge()
        with torch.no_grad():
            whole = faces.tensor()
            restored = network(degradation.degrade(whole, 28))
            mse = ((restored - whole) ** 2).mean()
            fr = ((look(restored) - look(whole)) ** 2).sum(1).mean()
        weight = float(mse / fr) * 0.3 / 0.7
        row = log(tmp_path / "run")[0]
        assert row["mse"] == pytest.approx(loss.item(), rel=1e-4)
        distance = ((look(sr) - look(hr)) ** 2).sum(1).mean()
        assert row["fr"] == pytest.approx(distance.item(), rel=1e-4)
        loss = loss + weight * distance
        assert row["fr_share"] == pytest.approx((weight * distance / loss).item(), rel=1e-4)
    assert log(tmp_path / "run")[0]["loss"] == pytest.approx(loss.item(), rel=1e-4)
    loss.backward()
    before = {k: v.detach() for k, v in network.named_parameters()}
    gradients = {k: v.grad for k, v in network.named_parameters()}
    expected = adam_once(before, gradients, 1e-3)
    sure = total = 0
    for key, value in found.named_parameters():
        clear = gradients[key].abs() > 1e-3 * gradients[key].abs().max()  # elsewhere rounding decides the step
        torch.testing.assert_close(value[clear], expected[key][clear], atol=2e-6, rtol=0)
        sure, total = sure + int(clear.sum()), total + clear.numel()
    assert sure > 0.95 * total


def test_the_fr_loss_starts_as_half_of_the_whole(faces, start, tmp_path, dlib):
    """Within .05: the weight is set on pictures as they are, the first batch mirrors some of them."""
    plan = replace(PLAN, batch_size=8)
    for share in (0.5, 0.8):
        settings = replace(FR, schedule=plan, share=share)
        frloss.train(settings, faces, tmp_path / f"{share}", dlib, start)
        row = log(tmp_path / f"{share}")[0]
        assert row["fr_share"] == pytest.approx(share, abs=0.05)
        assert row["loss"] == pytest.approx(row["mse"] / (1 - row["fr_share"]), rel=1e-3)
        derived = json.loads((tmp_path / f"{share}" / "provenance.json").read_text())["derived"]
        assert row["loss"] == pytest.approx(row["mse"] + derived["fr_weight"] * row["fr"], rel=1e-3)


def test_the_gradient_goes_through_the_recogniser_and_leaves_it_as_it_is(faces, start, tmp_path, dlib):
    before = {k: v.clone() for k, v in dlib.state_dict().items()}
    plan = replace(PLAN, steps=2)
    arms = {
        arm: load_weights(
            SRResNet(NETWORK),
            frloss.train(replace(settings, schedule=plan, shift=shift), faces, tmp_path / arm, dlib, start),
        )
        for arm, settings, shift in (("fr", FR, 3), ("mse", MSE, 0))
    }
    assert all(torch.equal(v, before[k]) for k, v in dlib.state_dict().items())
    assert all(p.grad is None and not p.requires_grad for p in dlib.parameters())
    assert not any(m.training for m in dlib.modules())
    fr, mse = (torch.cat([p.flatten() for p in arms[arm].parameters()]) for arm in ("fr", "mse"))
    assert ((fr - mse).abs() > 1e-5).float().mean() > 0.5


def test_both_arms_share_start_data_and_steps(faces, start, tmp_path, monkeypatch):
    seen: dict[str, list] = {"fr": [], "mse": []}
    for arm, settings in (("fr", FR), ("mse", MSE)):
        batch = Batches.__call__

        def recording(self, step, arm=arm, batch=batch):
            index, flip = batch(self, step)
            seen[arm].append((step, index.tolist(), flip.tolist()))
            return index, flip

        with monkeypatch.context() as patch:
            patch.setattr(Batches, "__call__", recording)
            plan = replace(PLAN, steps=5)
            frloss.train(replace(settings, schedule=plan), faces, tmp_path / arm, judge(), start)
    assert seen["fr"] == seen["mse"] and [step for step, _, _ in seen["fr"]] == list(range(5))
    first = [log(tmp_path / arm)[0]["mse"] for arm in ("fr", "mse")]
    assert first[0] == first[1]


def test_the_study_s_arms_share_everything_but_the_loss():
    for scale in (4, 8):
        for seed in (0, 1):
            base, fr, mse = frloss.study(scale, seed)
            assert base.network == fr.network == mse.network and base.network.scale == scale
            rate = {"learning_rate": 0.0 + fr.schedule.learning_rate}
            assert replace(mse.schedule, **rate) == fr.schedule
            assert (base.arm, fr.arm, mse.arm) == ("mse", "fr", "mse")
            assert base.schedule.seed != fr.schedule.seed


# What the recogniser is shown, and what it shall see


class Sides(nn.Module):
    """Mean of the red channel in the left and in the right half."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.stack([x[:, 0, :, :56].mean((1, 2)), x[:, 0, :, 56:].mean((1, 2))], 1)


@pytest.fixture
def toy(tmp_path, monkeypatch) -> frloss.Faces:
    """Person a has three pictures, b and c one each; picture i is 10 i on the left and 10 i + 100 on the right."""
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    images = np.zeros((5, 112, 112, 3), np.uint8)
    for i in range(5):
        images[i, :, :56], images[i, :, 56:] = 10 * i, 10 * i + 100
    dataset = FaceDataset("toy", images, pd.DataFrame({"file": list("12345"), "identity": list("aabac")}))
    network = nn.Sequential(Sides(), nn.Linear(2, 2))
    with torch.no_grad():
        network[1].weight.copy_(torch.eye(2) * 255)
        network[1].bias.zero_()
    return frloss.Faces(dataset, torch.device("cpu"), Recognizer("sides", network, 2, "euclidean"))


def target(toy: frloss.Faces, kind: str, rows: list[int], flips: list[bool], seed: int = 0) -> list[list[float]]:
    generator = torch.Generator().manual_seed(seed)
    return toy.target(kind, np.array(rows), np.array(flips), generator).round(decimals=2).tolist()


def test_the_target_same_is_the_picture_itself_or_its_mirror_image(toy):
    assert target(toy, "same", [0, 3, 3], [False, False, True]) == [[0, 100], [30, 130], [130, 30]]


def test_the_target_other_is_another_picture_of_the_same_person(toy):
    """Pictures 0, 1 and 3 are of person a; 2 and 4 are alone and stand for themselves."""
    rows, flips = [0, 0, 1, 3, 2, 4], [False, True, False, False, True, False]
    drawn = [target(toy, "other", rows, flips, seed) for seed in range(40)]
    options = [{tuple(draw[i]) for draw in drawn} for i in range(6)]
    assert options[0] == {(10, 110), (30, 130)}
    assert options[1] == {(110, 10), (130, 30)}
    assert options[2] == {(0, 100), (30, 130)}
    assert options[3] == {(0, 100), (10, 110)}
    assert options[4] == {(120, 20)} and options[5] == {(40, 140)}
    assert target(toy, "other", rows, flips, 7) == drawn[7]


def test_the_target_centroid_is_the_mean_over_a_person_and_both_sides(toy):
    expected = (50 + 60 + 80) / 3
    found = target(toy, "centroid", [0, 3, 2, 4], [False, True, False, True])
    np.testing.assert_allclose(found, [[expected] * 2, [expected] * 2, [70, 70], [90, 90]], atol=0.01)


def test_faces_are_mirrored_where_asked(toy):
    pair = toy.hr(np.array([2, 2]), np.array([False, True]))
    assert pair.shape == (2, 3, 112, 112) and pair.dtype == torch.float32
    np.testing.assert_allclose(pair[:, 0, 50, [0, 111]] * 255, [[20, 120], [120, 20]], atol=1e-4)


def test_both_pictures_are_moved_alike():
    sr = torch.rand(2, 3, 20, 20, generator=torch.Generator().manual_seed(0))
    places = set()
    for seed in range(60):
        a, b = frloss.moved(sr, sr + 1, 2, torch.Generator().manual_seed(seed))
        assert a.shape == sr.shape
        torch.testing.assert_close(b, a + 1)
        [place] = [
            (dy, dx)
            for dy in range(-2, 3)
            for dx in range(-2, 3)
            if torch.equal(a[..., 2:-2, 2:-2], sr.roll((dy, dx), (2, 3))[..., 2:-2, 2:-2])
        ]
        places.add(place)
    assert len(places) > 20
    assert frloss.moved(sr, sr, 0, torch.Generator())[0] is sr


# Batch norm


def test_batch_norm_moves_in_one_of_two_readings(faces, start, tmp_path):
    for reading in ("frozen", "statistics", "parameters"):
        look = judge(norm=True)
        before = {k: v.clone() for k, v in look.state_dict().items()}
        settings = replace(FR, schedule=replace(PLAN, steps=3), batch_norm=reading)
        frloss.train(settings, faces, tmp_path / reading, look, start)
        changed = {k.split(".")[-1] for k, v in look.state_dict().items() if not torch.equal(v, before[k])}
        assert (
            changed
            == {
                "frozen": set(),
                "statistics": {"running_mean", "running_var", "num_batches_tracked"},
                "parameters": {"weight", "bias"},
            }[reading]
        )
        linear = "network.2.weight"
        assert torch.equal(look.state_dict()[linear], before[linear])


def test_moving_batch_norm_leaves_nothing_false_in_the_cache(faces, start, tmp_path):
    """Embeddings that are kept are the frozen network's, whatever is trained with it."""
    settings = replace(FR, batch_norm="statistics")
    frloss.train(settings, faces, tmp_path / "run", judge(norm=True), start)
    for images in (faces.images, faces.images[:, :, ::-1]):
        fresh = judge(norm=True)
        kept = embeddings.cached(fresh, images)
        np.testing.assert_allclose(kept, recognizers.embed(fresh, images), atol=1e-6)


@pytest.mark.parametrize("reading", ["statistics", "parameters"])
def test_batch_norm_that_moves_is_refused_in_several_processes(faces, start, tmp_path, monkeypatch, reading):
    monkeypatch.setattr(Fabric, "world_size", property(lambda self: 2))
    with pytest.raises(LrfrError, match=r"\ABatch norm that moves is trained by one process, not by 2\.\Z"):
        frloss.train(replace(FR, batch_norm=reading), faces, tmp_path / "run", judge(), start)


def test_a_recogniser_without_batch_norm_is_said(faces, start, tmp_path):
    with pytest.raises(LrfrError, match="needs a recogniser with batch norm"):
        frloss.train(replace(FR, batch_norm="parameters"), faces, tmp_path / "run", judge(), start)


# Settings and a live training


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"arm": "gan"}, "arms 'mse' and 'fr', but 'gan'"),
        ({"target": "twin"}, "targets same, other and centroid, not 'twin'"),
        ({"share": 0.0}, "between 0 and 1, but 0.0"),
        ({"share": 1.0}, "between 0 and 1, but 1.0"),
        ({"shift": -1}, "0 pixels or more, but -1"),
        ({"total_variation": -0.1}, "weighs 0 or more, but -0.1"),
        ({"batch_norm": "all"}, "not 'all'"),
    ],
)
def test_settings_that_the_paper_does_not_know_are_refused(wrong, match):
    with pytest.raises(LrfrError, match=match):
        replace(FR, **wrong)


def test_the_fr_arm_needs_a_recogniser_and_a_start(faces, start, tmp_path):
    for recognizer, weights in ((None, start), (judge(), None)):
        with pytest.raises(LrfrError, match="give both `recognizer` and `start`"):
            frloss.train(FR, faces, tmp_path / "run", recognizer, weights)


def test_the_paper_s_settings():
    first, second = frloss.paper(8, 1), frloss.paper(4, 2, "fr")
    assert first.network == SRResNetSettings.printed(8) and first.schedule.learning_rate == 1e-4
    assert second.schedule.learning_rate == 1e-5 and second.schedule.decay == "constant"
    assert (first.lr_size, second.lr_size) == (14, 28) and second.share == 0.5


def test_a_short_training_on_att_lowers_both_losses(faces, tmp_path, dlib):
    """Phase 1 in 30 steps beats the bicubic start in MSE; phase 2 in 15 steps lowers the FR loss further."""
    plan = replace(PLAN, steps=30, batch_size=4, warmup=3)
    shape = SRResNetSettings(8, blocks=2, width=16)

    def losses(weights: Path | None) -> tuple[float, float]:
        network = SRResNet(shape) if weights is None else load_weights(SRResNet(shape), weights)
        hr = faces.tensor()
        with torch.no_grad():
            sr = network(degradation.degrade(hr, 14))
            return float(mse_loss(sr, hr)), float(fr_loss(dlib(sr), dlib(hr)))

    base = frloss.train(replace(MSE, network=shape, schedule=plan), faces, tmp_path / "base")
    second = replace(FR, network=shape, schedule=replace(plan, steps=15, warmup=0), shift=2)
    tuned = frloss.train(second, faces, tmp_path / "fr", dlib, base)
    bicubic, one, two = losses(None), losses(base), losses(tuned)
    assert one[0] < 0.99 * bicubic[0], (bicubic, one)
    assert two[1] < 0.97 * one[1], (one, two)
