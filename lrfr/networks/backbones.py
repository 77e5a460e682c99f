"""The face networks that are trained here, by name."""

from typing import Literal, get_args

from torch import nn

from lrfr.errors import LrfrError
from lrfr.networks.mobilefacenet import MobileFaceNet
from lrfr.networks.resnet import ResNet

Backbone = Literal["mobilefacenet", "resnet34", "resnet50"]


def build(name: Backbone, dropout: float = 0.0) -> nn.Module:
    """Untrained: N x 3 x 112 x 112 in [0, 1] -> N x 512, for the cosine.

    Args:
        name: of the network.
        dropout: before the linear layer of a ResNet.

    Raises:
        LrfrError: there is none of this name.
    """
    match name:
        case "mobilefacenet":
            return MobileFaceNet()
        case "resnet34":
            return ResNet(34, dropout)
        case "resnet50":
            return ResNet(50, dropout)
    raise LrfrError(f"Expected a face network out of {', '.join(get_args(Backbone))}, found {name!r}.")
