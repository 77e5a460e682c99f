"""Contrastive loss [ftlgan, Eq. 1]."""

import torch


def contrastive_loss(
    a: torch.Tensor, b: torch.Tensor, same: torch.Tensor, positive_margin: float, negative_margin: float
) -> torch.Tensor:
    """Pairs of one person nearer than one margin, pairs of two farther than another (ftlgan Eq. 1), mean over pairs.

    max(0, d - positive_margin) where ``same``, else max(0, negative_margin - d), with d the Euclidean distance. The
    paper gives no margins.

    Args:
        a, b: embeddings, ``N x D``.
        same: which pairs show one person, bool, ``N``.
        positive_margin, negative_margin: the paper's epsilon+ and epsilon-, in units of the embedding.
    """
    d = torch.linalg.vector_norm(a - b, dim=1)
    return torch.where(same, d - positive_margin, negative_margin - d).relu().mean()
