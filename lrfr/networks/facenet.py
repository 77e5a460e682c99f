"""FaceNet: facenet-pytorch's InceptionResnetV1 with its VGGFace2 weights.

Papers 001 (frloss), 002 (ipfsrgan) and 000 (ftlgan) look through it. Its weights lie in no package: they are taken
from torch's cache of checkpoints, or fetched from facenet-pytorch's release page. There is never a random network.
"""

from pathlib import Path
from typing import Literal

import torch
from torch import Tensor, nn

from lrfr import assets
from lrfr.degradation import resize
from lrfr.errors import LrfrError
from lrfr.optional import require

RELEASE = "https://github.com/timesler/facenet-pytorch/releases/download/v2.2.9/20180402-114759-vggface2.pt"

SIDE = 160
"""Side of its input in pixels."""

Standardise = Literal["image", "fixed"]


class Input(nn.Module):
    """N x 3 x 112 x 112 in [0, 1] -> N x 3 x 160 x 160, enlarged by plain bicubic and standardised."""

    def __init__(self, standardise: Standardise = "image") -> None:
        """ "image" divides each image by its own spread, as paper 001 and the first FaceNet do; "fixed" uses 128 grey
        levels about 127.5, as facenet-pytorch does.
        """
        super().__init__()
        if standardise not in ("image", "fixed"):
            raise LrfrError(f"Expected standardise 'image' or 'fixed', found {standardise!r}.")
        self.standardise = standardise

    def forward(self, x: Tensor) -> Tensor:
        """Enlarge and standardise."""
        x = resize(x, SIDE, "bicubic", antialias=False)
        return whiten(x) if self.standardise == "image" else (x * 255 - 127.5) / 128


def whiten(x: Tensor) -> Tensor:
    """Subtract each image's mean and divide by its standard deviation, over all pixels and channels.

    A plain image is divided by 1 / (255 sqrt(count)) instead of by 0: one grey level's floor, as FaceNet's code has it.
    """
    count = x[0].numel()
    spread = x.std(dim=(1, 2, 3), correction=0, keepdim=True).clamp_min(1 / (255 * count**0.5))
    return (x - x.mean(dim=(1, 2, 3), keepdim=True)) / spread


def load(path: Path | None = None) -> nn.Module:
    """The network, frozen, in evaluation mode: N x 3 x 160 x 160 -> N x 512 of unit length.

    Raises:
        LrfrError: facenet-pytorch is not installed, or the weights are neither at `path` (by default in torch's
            cache of checkpoints) nor to be had, or are no such weights.
    """
    network: nn.Module = require("facenet_pytorch", "faces").InceptionResnetV1(pretrained=None, classify=False)
    path = path or fetched()
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        network.load_state_dict({k: v for k, v in state.items() if not k.startswith("logits.")})
    # A file that is none, holds other tensors or more than tensors fails in as many ways.
    except Exception as error:
        own = path == assets.location(assets.get("facenet"))
        advice = f"delete it and put the file from {RELEASE} there" if own else f"give the file from {RELEASE}"
        raise LrfrError(
            f"{path} should hold FaceNet's VGGFace2 weights, but it could not be read ({type(error).__name__}): "
            f"{advice}."
        ) from error
    network.requires_grad_(False).eval()
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def fetched() -> Path:
    """The weight file in torch's cache of checkpoints, downloaded if it is absent.

    Raises:
        LrfrError: it is absent and the release page cannot be reached.
    """
    path = assets.location(assets.get("facenet"))
    # The release page publishes no hash; what is fetched is read as tensors alone and has to fit the network.
    if not path.is_file():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(RELEASE, str(path), progress=False)  # writes elsewhere, then renames
        except OSError as error:
            raise LrfrError(
                f"FaceNet needs its VGGFace2 weights, which lie in no package and could not be downloaded ({error}): "
                f"put the file from {RELEASE} at {path}."
            ) from None
    return path
