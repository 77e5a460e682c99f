"""Distances between the HR and the LR embedding of one face: logexp [Eqs 1 to 6], and its released code's form.

With d = |x - y| and S = sum over the dimensions of (e^(d^p) - 1), per face:

    L_p     = 1 / (p D) * sum d^p                  (Eqs 1 and 2: L1 with p = 1, L2 with p = 2)
    LogExp  = 1 / (p D) * log(1 + S)               (Eqs 3 and 5)

Where one dimension alone differs the two are the same number: the logarithm undoes the exponential.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lrfr.errors import LrfrError

Kind = Literal["lp", "smooth-l1", "logexp", "logexp-released"]


def _check(x: Tensor, y: Tensor, p: float) -> None:
    if x.shape != y.shape or x.ndim != 2:
        raise LrfrError(f"Expected embeddings N x D on both sides, found {tuple(x.shape)} and {tuple(y.shape)}.")
    if not p >= 1:
        raise LrfrError(f"Expected a power p of at least 1 (below, the gradient at 0 is infinite), found {p}.")


def lp(x: Tensor, y: Tensor, p: float = 1.0) -> Tensor:
    """L_p between two batches (``N x D``), mean over faces: L1 of Eq. 1 with p = 1, L2 of Eq. 2 with p = 2."""
    _check(x, y, p)
    return (x - y).abs().pow(p).mean() / p


def smooth_l1(x: Tensor, y: Tensor) -> Tensor:
    """L2 up to a difference of 1, L1 beyond (Fig. 4), mean over dimensions and faces; ``N x D``."""
    _check(x, y, 1)
    return F.smooth_l1_loss(x, y)


def logexp(x: Tensor, y: Tensor, p: float = 1.0) -> Tensor:
    """LogExp as the paper prints it (Eq. 5): a logarithm a face, divided by p D; mean over faces; ``N x D``."""
    _check(x, y, p)
    return torch.log1p(torch.expm1((x - y).abs().pow(p)).sum(1)).mean() / (p * x.shape[1])


def logexp_released(x: Tensor, y: Tensor, p: float = 1.0) -> Tensor:
    """LogExp as the released code has it: one logarithm over the whole batch, divided by p N; ``N x D``.

    The remainder C of Eq. 6 then holds the other faces of the batch too, so that no face has a weight of its own. Where
    several processes share a batch, each takes the logarithm over its own share.
    """
    _check(x, y, p)
    return torch.log1p(torch.expm1((x - y).abs().pow(p)).sum()) / (p * len(x))


def logexp_gradient(x: Tensor, y: Tensor, p: float = 1.0) -> Tensor:
    """The gradient of each face's LogExp over its ``x``, in closed form: ``N x D`` (Eq. 4 with p = 1).

    1 / D * sign(x - y) d^(p - 1) e^(d^p) / (1 + S); the factor p of the inner derivative cancels.
    """
    _check(x, y, p)
    d = (x - y).abs()
    within = torch.expm1(d.pow(p)).sum(1, keepdim=True)
    return torch.sign(x - y) * d.pow(p - 1) * d.pow(p).exp() / (1 + within) / x.shape[1]


def logexp_slope(error: Tensor, rest: float = 0.0, p: float = 1.0) -> Tensor:
    """D times Eq. 6: how hard one dimension is pulled, by its own error and by what the others sum up to (Fig. 4).

    Args:
        error: x_i - y_i of the dimension, any shape.
        rest: C, the sum of (e^(d^p) - 1) over the other dimensions.
        p: power.
    """
    d = error.abs()
    grown = d.pow(p).exp()
    return torch.sign(error) * d.pow(p - 1) * grown / (rest + grown)


@dataclass(frozen=True)
class Distance:
    """One of the distances above, chosen by name.

    Attributes:
        kind: ``"lp"``, ``"smooth-l1"``, ``"logexp"`` or ``"logexp-released"``.
        p: power; of no account in ``"smooth-l1"``.
    """

    kind: Kind = "logexp"
    p: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what is no distance."""
        if self.kind not in get_args(Kind) or not self.p >= 1:
            raise LrfrError(
                f"Expected a distance out of {', '.join(get_args(Kind))} with a power of at least 1, found "
                f"{self.kind!r} with {self.p}."
            )

    def __call__(self, x: Tensor, y: Tensor) -> Tensor:
        """Scalar: mean over the faces of ``x`` and ``y`` (``N x D``)."""
        if self.kind == "smooth-l1":
            return smooth_l1(x, y)
        chosen: Callable[[Tensor, Tensor, float], Tensor] = {
            "lp": lp,
            "logexp": logexp,
            "logexp-released": logexp_released,
        }[self.kind]
        return chosen(x, y, self.p)

    def gradient(self, x: Tensor, y: Tensor) -> Tensor:
        """Each face's own gradient over its ``x``, by autograd: ``N x D``, float64 (Fig. 4 and Eqs 1, 2, 4, 6)."""
        moving = x.detach().double().requires_grad_()
        (found,) = torch.autograd.grad(self(moving, y.detach().double()) * len(x), moving)
        return found

    def slope(self, errors: Tensor, rest: float = 0.0) -> Tensor:
        """D times the gradient over one dimension, by autograd (Fig. 4); :func:`logexp_slope` is the closed form.

        Args:
            errors: x_i - y_i of the dimension, ``N``.
            rest: C: a second dimension is off by what makes it so.
        """
        other = torch.full_like(errors, float(np.log1p(rest)) ** (1 / self.p))
        pair = torch.stack([errors, other], 1)
        return 2 * self.gradient(pair, torch.zeros_like(pair))[:, 0]

    def pull(self, x: Tensor, y: Tensor) -> float:
        """How hard the distance pulls at a face: mean over the faces of the length of its gradient over ``x``.

        Distances differ in this by orders of magnitude, so equal weights are unequal pulls: see
        :class:`lrfr.papers.logexp.Settings`.
        """
        return float(self.gradient(x, y).norm(dim=1).mean())
