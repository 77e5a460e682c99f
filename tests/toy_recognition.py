"""What the tests of recorded results share: a quick face network, and pairs of a small set."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lrfr import recognizers, record
from lrfr.datasets import FaceDataset
from lrfr.evaluation import quality
from lrfr.measure import Pairs


class Corners(nn.Module):
    """A quick face network: the means of sixteen squares of the picture, minus their mean."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        squares = nn.functional.avg_pool2d(images, 28).flatten(1)
        return self.scale * (squares - squares.mean(1, keepdim=True))


class Halves(Corners):
    """Four squares instead of sixteen: it sees less."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        squares = nn.functional.avg_pool2d(images, 56).flatten(1)
        return self.scale * (squares - squares.mean(1, keepdim=True))


def corners(name: str = "corners", distance: str = "cosine") -> recognizers.Recognizer:
    return recognizers.Recognizer(name, Corners(), 48, distance)  # type: ignore[arg-type]


def halves(name: str = "halves") -> recognizers.Recognizer:
    return recognizers.Recognizer(name, Halves(), 12, "cosine")


def some_pairs(faces: FaceDataset, folds: int = 0) -> Pairs:
    """All genuine pairs and a seventh of the impostors; in so many folds, or without."""
    first, second = np.triu_indices(len(faces), 1)
    genuine = faces.labels[first] == faces.labels[second]
    keep = genuine | ((first + 3 * second) % 7 == 0)
    fold = np.arange(keep.sum()) % folds if folds else None
    return Pairs(first[keep], second[keep], genuine[keep], fold)


def own_results(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Results are written to a folder of the test's own, without asking git."""
    monkeypatch.setattr(record, "path", lambda paper: folder / f"{paper}.csv")
    monkeypatch.setattr(record, "commit", lambda: "0123456789")


def no_lpips(monkeypatch: pytest.MonkeyPatch) -> None:
    """LPIPS is 0 for all pictures: its network takes seconds."""
    monkeypatch.setattr(quality, "lpips", lambda a, b, *_: torch.zeros(len(a)))
