"""The loop: killed and resumed to the same bits, refusing what cannot be resumed, never shipping what is no number."""

import json
import math
import pickle
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from lrfr.errors import LrfrError, OutOfRange
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.training import (
    Batches,
    Progressing,
    Schedule,
    as_dict,
    finished,
    fit,
    load_weights,
    save_weights,
    settings_of,
)

CPU = Schedule(30, batch_size=4, learning_rate=5e-2, precision="32-true", device="cpu", checkpoint_every=8, log_every=5)


@dataclass(frozen=True)
class Line:
    """Settings of the run below."""

    schedule: Schedule = CPU
    breaks_at: int | None = None
    breaks: str = "loss"


def fit_line(folder: Path, settings: Line = Line(), stop_at: int | None = None, looks: bool = False) -> Path:
    """Fit y = 2x - 1 by Adam; ``stop_at`` interrupts, ``breaks_at`` spoils a loss, a weight or the faces."""
    plan = settings.schedule
    fabric = plan.fabric()
    torch.manual_seed(plan.seed)
    model = nn.Linear(1, 1)
    # The bias learns at half the rate: each group keeps its own share of the schedule's rate.
    groups = [{"params": [model.weight]}, {"params": [model.bias], "lr": plan.learning_rate / 2}]
    optimizer = torch.optim.Adam(groups, plan.learning_rate)
    model, optimizer = fabric.setup(model, optimizer)
    batches = Batches(64, plan.batch_size, plan.seed)
    xs = torch.linspace(-1, 1, 64)[:, None]

    def step(number: int) -> dict[str, torch.Tensor]:
        if number == stop_at:
            raise KeyboardInterrupt
        index, _ = batches(number)
        x = xs[torch.from_numpy(index)]
        noise = torch.randn(x.shape, generator=batches.generator(number)) * 0.01
        loss = (model(x) - 2 * x + 1 + noise).square().mean()
        if number == settings.breaks_at and settings.breaks == "faces":
            raise OutOfRange("Expected images with values in [0, 1]")
        if number == settings.breaks_at and settings.breaks == "loss":
            loss = loss * float("nan")
        optimizer.zero_grad()
        fabric.backward(loss)
        optimizer.step()
        if number == settings.breaks_at and settings.breaks == "weight":
            with torch.no_grad():
                model.weight.fill_(float("inf"))
        rates = [torch.tensor(g["lr"]) for g in optimizer.param_groups]
        return {"loss": loss, "rate": rates[0], "slow_rate": rates[1]}

    def look() -> dict[str, float]:
        if settings.breaks == "look" or not model.weight.isfinite().all():
            raise OutOfRange("Expected images with values in [0, 1], found nan to nan")
        return {"validation_loss": 0.0}

    running = Progressing({"model": model}, {"adam": optimizer})
    return fit(folder, settings, plan, fabric, running, step, validate=look if looks else None)


def lines(folder: Path) -> list[dict[str, float]]:
    """The log without its one column that no second run repeats."""
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [{k: v for k, v in row.items() if k != "images_per_second"} for row in rows]


@pytest.mark.parametrize("stop_at", [0, 3, 8, 9, 17, 24, 29])
def test_a_stopped_run_ends_like_an_undisturbed_one(tmp_path, stop_at):
    undisturbed = fit_line(tmp_path / "a")
    with pytest.raises(KeyboardInterrupt):
        fit_line(tmp_path / "b", stop_at=stop_at)
    assert (tmp_path / "b" / "state.ckpt").exists() == (stop_at >= 8)
    assert not (tmp_path / "b" / "weights.safetensors").exists()
    resumed = fit_line(tmp_path / "b")
    assert resumed.read_bytes() == undisturbed.read_bytes()
    assert lines(tmp_path / "a") == lines(tmp_path / "b")
    steps = [row["step"] for row in lines(tmp_path / "b")]
    assert steps == sorted({*range(5, 31, 5), 8, 16, 24, 30})


def test_a_run_is_a_folder_of_four_files(tmp_path):
    weights = fit_line(tmp_path / "run")
    assert sorted(p.name for p in (tmp_path / "run").iterdir()) == [
        "metrics.jsonl",
        "provenance.json",
        "settings.json",
        "weights.safetensors",
    ]
    assert json.loads((tmp_path / "run" / "settings.json").read_text()) == as_dict(Line())
    assert lines(tmp_path / "run")[-1]["loss"] < lines(tmp_path / "run")[0]["loss"] / 2
    before = weights.stat().st_mtime_ns
    assert fit_line(tmp_path / "run", stop_at=0) == weights and weights.stat().st_mtime_ns == before
    assert finished(tmp_path / "run", Line()) == weights
    assert finished(tmp_path / "run", Line(replace(CPU, seed=1))) is None
    assert finished(tmp_path / "none", Line()) is None


def test_only_what_a_killed_process_left_half_written_is_taken_away(tmp_path):
    for name in (".state.ckpt.0badc0de", ".weights.safetensors.12345678", ".lock", ".gitkeep", ".notes.markdown"):
        (tmp_path / name).touch()
    fit_line(tmp_path)
    assert sorted(p.name for p in tmp_path.glob(".*")) == [".gitkeep", ".lock", ".notes.markdown"]


def test_rates_follow_the_schedule_and_keep_their_share(tmp_path):
    """Also after a resume: the halved rate of the second group is not halved again."""
    plan = replace(CPU, log_every=1, warmup=4)
    with pytest.raises(KeyboardInterrupt):
        fit_line(tmp_path, Line(plan), stop_at=20)
    fit_line(tmp_path, Line(plan))
    rows = lines(tmp_path)
    assert [row["step"] for row in rows] == list(range(1, 31))
    for row in rows:
        assert row["learning_rate"] == plan.rate(int(row["step"]) - 1)
        assert row["rate"] == pytest.approx(row["learning_rate"], rel=1e-6)
        assert row["slow_rate"] == pytest.approx(row["learning_rate"] / 2, rel=1e-6)


def test_a_log_line_averages_its_own_steps(tmp_path):
    fit_line(tmp_path / "each", Line(replace(CPU, log_every=1)))
    fit_line(tmp_path / "some", Line(replace(CPU, log_every=5, checkpoint_every=8)))
    each = [row["loss"] for row in lines(tmp_path / "each")]
    start = 0
    for row in lines(tmp_path / "some"):
        assert row["loss"] == pytest.approx(np.mean(each[start : int(row["step"])]), rel=1e-5)
        start = int(row["step"])


def test_other_settings_are_refused_in_a_used_folder(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fit_line(tmp_path, stop_at=12)
    with pytest.raises(LrfrError, match=r"\A[^\n]*holds a run with other settings \(schedule\): give this run another"):
        fit_line(tmp_path, Line(replace(CPU, learning_rate=1e-3)))
    with pytest.raises(LrfrError, match=r"other settings \(breaks, schedule\)"):
        fit_line(tmp_path, Line(replace(CPU, seed=2), breaks="weight"))
    fit_line(tmp_path)


class Sly:
    """What an evil pickle does when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("kind", ["cut", "text", "empty", "other network", "list", "evil"])
def test_a_damaged_checkpoint_is_one_sentence(tmp_path, kind):
    with pytest.raises(KeyboardInterrupt):
        fit_line(tmp_path, stop_at=12)
    path = tmp_path / "state.ckpt"
    whole = path.read_bytes()
    match kind:
        case "cut":
            path.write_bytes(whole[: len(whole) // 2])
        case "text":
            path.write_text("no checkpoint")
        case "empty":
            path.write_bytes(b"")
        case "other network":
            state = torch.load(path, weights_only=True)
            state["modules"]["model"] = nn.Linear(2, 2).state_dict()
            torch.save(state, path)
        case "list":
            torch.save([1, 2], path)
        case "evil":
            path.write_bytes(pickle.dumps(Sly(tmp_path / "touched"), 2))
    with pytest.raises(LrfrError, match=r"\A[^\n]*state\.ckpt cannot be resumed \(\w+\): remove its folder[^\n]*\Z"):
        fit_line(tmp_path)
    assert not (tmp_path / "touched").exists() and not (tmp_path / "weights.safetensors").exists()


@pytest.mark.parametrize("breaks", ["loss", "weight", "faces"])
@pytest.mark.parametrize("at", [2, 7, 20, 26, 29])
def test_what_is_no_number_is_never_shipped(tmp_path, breaks, at):
    """In any step, also the last and the one before a checkpoint."""
    settings = Line(breaks_at=at, breaks=breaks)
    for _ in range(2):  # a second call meets the same end
        with pytest.raises(LrfrError, match=r"training has diverged; lower the learning rate"):
            fit_line(tmp_path, settings)
        assert not (tmp_path / "weights.safetensors").exists()
        end = json.loads((tmp_path / "diverged.json").read_text())
        assert at < end["step"] <= 30 and end["what"].endswith((" is nan", " is no number", " far outside [0, 1]"))
        made = json.loads((tmp_path / "provenance.json").read_text())
        assert (made["device"], made["precision"]) == ("cpu", "32-true")
        if (tmp_path / "state.ckpt").exists():
            state = torch.load(tmp_path / "state.ckpt", weights_only=True)
            assert state["step"] <= at and all(v.isfinite().all() for v in state["modules"]["model"].values())


@pytest.mark.parametrize(
    ("breaks", "what"),
    [("weight", r"The weight weight of \w+ is no number"), ("look", r"A validation face of \w+ is far")],
)
def test_a_training_that_has_diverged_where_it_is_looked_at_says_so(tmp_path, breaks, what):
    with pytest.raises(LrfrError, match=rf"\A{what}[^\n]* at step 20: training has diverged"):
        fit_line(tmp_path / "run", Line(replace(CPU, steps=400), 19, breaks), looks=True)
    assert json.loads((tmp_path / "run" / "diverged.json").read_text())["step"] == 20


def test_faces_that_are_wrong_from_the_start_are_no_divergence(tmp_path):
    with pytest.raises(OutOfRange):
        fit_line(tmp_path, Line(breaks_at=0, breaks="faces"))
    assert not (tmp_path / "diverged.json").exists()


# Batches and rates


@pytest.mark.parametrize(("count", "batch_size"), [(12, 4), (10, 3), (5, 5)])
def test_every_epoch_is_a_permutation(count, batch_size):
    batches = Batches(count, batch_size, seed=3)
    each = count // batch_size
    epochs = [np.concatenate([batches(e * each + i)[0] for i in range(each)]) for e in range(4)]
    for order in epochs:
        assert len(order) == each * batch_size == len(set(order.tolist()))
        assert set(order.tolist()) <= set(range(count))
    assert len({tuple(order) for order in epochs}) == 4


def test_a_step_s_draws_depend_on_seed_and_step_alone():
    first, again = Batches(50, 8, seed=1), Batches(50, 8, seed=1)
    forwards = [first(i) for i in range(20)]
    backwards = [again(i) for i in reversed(range(20))][::-1]
    for (a, b), (c, d) in zip(forwards, backwards, strict=True):
        np.testing.assert_array_equal(a, c)
        np.testing.assert_array_equal(b, d)
    flips = np.concatenate([flip for _, flip in forwards])
    assert flips.dtype == bool and 0.3 < flips.mean() < 0.7
    assert any((Batches(50, 8, seed=2)(i)[0] != first(i)[0]).any() for i in range(3))


def test_processes_share_every_batch():
    whole = Batches(40, 8, seed=5)
    for world in (2, 4, 8):
        for step in range(7):
            parts = [Batches(40, 8, 5, rank, world)(step) for rank in range(world)]
            index, flip = whole(step)
            for rank, (mine, mirrored) in enumerate(parts):
                np.testing.assert_array_equal(mine, index[rank::world])
                np.testing.assert_array_equal(mirrored, flip[rank::world])


@pytest.mark.parametrize("world", [3, 16])
def test_a_batch_that_processes_cannot_share_is_refused(world):
    with pytest.raises(LrfrError, match=rf"\AA batch of 8 cannot be shared equally by {world} processes\.\Z"):
        Batches(40, 8, rank=1, world=world)


def test_each_step_seed_and_process_has_its_own_further_draws():
    def draw(seed: int, rank: int, step: int) -> float:
        return float(torch.rand(1, generator=Batches(8, 4, seed, rank, 4).generator(step)))

    keys = [(seed, rank, step) for seed in range(3) for rank in range(4) for step in range(5)]
    assert len({draw(*key) for key in keys}) == len(keys)
    assert [draw(*key) for key in keys] == [draw(*key) for key in keys]


@pytest.mark.parametrize("batch_size", [0, 6])
def test_a_batch_larger_than_the_set_is_refused(batch_size):
    with pytest.raises(LrfrError, match=f"batch of {batch_size} cannot be drawn from 5 images"):
        Batches(5, batch_size)


def test_learning_rates_by_hand():
    plan = Schedule(110, learning_rate=2.0, warmup=10)
    assert plan.rate(0) == pytest.approx(0.2) and plan.rate(4) == pytest.approx(1.0) and plan.rate(9) == 2.0
    assert plan.rate(10) == 2.0
    assert plan.rate(60) == pytest.approx(2 * (0.02 + 0.98 / 2))  # half way
    assert plan.rate(35) == pytest.approx(2 * (0.02 + 0.98 * (1 + math.sqrt(0.5)) / 2))  # a quarter
    assert plan.rate(110) == pytest.approx(2 * 0.02)
    assert all(plan.rate(i) > plan.rate(i + 1) for i in range(10, 109))
    steady = replace(plan, decay="constant", warmup=0)
    assert {steady.rate(i) for i in range(110)} == {2.0}
    falling = replace(steady, decay="steps", milestones=(50, 80), factor=0.5)
    assert [falling.rate(i) for i in (0, 49, 50, 79, 80, 109)] == [2.0, 2.0, 1.0, 1.0, 0.5, 0.5]


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"batch_size": 0},
        {"checkpoint_every": 0},
        {"log_every": 0},
        {"warmup": -1},
        {"learning_rate": 0.0},
    ],
)
def test_schedules_that_are_none_are_refused(wrong):
    with pytest.raises(LrfrError, match="needs positive steps"):
        replace(CPU, **wrong)
    with pytest.raises(LrfrError, match="decays by 'cosine' or in 'steps' or stays 'constant', not by 'linear'"):
        replace(CPU, decay="linear")
    for also in ({"decay": "steps"}, {"milestones": (5,)}, {"decay": "steps", "milestones": (5,), "factor": 0.0}):
        with pytest.raises(LrfrError, match="has milestones and a factor of at most 1"):
            replace(CPU, **also)


# Weights on disk


def network(width: int = 8, printed: bool = True) -> SRResNet:
    torch.manual_seed(width)
    return SRResNet(SRResNetSettings(2, blocks=1, width=width, norm=printed))


def test_weights_come_back_exactly_or_rounded_to_half(tmp_path):
    given = network()
    given(torch.rand(2, 3, 8, 8))  # batch statistics, one of them a whole number
    save_weights(given, tmp_path / "whole.safetensors", notes={"run": "x"})
    save_weights(given, tmp_path / "half.safetensors", half=True)
    whole, half = (load_weights(network(), tmp_path / f"{n}.safetensors").state_dict() for n in ("whole", "half"))
    for key, value in given.state_dict().items():
        assert torch.equal(whole[key], value) and half[key].dtype == value.dtype
        expected = value.half().float() if value.is_floating_point() else value
        assert torch.equal(half[key], expected)
    stored = load_file(tmp_path / "half.safetensors")
    assert {v.dtype for v in stored.values()} == {torch.float16, torch.int64}
    assert (tmp_path / "half.safetensors").stat().st_size < 0.6 * (tmp_path / "whole.safetensors").stat().st_size


@pytest.mark.parametrize("content", [b"", b'{"schedule": {"st', b"\xff\xfe{}"])
def test_damaged_settings_are_one_sentence(tmp_path, content):
    weights = fit_line(tmp_path)
    (tmp_path / "settings.json").write_bytes(content)
    calls = {
        "fetch or train it again": partial(settings_of, weights),
        "remove its folder to start again": partial(finished, tmp_path, Line()),
    }
    for mend, call in calls.items():
        with pytest.raises(LrfrError, match=rf"\A[^\n]*settings\.json is damaged \([^\n]*\): {mend}\.\Z"):
            call()
    weights.unlink()
    with pytest.raises(LrfrError, match=r"\A[^\n]*settings\.json is damaged \([^\n]*\): remove its folder"):
        fit_line(tmp_path)


def test_weights_that_cannot_be_had_are_one_sentence(tmp_path):
    path = tmp_path / "weights.safetensors"
    with pytest.raises(LrfrError, match=r"\AExpected weights at [^\n]*found none"):
        load_weights(network(), path)
    save_weights(network(), path)
    for other in (network(width=16), network(printed=False)):
        with pytest.raises(LrfrError, match=r"\A[^\n]*holds the weights of another network than asked for \([^\n]*\Z"):
            load_weights(other, path)
    whole = path.read_bytes()
    for damaged in (whole[:100], whole[: len(whole) // 2], b"", b"no weights"):
        path.write_bytes(damaged)
        with pytest.raises(LrfrError, match=r"\A[^\n]*is damaged \([^\n]*fetch or train it again\.\Z"):
            load_weights(network(), path)
