"""Eqs 1 and 2 of multiscale as printed: a mean of norms, where the text says mean squared error."""

import torch


def norm_loss(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Euclidean norm of each sample's difference, not squared, averaged over the batch (multiscale Eqs 1-2).

    Its gradient has one length however small the difference is, and the norm of a picture grows with the root of the
    number of its values: between pictures it is some hundred times as large as between embeddings.

    Args:
        a, b: pictures ``N x 3 x H x W`` or embeddings ``N x D``.

    Returns:
        Scalar, in units of the input.
    """
    return torch.linalg.vector_norm((a - b).flatten(1), dim=1).mean()
