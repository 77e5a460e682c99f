"""How hard does an adversarial loss pull at a fake face, where real and fake are told apart by so much?"""

from collections.abc import Callable, Sequence

import torch


def pulls(loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor], gaps: Sequence[float]) -> list[float]:
    """How fast a step of gradient descent on ``loss`` would move the fake logits: up where positive.

    Args:
        loss: of the logits of real and of fake faces, as in :mod:`lrfr.losses.adversarial`.
        gaps: real logit minus fake logit, one number a result; positive where the discriminator is right.

    Returns:
        Minus the slope of the loss over the fake logit, at each gap.
    """
    found = []
    for gap in gaps:
        fake = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        (slope,) = torch.autograd.grad(loss(torch.full_like(fake, gap), fake), fake)
        found.append(-float(slope))
    return found
