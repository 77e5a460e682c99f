"""SFace and MobileFaceNet, which their authors published as ONNX files, as torch networks for batches and gradients.

`onnx2torch` converts the file. What it returns is then tidied up:

* it is in training mode: here it is frozen and in evaluation mode;
* slopes of PReLU are buffers beside an ONNX operator: they become the parameters of a layer, so that a fine-tuning
  sees them;
* batch norms that follow a convolution are folded into it (MobileFaceNet's file comes so); the last one, behind the
  linear layer, stays.
"""

from pathlib import Path

import torch
from torch import fx, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from lrfr import assets
from lrfr.errors import LrfrError
from lrfr.networks.prelu import PReLU
from lrfr.optional import require


def load(path: Path, name: str) -> fx.GraphModule:
    """Convert a face network's ONNX file; frozen, in evaluation mode.

    Args:
        path: the file.
        name: the asset's name, for the message.

    Returns:
        A network from N x 3 x 112 x 112, in the range its authors chose, to N x D.

    Raises:
        LrfrError: onnx2torch is not installed, or the file is missing, cut short or something else.
    """
    onnx, onnx2torch = require("onnx", "faces"), require("onnx2torch", "faces")
    try:
        network = onnx2torch.convert(onnx.load(path)).eval()
        # A converter fails in as many ways as a file can be wrong.
    except Exception as error:
        raise LrfrError(
            f"{path} should hold the face network {name}, but it could not be read ({type(error).__name__}): "
            f"{assets.mend(name, path)}."
        ) from error
    _name_slopes(network)
    _fold_batch_norms(network)
    network.graph.eliminate_dead_code()
    network.delete_all_unused_submodules()
    network.recompile()
    network.requires_grad_(False).eval()
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def _name_slopes(network: fx.GraphModule) -> None:
    """Replace ONNX's two-input PReLU, whose slopes lie among the initializers, by a layer that owns them."""
    for node in network.graph.nodes:
        if node.op == "call_module" and type(network.get_submodule(node.target)).__name__ == "OnnxPReLU":
            values, slopes = node.args
            initial = network.get_buffer(slopes.target).flatten()
            layer = PReLU(len(initial))
            layer.weight.data.copy_(initial)
            network.set_submodule(node.target, layer)
            node.args = (values,)


def _fold_batch_norms(network: fx.GraphModule) -> None:
    """Multiply each batch norm into the convolution before it."""
    for node in list(network.graph.nodes):
        before = node.args[0] if node.op == "call_module" else None
        if not isinstance(before, fx.Node) or before.op != "call_module" or len(before.users) > 1:
            continue
        first, second = (network.get_submodule(str(n.target)) for n in (before, node))
        if isinstance(first, nn.Conv2d) and isinstance(second, nn.BatchNorm2d):
            network.set_submodule(str(before.target), fuse_conv_bn_eval(first, second))
            node.replace_all_uses_with(before)
            network.graph.erase_node(node)
