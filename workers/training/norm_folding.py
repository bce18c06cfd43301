"""Batch normalisation folded into the convolutions before it: a network for inference alone.

In eval mode batch normalisation is an affine map of each channel. Where it follows a convolution
that nothing else reads, the two are one convolution with a bias: `y = conv(x, W') + b'`, with
`W' = W * gamma / sqrt(var + eps)` and `b' = (b - mean) * gamma / sqrt(var + eps) + beta`.

Which layers follow one another is read from each module's own forward pass, traced by `torch.fx`
with everything inside it kept whole. So a network whose own pass cannot be traced still has its
blocks folded; it is taken to use these blocks as wholes. What is not sure to be such a pair stays
as it is.

Source of the arithmetic: `torch.nn.utils.fusion`. Checked by
tests/unit/workers/training/norm_folding_test.py; timed by benchmarks/norm_folding.py.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from types import MappingProxyType

import torch
from torch import fx, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils.fusion import fuse_conv_bn_weights

from densearch.nn.operator import fold
from workers.training.networks.layers import StridedPointwise

# Of these types alone it is known what they compute: a derived one may do something else.
_NORM_AFTER: Mapping[type[nn.Module], type[nn.Module]] = MappingProxyType(
    {
        nn.Conv1d: nn.BatchNorm1d,
        nn.Conv2d: nn.BatchNorm2d,
        nn.Conv3d: nn.BatchNorm3d,
        nn.ConvTranspose1d: nn.BatchNorm1d,
        nn.ConvTranspose2d: nn.BatchNorm2d,
        nn.ConvTranspose3d: nn.BatchNorm3d,
    }
)
# Derived ones that are known to compute the same, by name, since timm may not be here. Its norm
# ends with dropout and an activation, which are left.
_NORM_ACT = "timm.layers.norm_act.BatchNormAct2d"
_LIKE: Mapping[str, type[nn.Module]] = MappingProxyType(
    {
        f"{StridedPointwise.__module__}.{StridedPointwise.__name__}": nn.Conv2d,
        "timm.layers.conv2d_same.Conv2dSame": nn.Conv2d,
        _NORM_ACT: nn.BatchNorm2d,
    }
)


def fold_batch_norm(network: nn.Module) -> list[str]:
    """Fold a network's densities, and its batch normalisation, into its convolutions, in place.

    Outputs change by rounding, about 1e-6 of their size. The convolutions get biases, and
    what norms do besides, mostly `nn.Identity`, stands in their place. The network is for
    inference alone then: if it were trained on, its norms would be missing.

    A norm stays that does not follow a convolution, or follows one whose output is read elsewhere
    too; that has no running statistics or is in train mode. So does a pair of which one is used
    twice, has hooks, or is of a type that is not torch's own or known to compute the same.

    Args:
        network: In eval mode, on any device.

    Returns:
        The names of the norms that are gone, in the network's order.

    Raises:
        ValueError: The network is in train mode.
    """
    if network.training:
        raise ValueError("batch norm is folded in eval mode alone: call network.eval() first")
    fold(network)
    found = dict(_norms_after_convolutions(network))
    for name, (convolution, norm) in found.items():
        _take_in(convolution, norm)
        network.set_submodule(name, _left_of(norm))
    return list(found)


def _norms_after_convolutions(
    network: nn.Module,
) -> Iterator[tuple[str, tuple[_ConvNd, _BatchNorm]]]:
    """Yield the norms that can be folded, by name, each with its convolution."""
    if not any(isinstance(layer, _BatchNorm) for layer in network.modules()):
        return  # and nothing need be traced
    uses = _uses(network)
    called = {node: layer for layer, nodes in uses.items() for node in nodes}
    n_names = Counter(layer for _, layer in network.named_modules(remove_duplicate=False))
    for name, norm in network.named_modules():
        if not isinstance(norm, _BatchNorm) or (before := _sole_input(uses.get(norm, []))) is None:
            continue
        convolution = called[before]
        is_single = all(
            len(uses[layer]) == n_names[layer] == 1 and not _has_hooks(layer)
            for layer in (convolution, norm)
        )
        if isinstance(convolution, _ConvNd) and is_single and _is_pair(convolution, norm):
            yield name, (convolution, norm)


class _OnePass(fx.Tracer):
    """Traces a module's own forward pass; what is inside it stays whole."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:  # noqa: ARG002 - torch's
        return True


def _uses(network: nn.Module) -> Mapping[nn.Module, list[fx.Node]]:
    """Return where each layer is called, or its values are read, in the passes of all modules."""
    found: dict[nn.Module, list[fx.Node]] = defaultdict(list)
    for parent in network.modules():
        for node in _traced(parent):
            target = str(node.target)
            if node.op == "call_module":
                found[parent.get_submodule(target)].append(node)
            elif node.op == "get_attr" and "." in target:  # not what a layer reads of itself
                found[parent.get_submodule(target.rpartition(".")[0])].append(node)
    return found


def _traced(module: nn.Module) -> list[fx.Node]:
    if next(module.children(), None) is None:
        return []
    try:
        return list(_OnePass().trace(module).nodes)
    except Exception:  # noqa: BLE001 - whatever a package's forward pass does with what is no tensor
        return []


def _sole_input(uses: list[fx.Node]) -> fx.Node | None:
    """Return the layer call that a layer's one call takes its input from, if nothing else does."""
    if len(uses) != 1 or len(uses[0].all_input_nodes) != 1:
        return None
    (before,) = uses[0].all_input_nodes
    return before if before.op == "call_module" and len(before.users) == 1 else None


def _has_hooks(layer: nn.Module) -> bool:
    return bool(layer._forward_hooks or layer._forward_pre_hooks)  # noqa: SLF001 - torch has no question for it


def _called(layer: nn.Module) -> str:
    return f"{type(layer).__module__}.{type(layer).__qualname__}"


def _kind(layer: nn.Module) -> type[nn.Module]:
    return _LIKE.get(_called(layer), type(layer))


def _left_of(norm: nn.Module) -> nn.Module:
    """Return what a layer does besides the normalisation."""
    if _called(norm) != _NORM_ACT:
        return nn.Identity()
    return nn.Sequential(norm.get_submodule("drop"), norm.get_submodule("act"))


def _is_pair(convolution: _ConvNd, norm: _BatchNorm) -> bool:
    return (
        _NORM_AFTER.get(_kind(convolution)) is _kind(norm)
        and not norm.training
        and norm.running_mean is not None
        and norm.running_var is not None
        and norm.num_features == convolution.out_channels
        # In torch's form of a transposed weight only one group's outputs lie along an axis.
        and not (convolution.transposed and convolution.groups > 1)
    )


def _take_in(convolution: _ConvNd, norm: _BatchNorm) -> None:
    if norm.running_mean is None or norm.running_var is None:
        raise ValueError("a norm without running statistics cannot be folded")
    with torch.no_grad():
        convolution.weight, convolution.bias = fuse_conv_bn_weights(
            convolution.weight,
            convolution.bias,
            norm.running_mean,
            norm.running_var,
            norm.eps,
            norm.weight,
            norm.bias,
            transpose=convolution.transposed,
        )
