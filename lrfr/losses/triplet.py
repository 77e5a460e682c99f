"""Triplet loss [Schroff et al., FaceNet, Sec. 3.1] and online mining, for ftlgan [Eq. 2].

ftlgan prints FaceNet's constraint and never its own loss: margin, distance and square are not given. The default here
is FaceNet's hinge on squared Euclidean distances; the plain and the cosine distance are there to compare.

Mining looks for triplets within a batch: anchors are SR faces, references the HR faces of the same photographs in the
same order. A reference of one's own photograph is no positive unless ``own``. All pairs are compared at once: N x N x D
numbers.
"""

import torch
from torch.nn import functional as F

#: Positions of anchors, positives and negatives in the batch, int64, as many as there are triplets.
Mined = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def triplet_loss(
    anchor: torch.Tensor,
    positive: torch.Tensor,
    negative: torch.Tensor,
    margin: float,
    squared: bool = True,
    cosine: bool = False,
) -> torch.Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin), averaged over all triplets, met or not.

    Args:
        anchor, positive, negative: embeddings, ``N x D``. No triplets (``N`` = 0): 0, with gradient 0.
        margin: in units of the distance; FaceNet has .2 on embeddings of length 1.
        squared: squared Euclidean distance, else plain.
        cosine: 1 - cosine instead, whatever ``squared`` says. On embeddings of length 1 it is half of the squared one.
    """
    near, far = (distance(anchor, other, squared, cosine) for other in (positive, negative))
    return (near - far + margin).relu().sum() / max(1, len(anchor))


def distance(a: torch.Tensor, b: torch.Tensor, squared: bool = True, cosine: bool = False) -> torch.Tensor:
    """Distance over the last dimension of two embeddings that broadcast."""
    if cosine:
        return 1 - F.cosine_similarity(a, b, dim=-1)
    # vector_norm has gradient 0 between equal embeddings, the root of a sum of squares has none
    return (a - b).square().sum(-1) if squared else torch.linalg.vector_norm(a - b, dim=-1)


def _pairs(labels: torch.Tensor, own: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Which references (columns) are positives and which negatives of an anchor (row), bool, ``N x N``."""
    same = labels[:, None] == labels[None, :]
    diagonal = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    return same if own else same & ~diagonal, ~same


@torch.no_grad()
def semi_hard(
    anchors: torch.Tensor,
    references: torch.Tensor,
    labels: torch.Tensor,
    margin: float,
    squared: bool = True,
    cosine: bool = False,
    own: bool = False,
) -> Mined:
    """All triplets whose negative is farther than the positive, but by less than the margin [FaceNet, Sec. 3.2].

    Args:
        anchors, references: embeddings of the SR faces and of the HR faces of the same photographs, ``N x D``.
        labels: who they show, ``N``.
        margin, squared, cosine: as for :func:`triplet_loss`.
        own: an anchor's own HR photograph may be its positive.

    Returns:
        Positions; all three are empty where the batch has no such triplet.
    """
    positives, negatives = _pairs(labels, own)
    d = distance(anchors[:, None], references[None, :], squared, cosine)
    gap = d[:, None, :] - d[:, :, None]  # anchor, positive, negative
    a, p, n = (positives[:, :, None] & negatives[:, None, :] & (gap > 0) & (gap < margin)).nonzero(as_tuple=True)
    return a, p, n


@torch.no_grad()
def batch_hard(
    anchors: torch.Tensor,
    references: torch.Tensor,
    labels: torch.Tensor,
    cosine: bool = False,
    own: bool = False,
) -> Mined:
    """Each anchor with its farthest positive and its nearest negative [Hermans et al., 2017].

    Anchors that lack either are left out. Arguments and result as for :func:`semi_hard`; squared or not, the farthest
    is the same.
    """
    positives, negatives = _pairs(labels, own)
    d = distance(anchors[:, None], references[None, :], cosine=cosine)
    (anchor,) = (positives.any(1) & negatives.any(1)).nonzero(as_tuple=True)
    if not len(anchor):
        return anchor, anchor, anchor
    farthest = d.masked_fill(~positives, -torch.inf).argmax(1)
    nearest = d.masked_fill(~negatives, torch.inf).argmin(1)
    return anchor, farthest[anchor], nearest[anchor]
