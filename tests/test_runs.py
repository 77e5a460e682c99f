"""The queue of trainings: what is planned, worked through in real processes, resumed, and shipped."""

import hashlib
import json
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from toy_training import faces as four_faces
from toy_training import recogniser
from typer.testing import CliRunner

from lrfr import assets, datasets, methods, plans, recognizers, runs, training
from lrfr.commands import app
from lrfr.errors import LrfrError
from lrfr.files import locked, write_json
from lrfr.networks.mobilefacenet import from_onnx
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.papers import combination, frloss, ftlgan, ipfsrgan, logexp, multiscale
from lrfr.plans import Run
from lrfr.training import Schedule, save_weights

TINY = SRResNetSettings(4, blocks=1, width=8)
PLAN = Schedule(60, batch_size=4, learning_rate=1e-3, precision="32-true", device="cpu", log_every=1)


def run(name: str, after: str | None = None, **settings) -> Run:
    return Run(name, frloss.Settings(TINY, PLAN, **settings), cost=10, after=after)


def other_faces(name: str) -> datasets.FaceDataset:
    """The same pictures of the same people, one of them cut a little otherwise."""
    faces = four_faces()
    faces.images[2] += 1
    return faces


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch) -> Path:
    """Runs and shipped weights lie in the test's own folder."""
    monkeypatch.setattr(plans, "repo_root", lambda: tmp_path)
    monkeypatch.setattr(runs, "data_dir", lambda: tmp_path / "data")
    return tmp_path


# Plans


def everything() -> list[Run]:
    return [*plans.planned(), *plans.pilots()]


def test_each_run_has_its_own_name_and_its_start_before_it():
    names = [r.name for r in everything()]
    assert len(set(names)) == len(names)
    for i, r in enumerate(everything()):
        assert r.after is None or r.after in names[:i], r.name
        assert plans.find(r.name) == r


def test_a_run_that_goes_on_has_the_network_of_its_start():
    for r in everything():
        if r.after is not None:
            assert r.generator == plans.find(r.after).generator, r.name


def test_a_lineage_counts_the_images_of_all_its_starts():
    base, fr = plans.find("frloss-8x-s0-base"), plans.find("frloss-8x-s0-fr")
    assert base.lineage == base.images and fr.lineage == base.images + fr.images
    assert fr.phases == (*base.phases, fr.settings.schedule.steps) == (9_600, 800)
    root, mse, last = (plans.find(name) for name in ("frloss-4x-s0-base", "frloss-4x-s0-mse", "ipfsrgan-s0-srgan"))
    assert last.lineage == root.images + mse.images + last.images


def test_a_loss_that_looks_at_identity_names_its_network():
    for r in everything():
        looks = getattr(r.settings, "arm", "") == "fr" or getattr(r.settings, "identity", 0)
        assert bool(looks) <= (r.recognizer in recognizers.NAMES), r.name
        assert r.recognizer is None or r.recognizer in recognizers.NAMES


def test_the_matrix_of_losses_has_one_run_a_cell():
    for size, through in plans.TRANSFER.values():
        assert list(through) == ["none", "dlib", "sface", "mobilefacenet"]
        found = {judge: plans.find(name) for judge, name in through.items()}
        assert {
            r.settings.lr_size if hasattr(r.settings, "lr_size") else 112 // r.generator.scale for r in found.values()
        } == {size}
        assert len({r.after for r in found.values()}) == 1 and len({r.generator for r in found.values()}) == 1
        assert len({r.images for r in found.values()}) == 1, "alike in what they have seen"
        assert [r.recognizer for r in found.values()] == [None, "dlib", "sface", "mobilefacenet"]


def test_an_unknown_run_names_the_known_ones():
    with pytest.raises(
        LrfrError, match=r"\AExpected one of the planned runs \(frloss-8x-s0-base, [^\n]*, found 'x'\.\Z"
    ):
        plans.find("x")


def test_the_ledger_is_images_times_cost_and_says_what_is_done(here):
    a, b = run("a"), run("b")
    write_json(a.folder / "settings.json", training.as_dict(a.settings))
    (a.folder / "weights.safetensors").touch()
    table = runs.ledger([a, b])
    assert table.to_numpy().tolist() == [["a", 240, 0.0, "yes"], ["b", 240, 0.0, "no"]]
    faster = replace(a, settings=replace(a.settings, schedule=replace(PLAN, learning_rate=2e-3)))
    assert runs.ledger([faster])["done"].tolist() == ["no"], "what was trained is another plan"
    assert b.minutes == pytest.approx(240 * 10 / 60_000)
    assert b.folder == here / "runs" / "b"


# The queue, with a shell script in Python's place: real processes, no training


SCRIPT = """#!/bin/sh
# $1 $2 $3 $4: -m lrfr train NAME
cd {root} || exit 9
echo "start $4 $OMP_NUM_THREADS $MALLOC_TRIM_THRESHOLD_ $*" >> order.txt
echo "this is $4"
sleep 0.2
if [ -f "broken-$4" ]; then echo "something broke" >&2; echo "end $4" >> order.txt; exit 3; fi
echo weights > "runs/$4/weights.safetensors"
cp settings.json "runs/$4/settings.json"
echo "end $4" >> order.txt
"""


@pytest.fixture
def python(here, monkeypatch) -> Path:
    script = here / "python"
    script.write_text(SCRIPT.format(root=here))
    script.chmod(0o755)
    write_json(here / "settings.json", training.as_dict(run("any").settings))
    monkeypatch.setattr(runs.sys, "executable", str(script))
    sleep = time.sleep
    monkeypatch.setattr(runs.time, "sleep", lambda seconds: sleep(min(seconds, 0.02)))
    return script


def order(here: Path) -> list[list[str]]:
    return [line.split() for line in (here / "order.txt").read_text().splitlines()]


def test_the_queue_runs_each_after_its_start_and_never_more_than_its_workers(here, python):
    listed = [run("b", "a"), run("a"), run("c"), run("d"), run("e", "b")]
    runs.queue(listed, workers=2)
    events = order(here)
    assert sorted(e[1] for e in events if e[0] == "start") == ["a", "b", "c", "d", "e"]
    at = {(e[0], e[1]): i for i, e in enumerate(events)}
    assert at["end", "a"] < at["start", "b"] and at["end", "b"] < at["start", "e"]
    side_by_side = np.cumsum([1 if e[0] == "start" else -1 for e in events])
    assert side_by_side.max() == 2 and side_by_side.min() == 0
    for e in events:
        if e[0] == "start":
            assert e[2:] == ["1", runs.ONE_THREAD["MALLOC_TRIM_THRESHOLD_"], "-m", "lrfr", "train", e[1]]
    assert (here / "runs" / "c" / "log.txt").read_text() == "this is c\n"


def test_a_failed_run_is_named_with_its_log_and_blocks_what_needs_it(here, python):
    """The others are finished first; mended and called again, only what is open is done."""
    listed = [run("a"), run("a-fr", "a"), run("a-fr-more", "a-fr"), run("b"), run("b-fr", "b")]
    (here / "broken-a").touch()
    with pytest.raises(
        LrfrError, match=r"\Aa, a-fr, a-fr-more did not finish: see runs/a/log\.txt, then call the queue again\.\Z"
    ):
        runs.queue(listed)
    assert sorted(e[1] for e in order(here) if e[0] == "start") == ["a", "b", "b-fr"]
    assert (here / "runs" / "a" / "log.txt").read_text() == "this is a\nsomething broke\n"
    assert runs.ledger(listed)["done"].tolist() == ["no", "no", "no", "yes", "yes"]

    (here / "broken-a").unlink()
    (here / "order.txt").unlink()
    runs.queue(listed)
    assert [e[1] for e in order(here) if e[0] == "start"] == ["a", "a-fr", "a-fr-more"]
    assert (here / "runs" / "a" / "log.txt").read_text() == "this is a\nsomething broke\nthis is a\n"
    (here / "order.txt").unlink()
    runs.queue(listed)
    assert not (here / "order.txt").exists()


def test_a_run_whose_plan_has_changed_is_not_done(here, python):
    runs.queue([run("a"), run("b")])
    (here / "order.txt").unlink()
    runs.queue([replace(run("a"), settings=frloss.Settings(TINY, replace(PLAN, learning_rate=2e-3))), run("b")])
    assert [e[1] for e in order(here) if e[0] == "start"] == ["a"], "and its process says why it cannot go on"


@pytest.mark.parametrize("workers", [0, -1])
def test_a_queue_without_workers_is_refused(here, python, workers):
    with pytest.raises(LrfrError, match=rf"\ATrainings need at least one worker, not {workers}: try `--workers 2`\.\Z"):
        runs.queue([run("a")], workers)


def test_without_git_there_is_no_commit_and_all_else_goes_on(monkeypatch, tmp_path):
    assert len(runs.commit().rstrip("+")) in (0, 10)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert runs.commit() == ""


def test_a_queue_of_no_planned_run_is_refused(here):
    for words in (["nosuch"], ["frloss-8x", "nosuch"], ["nosuch", "--ledger"]):
        done = CliRunner().invoke(app, ["queue", *words])
        assert isinstance(done.exception, LrfrError)
        assert str(done.exception) == "No planned run's name begins with 'nosuch': `lrfr queue --ledger` lists them."


# One training


@pytest.fixture
def planned(here, monkeypatch) -> dict[str, Run]:
    """Two tiny runs of frloss on four plain faces, of which the second goes on from the first."""
    short = replace(PLAN, steps=6)
    made = {
        "base": Run("base", frloss.Settings(TINY, short), 1),
        "more": Run("more", frloss.Settings(TINY, short), 1, after="base"),
    }
    monkeypatch.setattr(runs, "find", made.__getitem__)
    monkeypatch.setattr(datasets, "load", lambda name: four_faces())
    return made


def test_a_run_is_trained_by_one_process_at_a_time(planned, here, monkeypatch):
    """From before its first step until its weights are there; only then may another come in."""
    descend, refused = frloss.descend, []

    def again(*given):
        descend(*given)
        with pytest.raises(LrfrError, match=r"\AAnother process is training base: wait for it, or stop it first\.\Z"):
            runs.execute("base")
        refused.append(1)

    monkeypatch.setattr(frloss, "descend", again)
    weights = runs.execute("base")
    assert len(refused) == 6
    assert runs.execute("base") == weights, "the lock is let go of"
    assert [p.name for p in (here / "runs").iterdir() if p.name != "base"] == [".base.lock"]


def test_processes_that_train_together_share_one_lock(planned, monkeypatch):
    """Under torchrun each of them trains the same run; two such groups still exclude one another."""
    monkeypatch.setattr(frloss, "train", lambda *those: Path("weights"))
    with locked(planned["base"].folder.with_name(".base.lock")):
        monkeypatch.setenv("RANK", "1")
        assert runs.execute("base") == Path("weights")
        monkeypatch.setenv("RANK", "0")
        with pytest.raises(LrfrError, match="Another process is training base"):
            runs.execute("base")


def test_a_run_waits_for_the_weights_it_starts_from(planned, here):
    with pytest.raises(LrfrError, match=r"weights of base, .* found none: run `lrfr train base`\."):
        runs.execute("more")
    base = runs.execute("base")
    assert base == here / "runs" / "base" / "weights.safetensors"
    before = base.read_bytes()
    more = runs.execute("more")
    assert more.read_bytes() != before
    assert runs.execute("base").read_bytes() == before


def test_a_run_may_go_on_from_shipped_weights_but_its_own_come_first(planned, here):
    own = runs.execute("base")
    shipped = here / "data" / "checkpoints" / "base.safetensors"
    shipped.parent.mkdir(parents=True)
    shutil.copy(own, shipped)
    from_own = runs.execute("more").read_bytes()
    shutil.rmtree(here / "runs")
    assert runs.execute("more").read_bytes() == from_own
    shutil.rmtree(here / "runs")
    own.parent.mkdir(parents=True)
    own.write_bytes(b"not weights")
    with pytest.raises(LrfrError):
        runs.execute("more")


def test_a_run_does_not_start_from_own_weights_that_are_not_the_planned_ones(planned, here):
    runs.execute("base")
    planned["base"] = replace(planned["base"], settings=frloss.Settings(TINY, replace(PLAN, steps=7)))
    with pytest.raises(LrfrError, match=r"runs/base was trained with other settings than are planned .*\(schedule\)"):
        runs.execute("more")
    assert not (here / "runs" / "more" / "weights.safetensors").exists()


def interrupted(name: str, monkeypatch) -> None:
    """Train to a checkpoint after the second step, and no further."""
    descend, seen = frloss.descend, []

    def stopping(*given):
        if len(seen) == 3:
            raise KeyboardInterrupt
        seen.append(1)
        descend(*given)

    with monkeypatch.context() as patch:
        patch.setattr(frloss, "descend", stopping)
        with pytest.raises(KeyboardInterrupt):
            runs.execute(name)


@pytest.mark.parametrize("other", ["faces", "recognizer", "start"])
def test_a_run_goes_on_with_what_it_began_with_or_not_at_all(planned, here, monkeypatch, other):
    """Its settings name neither the faces nor the recogniser nor the start weights."""
    runs.execute("base")
    more = replace(planned["more"], recognizer="colour", settings=replace(planned["more"].settings, arm="fr"))
    more = replace(more, settings=replace(more.settings, schedule=replace(PLAN, steps=6, checkpoint_every=2)))
    planned["more"] = more
    judge = recogniser()
    monkeypatch.setattr(recognizers, "load", lambda name: judge)
    interrupted("more", monkeypatch)
    assert (more.folder / "state.ckpt").is_file()
    with monkeypatch.context() as patch:
        start = here / "runs" / "base" / "weights.safetensors"
        whole = start.read_bytes()
        match other:
            case "faces":
                patch.setattr(datasets, "load", other_faces)
            case "recognizer":
                changed = recogniser()
                changed.network.weight.data += 1
                patch.setattr(recognizers, "load", lambda name: changed)
            case "start":
                save_weights(SRResNet(TINY), start)
        with pytest.raises(
            LrfrError, match=rf"/more holds a run that was made from something else \({other}\): [^\n]*\Z"
        ):
            runs.execute("more")
        start.write_bytes(whole)
    assert runs.execute("more") == more.folder / "weights.safetensors"


def test_a_run_that_an_earlier_version_began_goes_on_and_claims_nothing(planned, here, monkeypatch):
    planned["base"] = replace(planned["base"], settings=frloss.Settings(TINY, replace(PLAN, checkpoint_every=2)))
    interrupted("base", monkeypatch)
    origin = here / "runs" / "base" / "origin.json"
    origin.unlink()
    monkeypatch.setattr(datasets, "load", other_faces)
    runs.execute("base")
    assert not origin.exists()
    told = json.loads(runs.ship("base").with_suffix(".json").read_text())
    assert told["data"] == "CelebA, number of training identities not recorded" and "origin" not in told["provenance"]


def test_each_paper_gets_what_its_run_names(here, monkeypatch):
    called = {}
    judge, eye = recognizers.load("dlib"), object()
    asked = []
    monkeypatch.setattr(recognizers, "load", lambda name: judge)
    monkeypatch.setattr(runs.vgg, "load", lambda dtype: asked.append(dtype) or eye)
    held = four_faces().subset(np.arange(40) % 4)
    monkeypatch.setattr(datasets, "load", lambda name: held if name == "celeba-held-out" else four_faces())
    for paper in (frloss, ipfsrgan, ftlgan, logexp, multiscale, combination):
        monkeypatch.setattr(paper, "train", lambda *given, paper=paper: called.update({paper: given}) or Path("x"))
    for name in ("ftlgan-28-s0-base", "frloss-4x-s0-base", "multiscale-s0-both"):
        runs.execute(name)
    start = here / "runs" / "ftlgan-28-s0-base" / "weights.safetensors"
    with pytest.raises(LrfrError, match="run `lrfr train ftlgan-28-s0-base`"):
        runs.execute("ipfsrgan-s0-ip")
    start.parent.mkdir(parents=True, exist_ok=True)
    start.touch()
    write_json(start.parent / "settings.json", training.as_dict(plans.find("ftlgan-28-s0-base").settings))
    for able in (False, True):
        monkeypatch.setattr(training, "multiplies_bfloat16", lambda able=able: able)
        runs.execute("ipfsrgan-s0-ip")
    settings, faces, folder, given, seen, begun, looked_at = called[ipfsrgan]
    assert begun == start
    assert settings == plans.find("ipfsrgan-s0-ip").settings and len(faces) == 4
    assert folder == here / "runs" / "ipfsrgan-s0-ip" and given is judge and seen is eye
    assert asked[:2] == [torch.float32, torch.bfloat16] and len(looked_at) == 4  # every tenth
    base = plans.find("ftlgan-28-s0-base").settings
    assert called[ftlgan][0] == base and called[ftlgan][3] is None and called[ftlgan][5] is None
    assert (called[ftlgan][4] is None) == (not base.alpha)
    assert called[frloss][3:] == (None, None)
    settings, _, folder, given, looked_at = called[multiscale]
    assert settings == plans.find("multiscale-s0-both").settings and given is judge and len(looked_at) == 4
    assert folder == here / "runs" / "multiscale-s0-both"
    runs.execute("multiscale-s0-pixel")
    assert called[multiscale][3] is None
    runs.execute("combine-unet-triplet")
    settings, _, _, given, looked_at = called[combination]
    assert settings == plans.find("combine-unet-triplet").settings and given is judge and len(looked_at) == 4
    runs.execute("logexp-robust")
    settings, _, folder, given, looked_at = called[logexp]
    assert settings == plans.find("logexp-robust").settings and folder == here / "runs" / "logexp-robust"
    assert given is judge and len(looked_at) == 2  # every third of those four


def loss_curve(folder: Path) -> np.ndarray:
    return np.array([json.loads(line)["mse"] for line in (folder / "metrics.jsonl").read_text().splitlines()])


@pytest.fixture(scope="module")
def ten_faces():
    return datasets.load("att").subset(np.arange(0, 400, 40))


def test_bfloat16_trains_falls_and_resumes(tmp_path, monkeypatch, ten_faces):
    """What the study trains in. An interrupted run goes on from its checkpoint to the same end."""
    monkeypatch.setattr(training, "multiplies_bfloat16", lambda: True)
    plan = replace(PLAN, precision="bf16-mixed", checkpoint_every=20)
    settings = frloss.Settings(replace(TINY, skip=False), plan)  # with the skip it would start as bicubic, near its end
    frloss.train(settings, ten_faces, tmp_path / "whole")
    curve = loss_curve(tmp_path / "whole")
    assert len(curve) == 60 and curve[-10:].mean() < 0.8 * curve[:10].mean()

    descend, seen = frloss.descend, []

    def stopping(*given):
        seen.append(torch.is_autocast_enabled("cpu"))
        descend(*given)
        if len(seen) == 33:
            raise KeyboardInterrupt

    monkeypatch.setattr(frloss, "descend", stopping)
    with pytest.raises(KeyboardInterrupt):
        frloss.train(settings, ten_faces, tmp_path / "cut")
    state = torch.load(tmp_path / "cut" / "state.ckpt", weights_only=True)
    assert state["step"] == 20
    assert {v.dtype for v in state["modules"]["model"].values()} == {torch.float32}  # the masters
    weights = frloss.train(settings, ten_faces, tmp_path / "cut")
    assert len(seen) == 33 + 40
    np.testing.assert_allclose(loss_curve(tmp_path / "cut"), curve, rtol=1e-3)
    given, expected = load_file(weights), load_file(tmp_path / "whole" / "weights.safetensors")
    for key, value in expected.items():
        assert value.dtype == torch.float32
        torch.testing.assert_close(given[key], value, atol=1e-3, rtol=1e-2)


def test_bfloat16_is_really_computed_in_and_only_where_the_processor_has_units_for_it(tmp_path, monkeypatch, ten_faces):
    plan = replace(PLAN, steps=3)
    curves = []
    monkeypatch.setattr(training, "multiplies_bfloat16", lambda: True)
    for precision in ("32-true", "bf16-mixed"):
        settings = frloss.Settings(TINY, replace(plan, precision=precision))
        frloss.train(settings, ten_faces, tmp_path / precision)
        curves.append(loss_curve(tmp_path / precision))
    assert (curves[0][1:] != curves[1][1:]).all()
    np.testing.assert_allclose(curves[0], curves[1], rtol=0.05)
    monkeypatch.setattr(training, "multiplies_bfloat16", lambda: False)
    frloss.train(settings, ten_faces, tmp_path / "without")
    assert (loss_curve(tmp_path / "without") == curves[0]).all()
    done = [json.loads((tmp_path / n / "provenance.json").read_text())["precision"] for n in ("bf16-mixed", "without")]
    assert done == ["bf16-mixed", "32-true"]


# Shipping


def test_shipped_weights_are_half_as_large_and_say_where_they_come_from(planned, here, monkeypatch):
    runs.execute("base")
    runs.execute("more")
    shipped = runs.ship("more")
    assert shipped == here / "data" / "checkpoints" / "more.safetensors"
    stored, trained = load_file(shipped), load_file(here / "runs" / "more" / "weights.safetensors")
    for key, value in trained.items():
        assert stored[key].dtype == torch.float16 and torch.equal(stored[key], value.half())
    beside = json.loads(shipped.with_suffix(".json").read_text())
    assert (beside["run"], beside["after"], beside["recognizer"]) == ("more", "base", None)
    assert beside["sha256"] == hashlib.sha256(shipped.read_bytes()).hexdigest()
    assert beside["settings"]["schedule"]["steps"] == 6 and beside["settings"]["network"]["width"] == 8
    assert beside["provenance"]["device"] == "cpu" and set(beside["provenance"]) >= {"torch", "hardware", "threads"}
    assert beside["provenance"]["derived"] == {}, "nothing is computed from the faces where the MSE stands alone"
    assert beside["data"] == "CelebA-32, 2 training identities", "of all people, thirty are held out"
    origin = beside["provenance"]["origin"]
    assert origin["faces"] == {"name": "colours", "photographs": 4, "people": 2} | {
        "fingerprint": four_faces().fingerprint()
    }
    start = (here / "runs" / "base" / "weights.safetensors").read_bytes()
    assert origin["start"] == hashlib.sha256(start).hexdigest()[:16] and origin["recognizer"] is None
    assert [row["step"] for row in beside["curve"]] == [1, 2, 3, 4, 5, 6]
    method = methods.trained("SRResNet", shipped)
    assert method.px == 28
    small = four_faces().images[:1]
    assert methods.restore(method, small).shape == (1, 112, 112, 3)


def test_weights_are_shipped_under_the_settings_that_made_them_alone(planned, here):
    runs.execute("base")
    planned["base"] = replace(planned["base"], settings=frloss.Settings(TINY, replace(PLAN, learning_rate=2e-3)))
    for publish in (runs.ship, runs.keep_log):
        with pytest.raises(
            LrfrError, match=r"/base was trained with other settings than are planned .* \(schedule\): "
        ):
            publish("base")
    assert not (here / "data").exists()


def test_a_long_curve_is_thinned_to_its_last_line(planned, here):
    runs.execute("base")
    log = here / "runs" / "base" / "metrics.jsonl"
    log.write_text("".join(json.dumps({"step": i, "loss": 1 / 3}) + "\n" for i in range(1, 1051)))
    curve = json.loads(runs.ship("base").with_suffix(".json").read_text())["curve"]
    assert len(curve) == 105 and curve[0] == {"step": 10, "loss": 0.3333333} and curve[-1]["step"] == 1050


def test_looks_at_unseen_faces_are_kept_however_long_the_curve(planned, here):
    runs.execute("base")
    rows = [{"step": i, "loss": 0.5} | ({"validation_mse": 0.1} if i % 333 == 0 else {}) for i in range(1, 1001)]
    (here / "runs" / "base" / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    curve = json.loads(runs.ship("base").with_suffix(".json").read_text())["curve"]
    assert [row["step"] for row in curve if "validation_mse" in row] == [333, 666, 999]
    assert len(curve) == 103 and curve[-1]["step"] == 1000


def test_an_ablation_keeps_all_but_its_weights(planned, here):
    with pytest.raises(LrfrError, match="found none: train them"):
        runs.keep_log("base")
    weights = runs.execute("base")
    kept = runs.keep_log("base")
    assert kept == here / "data" / "runs" / "base.json" and [p.name for p in kept.parent.iterdir()] == ["base.json"]
    told, shipped = runs.kept_log("base"), json.loads(runs.ship("base").with_suffix(".json").read_text())
    assert told["sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest() != shipped["sha256"]
    assert told.pop("diverged") is None
    assert {k: v for k, v in told.items() if k != "sha256"} == {k: v for k, v in shipped.items() if k != "sha256"}
    kept.write_text(kept.read_text()[:100])
    with pytest.raises(LrfrError, match=r"\A[^\n]*data/runs/base\.json is damaged [^\n]*: pull the whole checkout\.\Z"):
        runs.kept_log("base")
    with pytest.raises(LrfrError, match=r"log of more in data/runs, found none: train it, then run `lrfr keep more`\."):
        runs.kept_log("more")


@pytest.mark.parametrize("lines", [0, 3])
def test_of_a_diverged_run_the_log_until_then_is_kept(planned, here, monkeypatch, lines):
    seen = []

    def breaking(sr, hr):
        seen.append(1)
        return (sr - hr).square().mean() * (float("nan") if len(seen) > lines else 1)

    monkeypatch.setattr(frloss, "mse_loss", breaking)
    with pytest.raises(LrfrError, match="training has diverged"):
        runs.execute("base")
    told = json.loads(runs.keep_log("base").read_text())
    assert told["diverged"]["step"] == lines + 1 and "is nan" in told["diverged"]["what"]
    assert [row["step"] for row in told["curve"]] == list(range(1, lines + 1)) and told["sha256"] == ""
    monkeypatch.undo()
    monkeypatch.setattr(plans, "repo_root", lambda: here)
    monkeypatch.setattr(runs, "data_dir", lambda: here / "data")
    monkeypatch.setattr(runs, "find", planned.__getitem__)
    monkeypatch.setattr(datasets, "load", lambda name: four_faces())
    runs.execute("base")
    assert runs.keep_log("base") and runs.kept_log("base")["diverged"] is None, "trained again, it is whole"


def test_the_command_keeps_one_run_or_all_that_begin_so(monkeypatch):
    kept = []
    monkeypatch.setattr(runs, "keep_log", lambda name: kept.append(name) or Path(f"{name}.json"))
    done = CliRunner().invoke(app, ["keep", "ftlgan-28-abl-5", "ftlgan-28-abl-2"])
    assert done.exit_code == 0, done.output
    angular = [f"ftlgan-28-abl-5-{k}" for k in ("sgd", "sgd-low", "adam", "clip", "cosine")]
    assert kept == [*angular, "ftlgan-28-abl-2"]
    assert done.output.splitlines() == [f"{name}: kept." for name in kept]
    monkeypatch.undo()
    lost = CliRunner().invoke(app, ["keep", "nosuchrun"])
    assert isinstance(lost.exception, LrfrError) and "found 'nosuchrun'" in str(lost.exception)


def test_a_recogniser_is_shipped_and_loaded_under_its_name(here, monkeypatch):
    run = plans.find("logexp-robust")
    save_weights(from_onnx(assets.path("mobilefacenet")), run.folder / "weights.safetensors")
    (run.folder / "metrics.jsonl").write_text('{"step": 1, "validation_hr_cosine": 0.9}\n')
    (run.folder / "provenance.json").write_text("{}")
    write_json(run.folder / "settings.json", training.as_dict(run.settings))
    shipped = runs.ship(run.name)
    assert shipped.stat().st_size < 7e6
    beside = json.loads(shipped.with_suffix(".json").read_text())
    assert beside["recognizer"] == "mobilefacenet" and beside["curve"] == [{"step": 1, "validation_hr_cosine": 0.9}]
    monkeypatch.setattr(recognizers, "data_dir", lambda: here / "data")
    few = four_faces().images
    robust, frozen = (recognizers.embed(recognizers.load(n), few) for n in ("robust", "mobilefacenet"))
    assert np.abs(robust - frozen).max() < 0.02 and np.abs(robust - frozen).max() > 0


def test_an_unfinished_run_is_not_shipped(planned, here):
    with pytest.raises(LrfrError, match=r"\AExpected weights at [^\n]*base/weights\.safetensors, found none"):
        runs.ship("base")
    (here / "runs" / "base").mkdir(parents=True)
    (here / "runs" / "base" / "metrics.jsonl").write_text('{"step": 1}\n')
    with pytest.raises(LrfrError, match="found none: train them"):
        runs.ship("base")
    assert not (here / "data" / "checkpoints" / "base.safetensors").exists()
    assert not (here / "data" / "checkpoints" / "base.json").exists()
