"""Identity losses: how far has the face moved in a recogniser's space? frloss [Eq. 5], ipfsrgan [Eq. 5], multiscale."""

import torch
from torch.nn import functional as F


def fr_loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Squared Euclidean distance between embeddings, averaged over the batch (frloss Eq. 5).

    Args:
        sr: embeddings of super-resolved faces, ``N x D``.
        hr: embeddings of the HR faces (or another target), ``N x D``.

    Returns:
        Scalar, in squared units of the embedding.
    """
    return (sr - hr).square().sum(1).mean()


def embedding_mse_loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Mean squared error between embeddings, over the batch and the components: what multiscale calls its Eq. 2.

    It is :func:`fr_loss` divided by the length D of an embedding.

    Args:
        sr: embeddings of super-resolved faces, ``N x D``.
        hr: embeddings of the HR faces, ``N x D``.

    Returns:
        Scalar, in squared units of the embedding.
    """
    return (sr - hr).square().mean()


def cosine_embedding_loss(
    sr: torch.Tensor, other: torch.Tensor, same: torch.Tensor, margin: float = 0.0
) -> torch.Tensor:
    """1 - cos for pairs of one person, max(0, cos - margin) for pairs of two, averaged over all (ipfsrgan Eq. 5).

    The paper does not give the margin; its released code has pairs of one person only, for which there is none.

    Args:
        sr: embeddings of super-resolved faces, ``N x D``.
        other: embeddings of HR faces, ``N x D``.
        same: which pairs show one person, bool, ``N``.
        margin: cosine up to which two people may be alike, in [-1, 1].

    Returns:
        Scalar in [0, 2].
    """
    return F.cosine_embedding_loss(sr, other, torch.where(same, 1, -1), margin)
