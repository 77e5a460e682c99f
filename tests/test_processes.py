"""Two processes under torchrun share every batch and end where one process ends."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from lrfr import datasets
from lrfr.networks.srresnet import SRResNetSettings
from lrfr.papers import frloss
from lrfr.training import Schedule


def train(folder: Path) -> Path:
    plan = Schedule(6, batch_size=4, learning_rate=1e-3, precision="32-true", device="cpu", log_every=3)
    faces = datasets.load("att").subset(np.arange(0, 400, 40))
    return frloss.train(frloss.Settings(SRResNetSettings(4, blocks=1, width=8), plan), faces, folder)


def together(script: Path, folder: Path) -> subprocess.CompletedProcess:
    """Two processes under torchrun; the script gets the folder."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script)]
    return subprocess.run([*command, str(folder)], capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_two_processes_end_where_one_ends(tmp_path):
    """Within 1e-6: the mean of two halves is not to the bit the mean of the whole."""
    script = tmp_path / "two.py"
    script.write_text(
        "import os, sys\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import torch\n"
        "torch.set_num_threads(1)\n"
        "from test_processes import train\n"
        "train(Path(sys.argv[1]))\n"
        "world = torch.distributed.get_world_size()\n"
        "Path(sys.argv[1], 'rank' + os.environ['RANK']).write_text(str(world))\n"
    )
    done = together(script, tmp_path / "two")
    assert done.returncode == 0, done.stderr[-2000:]
    assert [(tmp_path / "two" / f"rank{rank}").read_text() for rank in (0, 1)] == ["2", "2"]
    one, two = load_file(train(tmp_path / "one")), load_file(tmp_path / "two" / "weights.safetensors")
    for key, value in one.items():
        torch.testing.assert_close(two[key], value, atol=1e-6, rtol=0)
    logs = [(tmp_path / name / "metrics.jsonl").read_text().splitlines() for name in ("one", "two")]
    assert len(logs[0]) == len(logs[1]) == 2
    for alone, shared in zip(*(map(json.loads, log) for log in logs), strict=True):
        assert {k: v for k, v in shared.items() if k != "images_per_second"} == pytest.approx(
            {k: v for k, v in alone.items() if k != "images_per_second"}, rel=1e-5
        ), "the log is of the whole batch"


COMMAND = """
import sys
from pathlib import Path

sys.path.insert(0, {tests!r})
import torch
from toy_training import faces

from lrfr import cli, datasets, plans, runs
from lrfr.networks.srresnet import SRResNetSettings
from lrfr.papers import frloss
from lrfr.training import Schedule

torch.set_num_threads(1)
plan = Schedule(4, batch_size=4, precision="32-true", device="cpu")
toy = plans.Run("toy", frloss.Settings(SRResNetSettings(4, blocks=1, width=8), plan), 1)
datasets.load = lambda name: faces()
runs.find = lambda name: toy
sys.argv[1:], plans.repo_root = ["train", "toy"], lambda root=sys.argv[1]: Path(root)
cli.main()
"""


@pytest.mark.slow
def test_two_processes_train_a_run_by_name(tmp_path):
    """They are one training: the first alone holds its lock."""
    script = tmp_path / "train.py"
    script.write_text(COMMAND.format(tests=str(Path(__file__).parent)))
    done = together(script, tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.splitlines().count("toy: trained.") == 2
    assert (tmp_path / "runs" / "toy" / "weights.safetensors").is_file()
