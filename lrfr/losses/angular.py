"""Angular margins: ArcFace [ftlgan, Eq. 3] and CosFace [Wang et al.], on cosines between embeddings and identities."""

import math

import torch
from torch import nn
from torch.nn import functional as F


class CosineHead(nn.Module):
    """One learned direction an identity; its cosine with an embedding is what the losses below judge (ftlgan Eq. 4)."""

    def __init__(self, identities: int, dimension: int) -> None:
        """Directions drawn at random, ``identities x dimension``."""
        super().__init__()
        self.weight = nn.Parameter(torch.empty(identities, dimension))
        nn.init.xavier_normal_(self.weight)

    def forward(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Cosines (float32, ``N x identities``) of embeddings (``N x dimension``, of any length)."""
        # Half precision errs by some .002 in a cosine, which the scale of 64 makes .1 in a logit.
        with torch.autocast(embeddings.device.type, enabled=False):
            return F.linear(F.normalize(embeddings.float()), F.normalize(self.weight.float()))


def arcface_loss(cosine: torch.Tensor, labels: torch.Tensor, scale: float = 64.0, margin: float = 0.5) -> torch.Tensor:
    """Cross entropy of scaled cosines, the margin added to the angle of the right identity (ftlgan Eq. 3).

    Eq. 3 prints the margin inside the subscript of the angle; Deng et al. add it to the angle, cos(theta + m). Past
    theta = pi - m that would rise again: there, as in their code, cos(theta) - m sin(m) goes on falling.

    Args:
        cosine: ``N x identities``.
        labels: right identities, int64, ``N``.
        scale: s, of all logits.
        margin: m, an angle in radians.
    """
    right = cosine.gather(1, labels[:, None])
    sine = (1 - right.square()).clamp_min(1e-7).sqrt()  # an arc cosine has no gradient at angle 0
    turned = right * math.cos(margin) - sine * math.sin(margin)
    lowered = torch.where(right >= -math.cos(margin), turned, right - margin * math.sin(margin))
    return F.cross_entropy(scale * cosine.scatter(1, labels[:, None], lowered), labels)


def cosface_loss(cosine: torch.Tensor, labels: torch.Tensor, scale: float = 64.0, margin: float = 0.35) -> torch.Tensor:
    """Cross entropy of scaled cosines, the margin taken from the cosine of the right identity: cos(theta) - m.

    Arguments as for :func:`arcface_loss`, but the margin is a difference of cosines.
    """
    right = cosine.gather(1, labels[:, None])
    return F.cross_entropy(scale * cosine.scatter(1, labels[:, None], right - margin), labels)
