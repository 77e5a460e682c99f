"""Weights that lie in no package: the file of an authors' release, at a path the reader gives."""

from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from lrfr.errors import LrfrError

Network = TypeVar("Network", bound=nn.Module)


def fill(network: Network, path: Path | None, name: str, advice: str, classifier: str) -> Network:
    """Fill `network` from a file and freeze it, in evaluation mode; nothing but weights is unpickled.

    Args:
        network: to be filled, every tensor of it.
        path: safetensors, or what torch saved (.pth, .pth.tar), perhaps under "state_dict" and "module.".
        name: the network's, for the message.
        advice: the message's end: where the authors publish the weights and what to pass.
        classifier: first letters of the layer that told the training's people apart, which is left out.

    Raises:
        LrfrError: no path, no such file, or a file that holds something else.
    """
    if path is None:
        raise LrfrError(f"{name} needs its weights, which lie in no package: {advice}")
    if not path.is_file():
        raise LrfrError(f"There is no file {path} with the weights of {name}: {advice}")
    try:
        if path.suffix == ".safetensors":
            state = load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
            state = state.get("state_dict", state)
        network.load_state_dict(_plain(state, classifier))
    # A file that is none, holds other tensors or more than tensors fails in as many ways.
    except Exception as error:
        raise LrfrError(
            f"{path} should hold the weights of {name}, but it could not be read ({type(error).__name__}): {advice}"
        ) from error
    network.requires_grad_(False).eval()
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _plain(state: dict[str, Tensor], classifier: str) -> dict[str, Tensor]:
    names = {key.removeprefix("module."): value for key, value in state.items()}
    return {key: value for key, value in names.items() if not key.startswith(classifier)}
