"""What an upsampler or a recogniser costs: parameters, floating point operations and time for one face."""

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lrfr import assets, measure, methods
from lrfr.alignment import SIZE
from lrfr.networks import generators, realesrgan
from lrfr.recognizers import Recognizer
from lrfr.training import settings_of

#: Rows of costs are named so in the results; they hang on no set.
SET, PROTOCOL = "any", "cost"
_BATCH, _ROUNDS = 8, 5


def generator_parameters(weights: Path | None) -> int:
    """Learnt numbers of a trained generator, from the settings beside its weights; of Real-ESRGAN without a path."""
    if weights is None:
        return _parameters(realesrgan.load(assets.path("realesrgan")))
    return generators.parameters(generators.of_training(settings_of(weights)))


def _parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def measured(work: Callable[[torch.Tensor], object], example: torch.Tensor) -> dict[str, float]:
    """GFLOPs (a multiplication and an addition are two) and ms for one image of a batch.

    The time is the processor's, all threads together: the fastest of some rounds, so that other work on the machine
    matters little.

    Args:
        work: what is called, without gradient.
        example: a batch.
    """
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        work(example[:1])
    seconds = []
    with torch.no_grad():
        for _ in range(_ROUNDS + 1):
            start = time.process_time()
            work(example)
            seconds.append(time.process_time() - start)
    return {"gflops": counter.get_total_flops() / 1e9, "ms": min(seconds[1:]) / len(example) * 1000}


def upsampler_rows(method: methods.Method, parameters: int) -> pd.DataFrame:
    """``parameters``, ``gflops`` and ``ms`` of one upsampler, in float32."""
    example = torch.rand(_BATCH, 3, method.px, method.px, generator=torch.Generator().manual_seed(0))
    return _rows(method, "", {"parameters": float(parameters)} | measured(method.enlarge, example))


def recognizer_rows(recognizer: Recognizer) -> pd.DataFrame:
    """The same of a recogniser that sees an HR face."""
    example = torch.rand(_BATCH, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    found = {"parameters": float(_parameters(recognizer))} | measured(recognizer, example)
    return _rows(methods.hr(), recognizer.name, found)


def _rows(method: methods.Method, recognizer: str, found: dict[str, float]) -> pd.DataFrame:
    key = [SET, PROTOCOL, method.name, method.px, 0, recognizer, ""]
    nothing = float("nan")
    return pd.DataFrame([[*key, k, v, nothing, nothing, 1] for k, v in found.items()], columns=measure.COLUMNS)
