"""FR loss of frloss [Abello & Hirata, Eq. 5]: how far has the face moved in a recogniser's space?"""

import torch


def fr_loss(sr: torch.Tensor, hr: torch.Tensor) -> torch.Tensor:
    """Squared Euclidean distance between embeddings, averaged over the batch (frloss Eq. 5).

    Args:
        sr: embeddings of super-resolved faces, ``N x D``.
        hr: embeddings of the HR faces (or another target), ``N x D``.

    Returns:
        Scalar, in squared units of the embedding.
    """
    return (sr - hr).square().sum(1).mean()
