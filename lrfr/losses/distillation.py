"""Losses without identities: an LR face shall be seen as a frozen network sees its HR face."""

import torch
from torch import Tensor
from torch.nn import functional as F


def cosine_distance(seen: Tensor, wanted: Tensor) -> Tensor:
    """1 - cosine, mean over faces; ``N x D`` each, of any length. Half the squared distance between directions."""
    return 1 - F.cosine_similarity(seen, wanted).mean()


def relation_loss(seen: Tensor, wanted: Tensor, bank: Tensor, temperature: float = 0.1) -> Tensor:
    """Whom a face resembles among many, as Kullback-Leibler divergence [as in SEED, Fang et al., ICLR 2021].

    Softmax of the cosines to all faces of the bank, divided by the temperature: the frozen network's view of the HR
    face against the trained network's view of the LR face. A cosine asks how near a face comes to its own embedding;
    this asks whether it stays nearer to its like than to others, on which verification rests.

    Args:
        seen: embeddings of LR faces, ``N x D``, of any length.
        wanted: the frozen network's embeddings of their HR faces, ``N x D``.
        bank: the frozen network's embeddings of many faces, ``M x D``.
        temperature: the lower, the fewer faces of the bank count.

    Returns:
        Scalar, mean over faces, 0 where both views agree.
    """
    faces = F.normalize(bank)
    mine, theirs = (F.log_softmax(F.normalize(x) @ faces.t() / temperature, 1) for x in (seen, wanted))
    return F.kl_div(mine, theirs, log_target=True, reduction="batchmean")


def centroids(embeddings: Tensor, labels: Tensor) -> Tensor:
    """Mean direction of each person, ``people x D``, of unit length.

    Args:
        embeddings: ``N x D``, of any length.
        labels: who each shows, int64, ``N``, numbered from 0 without gap.
    """
    sums = torch.zeros(int(labels.max()) + 1, embeddings.shape[1], device=embeddings.device)
    return F.normalize(sums.index_add(0, labels, F.normalize(embeddings.float())))
