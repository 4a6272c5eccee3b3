"""Weights to go on from: a checkpoint of an earlier training, or an exported ONNX file, as the one that comes along.

In an exported file batch norm is folded into the convolutions. It is unfolded on pictures: each layer's norm gets the
mean and the spread of what its convolution puts out there, and a scale and shift that undo them. The network computes
what the file does, and goes on learning without a jump.
"""

import ast
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor, nn

from understudy.contract.errors import CheckpointError
from understudy.learning.detector.network import DetectorNetwork
from understudy.perception.onnx_detector import WEIGHTS
from understudy.policies.checkpoint import load_checkpoint

SHIPPED = "shipped"
"""Names the weights that come along."""
MAX_BYTES = 2**26
"""Of an exported file; ours has 0.65 MB."""
_LEAST_SPREAD = 1e-3


def start_from(network: DetectorNetwork, path: Path, encoding: str, pictures: Float32[Tensor, "B 3 H W"]) -> None:
    """Puts earlier weights into a network; what does not fit stays as it is.

    Args:
        network: to be trained.
        path: best_model.pt, an .onnx that `detector train` wrote, or the word `shipped`.
        encoding: of checkpoints of this architecture.
        pictures: of the training, 0 to 1, sides multiples of 32.

    Raises:
        CheckpointError: if there are no such weights, or they are of another network.
    """
    if str(path) == SHIPPED:
        path = WEIGHTS / "darkorbit.onnx"
    if path.suffix.lower() != ".onnx":
        install_weights(network, load_checkpoint(path, "detector", encoding).weights)
        return
    layers, names = read_exported(path)
    _install_exported(network, layers, names, path)
    _unfold_norms(network, pictures)


def install_weights(network: DetectorNetwork, weights: dict[str, Tensor]) -> int:
    """Loads the weights whose name and shape match into a network; returns their number."""
    own = network.state_dict()
    fitting = {name: value for name, value in weights.items() if name in own and own[name].shape == value.shape}
    network.load_state_dict(own | fitting)
    return len(fitting)


def read_exported(path: Path) -> tuple[list[tuple[Tensor, Tensor]], tuple[str, ...]]:
    """Weight and bias of each convolution in the order in which they run, and the names of the classes.

    Raises:
        CheckpointError: if the file cannot be read or `detector train` did not write it.
    """
    import onnx
    from onnx import numpy_helper

    if not path.is_file():
        raise CheckpointError(
            f"There are no weights {path}: check the path given to --start, or give the word {SHIPPED}."
        )
    if path.stat().st_size > MAX_BYTES:
        raise CheckpointError(f"{path} is too large for a file that  understudy detector train  wrote: give another.")
    try:
        model = onnx.load(path, load_external_data=False)
        held = {
            one.name.removesuffix(".half"): torch.from_numpy(np.array(numpy_helper.to_array(one), np.float32))
            for one in model.graph.initializer
        }
        layers = [(held[node.input[1]], held[node.input[2]]) for node in model.graph.node if node.op_type == "Conv"]
        (stated,) = (entry.value for entry in model.metadata_props if entry.key == "names")
        names = tuple(str(name) for name in ast.literal_eval(stated[:100_000]).values())
    except Exception as problem:  # protobuf's, onnx's and our own expectations of what is in it
        raise CheckpointError(f"{path} {_WRONG}") from problem
    return layers, names


_WRONG = (
    "is no file that  understudy detector train  wrote, and only those can be gone on from: give its best_model.pt or "
    f".onnx, or the word {SHIPPED}."
)


def _install_exported(
    network: DetectorNetwork, layers: Sequence[tuple[Tensor, Tensor]], names: Sequence[str], path: Path
) -> None:
    convolutions = [module for module in _in_order(network) if isinstance(module, nn.Conv2d)]
    head = convolutions[-1]
    fits = len(layers) == len(convolutions) and all(
        weight.shape == own.weight.shape for (weight, _), own in zip(layers[:-1], convolutions[:-1], strict=True)
    )
    if not fits or layers[-1][0].shape[0] != 4 + len(names) or layers[-1][0].shape[1:] != head.weight.shape[1:]:
        raise CheckpointError(f"{path} {_WRONG}")
    norms = [module for module in _in_order(network) if isinstance(module, nn.BatchNorm2d)]
    with torch.no_grad():
        for (weight, bias), own in zip(layers[:-1], convolutions[:-1], strict=True):
            own.weight.copy_(weight)
            shift = own.bias if own.bias is not None else norms.pop(0).bias
            shift.copy_(bias)
        _install_head(head, *layers[-1], names, network.config.names)


def _install_head(
    head: nn.Conv2d, weight: Tensor, bias: Tensor, names: Sequence[str], own_names: Sequence[str]
) -> None:
    """Boxes, and the classes of the same name; other classes start from random weights."""
    assert head.bias is not None
    rows = list(range(4)) + [4 + names.index(name) if name in names else -1 for name in own_names]
    for own, row in enumerate(rows):
        if row >= 0:
            head.weight[own] = weight[row]
            head.bias[own] = bias[row]


@torch.no_grad()
def _unfold_norms(network: DetectorNetwork, pictures: Tensor) -> None:
    """Sets the batch norms, whose bias is the folded one, so that in training as in play they change nothing."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        assert norm.running_mean is not None and norm.running_var is not None
        norm.running_mean.zero_()
        norm.running_var.fill_(1 - norm.eps)
        norm.weight.fill_(1.0)

    def unfold(norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(norm, nn.BatchNorm2d) and norm.running_mean is not None and norm.running_var is not None
        mean, spread = inputs[0].mean((0, 2, 3)), inputs[0].std((0, 2, 3)).clamp(min=_LEAST_SPREAD)
        norm.running_mean.copy_(mean)
        norm.running_var.copy_((spread**2 - norm.eps).clamp(min=0.0))
        norm.weight.copy_((norm.running_var + norm.eps).sqrt())
        norm.bias.add_(mean)

    hooks = [norm.register_forward_pre_hook(unfold) for norm in norms]
    was_training = network.training
    network.eval()(pictures)
    for hook in hooks:
        hook.remove()
    network.train(was_training)


def _in_order(network: DetectorNetwork) -> list[nn.Module]:
    """The layers in the order in which they run, which is that of their definition but for two."""
    named: list[nn.Module] = [network.stem, network.to_fine, network.fine, network.to_middle, network.middle]
    named += [network.to_coarse, network.coarse, network.from_coarse, network.middle_out, network.from_middle]
    named += [network.fine_out, network.head]
    return [layer for part in named for layer in part.modules()]
