"""How hard does a loss pull: an adversarial one at a fake face's logit, each of several at what they share?"""

from collections.abc import Callable, Mapping, Sequence

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


def gradient_norms(losses: Mapping[str, torch.Tensor], at: Sequence[torch.Tensor]) -> dict[str, float]:
    """Length of each loss's gradient at the same tensors: what its weight in a sum is worth (ftlgan Eq. 6).

    Args:
        losses: scalars of one graph, which is kept.
        at: tensors of that graph, such as the pixels of SR faces or a network's weights. One that a loss does not
            depend on counts as 0.

    Returns:
        Euclidean norms over all of ``at``, by name.
    """
    found = {}
    for name, loss in losses.items():
        slopes = torch.autograd.grad(loss, list(at), retain_graph=True, allow_unused=True)
        found[name] = float(sum(float(s.double().square().sum()) for s in slopes if s is not None) ** 0.5)
    return found
