"""Fine-tuning on a reader's own SCface or TinyFace: from the official layout to weights that `lrfr evaluate` takes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from face_sets import att_pictures, empty_places, raises_one_sentence
from safetensors.torch import load_file
from surveillance_sets import att, results_in, small_scface, small_tinyface
from typer.testing import CliRunner

from lrfr import datasets, needs, recognizers, runs
from lrfr.commands import app
from lrfr.datasets import scface
from lrfr.errors import LrfrError
from lrfr.networks import backbones
from lrfr.papers import logexp, logexp_study
from lrfr.record import logexp_rows
from lrfr.record.logexp import OURS
from lrfr.record.setup import title
from lrfr.training import save_weights

START = "logexp-maug-logexp1"


@pytest.fixture
def own(tmp_path, monkeypatch) -> Path:
    """An own copy of the sets, random start weights in runs/, two quick steps; returns LRFR_DATA."""
    att()
    att_pictures(2)
    monkeypatch.setattr(scface, "PEOPLE", 6)
    monkeypatch.setattr(scface, "FINE_TUNE", 2)
    monkeypatch.setattr(runs, "repo_root", lambda: tmp_path)
    monkeypatch.setattr(runs, "data_dir", lambda: tmp_path / "data-of-the-project")
    results_in(tmp_path, monkeypatch)
    folder = tmp_path / "runs" / START
    folder.mkdir(parents=True)
    torch.manual_seed(3)
    save_weights(backbones.build("mobilefacenet"), folder / "weights.safetensors")
    (folder / "settings.json").write_text(json.dumps({"network": "mobilefacenet"}))
    planned = logexp_study.fine_tuning

    def quick(place: str, images: int, network: backbones.Backbone, seed: int) -> logexp.Settings:
        found = planned(place, images, network, seed)
        plan = replace(found.schedule, steps=2, batch_size=4, warmup=0, precision="32-true", device="cpu", log_every=1)
        return replace(found, schedule=plan)

    monkeypatch.setattr(logexp_study, "fine_tuning", quick)
    return empty_places(tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("place", ["scface", "tinyface"])
def test_a_network_goes_on_from_its_own_weights_on_the_people_who_are_not_tested(own, monkeypatch, place):
    if place == "scface":
        small_scface(own)
    else:
        pytest.importorskip("facenet_pytorch", reason="needs facenet-pytorch, which the extra 'faces' brings")
        small_tinyface(own)
    seen = []
    train = logexp.train
    monkeypatch.setattr(logexp, "train", lambda settings, faces, *rest, **keys: (
        seen.append((faces, keys["after"])), train(settings, faces, *rest, **keys)
    )[1])  # fmt: skip
    done = CliRunner().invoke(app, ["fine-tune", place, "--seed", "1"])
    assert done.exit_code == 0, done.exception
    weights = runs.repo_root() / "runs" / f"{START}-{place}-s1" / "weights.safetensors"
    assert f"lrfr evaluate {place} --seed 1 --recognizer robust --recognizer-weights {weights}\n" in done.stdout
    ((faces, after),) = seen
    if place == "scface":
        tuned, tested = scface.split(datasets.load("scface"), 1)
        assert faces.identities == tuned.identities and not set(faces.identities) & set(tested.identities)
        assert len(faces) == 2 * 16
    else:
        assert faces.identities == ["18", "3"] and len(faces) == 4
    start, end = load_file(after), load_file(weights)
    moved = {k: float((end[k] - v).abs().max()) for k, v in start.items() if v.is_floating_point()}
    assert max(moved.values()) > 0
    parameters = dict(backbones.build("mobilefacenet").named_parameters())
    assert max(moved[k] for k in parameters) < 0.2, "two steps stay near the start"
    rows = [json.loads(line) for line in (weights.parent / "metrics.jsonl").read_text().splitlines()]
    assert len(rows) == 2 and all(row["classification"] > 0 and row["distance"] > 0 for row in rows)
    assert recognizers.load("robust", weights=weights).dim == 512
    assert runs.tuned_on(weights, "scface") == (1 if place == "scface" else None)
    assert runs.tuned_on(after, "scface") is None
    # What `lrfr evaluate` calls it is what the chapter's tables ask for.
    name = logexp_rows.tuned(OURS, place, 1)
    assert logexp_rows.label(name) == f"robust ({title(weights)})"
    assert logexp_rows.command(place, name).endswith(f"runs/{weights.parent.name}/weights.safetensors")


def test_two_processes_do_not_fine_tune_the_same(own, monkeypatch):
    small_scface(own)
    monkeypatch.setattr(logexp, "train", lambda *those, **keys: runs.fine_tune("scface", START))  # again, meanwhile
    with raises_one_sentence(f"Another process is training {START}-scface-s0: wait for it, or stop it first."):
        runs.fine_tune("scface", START)


def test_what_is_not_there_is_said(own):
    with raises_one_sentence("Expected a set to fine-tune on, scface or tinyface, found 'nosuch'"):
        runs.fine_tune("nosuch", START)
    with raises_one_sentence("SCface"):
        runs.fine_tune("scface", START)
    with raises_one_sentence("Expected weights of logexp-nothing, shipped or in runs/logexp-nothing, found none"):
        runs.fine_tune("scface", "logexp-nothing")
    assert needs.briefly("scface") == "needs SCface" and needs.briefly("tinyface") == "needs TinyFace"


def test_the_plan_is_the_papers_loss_over_so_many_epochs():
    plan = logexp_study.fine_tuning("scface", 800, seed=4)
    assert plan.schedule.steps == 20 * 800 // 32 and plan.schedule.seed == 4
    assert replace(plan, schedule=logexp_study.OURS.schedule) == logexp_study.OURS
    assert logexp_study.fine_tuning("tinyface", 20, "resnet34").schedule.batch_size == 20
    with pytest.raises(LrfrError, match="fine-tune on, scface or tinyface, found 'xqlfw'"):
        logexp_study.fine_tuning("xqlfw", 800)
