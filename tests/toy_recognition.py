"""What the tests of recorded results share: a quick face network, and pairs of a small set."""

import numpy as np
import torch
from torch import nn

from lrfr import recognizers
from lrfr.datasets import FaceDataset
from lrfr.measure import Pairs


class Corners(nn.Module):
    """A quick face network: the means of sixteen squares of the picture, minus their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        squares = nn.functional.avg_pool2d(images, 28).flatten(1)
        return self.scale * (squares - squares.mean(1, keepdim=True))


def corners(name: str = "corners", distance: str = "cosine") -> recognizers.Recognizer:
    return recognizers.Recognizer(name, Corners(), 48, distance)  # type: ignore[arg-type]


def some_pairs(faces: FaceDataset, folds: int = 0) -> Pairs:
    """All genuine pairs and a seventh of the impostors; in so many folds, or without."""
    first, second = np.triu_indices(len(faces), 1)
    genuine = faces.labels[first] == faces.labels[second]
    keep = genuine | ((first + 3 * second) % 7 == 0)
    fold = np.arange(keep.sum()) % folds if folds else None
    return Pairs(first[keep], second[keep], genuine[keep], fold)
