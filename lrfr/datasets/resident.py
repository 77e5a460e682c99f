"""Faces that stay on the training device: pixels moved once, embeddings of the frozen network computed once."""

import numpy as np
import torch

from lrfr import embeddings
from lrfr.datasets.base import FaceDataset, to_tensor
from lrfr.errors import LrfrError
from lrfr.networks.vgg import VGG19
from lrfr.recognizers import Recognizer


class Faces:
    """HR faces on the training device and, where a recogniser judges, the embeddings of each and of its mirror image.

    Attributes:
        pixels: uint8, ``N x 3 x 112 x 112``; None where they stay on disk.
        labels: int64, ``N``; one number a person.
        embeddings: ``2 x N x D``, of the faces as they are and of their mirror images; None without recogniser.
    """

    def __init__(
        self,
        dataset: FaceDataset,
        device: torch.device,
        recognizer: Recognizer | None = None,
        on_disk: bool = False,
    ) -> None:
        """Move all faces to ``device`` and embed them once where there is a ``recognizer``.

        ``on_disk`` leaves the pixels where they are and reads each batch from the set's memory map: CASIA-WebFace is 19
        GB, MS1M ten times that.
        """
        self.device = device
        self._images = dataset.images
        self.pixels: torch.Tensor | None = None
        if not on_disk:
            self.pixels = torch.from_numpy(np.ascontiguousarray(dataset.images.transpose(0, 3, 1, 2))).to(device)
        self.labels = torch.from_numpy(dataset.labels).to(device)
        self.embeddings: torch.Tensor | None = None
        if recognizer is not None:
            both = [embeddings.cached(recognizer, images) for images in (dataset.images, dataset.images[:, :, ::-1])]
            self.embeddings = torch.from_numpy(np.stack(both)).to(device)

    def hr(self, index: np.ndarray, flip: np.ndarray) -> torch.Tensor:
        """``B x 3 x 112 x 112`` in [0, 1]; mirrored where ``flip``."""
        if self.pixels is None:
            images = to_tensor(np.asarray(self._images[index])).to(self.device)
        else:
            images = self.pixels[torch.from_numpy(index).to(self.device)].float().div_(255)
        mirrored = torch.from_numpy(flip).to(images.device)[:, None, None, None]
        return torch.where(mirrored, images.flip(3), images)

    def sample(self, most: int, seed: int) -> torch.Tensor:
        """At most ``most`` faces drawn at random, ``N x 3 x 112 x 112`` in [0, 1]."""
        index = np.random.default_rng(seed).permutation(len(self.labels))[:most]
        return self.hr(index, np.zeros(len(index), bool))

    def embedded(self, index: np.ndarray, flip: np.ndarray) -> torch.Tensor:
        """Embeddings (``B x D``) of the faces ``index``, mirrored where ``flip``."""
        assert self.embeddings is not None, "made without a recogniser"
        device = self.embeddings.device
        return self.embeddings[torch.from_numpy(flip.astype(np.int64)).to(device), torch.from_numpy(index).to(device)]

    def target(self, kind: str, index: np.ndarray, flip: np.ndarray, generator: torch.Generator) -> torch.Tensor:
        """Embeddings (``B x D``) that SR faces shall resemble.

        Args:
            kind: ``"same"`` photograph, ``"other"`` photograph of the same person, or the identity's ``"centroid"``.
            index, flip: of the faces.
            generator: of the draw of another photograph (CPU).
        """
        if kind == "same":
            return self.embedded(index, flip)
        assert self.embeddings is not None, "made without a recogniser"
        device = self.embeddings.device
        rows = torch.from_numpy(index).to(device)
        same_person = self.labels[None, :] == self.labels[rows][:, None]
        if kind == "centroid":
            weights = same_person.float()
            return (weights / weights.sum(1, keepdim=True)) @ self.embeddings.mean(0)
        same_person[torch.arange(len(rows)), rows] = False
        lonely = ~same_person.any(1)
        same_person[lonely, rows[lonely]] = True  # a person with one photograph is their own other
        draw = torch.rand(same_person.shape, generator=generator).to(device)
        sides = torch.from_numpy(flip.astype(np.int64)).to(device)
        return self.embeddings[sides, torch.where(same_person, draw, -1.0).argmax(1)]


def onlookers(
    dataset: FaceDataset,
    device: torch.device,
    recognizer: Recognizer | None,
    vgg: VGG19 | None,
    identity: float,
    perceptual: float,
) -> tuple[Faces, Recognizer | None, VGG19 | None]:
    """Faces on the training device and, there too, the frozen networks whose losses weigh anything.

    Args:
        dataset: HR faces.
        device: of the training.
        recognizer: sees who the faces show, for a loss of weight ``identity``.
        vgg: sees what the pictures show, for a loss of weight ``perceptual``.
        identity, perceptual: weights; a network whose loss weighs 0 is left out.

    Returns:
        Faces (embedded where there is a recogniser), recogniser or None, VGG19 or None.

    Raises:
        LrfrError: a network is missing.
    """
    if (identity and recognizer is None) or (perceptual and vgg is None):
        raise LrfrError(
            "A loss on identity needs a recogniser and the perceptual loss VGG19: give `recognizer` and `vgg`."
        )
    judge = recognizer.to(device) if identity and recognizer is not None else None
    eye = vgg.to(device) if perceptual and vgg is not None else None
    return Faces(dataset, device, judge), judge, eye
