"""How is a step repeated? One loop on Lightning Fabric for every paper: precision, devices, log, checkpoint, resume.

A paper's file builds its networks and hands over a function that does one step; this loop knows no paper. A run is a
folder with ``settings.json``, ``metrics.jsonl``, ``weights.safetensors`` (the result) and ``state.ckpt`` (to resume).
Everything random in a step is drawn from its number, so that an interrupted run ends in the same bits as an undisturbed
one (same machine, same library versions, fp32 on a CPU; tested).
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from lrfr.errors import LrfrError, OutOfRange
from lrfr.files import clear, read_json, replacing, write_json, write_text
from lrfr.hardware import hardware, multiplies_bfloat16
from lrfr.progress import track

if TYPE_CHECKING:
    from lightning.fabric import Fabric


#: How often a training looks at its validation faces.
VALIDATIONS = 20
#: Ends the sentence about a damaged file of a run.
AGAIN = "remove its folder to start again"
#: In the folder of a run that ended at a loss or weight that is no number, or at faces far outside [0, 1]: the step,
#: and what it was.
DIVERGED = "diverged.json"


@dataclass(frozen=True)
class Schedule:
    """How long and how fast.

    Attributes:
        steps: optimiser steps.
        batch_size: images a step, over all devices.
        learning_rate: at its highest.
        decay: ``"cosine"`` (to 2 % of the highest), ``"constant"``, or ``"steps"`` (by ``factor`` at each milestone).
        warmup: steps of linear rise.
        milestones: steps at which ``"steps"`` lowers the rate.
        factor: of each lowering.
        seed: of start weights, data order and every draw.
        precision: as Fabric names it: ``"32-true"`` or ``"bf16-mixed"``; see :attr:`effective`.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``.
        checkpoint_every: steps between two writes of ``state.ckpt``.
        log_every: steps that one line of ``metrics.jsonl`` averages; a line is also written before each checkpoint.
    """

    steps: int
    batch_size: int = 16
    learning_rate: float = 1e-4
    decay: str = "cosine"
    warmup: int = 0
    milestones: tuple[int, ...] = ()
    factor: float = 0.1
    seed: int = 0
    precision: str = "bf16-mixed"
    device: str = "auto"
    checkpoint_every: int = 200
    log_every: int = 20

    def __post_init__(self) -> None:
        """Refuse what is no schedule."""
        if self.decay not in ("cosine", "constant", "steps"):
            raise LrfrError(
                f"A learning rate decays by 'cosine' or in 'steps' or stays 'constant', not by '{self.decay}'."
            )
        if (self.decay == "steps") != bool(self.milestones) or not 0 < self.factor <= 1:
            raise LrfrError(
                "A rate that falls in 'steps', and no other, has milestones and a factor of at most 1; found decay "
                f"'{self.decay}', milestones {self.milestones} and factor {self.factor}."
            )
        least = min(self.steps, self.batch_size, self.checkpoint_every, self.log_every, self.warmup + 1)
        if least < 1 or not self.learning_rate > 0:
            raise LrfrError(f"A training needs positive steps, batch size, intervals and learning rate, not {self}.")

    @property
    def effective(self) -> str:
        """The precision that it runs in here: fp32 on a processor without matrix units for bfloat16.

        There bfloat16 would be imitated: with AVX2 alone a convolution takes 25 times as long as in fp32.
        """
        on_processor = self.device == "cpu" or (self.device == "auto" and not torch.cuda.is_available())
        return "32-true" if on_processor and not multiplies_bfloat16() else self.precision

    def rate(self, step: int) -> float:
        """Learning rate of step ``step`` (0-based)."""
        if step < self.warmup:
            return self.learning_rate * (step + 1) / self.warmup
        if self.decay != "cosine":
            return self.learning_rate * self.factor ** sum(step >= m for m in self.milestones)
        done = (step - self.warmup) / max(1, self.steps - self.warmup)
        return self.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))

    def fabric(self) -> Fabric:
        """Fabric for this schedule, with every generator seeded; under torchrun it joins the other processes."""
        from lightning.fabric import Fabric  # here: it takes seconds to import, and measuring does not need it

        world = int(os.environ.get("WORLD_SIZE", 1))
        here = int(os.environ.get("LOCAL_WORLD_SIZE", world))
        fabric = Fabric(
            accelerator=self.device,
            strategy="ddp" if world > 1 else "auto",
            devices=here,
            num_nodes=world // here,
            precision=self.effective,  # type: ignore[arg-type]
        )
        fabric.launch()
        fabric.seed_everything(self.seed, verbose=False)
        return fabric


@dataclass(frozen=True)
class Batches:
    """Which images a step sees: epochs of seeded permutations; every draw depends on (seed, step) alone.

    Args:
        count: images in the set.
        batch_size: images a step over all processes; the last, smaller batch of an epoch is dropped.
        seed: of the permutations and flips.
        rank, world: this process and how many there are; each takes its share of every batch.
    """

    count: int
    batch_size: int
    seed: int = 0
    rank: int = 0
    world: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn."""
        if not 0 < self.batch_size <= self.count:
            raise LrfrError(f"A batch of {self.batch_size} cannot be drawn from {self.count} images.")
        if self.batch_size % self.world:  # gradients are averaged over the processes, whatever their shares
            raise LrfrError(f"A batch of {self.batch_size} cannot be shared equally by {self.world} processes.")

    def __call__(self, step: int) -> tuple[np.ndarray, np.ndarray]:
        """Positions (int64) and horizontal flips (bool) of the images of step ``step``."""
        epoch, place = divmod(step, self.count // self.batch_size)
        order, flips = _epoch(self.count, self.seed, epoch)
        here = slice(place * self.batch_size + self.rank, (place + 1) * self.batch_size, self.world)
        return order[here], flips[here]

    def generator(self, step: int) -> torch.Generator:
        """For further draws of step ``step`` (CPU)."""
        return torch.Generator().manual_seed(hash((self.seed, self.rank, step)) & 0x7FFFFFFF)


@lru_cache(maxsize=4)
def _epoch(count: int, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng((seed, epoch))
    return rng.permutation(count), rng.random(count) < 0.5


def descend(fabric: Fabric, optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    """One plain optimiser step on ``loss``."""
    optimizer.zero_grad(set_to_none=True)
    fabric.backward(loss)
    optimizer.step()


def provenance(fabric: Fabric) -> dict[str, Any]:
    """Library versions and hardware of a run, without names of machines or paths."""
    return {
        "torch": torch.__version__,
        "device": fabric.device.type,
        "hardware": hardware(fabric.device.type),
        "threads": torch.get_num_threads(),
    }


def save_weights(module: nn.Module, path: Path, half: bool = False, notes: Mapping[str, str] | None = None) -> None:
    """State of a module as safetensors, whole or not at all; fp16 where ``half``."""
    state = {k: v.detach().cpu().contiguous() for k, v in module.state_dict().items()}
    if half:
        state = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    with replacing(path) as part:
        save_file(state, part, metadata=dict(notes or {}))
        part.chmod(0o644)  # safetensors writes for the owner alone


def load_weights(module: nn.Module, path: Path) -> nn.Module:
    """Fill ``module`` from a safetensors file (fp16 is widened).

    Raises:
        LrfrError: no such file, a damaged file, or weights of another network.
    """
    if not path.is_file():
        raise LrfrError(f"Expected weights at {path}, found none: train them or fetch the checkout's data/checkpoints.")
    try:
        state = load_file(path)
        module.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()})
    except SafetensorError as error:
        raise LrfrError(f"{path} is damaged ({error}): fetch or train it again.") from None
    except RuntimeError as error:
        first = str(error).strip().splitlines()[-1].strip()
        raise LrfrError(f"{path} holds the weights of another network than asked for ({first}).") from None
    return module


def settings_of(weights: Path) -> dict[str, Any]:
    """The settings that stand beside weights: ``<name>.json`` of shipped ones, ``settings.json`` of a run's.

    Raises:
        LrfrError: neither is there, or it is damaged.
    """
    beside = [weights.with_suffix(".json"), weights.parent / "settings.json"]
    found = [path for path in beside if path.is_file()]
    if not found:
        raise LrfrError(f"Expected the settings of {weights.name} beside it ({beside[0].name}), found none.")
    written = read_json(found[0], "fetch or train it again")
    return written.get("settings", written)


@dataclass
class Progressing:
    """What a run owns while it goes on: the networks and optimisers that a checkpoint must hold."""

    modules: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]

    def state(self, step: int) -> dict[str, Any]:
        """Everything needed to go on after ``step`` steps."""
        return {
            "step": step,
            "modules": {k: _plain(m).state_dict() for k, m in self.modules.items()},
            "optimizers": {k: o.state_dict() for k, o in self.optimizers.items()},
        }

    def restore(self, path: Path) -> int:
        """Load a checkpoint; returns the number of steps done.

        Raises:
            LrfrError: the file is damaged or of other networks.
        """
        try:
            state = torch.load(path, map_location="cpu", weights_only=True)
            for key, module in self.modules.items():
                _plain(module).load_state_dict(state["modules"][key])
            for key, optimizer in self.optimizers.items():
                optimizer.load_state_dict(state["optimizers"][key])
            return int(state["step"])
        except Exception as error:
            raise LrfrError(f"{path} cannot be resumed ({type(error).__name__}): {AGAIN}.") from None


def _plain(module: nn.Module) -> nn.Module:
    return getattr(module, "module", module)


def fit(
    folder: Path,
    settings: Any,
    schedule: Schedule,
    fabric: Fabric,
    running: Progressing,
    step: Callable[[int], dict[str, torch.Tensor]],
    result: str = "model",
    validate: Callable[[], dict[str, float]] | None = None,
    derived: Mapping[str, float] | None = None,
) -> Path:
    """Repeat ``step`` until ``schedule.steps``; resume where ``folder`` holds a checkpoint of the same settings.

    Args:
        folder: of the run.
        settings: dataclass, written to ``settings.json``; a folder of other settings is refused.
        schedule: how long and how fast.
        fabric: from :meth:`Schedule.fabric`.
        running: networks and optimisers; their learning rates are set here, before each step.
        step: does step ``i`` and returns scalars to log (they stay on the device until a line is written). Of several
            processes the mean is logged.
        result: which of ``running.modules`` becomes ``weights.safetensors``.
        validate: looks at faces that are not trained on; called about ``VALIDATIONS`` times, evenly, last at the
            end, and what it returns stands in that step's line of the log.
        derived: numbers that no setting names because they were computed from the training faces, such as a margin;
            kept beside the provenance.

    Returns:
        Path of ``weights.safetensors``.

    Raises:
        LrfrError: other settings in ``folder``, a damaged checkpoint, a loss or weight that is no number, or SR
            faces far outside [0, 1].
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights, checkpoint, log = folder / "weights.safetensors", folder / "state.ckpt", folder / "metrics.jsonl"
    _same_settings(folder / "settings.json", settings, fabric)
    if weights.is_file():
        return weights
    start = running.restore(checkpoint) if checkpoint.is_file() else 0
    if fabric.is_global_zero:
        (folder / DIVERGED).unlink(missing_ok=True)
        _trim(log, start)
        clear(folder)
        made = provenance(fabric) | {"precision": schedule.effective, "derived": dict(derived or {})}
        write_json(folder / "provenance.json", made)
    base = {k: [g["lr"] / schedule.learning_rate for g in o.param_groups] for k, o in running.optimizers.items()}
    if start:
        base = {k: [g["initial"] for g in o.param_groups] for k, o in running.optimizers.items()}
    for key, optimizer in running.optimizers.items():
        for group, factor in zip(optimizer.param_groups, base[key], strict=True):
            group["initial"] = factor
    sums: dict[str, torch.Tensor] = {}
    counted = 0
    began = time.perf_counter()
    with track(folder.name, schedule.steps, "steps") as advance:
        advance(start)
        for index in range(start, schedule.steps):
            for optimizer in running.optimizers.values():
                for group in optimizer.param_groups:
                    group["lr"] = group["initial"] * schedule.rate(index)
            try:
                parts = step(index)
            except OutOfRange as error:
                if not index:  # no step was taken: the faces themselves are wrong
                    raise
                raise _diverged(f"A face of {folder.name} is far outside [0, 1]", index + 1, folder, fabric) from error
            for key, value in parts.items():
                value = value.detach().float()
                sums[key] = sums[key] + value if key in sums else value
            advance(1)
            done, counted = index + 1, counted + 1
            last, saves = done == schedule.steps, done % schedule.checkpoint_every == 0
            looks = validate is not None and (last or done % max(1, schedule.steps // VALIDATIONS) == 0)
            # A line before each checkpoint and at the end: a run that goes on writes the same lines, and what is no
            # number is never kept.
            if done % schedule.log_every == 0 or saves or last or looks:
                speed = schedule.batch_size * counted / (time.perf_counter() - began)
                seen = {key: float(value) / counted for key, value in _of_all(sums, fabric).items()}
                _check_values(seen, folder, done, fabric)
                if validate is not None and looks:
                    _check_weights(running, folder, done, fabric)
                    seen |= _looked(validate, folder, done, fabric)
                if fabric.is_global_zero:
                    _log(log, done, seen, schedule, speed)
                sums, counted, began = {}, 0, time.perf_counter()
            if saves or last:
                _check_weights(running, folder, done, fabric)
            if saves and not last and fabric.is_global_zero:
                with replacing(checkpoint) as part:
                    torch.save(running.state(done), part)
    if fabric.is_global_zero:
        save_weights(_plain(running.modules[result]), weights)
        checkpoint.unlink(missing_ok=True)
    fabric.barrier()
    return weights


def finished(folder: Path, settings: Any) -> Path | None:
    """Weights of a run that is already done with these settings, else None.

    Raises:
        LrfrError: its settings are damaged.
    """
    weights, written = folder / "weights.safetensors", folder / "settings.json"
    done = weights.is_file() and written.is_file() and read_json(written, AGAIN) == as_dict(settings)
    return weights if done else None


def as_dict(settings: Any) -> dict[str, Any]:
    """Dataclass to what JSON gives back (tuples become lists), so that both can be compared."""
    return json.loads(json.dumps(dataclasses.asdict(settings), default=str))


def differing(found: Mapping[str, Any], mine: Mapping[str, Any]) -> list[str]:
    """The sorted keys by which two records differ, a missing one included."""
    return sorted(k for k in {*found, *mine} if k not in found or k not in mine or found[k] != mine[k])


def _same_settings(path: Path, settings: Any, fabric: Fabric) -> None:
    mine = as_dict(settings)
    if path.is_file():
        found = read_json(path, AGAIN)
        if other := differing(found, mine):
            raise LrfrError(
                f"{path.parent} holds a run with other settings ({', '.join(other)}): "
                "give this run another folder or remove that one."
            )
    elif fabric.is_global_zero:
        write_json(path, mine)


def _trim(log: Path, steps: int) -> None:
    """Drop lines after the checkpoint: they are written again."""
    if log.is_file():
        lines = [
            line for line in log.read_text().splitlines() if line.endswith("}") and json.loads(line)["step"] <= steps
        ]
        write_text(log, "".join(line + "\n" for line in lines))


def _diverged(what: str, step: int, folder: Path, fabric: Fabric) -> LrfrError:
    """Why a run ends here; kept in its folder, because that a training diverges is a result too."""
    if fabric.is_global_zero:
        write_json(folder / DIVERGED, {"step": step, "what": what})
    return LrfrError(
        f"{what} at step {step}: training has diverged; "
        "lower the learning rate, or train in fp32 (precision '32-true')."
    )


def _check_weights(running: Progressing, folder: Path, step: int, fabric: Fabric) -> None:
    """A step may break the weights after its own loss was fine."""
    for module in running.modules.values():
        for key, value in _plain(module).state_dict().items():
            if value.is_floating_point() and not bool(value.isfinite().all()):
                raise _diverged(f"The weight {key} of {folder.name} is no number", step, folder, fabric)


def _of_all(sums: dict[str, torch.Tensor], fabric: Fabric) -> dict[str, torch.Tensor]:
    """The mean over the processes, each of which sees its share of a batch alone; so all of them raise, or none."""
    if fabric.world_size == 1:
        return sums
    own = torch.stack([value.to(fabric.device) for value in sums.values()])
    return dict(zip(sums, fabric.all_reduce(own, reduce_op="mean"), strict=True))  # type: ignore[arg-type]


def _check_values(values: Mapping[str, float], folder: Path, step: int, fabric: Fabric) -> None:
    for key, value in values.items():
        if not math.isfinite(value):
            raise _diverged(f"The {key} of {folder.name} is {value}", step, folder, fabric)


def _looked(validate: Callable[[], dict[str, float]], folder: Path, step: int, fabric: Fabric) -> dict[str, float]:
    """What a look at validation faces finds; weights that are numbers may still make faces that are none."""
    try:
        found = validate()
    except OutOfRange as error:
        raise _diverged(f"A validation face of {folder.name} is far outside [0, 1]", step, folder, fabric) from error
    _check_values(found, folder, step, fabric)
    return found


def _log(path: Path, step: int, values: Mapping[str, float], schedule: Schedule, speed: float) -> None:
    row = {"step": step, "learning_rate": schedule.rate(step - 1), "images_per_second": round(speed, 2), **values}
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")
