"""The trainings behind the shipped weights: what is run, in which order, how long it takes, and how it is shipped.

``lrfr queue`` works through :func:`planned` with single-thread processes side by side (two of them beat one process on
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
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from lrfr.errors import LrfrError
from lrfr.files import write_json
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.papers import frloss
from lrfr.paths import data_dir, repo_root
from lrfr.training import Schedule, as_dict, load_weights, save_weights

#: Measured by benchmarks/training.py: ms per image on one CPU thread with bf16, by (scale, arm); for the ledger.
COST = {(8, "mse"): 28.0, (8, "fr"): 45.0, (4, "mse"): 42.0, (4, "fr"): 60.0}

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


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        name: of its folder below ``runs/`` and of its shipped weights.
        settings: of the paper's file.
        after: the run whose weights it starts from.
        recognizer: the face network that its loss sees.
    """

    name: str
    settings: frloss.Settings
    after: str | None = None
    recognizer: str | None = None

    @property
    def images(self) -> int:
        """How many images it sees."""
        return self.settings.schedule.steps * self.settings.schedule.batch_size

    @property
    def minutes(self) -> float:
        """Estimate for one CPU thread."""
        return self.images * COST[(self.settings.network.scale, self.settings.arm)] / 60_000

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        return repo_root() / "runs" / self.name


def planned() -> list[Run]:
    """Every training of the study, in the order in which it is needed."""
    runs = []
    for scale, seeds in ((8, (0, 1, 2)), (4, (0,))):
        for seed in seeds:
            name = f"frloss-{scale}x-s{seed}"
            base, fr, mse = frloss.study(scale, seed)
            runs += [
                Run(f"{name}-base", base),
                Run(f"{name}-fr", fr, f"{name}-base", "dlib"),
                Run(f"{name}-mse", mse, f"{name}-base"),
            ]
    return runs


def pilots() -> list[Run]:
    """Short runs at 8x by which settings were chosen on LFW View 1; each differs from the first in one thing.

    Kept in ``data/results/frloss_pilots.csv``; their weights are not shipped.
    """
    base = "frloss-8x-s0-base"
    network = SRResNetSettings(8)
    plan = Schedule(steps=800, batch_size=8, learning_rate=2e-4, seed=1000)
    first = frloss.Settings(network, plan, arm="fr")
    shuffled = SRResNetSettings(8, upsampling="shuffle")
    long = frloss.study(8, 0)[0].schedule
    return [
        Run("pilot-share50", first, base, "dlib"),
        Run("pilot-shift4", replace(first, shift=4), base, "dlib"),
        Run("pilot-share80", replace(first, share=0.8), base, "dlib"),
        Run("pilot-long", replace(first, share=0.8, schedule=replace(plan, steps=2400)), base, "dlib"),
        Run("pilot-share95", replace(first, share=0.95), base, "dlib"),
        Run("pilot-rate5", replace(first, share=0.8, schedule=replace(plan, learning_rate=5e-5)), base, "dlib"),
        Run("pilot-centroid", replace(first, share=0.8, target="centroid"), base, "dlib"),
        Run("pilot-other", replace(first, share=0.8, target="other"), base, "dlib"),
        Run("pilot-mse", replace(first, arm="mse"), base),
        Run("pilot-mse-rate5", replace(first, arm="mse", schedule=replace(plan, learning_rate=5e-5)), base),
        Run("pilot-shuffle-base", frloss.Settings(shuffled, long)),
        Run("pilot-shuffle", replace(first, network=shuffled, share=0.8), "pilot-shuffle-base", "dlib"),
    ]


def find(name: str) -> Run:
    """A planned run by name.

    Raises:
        LrfrError: there is none.
    """
    runs = {run.name: run for run in [*planned(), *pilots()]}
    if name not in runs:
        raise LrfrError(f"Expected one of the planned runs ({', '.join(runs)}), found '{name}'.")
    return runs[name]


def execute(name: str) -> Path:
    """Train one run on the training half of CelebA, or resume it; returns its weights.

    Raises:
        LrfrError: the run it starts from is not done, or the data are not there.
    """
    from lrfr import datasets, recognizers

    run = find(name)
    start = None
    if run.after is not None:
        start = find(run.after).folder / "weights.safetensors"
        if not start.is_file():
            raise LrfrError(f"{name} goes on from {run.after}, which is not trained yet: run `lrfr train {run.after}`.")
    recognizer = recognizers.load(run.recognizer) if run.recognizer else None  # type: ignore[arg-type]
    return frloss.train(run.settings, datasets.load("celeba-train"), run.folder, recognizer, start)


def ledger(runs: list[Run]) -> pd.DataFrame:
    """What the runs cost: images, estimated minutes on one CPU thread, and whether they are done."""
    rows = [
        [r.name, r.images, round(r.minutes, 1), "yes" if (r.folder / "weights.safetensors").is_file() else "no"]
        for r in runs
    ]
    return pd.DataFrame(rows, columns=["run", "images", "minutes", "done"])


def queue(runs: list[Run], workers: int = 2) -> None:
    """Run what is not done, ``workers`` single-thread processes at a time, each after the run it starts from.

    Raises:
        LrfrError: a run failed; the sentence names its log. The others are finished first.
    """
    todo = [r for r in runs if not (r.folder / "weights.safetensors").is_file()]
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
    """The commit of the checkout, with a ``+`` where tracked files have changed since; empty outside git."""

    def git(*words: str) -> str:
        done = subprocess.run(["git", *words], cwd=repo_root(), capture_output=True, text=True, check=False)
        return done.stdout.strip()

    name = git("rev-parse", "--short=10", "HEAD")
    return name + ("+" if name and git("status", "--porcelain", "--untracked-files=no", "lrfr") else "")


def ship(name: str) -> Path:
    """Put a finished run's weights (fp16) with settings, learning curve and provenance into ``data/checkpoints``.

    Raises:
        LrfrError: the run is not finished.
    """
    run = find(name)
    weights = run.folder / "weights.safetensors"
    network = load_weights(SRResNet(run.settings.network), weights)
    target = data_dir() / "checkpoints" / f"{name}.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    save_weights(network, target, half=True, notes={"run": name})
    rows = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text().splitlines()]
    keep = max(1, len(rows) // 100)
    curve = [{k: round(v, 7) for k, v in row.items()} for row in rows[keep - 1 :: keep]]
    content = {
        "run": name,
        "after": run.after,
        "recognizer": run.recognizer,
        "settings": as_dict(run.settings),
        "curve": curve,
        "provenance": json.loads((run.folder / "provenance.json").read_text()),
        "data": "CelebA-299, 269 training identities",
        "commit": commit(),
        "date": datetime.date.today().isoformat(),
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
    }
    write_json(target.with_suffix(".json"), content)
    return target
