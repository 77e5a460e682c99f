"""Combining behind the recogniser: embeddings averaged over upsamplers, similarities averaged over recognisers."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from lrfr import methods
from lrfr.datasets import FaceDataset
from lrfr.errors import LrfrError
from lrfr.measure import Measured, Pairs
from lrfr.methods import Method
from lrfr.recognizers import Distance, Recognizer


def unit(embeddings: np.ndarray) -> np.ndarray:
    """``N x D``, each of length 1."""
    return embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)


def average(seen: Sequence[np.ndarray], distance: Distance) -> np.ndarray:
    """The mean of several embeddings of the same faces; one alone is left as it is.

    Args:
        seen: ``N x D`` each.
        distance: of the recogniser. Where it is the cosine, each embedding has length 1 first, so that all count
            alike, and the mean has length 1 again. Euclidean embeddings are points: their length is a part of them.
    """
    if len(seen) == 1:
        return seen[0]
    if distance == "cosine":
        return unit(np.mean([unit(one) for one in seen], axis=0))
    return np.mean(seen, axis=0)


class Fused(Recognizer):
    """Recognisers with angular similarity as one: the mean of their z-normed similarities.

    A z-norm takes the impostors' mean away and divides by their standard deviation. The means move all similarities
    alike, which moves no ROC curve; what is left, scaled to [-1, 1], is the cosine of all embeddings side by side,
    each of a length that is the root of 1 / its deviation.
    """

    def __init__(self, parts: Sequence[Recognizer], spreads: Sequence[float]) -> None:
        """``spreads``: standard deviation of the impostors' similarities, one a recogniser; see :func:`spread`.

        Raises:
            LrfrError: a recogniser has another similarity than the cosine.
        """
        others = [p.name for p in parts if p.distance != "cosine"]
        if others:
            raise LrfrError(f"Expected recognisers whose similarity is the cosine, found {others[0]}: leave it out.")
        super().__init__(" + ".join(p.name for p in parts), nn.Identity(), sum(p.dim for p in parts), "cosine")
        self.parts = nn.ModuleList(parts)
        self.lengths = tuple(float(s) ** -0.5 for s in spreads)

    def forward(self, images: Tensor) -> Tensor:
        """As :meth:`Recognizer.forward`."""
        seen = [nn.functional.normalize(part(images)) for part in self.parts]
        return torch.cat([length * one for length, one in zip(self.lengths, seen, strict=True)], dim=1)

    def joined(self, embedded: Callable[[Recognizer], np.ndarray]) -> np.ndarray:
        """The same from what each recogniser has seen already, ``N x D``."""
        seen = [unit(embedded(part)) for part in self.parts]  # type: ignore[arg-type]
        return np.concatenate([length * one for length, one in zip(self.lengths, seen, strict=True)], axis=1)


def spread(recognizer: Recognizer, faces: FaceDataset, pairs: Pairs) -> float:
    """Standard deviation of the impostors' similarities among HR photographs."""
    whole, strangers = Measured(faces, methods.hr()).original(recognizer), ~pairs.genuine
    return float(recognizer.similarity(whole[pairs.first[strangers]], whole[pairs.second[strangers]]).std())


class Averaged(Measured):
    """The mean of what a recogniser sees of the same faces, each enlarged by several upsamplers.

    It stands where a `Measured` does, before fused recognisers too; it has embeddings and no picture.
    """

    def __init__(self, name: str, parts: Sequence[Measured]) -> None:
        """``parts``: of one set at one size; what they have embedded is taken from them."""
        super().__init__(parts[0].dataset, Method(name, parts[0].method.px, no_picture))
        self.parts = tuple(parts)

    def embedded(self, recognizer: Recognizer) -> np.ndarray:
        """The mean embeddings, ``N x D``."""
        if recognizer not in self._seen:
            self._seen[recognizer] = (
                recognizer.joined(self.embedded)
                if isinstance(recognizer, Fused)
                else average([part.embedded(recognizer) for part in self.parts], recognizer.distance)
            )
        return self._seen[recognizer]

    def original(self, recognizer: Recognizer) -> np.ndarray:
        """Embeddings of the HR faces, ``N x D``."""
        if isinstance(recognizer, Fused):
            return recognizer.joined(self.original)
        return self.parts[0].original(recognizer)


def no_picture(lr: Tensor) -> Tensor:
    """What a `Method` has in the place of an upsampler where there is none.

    Raises:
        LrfrError: always.
    """
    raise LrfrError("Averaged embeddings show no picture: restore the faces by one of the upsamplers.")
