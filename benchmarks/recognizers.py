"""Milliseconds per image of each recognizer, forward and forward + backward: `python benchmarks/recognizers.py`.

The backward pass goes to the image. A recognizer works in float32 unless it is told to follow autocast, as it is for
bfloat16. Each number is the fastest of several rounds; on a CPU it is processor time, all threads together, so that
other work on the machine matters little.
"""

import platform
import time
from collections.abc import Callable

import torch
import typer
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from lrfr import recognizers


def fastest(work: Callable[[], object], device: torch.device, rounds: int) -> float:
    """Seconds of the fastest of `rounds` calls, after one to warm up."""
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    times = []
    for _ in range(rounds + 1):
        start = clock()
        work()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(clock() - start)
    return min(times[1:])


def forward(network: nn.Module, images: Tensor) -> None:
    with torch.no_grad():
        network(images)


def backward(network: nn.Module, images: Tensor) -> None:
    images = images.detach().requires_grad_()
    network(images).square().sum().backward()


def main(
    names: str = "dlib,sface,mobilefacenet", batch: int = 16, threads: int = 1, rounds: int = 5, device: str = "cpu"
) -> None:
    """Measure and print a table."""
    torch.set_num_threads(threads)
    place = torch.device(device)
    images = torch.rand(batch, 3, 112, 112, device=place)
    what = torch.cuda.get_device_name(place) if place.type == "cuda" else f"{platform.machine()}, {threads} thread(s)"
    table = Table("network", "precision", "forward", "forward + backward", title=f"ms per image, batch {batch}, {what}")
    for name in names.split(","):
        recognizer = recognizers.load(name, device)  # type: ignore[arg-type]
        for precision in ("float32", "bfloat16"):
            recognizer.follow_autocast = precision == "bfloat16"
            row = []
            with torch.autocast(place.type, torch.bfloat16, enabled=precision == "bfloat16"):
                for work in (forward, backward):
                    seconds = fastest(lambda w=work, r=recognizer: w(r, images), place, rounds)  # type: ignore[misc]
                    row.append(f"{seconds / batch * 1000:.2f}")
            table.add_row(name, precision, *row)
    Console().print(table)


if __name__ == "__main__":
    typer.run(main)
