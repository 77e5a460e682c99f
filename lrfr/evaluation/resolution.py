"""What resolution does to embeddings: errors by dimension, a map of the points, how hard a network would learn.

logexp's Figs 6 (errors), 3c and 7 (maps) and 3b (gradients).
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from torch import Tensor

from lrfr.degradation import round_trip
from lrfr.errors import LrfrError
from lrfr.recognizers import Recognizer


def _unit(embeddings: np.ndarray) -> np.ndarray:
    return embeddings / np.linalg.norm(embeddings, axis=-1, keepdims=True)


def has_direction(embeddings: np.ndarray) -> bool:
    """Whether each embedding, ``N x D``, has a length that is neither 0 nor too large for its type to hold."""
    with np.errstate(over="ignore"):
        lengths = np.linalg.norm(embeddings, axis=-1)
    return bool(((lengths > 0) & np.isfinite(lengths)).all())


def errors(hr: np.ndarray, lr: np.ndarray) -> np.ndarray:
    """How far LR embeddings lie from those of the same HR faces, face by face and dimension by dimension.

    Args:
        hr, lr: embeddings, ``N x D`` each, of any length; row i of both shows one photograph.

    Returns:
        Absolute differences of the unit vectors, ``N x D``.

    Raises:
        LrfrError: the shapes differ.
    """
    if hr.shape != lr.shape or hr.ndim != 2:
        raise LrfrError(f"Expected embeddings of the same faces, N x D twice, found {hr.shape} and {lr.shape}.")
    return np.abs(_unit(hr) - _unit(lr))


def dimension_errors(hr: np.ndarray, lr: np.ndarray) -> np.ndarray:
    """Mean over faces of :func:`errors`, ``D`` numbers: what Fig. 6 shows the distribution of."""
    return errors(hr, lr).mean(0)


def centre_shift(hr: np.ndarray, lr: np.ndarray) -> float:
    """How far a resolution lies from HR as a whole: 0 where LR faces lie about the same centre (Fig. 7).

    Args:
        hr, lr: embeddings, ``N x D`` each, of any length.

    Returns:
        Distance of the two centres, as a share of the mean distance of HR faces from theirs.
    """
    large, small = _unit(hr), _unit(lr)
    centre = large.mean(0)
    spread = np.linalg.norm(large - centre, axis=1).mean()
    return float(np.linalg.norm(small.mean(0) - centre) / spread)


@dataclass(frozen=True)
class Map:
    """Embeddings of the same faces at several resolutions, in two dimensions.

    Attributes:
        points: ``R x N x 2``, R resolutions.
        centres: ``R x 2``, the mean of each resolution's points.
    """

    points: np.ndarray

    @property
    def centres(self) -> np.ndarray:
        """The larger points of the figures."""
        return self.points.mean(1)


def project(embeddings: np.ndarray, method: Literal["pca", "tsne"] = "pca", seed: int = 0) -> Map:
    """Embeddings of all resolutions in one map (Figs 3c and 7), fitted to all of them together.

    Args:
        embeddings: ``R x N x D``, of any length; they are brought to unit length first.
        method: ``"pca"`` (linear: distances of clusters mean something) or ``"tsne"`` (neighbourhoods only).
        seed: of t-SNE.

    Raises:
        LrfrError: another method, another shape, or too few points.
    """
    if embeddings.ndim != 3 or embeddings.shape[0] * embeddings.shape[1] < 4:
        raise LrfrError(f"Expected embeddings R x N x D of at least four points, found shape {embeddings.shape}.")
    resolutions, faces, _ = embeddings.shape
    flat = _unit(embeddings.reshape(resolutions * faces, -1).astype(np.float64))
    match method:
        case "pca":
            found = PCA(2, svd_solver="full").fit_transform(flat)
            found *= np.sign(found[np.abs(found).argmax(0), [0, 1]])  # an axis has no direction of its own
        case "tsne":
            perplexity = min(30.0, (len(flat) - 1) / 3)
            found = TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(flat)
        case _:
            raise LrfrError(f"A map is made by pca or tsne, not by {method!r}.")
    return Map(found.reshape(resolutions, faces, 2))


def gradient_norms(
    recognizer: Recognizer,
    hr: Tensor,
    sizes: Sequence[int],
    loss: Callable[[Tensor, Tensor, np.ndarray], Tensor],
    batch_size: int = 16,
) -> np.ndarray:
    """How large a step each resolution would ask of a network (Fig. 3b).

    "The gradient norm sum of the parameters ... after back-propagation for different resolution inputs": the norms of
    the gradients of all parameter tensors, added. Which loss it was, and which batch, the paper does not say.

    Args:
        recognizer: face network; a copy of it is differentiated.
        hr: ``N x 3 x 112 x 112`` in [0, 1].
        sizes: sides in pixels that the faces are reduced to (bicubic); 112 leaves them.
        loss: of the embeddings of LR and of HR faces (``B x D`` each, of any length) and the faces' positions in
            ``hr``: a scalar, mean over faces. The HR embeddings have no gradient.
        batch_size: faces whose gradients are taken together; norms of batches are averaged.

    Returns:
        One number a size.
    """
    network = copy.deepcopy(recognizer.network).requires_grad_(True).eval()
    parameters = [p for p in network.parameters() if p.numel()]
    parts = np.array_split(np.arange(len(hr)), max(1, len(hr) // batch_size))
    result = np.zeros(len(sizes))
    for part in parts:
        faces = hr[torch.from_numpy(part)]
        with torch.no_grad():
            large = network(faces)
        for i, size in enumerate(sizes):
            small = network(faces if size == hr.shape[-1] else round_trip(faces, size))
            found = torch.autograd.grad(loss(small, large, part), parameters, allow_unused=True)
            result[i] += sum(float(g.norm()) for g in found if g is not None) / len(parts)
    return result
