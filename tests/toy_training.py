"""Faces of one colour and networks of one weight, so that a training step can be done by hand."""

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from lrfr.datasets import FaceDataset
from lrfr.recognizers import Recognizer

#: Grey levels of four faces: two of person a, two of person b.
COLOURS = np.array([[200, 100, 50], [160, 120, 40], [60, 80, 220], [40, 100, 180]], np.uint8)


def faces() -> FaceDataset:
    """Four faces, each of one colour all over."""
    images = np.broadcast_to(COLOURS[:, None, None, :], (4, 112, 112, 3)).copy()
    return FaceDataset("colours", images, pd.DataFrame({"file": list("1234"), "identity": list("aabb")}))


class Brighten(nn.Module):
    """Nearest enlargement to 112 px plus one learnt number, .1 at first."""

    def __init__(self, settings=None) -> None:
        super().__init__()
        self.settings = settings
        self.by = nn.Parameter(torch.tensor(0.1))

    def forward(self, lr: torch.Tensor) -> torch.Tensor:
        return F.interpolate(lr, (112, 112)) + self.by


class Red(nn.Module):
    """A discriminator whose logit is twice the mean of red; the 2 is learnt."""

    def __init__(self, settings=None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.weight * images[:, 0].mean((1, 2))


class Colour(nn.Module):
    """A face network whose embedding is the mean colour, times a frozen weight."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(3.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.weight * images.mean((2, 3))


class Doubled(nn.Module):
    """Perceptual features: the picture itself, doubled."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(2.0), requires_grad=False)

    def forward(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [self.weight * images]


def recogniser() -> Recognizer:
    return Recognizer("colour", Colour(), 3, "cosine")
