"""The generators of the study from their settings, and the settings of a run again from its JSON."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import torch
from torch import nn

from lrfr.errors import LrfrError
from lrfr.networks.rrdb import RRDBNet, RRDBSettings
from lrfr.networks.srcnn import SRCNN, SRCNNSettings
from lrfr.networks.srresnet import SRResNet, SRResNetSettings
from lrfr.networks.unet import UNet, UNetSettings

#: Networks that enlarge by a whole factor.
GeneratorSettings = SRResNetSettings | RRDBSettings | SRCNNSettings
#: The U-Net too, which takes faces of any size and has one size of output.
AnyGenerator = GeneratorSettings | UNetSettings


def build(settings: AnyGenerator) -> nn.Module:
    """The network, with start weights from torch's generator: LR (``N x 3 x h x w``) to SR.

    SR is ``scale`` times larger; the U-Net's has one size, whatever it is given.
    """
    match settings:
        case SRResNetSettings():
            return SRResNet(settings)
        case RRDBSettings():
            return RRDBNet(settings)
        case SRCNNSettings():
            return SRCNN(settings)
        case UNetSettings():
            return UNet(settings)


def parameters(settings: AnyGenerator) -> int:
    """How many parameters such a network has; none of them is made."""
    with torch.device("meta"):
        return sum(p.numel() for p in build(settings).parameters())


def of_training(written: Mapping[str, Any]) -> AnyGenerator:
    """The generator in the settings of a training, as the JSON beside its weights has them.

    Raises:
        LrfrError: as :func:`settings_from`.
    """
    return settings_from(written.get("network") or written.get("generator") or {})


def settings_from(written: Mapping[str, Any]) -> AnyGenerator:
    """The settings that a run wrote, known by the names of their fields.

    Raises:
        LrfrError: no generator of the study has these settings.
    """
    for kind in (SRResNetSettings, RRDBSettings, SRCNNSettings, UNetSettings):
        if {f.name for f in fields(kind)} == set(written):
            known: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in written.items()}
            return kind(**known)
    raise LrfrError(
        f"Expected the settings of SRResNet, RRDBNet, SRCNN or UNet, found the names {', '.join(sorted(written))}: "
        "the checkpoint is of another program or an older version."
    )
