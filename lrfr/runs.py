"""How the trainings of `lrfr.plans` are run, how long they take, and how their weights are shipped.

``lrfr queue`` works through them with single-thread processes side by side (two of them beat one process on
two threads), each resumable: kill it, call it again, and it goes on. ``lrfr queue --ledger`` only says what it would
cost.
"""

import datetime
import hashlib
import json
import os
import subprocess
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn

from lrfr import datasets, embeddings, methods, recognizers
from lrfr.datasets import celeba, scface
from lrfr.errors import LrfrError
from lrfr.files import locked, read_json, write_json
from lrfr.networks import backbones, generators, vgg
from lrfr.papers import combination, frloss, ftlgan, ipfsrgan, logexp, logexp_study, multiscale
from lrfr.paths import data_dir, repo_root
from lrfr.plans import Run, find
from lrfr.training import (
    AGAIN,
    DIVERGED,
    Schedule,
    as_dict,
    differing,
    finished,
    load_weights,
    save_weights,
    settings_of,
)

#: In the folder of a run: what it learns from beside its settings.
ORIGIN = "origin.json"
#: For a single-thread process. Without the last three, glibc hands every large tensor back to the system after use and
#: a third of the time goes into page faults (measured: 14 instead of 42 images/s beside another process).
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OMP_WAIT_POLICY": "PASSIVE",
    "GOMP_SPINCOUNT": "0",
    "MALLOC_MMAP_THRESHOLD_": "2000000000",
    "MALLOC_TRIM_THRESHOLD_": "4000000000",
    "MALLOC_TOP_PAD_": "200000000",
}


def execute(name: str) -> Path:
    """Train one run on the training half of CelebA, or resume it; returns its weights.

    Raises:
        LrfrError: what it starts from is neither trained here nor shipped, or was trained here otherwise than is
            planned now; the data are not there, another process trains it, or it began with other faces, another
            recogniser or other start weights.
    """
    run = find(name)
    with _alone(run.folder):
        return _execute(run)


def _first() -> bool:
    """Whether this is the only process, or under torchrun the one that writes."""
    return int(os.environ.get("RANK", 0)) == 0


def _alone(folder: Path) -> AbstractContextManager[None]:
    """Train in a folder as the only one; of processes that train together under torchrun, the first holds the lock.

    The lock lies beside the folder, which a reader may remove to start again.
    """
    if not _first():
        return nullcontext()
    busy = f"Another process is training {folder.name}: wait for it, or stop it first."
    return locked(folder.with_name(f".{folder.name}.lock"), busy)


def _same_origin(
    folder: Path, faces: datasets.FaceDataset, judge: recognizers.Recognizer | None, start: Path | None
) -> None:
    """Write down what a run learns from, or compare with what is written: its settings name none of it.

    Of a run that an earlier version began nothing is known, and nothing is claimed.
    """
    if not _first():
        return
    mine = {
        "faces": {
            "name": faces.name,
            "photographs": len(faces),
            "people": len(faces.identities),
            "fingerprint": faces.fingerprint(),
        },
        "recognizer": embeddings.weights_digest(judge) if judge is not None else None,
        "start": embeddings.file_digest(start) if start is not None else None,
    }
    written = folder / ORIGIN
    if written.is_file():
        if other := differing(read_json(written, AGAIN), mine):
            raise LrfrError(
                f"{folder} holds a run that was made from something else ({', '.join(other)}): "
                "bring that back to go on with it, or remove the folder to start again."
            )
    elif not any((folder / name).is_file() for name in ("state.ckpt", "weights.safetensors")):
        write_json(written, mine)


def _execute(run: Run) -> Path:
    start = None
    if run.after is not None:
        # A start that a reader trained anew goes before the shipped one, if it was trained as is planned.
        before = find(run.after)
        start = before.folder / "weights.safetensors"
        if start.is_file():
            _as_planned(before)
        else:
            start = weights_of(run.after)
    judge = recognizers.load(run.recognizer) if run.recognizer else None  # type: ignore[arg-type]
    faces = datasets.load("celeba-train")
    _same_origin(run.folder, faces, judge, start)
    match run.settings:
        case frloss.Settings():
            return frloss.train(run.settings, faces, run.folder, judge, start)
        case ipfsrgan.Settings():
            seen = eye(run.settings.schedule) if run.settings.perceptual else None
            return ipfsrgan.train(run.settings, faces, run.folder, judge, seen, start, watched())
        case ftlgan.Settings():
            seen = eye(run.settings.schedule) if run.settings.alpha else None
            return ftlgan.train(run.settings, faces, run.folder, judge, seen, start, watched())
        case multiscale.Settings():
            return multiscale.train(run.settings, faces, run.folder, judge, watched())
        case combination.Settings():
            return combination.train(run.settings, faces, run.folder, judge, watched())
        case logexp.Settings():
            # A third of them: short runs would spend too much time on looking.
            held = watched()
            return logexp.train(run.settings, faces, run.folder, judge, held.subset(np.arange(0, len(held), 3)))


def weights_of(name: str) -> Path:
    """Weights by the name of a run: shipped with the project, or else of the run's folder.

    Raises:
        LrfrError: there are neither.
    """
    shipped, own = (
        data_dir() / "checkpoints" / f"{name}.safetensors",
        repo_root() / "runs" / name / "weights.safetensors",
    )
    if not shipped.is_file() and not own.is_file():
        raise LrfrError(f"Expected weights of {name}, shipped or in runs/{name}, found none: run `lrfr train {name}`.")
    return shipped if shipped.is_file() else own


def fine_tune(place: str, start: str, seed: int = 0) -> Path:
    """Let a face network go on with logexp's loss on a reader's own SCface or TinyFace, or resume that.

    Args:
        place: scface (its 50 people of this seed; the others are tested) or tinyface (its training set).
        start: run whose network goes on, such as ``logexp-maug-logexp1``; it is also the frozen one.
        seed: of SCface's split, and of the draws.

    Returns:
        Weights in ``runs/<start>-<place>-s<seed>``.

    Raises:
        LrfrError: another set, the set or the start is not there, the start is no face network, another process trains
            the same, or what is resumed began with other faces or another start.
    """
    logexp_study.refuse_unknown(place)
    after = weights_of(start)
    before = recognizers.trained(after, start)
    if place == "scface":
        faces, _ = scface.split(datasets.load(place), seed)
    else:
        faces = datasets.load(f"{place}-train")
    settings = logexp_study.fine_tuning(place, len(faces), settings_of(after)["network"], seed)
    folder = repo_root() / "runs" / f"{start}-{place}-s{seed}"
    with _alone(folder):
        _same_origin(folder, faces, before, after)
        return logexp.train(settings, faces, folder, before, after=after)


def tuned_on(weights: Path, place: str) -> int | None:
    """By which seed a run's face network was fine-tuned on a set; None where it was not, or where nothing says so.

    Args:
        weights: of the run; what it learnt from and its settings lie beside them.
        place: scface or tinyface.

    Raises:
        LrfrError: what lies beside them is damaged.
    """
    origin = weights.parent / ORIGIN
    if not origin.is_file() or not read_json(origin, AGAIN)["faces"]["name"].startswith(place):
        return None
    return settings_of(weights)["schedule"]["seed"]


def eye(schedule: Schedule) -> vgg.VGG19:
    """VGG19-54 in the precision of a training: bfloat16 is four times as fast on a CPU that has units for it."""
    return vgg.load(dtype=torch.bfloat16 if schedule.effective == "bf16-mixed" else torch.float32)


def watched() -> datasets.FaceDataset:
    """Ninety photographs of held-out CelebA people, three each, for validation curves.

    Few choices were made by them: ipfsrgan's discriminator (:func:`lrfr.papers.ipfsrgan.pilots`), ftlgan's margin, and
    rate and width of multiscale's U-Net.
    """
    held = datasets.load("celeba-held-out")
    return held.subset(np.arange(0, len(held), 10))


def ledger(runs: list[Run]) -> pd.DataFrame:
    """What the runs cost: images, estimated minutes on one CPU thread, and whether they are done as planned."""
    rows = [[r.name, r.images, round(r.minutes, 1), "yes" if finished(r.folder, r.settings) else "no"] for r in runs]
    return pd.DataFrame(rows, columns=["run", "images", "minutes", "done"])


def queue(runs: list[Run], workers: int = 2) -> None:
    """Run what is not done, ``workers`` single-thread processes at a time, each after the run it starts from.

    Raises:
        LrfrError: no worker, or a run failed; the sentence names its log. The others are finished first.
    """
    if workers < 1:
        raise LrfrError(f"Trainings need at least one worker, not {workers}: try `--workers 2`.")
    todo = [r for r in runs if not finished(r.folder, r.settings)]
    names = {r.name for r in todo}
    active: dict[str, subprocess.Popen[bytes]] = {}
    failed: list[str] = []
    environment = {**os.environ, **ONE_THREAD}
    while todo or active:
        for name, process in list(active.items()):
            if process.poll() is not None:
                del active[name]
                names.discard(name)
                if process.returncode:
                    failed.append(name)
        blocked = set(failed)
        for run in [r for r in todo if r.after in blocked]:
            todo.remove(run)
            failed.append(run.name)
        for run in list(todo):
            if len(active) < workers and run.after not in names:
                run.folder.mkdir(parents=True, exist_ok=True)
                with (run.folder / "log.txt").open("ab") as log:
                    command = [sys.executable, "-m", "lrfr", "train", run.name]
                    active[run.name] = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
                todo.remove(run)
        time.sleep(1)
    if failed:
        raise LrfrError(f"{', '.join(failed)} did not finish: see runs/{failed[0]}/log.txt, then call the queue again.")


def commit() -> str:
    """The commit of the checkout, with a ``+`` where tracked files have changed since; empty where git has none."""

    def git(*words: str) -> str:
        try:
            done = subprocess.run(["git", *words], cwd=repo_root(), capture_output=True, text=True, check=False)
        except FileNotFoundError:  # asked for when hours of measuring are to be saved
            return ""
        return done.stdout.strip()

    name = git("rev-parse", "--short=10", "HEAD")
    return name + ("+" if name and git("status", "--porcelain", "--untracked-files=no", "lrfr") else "")


def _network(run: Run) -> nn.Module:
    """The network that a run trains, with start weights."""
    if isinstance(run.settings, logexp.Settings):
        return backbones.build(run.settings.network)
    assert run.generator is not None
    return generators.build(run.generator)


def ship(name: str) -> Path:
    """Put a finished run's weights (fp16) with settings, learning curve and provenance into ``data/checkpoints``.

    Raises:
        LrfrError: the run is not finished, or was trained with other settings than are planned now.
    """
    run = find(name)
    network = load_weights(_network(run), run.folder / "weights.safetensors")
    _as_planned(run)
    target = data_dir() / "checkpoints" / f"{name}.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    save_weights(network, target, half=True, notes={"run": name})
    write_json(target.with_suffix(".json"), _told(run, target))
    return target


def keep_log(name: str) -> Path:
    """Keep a run's settings, learning curve and provenance in ``data/runs``, without its weights.

    Of a run that diverged, the log until then is kept: ``diverged`` says at which step and by what; it is
    null for a finished run.

    Raises:
        LrfrError: the run is neither finished nor diverged, or had other settings than are planned now.
    """
    run = find(name)
    weights, end = run.folder / "weights.safetensors", run.folder / DIVERGED
    diverged = read_json(end, AGAIN) if end.is_file() and not weights.is_file() else None
    if diverged is None:
        load_weights(_network(run), weights)
    _as_planned(run)
    target = data_dir() / "runs" / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_json(target, _told(run, None if diverged else weights) | {"diverged": diverged})
    return target


def kept_log(name: str) -> dict[str, Any]:
    """What :func:`keep_log` kept of a run.

    Raises:
        LrfrError: nothing was kept, or it is damaged.
    """
    file = data_dir() / "runs" / f"{name}.json"
    if not file.is_file():
        raise LrfrError(f"Expected the log of {name} in data/runs, found none: train it, then run `lrfr keep {name}`.")
    return read_json(file, "pull the whole checkout")


def log_of(name: str) -> dict[str, Any]:
    """Settings, curve and provenance of a run: beside its shipped weights, or as :func:`keep_log` kept them.

    Raises:
        LrfrError: neither is there.
    """
    shipped = (data_dir() / "checkpoints" / f"{name}.safetensors").is_file()
    return methods.shipped_log(name) if shipped else kept_log(name)


def _as_planned(run: Run) -> dict[str, Any]:
    """The settings that a run was trained with.

    Raises:
        LrfrError: the plan has changed since.
    """
    settings = read_json(run.folder / "settings.json", AGAIN)
    if other := differing(settings, as_dict(run.settings)):
        raise LrfrError(
            f"{run.folder} was trained with other settings than are planned for it now ({', '.join(other)}): "
            "remove it and train again, or plan what it was trained with."
        )
    return settings


def _data(origin: dict[str, Any]) -> str:
    """``CelebA-299, 269 training identities``: the edition by all its people, the held-out ones included."""
    if not origin:
        return "CelebA, number of training identities not recorded"
    people = origin["faces"]["people"]
    return f"CelebA-{people + celeba.HELD_OUT}, {people} training identities"


def _told(run: Run, weights: Path | None) -> dict[str, Any]:
    """What is written beside weights: a hundred lines of the log at most, all those with a look at validation faces."""
    log = run.folder / "metrics.jsonl"  # a run that diverges at once has none
    rows = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    origin = read_json(run.folder / ORIGIN, AGAIN) if (run.folder / ORIGIN).is_file() else {}
    made = read_json(run.folder / "provenance.json", AGAIN)
    keep = max(1, len(rows) // 100)
    kept = [row for i, row in enumerate(rows, 1) if i % keep == 0 or any(k.startswith("validation_") for k in row)]
    return {
        "run": run.name,
        "after": run.after,
        "recognizer": run.recognizer,
        "settings": _as_planned(run),
        "curve": [{k: round(v, 7) for k, v in row.items()} for row in kept],
        "provenance": made | ({"origin": origin} if origin else {}),
        "data": _data(origin),
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest() if weights else "",
    }
