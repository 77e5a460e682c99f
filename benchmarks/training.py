"""What a training image costs: both phases of frloss (MSE; FR loss through dlib) at 4x and 8x, and logexp's losses.

    python benchmarks/training.py [--steps 20] [--paper frloss] [--scale 8] [--device cuda]

The study's own settings and loop run on AT&T's faces, in bf16 and fp32: on one CPU thread, and on a GPU where there is
one. "CPU ms" is the processor time of an image, which other work on the machine hardly changes; `lrfr.plans` and so
the ledger take it from here. "images/s" is by the clock, the best line of the log. Set-up is in neither.
"""

import argparse
import json
import logging
import os
import platform
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from lrfr.runs import ONE_THREAD

FEW = 2


def train(run, settings, faces, steps: int, folder: Path, *networks) -> tuple[float, float, Path]:
    """Processor seconds of the whole call, images per second of its best log line, and its weights."""
    plan = replace(settings.schedule, steps=steps, checkpoint_every=10**6, log_every=max(1, steps // 4))
    begin = time.process_time()
    weights = run(replace(settings, schedule=plan), faces, folder, *networks)
    spent = time.process_time() - begin
    lines = [json.loads(line) for line in folder.joinpath("metrics.jsonl").read_text().splitlines()]
    return spent, max(line["images_per_second"] for line in lines), weights


def timed(run, settings, faces, steps: int, place: Path, *networks) -> tuple[float, float, Path]:
    """Processor milliseconds an image, images per second, and weights that lie below ``place``."""
    # The first call warms up, the second tells what a few steps and the set-up cost.
    for part in ("warm", "few"):
        few, _, _ = train(run, settings, faces, FEW, place / part, *networks)
    many, speed, weights = train(run, settings, faces, FEW + steps, place / "many", *networks)
    return 1000 * (many - few) / (steps * settings.schedule.batch_size), speed, weights


def measure(scale: int, device: str, precision: str, steps: int, place: Path) -> list[tuple[str, float, float]]:
    """frloss: phase, processor milliseconds an image, images per second."""
    import numpy as np

    from lrfr import datasets, recognizers
    from lrfr.papers import frloss

    faces = datasets.load("att").subset(np.arange(0, 400, 5))
    dlib = recognizers.load("dlib")
    first, second, _ = frloss.study(scale, 0)
    rows, start = [], None
    for phase, settings in (("1, MSE", first), ("2, FR", second)):
        plan = replace(settings.schedule, device=device, precision=precision, warmup=0)
        settings = replace(settings, schedule=plan)
        cost, speed, start = timed(frloss.train, settings, faces, steps, place / phase, dlib, start)
        rows.append((phase, cost, speed))
    return rows


def measure_logexp(device: str, precision: str, steps: int, place: Path) -> list[tuple[str, float, float]]:
    """logexp: the paper's loss (a face is seen twice) and the distillation (once)."""
    import numpy as np

    from lrfr import datasets, recognizers
    from lrfr.papers import logexp, logexp_study

    faces = datasets.load("att").subset(np.arange(0, 400, 5))
    frozen = recognizers.load("mobilefacenet")
    rows = []
    for name, settings in (("paper", logexp_study.OURS), ("distil", logexp_study.robust())):
        plan = replace(settings.schedule, device=device, precision=precision, warmup=0)
        cost, speed, _ = timed(logexp.train, replace(settings, schedule=plan), faces, steps, place / name, frozen)
        rows.append((name, cost, speed))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=20, help="that are timed, of the study's own batch")
    parser.add_argument("--paper", choices=["frloss", "logexp"], help="one of the two only")
    parser.add_argument("--scale", type=int, choices=[4, 8], help="one of the two only")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="one of the two only")
    args = parser.parse_args()
    if any(os.environ.get(k) != v for k, v in ONE_THREAD.items()):
        # The memory allocator reads its settings when a process starts.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})

    import torch

    torch.set_num_threads(1)
    logging.disable(logging.INFO)  # Fabric says for every training that it uses bfloat16
    devices = [d for d in ("cpu", "cuda") if d == "cpu" or torch.cuda.is_available()]
    print(f"torch {torch.__version__}, {os.cpu_count()} cores ({platform.machine()}), load {os.getloadavg()[0]:.1f}")
    print(f"{'device':<8}{'precision':<12}{'scale':<7}{'phase':<9}{'CPU ms':>8}{'images/s':>10}")
    for device in [d for d in devices if args.device in (None, d)]:
        for precision in ("bf16-mixed", "32-true"):
            scales = [s for s in (8, 4) if args.scale in (None, s) and args.paper != "logexp"]
            with tempfile.TemporaryDirectory() as folder:
                where = (device, precision, args.steps)
                rows = [(f"{s}x", *row) for s in scales for row in measure(s, *where, Path(folder, str(s)))]
                if args.paper != "frloss" and args.scale is None:
                    rows += [("logexp", *row) for row in measure_logexp(*where, Path(folder))]
            for what, phase, milliseconds, speed in rows:
                cost = f"{milliseconds:8.1f}" if device == "cpu" else f"{'':>8}"
                print(f"{device:<8}{precision:<12}{what:<7}{phase:<9}{cost}{speed:10.1f}", flush=True)


if __name__ == "__main__":
    main()
