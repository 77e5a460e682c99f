"""Adversarial losses: relativistic average GAN of ipfsrgan [Eqs 2-4] and the plain GAN of SRGAN [Ledig et al., Eq. 6].

All take logits of a discriminator (before the sigmoid), ``N`` each of real (HR) and fake (SR) faces, and give a scalar.
In a discriminator step the fake faces are detached; in a generator step only the generator's weights move.
"""

import torch
from torch.nn.functional import logsigmoid


def _relative(real: torch.Tensor, fake: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Logits of D(real, fake) and D(fake, real): each against the batch mean of the other kind (ipfsrgan Eq. 2).

    Where several processes share a batch, each takes the mean of its own share.
    """
    return real - fake.mean(), fake - real.mean()


def relativistic_discriminator_loss(real: torch.Tensor, fake: torch.Tensor, halved: bool = False) -> torch.Tensor:
    """-E[log D(real, fake)] - E[log(1 - D(fake, real))], the right form of ipfsrgan Eq. 4.

    2 log 2 = 1.39 where real and fake look alike, 0 where they are far apart.

    Args:
        real, fake: logits, ``N``.
        halved: half of it, as the released code has it; the paper sums both expectations.
    """
    real_fake, fake_real = _relative(real, fake)
    loss = -logsigmoid(real_fake).mean() - logsigmoid(-fake_real).mean()
    return loss / 2 if halved else loss


def relativistic_generator_loss(real: torch.Tensor, fake: torch.Tensor, halved: bool = False) -> torch.Tensor:
    """-E[log(1 - D(real, fake))] - E[log D(fake, real)], the right form of ipfsrgan Eq. 3.

    The discriminator's loss with the roles exchanged. Arguments as for :func:`relativistic_discriminator_loss`.
    """
    return relativistic_discriminator_loss(fake, real, halved)


def misprinted_discriminator_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """-E[log D(real, fake)] - E[1 - log D(fake, real)], ipfsrgan Eq. 4 as printed.

    It pulls the right way but has no minimum: where all logits of a kind are equal it is mean(fake) - mean(real) - 1,
    a Wasserstein critic without a Lipschitz bound. However well real and fake are told apart, the pull stays as strong
    as at the start, where the right form's vanishes. Printed Eqs 3 and 4 add up to -2, whatever the logits.

    Args:
        real, fake: logits, ``N``.
    """
    real_fake, fake_real = _relative(real, fake)
    return -logsigmoid(real_fake).mean() - (1 - logsigmoid(fake_real)).mean()


def misprinted_generator_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """-E[1 - log D(real, fake)] - E[log D(fake, real)], ipfsrgan Eq. 3 as printed.

    Every fake logit is still pulled up; what is wrong is how hard. The slope of log D is 1 - D where that of
    -log(1 - D) is D: the first term falls silent while the discriminator wins, which leaves half of the right pull, and
    pulls hardest once the generator has won, where the right form stops. The loss is unbounded below; where all logits
    of a kind are equal it is mean(real) - mean(fake) - 1.

    Args:
        real, fake: logits, ``N``.
    """
    return misprinted_discriminator_loss(fake, real)


def discriminator_loss(real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
    """-E[log D(real)] - E[log(1 - D(fake))]: what the discriminator of SRGAN [Ledig et al., Eq. 2] maximises, negated.

    Args:
        real, fake: logits, ``N``.
    """
    return -logsigmoid(real).mean() - logsigmoid(-fake).mean()


def generator_loss(fake: torch.Tensor) -> torch.Tensor:
    """-E[log D(fake)], the non-saturating form [Ledig et al., Eq. 6], which prints a sum over the batch.

    Args:
        fake: logits, ``N``.
    """
    return -logsigmoid(fake).mean()
