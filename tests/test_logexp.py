"""logexp: one step of every objective by hand, what moves and what does not, resuming, and its settings."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F
from toy_training import faces

from lrfr import datasets, embeddings, recognizers
from lrfr.augmentation import Jitter
from lrfr.datasets import FaceDataset
from lrfr.degradation import MultiResolution
from lrfr.errors import LrfrError
from lrfr.evaluation.validation import collapse
from lrfr.losses.distillation import centroids, cosine_distance, relation_loss
from lrfr.losses.logexp import Distance, logexp
from lrfr.papers import logexp as paper
from lrfr.training import Batches, Schedule

PLAN = Schedule(1, batch_size=4, learning_rate=1e-2, precision="32-true", device="cpu", decay="constant", log_every=1)
#: Everything off but the distance.
ONLY = paper.Settings(schedule=PLAN, classification=0.0, decay=0.0, momentum=0.0)


class Twisted(nn.Module):
    """A face network: mean colour of the left half plus `by`, which is learnt; a frozen one has by = 0."""

    def __init__(self, by: float = 0.2, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.by = nn.Parameter(torch.tensor([by, 0.0, 0.0]))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.dropout(images[..., :56].mean((2, 3))) + self.by


def halves() -> FaceDataset:
    """The four toy faces, whose right half is half as bright: a mirrored face is another one, an LR face nearly not."""
    whole = faces()
    images = whole.images.copy()
    images[:, :, 56:] //= 2
    return FaceDataset("halves", images, whole.table)


@pytest.fixture(autouse=True)
def toys(tmp_path, monkeypatch):
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(paper, "start", lambda settings: Twisted(dropout=settings.dropout))


def frozen() -> recognizers.Recognizer:
    return recognizers.Recognizer("twisted", Twisted(0.0), 3, "cosine")


def step(settings: paper.Settings, folder: Path, data: FaceDataset | None = None) -> dict:
    weights = paper.train(settings, data or halves(), folder, frozen())
    return {**json.loads((folder / "metrics.jsonl").read_text()), "by": load_file(weights)["by"].numpy()}


def drawn(settings: paper.Settings) -> dict[str, torch.Tensor]:
    """HR and LR embeddings (unit length) of step 0, of the learning and of the frozen network, and the labels."""
    data = halves()
    batches = Batches(4, 4, 0)
    index, flip = batches(0)
    hr = data.tensor(index)
    hr = torch.where(torch.from_numpy(flip)[:, None, None, None], hr.flip(3), hr)
    draws = batches.generator(0)
    hr = settings.jitter(hr, draws)
    lr, _ = MultiResolution(settings.sizes, settings.ratio)(hr, draws)
    learning, still = Twisted(), Twisted(0.0)
    clean = data.tensor(index)
    clean = torch.where(torch.from_numpy(flip)[:, None, None, None], clean.flip(3), clean)
    with torch.no_grad():
        found = {"hr": learning(hr), "lr": learning(lr), "frozen": still(clean)}
    return {k: F.normalize(v) for k, v in found.items()} | {"labels": torch.from_numpy(data.labels[index])}


def test_the_printed_loss_by_hand(tmp_path):
    """lambda L_dist of unit embeddings plus half of CosFace on each side; the head starts at the people's centroids."""
    settings = replace(ONLY, classification=1.0, weight=3.0, scale=5.0, margin=0.4)
    got, there = step(settings, tmp_path / "a"), drawn(settings)
    data = halves()
    with torch.no_grad():
        both = torch.cat([Twisted(0.0)(data.tensor()), Twisted(0.0)(data.tensor().flip(3))])
    head = centroids(both, torch.from_numpy(np.tile(data.labels, 2)))
    halves_of = []
    for side in ("hr", "lr"):
        cosine = there[side] @ head.t()
        cosine[torch.arange(4), there["labels"]] -= 0.4
        halves_of.append(float(F.cross_entropy(5 * cosine, there["labels"])))
    assert got["classification"] == pytest.approx(np.mean(halves_of), rel=1e-4)
    distance = float(logexp(there["hr"], there["lr"]))
    assert got["distance"] == pytest.approx(distance, rel=1e-3) and distance > 0
    assert got["loss"] == pytest.approx(np.mean(halves_of) + 3 * distance, rel=1e-4)
    assert got["lr_cosine"] == pytest.approx(float((there["hr"] * there["lr"]).sum(1).mean()), rel=1e-4)


@pytest.mark.parametrize("target", ["both", "stopped", "frozen"])
def test_the_step_along_the_distance_by_hand(tmp_path, target):
    """One step of SGD moves `by` against the gradient that autograd finds for the formula."""
    settings = replace(ONLY, target=target, distance=Distance("lp", 2), weight=100.0)
    got, by = step(settings, tmp_path / target), torch.tensor([0.2, 0.0, 0.0], requires_grad=True)
    data, batches = halves(), Batches(4, 4, 0)
    index, flip = batches(0)
    hr = torch.where(torch.from_numpy(flip)[:, None, None, None], data.tensor(index).flip(3), data.tensor(index))
    lr, _ = MultiResolution()(hr, batches.generator(0))
    large, small = (F.normalize(x[..., :56].mean((2, 3)) + by) for x in (hr, lr))
    if target == "frozen":
        large = F.normalize(hr[..., :56].mean((2, 3)))
    loss = 100 * ((large.detach() if target == "stopped" else large) - small).square().mean() / 2
    (gradient,) = torch.autograd.grad(loss, by)
    assert gradient.abs().max() > 1e-4
    assert got["loss"] == pytest.approx(float(loss.detach()), rel=1e-3)
    np.testing.assert_allclose(got["by"], [0.2, 0, 0] - 1e-2 * gradient.numpy(), atol=1e-6)


def test_lambda_in_pulls_by_hand(tmp_path):
    """Weight 2 in pulls is twice the printed weight divided by the starting gradient's length."""
    settings = replace(ONLY, unit="pull", weight=2.0)
    got, there = step(settings, tmp_path / "a"), drawn(settings)
    from lrfr.datasets.resident import Faces

    still = frozen()
    pull = paper.starting_pull(settings, Twisted(), Faces(halves(), torch.device("cpu"), still))
    assert got["loss"] == pytest.approx(2 / pull * float(logexp(there["hr"], there["lr"])), rel=1e-3)
    data = halves()
    index = np.random.default_rng(0).permutation(4)
    lr, _ = MultiResolution()(data.tensor(index), torch.Generator().manual_seed(0))
    with torch.no_grad():
        small, large = F.normalize(Twisted()(lr)), F.normalize(Twisted(0.0)(data.tensor(index)))
    by_hand = [
        float(torch.autograd.functional.jacobian(lambda x, y=y: logexp(x[None], y[None]), x).norm())
        for x, y in zip(small.double(), large.double(), strict=True)
    ]
    assert pull == pytest.approx(np.mean(by_hand), rel=1e-5)


def test_anchor_and_relation_by_hand(tmp_path):
    settings = replace(ONLY, weight=0.0, anchor=2.0, relation=0.5)
    got, there = step(settings, tmp_path / "a"), drawn(settings)
    anchor = float(cosine_distance(torch.cat([there["hr"], there["lr"]]), there["frozen"].repeat(2, 1)))
    with torch.no_grad():
        bank = Twisted(0.0)(halves().tensor())
    relation = float(relation_loss(there["lr"], there["frozen"], bank))
    assert got["anchor"] == pytest.approx(anchor, rel=1e-3) and got["relation"] == pytest.approx(relation, rel=1e-3)
    assert got["loss"] == pytest.approx(2 * anchor + 0.5 * relation, rel=1e-3)


def test_relation_and_centroids_by_hand():
    seen, wanted = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 2.0]])
    bank = torch.tensor([[3.0, 0.0], [0.0, 1.0]])
    p = np.exp(1 / 0.5) / (np.exp(1 / 0.5) + 1)  # cosines 1 and 0 at temperature .5
    expected = p * np.log(p / (1 - p)) + (1 - p) * np.log((1 - p) / p)
    assert float(relation_loss(seen, wanted, bank, 0.5)) == pytest.approx(expected, rel=1e-5)
    assert float(relation_loss(wanted, wanted, bank, 0.5)) == pytest.approx(0, abs=1e-6)
    found = centroids(torch.tensor([[2.0, 0.0], [0.0, 5.0], [0.0, 1.0]]), torch.tensor([1, 1, 0]))
    torch.testing.assert_close(found, torch.tensor([[0.0, 1.0], [0.5**0.5, 0.5**0.5]]))


def test_hr_alone_is_cosface_alone(tmp_path):
    settings = replace(ONLY, sizes=(), weight=0.0, classification=1.0)
    got = step(settings, tmp_path / "a")
    assert set(got) >= {"loss", "classification"} and "distance" not in got
    assert got["loss"] == got["classification"]


def test_a_distillation_never_shows_hr_faces_to_the_network(tmp_path, monkeypatch):
    seen = []

    class Watching(Twisted):
        def forward(self, images):
            seen.append(len(images))
            return super().forward(images)

    monkeypatch.setattr(paper, "start", lambda settings: Watching())
    step(replace(ONLY, target="frozen"), tmp_path / "a")
    step(ONLY, tmp_path / "b")
    assert seen == [4, 8]


def test_flips_apart(tmp_path):
    """The LR face is mirrored or not by a draw of its own, and compared with the frozen view of the mirrored face."""
    settings = replace(ONLY, target="frozen", sizes=(112,), ratio=(1,), flip_apart=True, distance=Distance("lp", 1))
    together, apart = (step(replace(settings, flip_apart=f), tmp_path / str(f)) for f in (False, True))
    assert together["distance"] != apart["distance"]
    index, flip = Batches(4, 4, 0)(0)
    turned = torch.rand(4, generator=Batches(4, 4, 0).generator(0)) < 0.5
    assert turned.any() and not turned.all()
    pictures = halves().tensor(index)
    pictures = torch.where((torch.from_numpy(flip) ^ turned)[:, None, None, None], pictures.flip(3), pictures)
    with torch.no_grad():
        mine, theirs = F.normalize(Twisted()(pictures)), F.normalize(Twisted(0.0)(pictures))
    assert apart["distance"] == pytest.approx(float((mine - theirs).abs().mean()), rel=1e-3)


def test_a_jittered_face_is_compared_with_the_frozen_view_of_the_plain_one(tmp_path):
    settings = replace(ONLY, target="frozen", jitter=Jitter(brightness=0.3), distance=Distance("lp", 1))
    got, there = step(settings, tmp_path / "a"), drawn(settings)
    assert got["distance"] == pytest.approx(float((there["frozen"] - there["lr"]).abs().mean()), rel=1e-3)


def test_the_kept_mean_of_weights_by_hand(tmp_path):
    plain = step(replace(ONLY, target="frozen", weight=1e3), tmp_path / "a")["by"]
    mean = step(replace(ONLY, target="frozen", weight=1e3, average=0.9), tmp_path / "b")["by"]
    start = np.array([0.2, 0, 0])
    np.testing.assert_allclose(mean, start + 0.1 * (plain - start), atol=1e-7)
    assert np.abs(plain - start).max() > 1e-4


@pytest.mark.parametrize("average", [0.0, 0.9])
def test_the_kept_share_of_what_was_learnt_by_hand(tmp_path, average):
    long = replace(ONLY, target="frozen", weight=1e3, average=average, schedule=replace(PLAN, steps=2))
    whole, part = (
        load_file(paper.train(replace(long, share=share), halves(), tmp_path / f"{share}", frozen()))["by"].numpy()
        for share in (1.0, 0.25)
    )
    start = np.array([0.2, 0, 0])
    np.testing.assert_allclose(part, start + 0.25 * (whole - start), atol=1e-7)
    assert np.abs(whole - start).max() > 1e-4


def test_the_frozen_network_does_not_change_by_a_bit(tmp_path):
    still = frozen()
    before = embeddings.weights_digest(still)
    settings = replace(ONLY, classification=1.0, anchor=1.0, relation=1.0, schedule=replace(PLAN, steps=3))
    paper.train(settings, halves(), tmp_path / "a", still, halves())
    assert embeddings.weights_digest(still) == before
    assert all(p.grad is None for p in still.parameters())


def test_validation_sees_a_collapse(tmp_path):
    """A huge rate throws everything onto one colour: alike 1, far from the frozen network's embeddings."""
    settings = replace(ONLY, weight=1e7, schedule=replace(PLAN, steps=2, learning_rate=1.0), distance=Distance("lp", 1))
    paper.train(settings, halves(), tmp_path / "a", frozen(), halves())
    rows = [json.loads(line) for line in (tmp_path / "a" / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["validation_alike"] > 0.999 and rows[-1]["validation_hr_cosine"] < 0.9
    assert set(rows[-1]) >= {"validation_lr_cosine"}
    curve = [{"step": 1, "validation_hr_cosine": 0.9}, {"step": 2}, {"step": 3, "validation_hr_cosine": 0.4}]
    assert collapse(curve) == 3 and collapse(curve[:2]) is None


@pytest.mark.parametrize(
    "settings",
    [
        replace(ONLY, classification=1.0),
        replace(ONLY, dropout=0.5),
        replace(ONLY, target="frozen", average=0.9),
        replace(ONLY, target="frozen", average=0.9, share=0.5),
    ],
)
def test_an_interrupted_training_ends_in_the_same_bits(tmp_path, monkeypatch, settings):
    plan = replace(PLAN, steps=9, checkpoint_every=3, batch_size=2)
    settings = replace(settings, schedule=plan, optimizer="adam", unit="pull", jitter=Jitter(2), flip_apart=True)
    whole = load_file(paper.train(settings, halves(), tmp_path / "whole", frozen()))
    descend, count = paper.descend, []

    def stopping(*given):
        descend(*given)
        count.append(1)
        if len(count) == 5:
            raise KeyboardInterrupt

    monkeypatch.setattr(paper, "descend", stopping)
    with pytest.raises(KeyboardInterrupt):
        paper.train(settings, halves(), tmp_path / "cut", frozen())
    torch.manual_seed(99)
    again = load_file(paper.train(settings, halves(), tmp_path / "cut", frozen()))
    assert torch.equal(again["by"], whole["by"]) and len(count) == 5 + 6


def test_from_scratch_on_a_set_of_the_same_layout(tmp_path, monkeypatch):
    """The paper's recipe on four faces: no pretrained network, pixels read from the set itself."""
    monkeypatch.undo()
    monkeypatch.setenv("LRFR_CACHE", str(tmp_path / "cache"))
    recipe = paper.paper(34, 4 * 256)
    small = replace(recipe.schedule, steps=1, batch_size=2, milestones=(1,), precision="32-true", device="cpu")
    weights = paper.train(replace(recipe, schedule=small), faces(), tmp_path / "run", None, faces())
    row = json.loads((weights.parent / "metrics.jsonl").read_text())
    assert row["classification"] > 5 and set(row) >= {"validation_alike"} and "validation_hr_cosine" not in row
    again = recognizers.trained(weights, "scratch")
    with torch.no_grad():
        assert again(faces().tensor()).shape == (4, 512)


@pytest.mark.slow
def test_mobilefacenet_is_fine_tuned_and_read_back(tmp_path, monkeypatch):
    monkeypatch.undo()
    few = datasets.load("att").subset(np.arange(0, 400, 40))
    judge = recognizers.load("mobilefacenet")
    before = embeddings.weights_digest(judge)
    plan = replace(PLAN, steps=2, learning_rate=1e-4)
    settings = paper.Settings(schedule=plan, target="frozen", classification=0.0, optimizer="adam")
    weights = paper.train(settings, few, tmp_path / "run", judge, few)
    tuned = recognizers.load("robust", weights=weights)
    a, b = (recognizers.embed(r, few.images) for r in (tuned, judge))
    cosine = tuned.similarity(a, b)
    assert tuned.name == "robust" and cosine.min() > 0.9 and cosine.max() < 1 - 1e-7
    assert embeddings.weights_digest(judge) == before
    row = json.loads((weights.parent / "metrics.jsonl").read_text().splitlines()[-1])
    assert row["validation_hr_cosine"] > 0.9


def test_settings_as_printed():
    recipe = paper.paper(34)
    assert (recipe.weight, recipe.unit, recipe.scale, recipe.margin, recipe.distance) == (
        1, "printed", 48, 0.4, Distance("logexp", 1)
    )  # fmt: skip
    assert (recipe.sizes, recipe.ratio, recipe.target, recipe.momentum, recipe.decay) == (
        (7, 14, 20), (1, 1, 2), "both", 0.9, 5e-4
    )  # fmt: skip
    epoch = 494_414 // 256
    assert recipe.schedule.steps == 28 * epoch and recipe.schedule.batch_size == 256
    rates = [recipe.schedule.rate(e * epoch) for e in (0, 15, 16, 23, 24, 27)]
    assert rates == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])
    ms1m = paper.paper(50)
    epoch = 5_822_653 // 256
    assert [ms1m.schedule.rate(e * epoch) for e in (0, 8, 12)] == pytest.approx([0.01, 0.001, 0.0001])
    assert ms1m.schedule.steps == 16 * epoch and ms1m.network == "resnet50"


def test_settings_of_the_released_code():
    code = paper.released_code(2560)
    assert code.distance.kind == "logexp-released" and code.flip_apart and code.dropout == 0.4
    assert code.schedule.steps == 290 and code.ratio == (1, 0, 1)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"weight": 0.0}, "one of them more than 0"),
        ({"anchor": -1.0}, "weigh 0 or more"),
        ({"sizes": ()}, "only CosFace to learn by"),
        ({"ratio": (1, 1)}, "one weight of at least 0 per size"),
        ({"target": "mean"}, "'mean' and 'printed'"),
        ({"unit": "share"}, "'both' and 'share'"),
        ({"optimizer": "lamb"}, "'lamb'"),
        ({"average": 1.0}, "at most 1, but found 'sgd', 1.0 and 1.0"),
        ({"share": 0.0}, "at most 1, but found 'sgd', 0.0 and 0.0"),
    ],
)
def test_what_is_no_training_is_refused(wrong, words):
    with pytest.raises(LrfrError, match=words):
        replace(ONLY, **wrong)


def test_a_missing_network_is_said(tmp_path):
    with pytest.raises(LrfrError, match="give `recognizer`"):
        paper.train(ONLY, faces(), tmp_path / "x")
