"""kill -9 in the middle of a training of frloss: the final weights are those of an undisturbed run, to the bit."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lrfr import datasets, recognizers
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.papers import frloss
from lrfr.training import Schedule, save_weights

STEPS = {"mse": 24, "fr": 6}
#: By arm: steps between checkpoints, the step at which the run is killed, whether while it writes its checkpoint.
KILLS = {
    "mse": {"killed": (4, 21, False), "other": (3, 14, False), "torn": (4, 8, True)},
    "fr": {"killed": (2, 5, False), "other": (3, 4, False), "torn": (2, 4, True)},
}
#: The step of the last checkpoint before each kill.
SAVED = {"mse": {"killed": 20, "other": 12, "torn": 4}, "fr": {"killed": 4, "other": 3, "torn": 2}}
NETWORK = SRResNetSettings(4, blocks=1, width=8)


def train(folder: Path, arm: str, checkpoint_every: int) -> Path:
    """A tiny SRResNet on AT&T in fp32 on the CPU, or a second phase of it that looks through dlib's network."""
    plan = Schedule(
        STEPS[arm],
        batch_size=4 if arm == "mse" else 2,
        learning_rate=1e-3,
        precision="32-true",
        device="cpu",
        checkpoint_every=checkpoint_every,
        log_every=4,
    )
    settings = frloss.Settings(NETWORK, plan, arm, shift=2 if arm == "fr" else 0)
    faces = datasets.load("att").subset(np.arange(0, 400, 40))
    if arm == "mse":
        return frloss.train(settings, faces, folder)
    return frloss.train(settings, faces, folder, recognizers.load("dlib"), folder.parent / "start.safetensors")


def killed(folder: str, arm: str, checkpoint_every: int, kill_at: int, writing: bool) -> None:
    """Train; at the end of step ``kill_at``, or in the middle of writing its checkpoint, die without any clean-up."""
    count = 0
    descend, save = frloss.descend, torch.save

    def killed_step(*arguments) -> None:
        nonlocal count
        count += 1
        descend(*arguments)
        if count == kill_at and not writing:
            os.kill(os.getpid(), signal.SIGKILL)

    def killed_save(state, path: Path) -> None:
        save(state, path)
        if count == kill_at:
            path.write_bytes(path.read_bytes()[:1000])
            os.kill(os.getpid(), signal.SIGKILL)

    frloss.descend, torch.save = killed_step, killed_save
    train(Path(folder), arm, checkpoint_every)


def fork_each() -> None:
    """Do each job of stdin in a process of its own; print how it ended and what it left. All share one slow start."""
    import torch._dynamo  # what the first optimiser imports, and Fabric: once here, not in every process

    torch.set_num_threads(1)
    Schedule(1, precision="32-true", device="cpu").fabric()
    found = []
    for job in json.loads(sys.stdin.read()):
        if (pid := os.fork()) == 0:
            code = 1
            try:
                killed(*job)
                code = 0
            finally:
                os._exit(code)
        ending = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        state = Path(job[0], "state.ckpt")
        step = torch.load(state, weights_only=True)["step"] if state.is_file() else None
        found.append([ending, step, len(list(state.parent.glob(".state.ckpt.*")))])
    print(json.dumps(found))


def run_each(jobs: list[list]) -> list[list]:
    """Ending, step of the checkpoint, and number of half checkpoints after each job of :func:`killed`."""
    script = "import sys; sys.path.insert(0, sys.argv[1]); import test_resume; test_resume.fork_each()"
    command = [sys.executable, "-c", script, os.path.dirname(__file__)]
    done = subprocess.run(command, input=json.dumps(jobs), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_killed_and_resumed_runs_end_in_the_same_bits(tmp_path):
    """Three kills an arm: between checkpoints, with checkpoints at other steps, while a checkpoint is written."""
    jobs, expected = [], []
    for arm, kills in KILLS.items():
        (tmp_path / arm).mkdir()
        torch.manual_seed(0)
        save_weights(SRResNet(NETWORK), tmp_path / arm / "start.safetensors")
        jobs.append([str(tmp_path / arm / "undisturbed"), arm, 1000, 0, False])
        expected.append([0, None, 0])
        for name, (every, at, writing) in kills.items():
            folder = str(tmp_path / arm / name)
            jobs += [[folder, arm, every, at, writing], [folder, arm, every, 0, False]]
            expected += [[-signal.SIGKILL, SAVED[arm][name], int(writing)], [0, None, 0]]
    assert run_each(jobs) == expected
    for arm, kills in KILLS.items():
        weights = (tmp_path / arm / "undisturbed" / "weights.safetensors").read_bytes()
        for name in kills:
            assert (tmp_path / arm / name / "weights.safetensors").read_bytes() == weights, (arm, name)
