"""The layers and functions that our networks are made of, as operators of ONNX.

Source: https://onnx.ai/onnx/operators (opset 18). Every network of ours is compared with torch in
`onnx_graph_test.py`, and each exported one before it is sent (`workers.bundle.onnx_model`).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, fx, nn

from workers.bundle.onnx_writer import OnnxWriter, UnknownPartError
from workers.training.networks.layers import CONVOLUTIONS, NORMS
from workers.training.networks.nafnet import ChannelNorm
from workers.training.networks.small_cnn import VolumePool

# The opset of these operators.
OPSET = 18
CONVOLUTION_KINDS: tuple[type[nn.Module], ...] = tuple(CONVOLUTIONS.values())
# Modules of our own that are written as a whole, and convolutions of any subclass.
WHOLE = (*CONVOLUTION_KINDS, ChannelNorm, VolumePool)
_TO_END = 2**62
Layer = Any  # of a kind whose attributes its function knows


def layer_of(writer: OnnxWriter, layer: nn.Module, given: fx.Node) -> str:
    """Write a layer, and return the name of its result.

    Raises:
        UnknownPartError: The layer, or how it is set, is not written here.
    """
    for kinds, write in _LAYERS:
        if isinstance(layer, kinds):
            return write(writer, layer, writer.name(given), writer.value(given))
    raise UnknownPartError(f"{type(layer).__name__} is not written here")


def function_of(writer: OnnxWriter, node: fx.Node) -> Any:  # noqa: ANN401 - a name, or several
    """Write a call of a function or a method, and return the names of its results.

    Raises:
        UnknownPartError: The function, or how it is called, is not written here.
    """
    write = _FUNCTIONS.get(node.target)
    if write is None:
        raise UnknownPartError(f"{node.target} is not written here")
    try:
        return write(writer, *node.args, **node.kwargs)
    except TypeError as error:  # an argument that is not in the signature
        raise UnknownPartError(f"{node.target} with {node.kwargs} is not written here") from error


def _check(is_known: object, layer: nn.Module) -> None:
    if not is_known:
        raise UnknownPartError(f"{layer} is not written here")


def _same(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    del writer, layer, value
    return given


def _rectified(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    del layer, value
    return writer.op("Relu", given)


def _convolution(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    del value
    _check(layer.padding_mode == "zeros", layer)
    parts = [layer.weight] if layer.bias is None else [layer.weight, layer.bias]
    return writer.op(
        "Conv",
        given,
        *map(writer.constant, parts),
        kernel_shape=list(layer.kernel_size),
        strides=list(layer.stride),
        pads=_padding(layer),
        dilations=list(layer.dilation),
        group=layer.groups,
    )


def _padding(layer: Layer) -> list[int]:
    """Return the zeros before and behind each axis."""
    if not isinstance(layer.padding, str):
        return [*layer.padding, *layer.padding]
    sizes = zip(layer.dilation, layer.kernel_size, strict=True)
    both = [own * (size - 1) if layer.padding == "same" else 0 for own, size in sizes]
    return [*(n // 2 for n in both), *(n - n // 2 for n in both)]


def _norm(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    del value
    _check(layer.affine and layer.running_mean is not None, layer)
    parts = (layer.weight, layer.bias, layer.running_mean, layer.running_var)
    names = map(writer.constant, parts)
    return writer.op("BatchNormalization", given, *names, epsilon=layer.eps)


def _pooled(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    is_plain = (layer.padding, layer.dilation, layer.ceil_mode) == (0, 1, False)
    size = layer.kernel_size
    _check(is_plain and isinstance(size, int) and layer.stride == size, layer)
    return _pool(writer, given, [size] * (value.dim() - 2))


def _volumes_pooled(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    del layer, value
    return _pool(writer, given, [2, 2, 2])


def _averaged(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    del value
    sizes = layer.output_size
    _check(sizes == 1 or (isinstance(sizes, tuple) and set(sizes) == {1}), layer)
    return writer.op("GlobalAveragePool", given)


def _flat(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    del value
    _check((layer.start_dim, layer.end_dim) == (1, -1), layer)
    return writer.op("Flatten", given, axis=1)


def _linear(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    del value
    product = writer.op("MatMul", given, writer.constant(layer.weight.t()))
    if layer.bias is None:
        return product
    return writer.op("Add", product, writer.constant(layer.bias))


def _shuffled(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    del value
    return writer.op("DepthToSpace", given, blocksize=layer.upscale_factor, mode="CRD")


def _unshuffled(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    """Move cells of pixels to channels; ONNX orders those by pixel first, torch by channel."""
    factor = layer.downscale_factor
    cells = writer.op("SpaceToDepth", given, blocksize=factor)
    order = np.arange(factor**2 * value.shape[1]).reshape(factor**2, -1).T.reshape(-1)
    return writer.op("Gather", cells, writer.constant(order), axis=1)


def _channels_normed(writer: OnnxWriter, layer: Layer, given: str, value: Tensor) -> str:
    del value
    names = map(writer.constant, (layer.weight, layer.bias))
    last = writer.op("Transpose", given, perm=[0, 2, 3, 1])
    normed = writer.op("LayerNormalization", last, *names, axis=-1, epsilon=layer.eps)
    return writer.op("Transpose", normed, perm=[0, 3, 1, 2])


# Each takes the writer, the layer, the name of its input and what that was in the run.
_LAYERS: Sequence[tuple[tuple[type[nn.Module], ...], Callable[..., str]]] = (
    ((nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d), _same),
    ((nn.ReLU,), _rectified),
    (CONVOLUTION_KINDS, _convolution),
    (tuple(NORMS.values()), _norm),
    ((nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d), _pooled),
    ((VolumePool,), _volumes_pooled),
    ((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d), _averaged),
    ((nn.Flatten,), _flat),
    ((nn.Linear,), _linear),
    ((nn.PixelShuffle,), _shuffled),
    ((nn.PixelUnshuffle,), _unshuffled),
    ((ChannelNorm,), _channels_normed),
)


def _pool(writer: OnnxWriter, given: str, sizes: Sequence[int]) -> str:
    return writer.op("MaxPool", given, kernel_shape=sizes, strides=sizes)


def _binary(kind: str) -> Callable[..., str]:
    def write(writer: OnnxWriter, first: Any, second: Any) -> str:  # noqa: ANN401 - nodes or numbers
        is_of_floats = any(isinstance(writer.value(own), Tensor) for own in (first, second))
        sides = [
            float(own) if is_of_floats and isinstance(own, int) else own for own in (first, second)
        ]
        return writer.op(kind, *map(writer.name, sides))

    return write


def _mean(writer: OnnxWriter, of: fx.Node, dim: Any, keepdim: bool = False) -> str:  # noqa: ANN401, FBT001, FBT002 - as torch
    axes = [dim] if isinstance(dim, int) else list(dim)
    return writer.op("ReduceMean", writer.name(of), writer.integers(axes), keepdims=int(keepdim))


def _cat(writer: OnnxWriter, of: Sequence[fx.Node], dim: int = 0) -> str:
    return writer.op("Concat", *map(writer.name, of), axis=dim)


def _chunk(writer: OnnxWriter, of: fx.Node, chunks: int, dim: int = 0) -> list[str]:
    return writer.ops("Split", [writer.name(of)], chunks, axis=dim, num_outputs=chunks)


def _relu(writer: OnnxWriter, of: fx.Node, inplace: bool = False) -> str:  # noqa: FBT001, FBT002 - as torch
    del inplace
    return writer.op("Relu", writer.name(of))


def _max_pool2d(
    writer: OnnxWriter, of: fx.Node, kernel_size: int, stride: int | None = None, **others: object
) -> str:
    is_plain = stride in {None, kernel_size} and others.pop("dilation", 1) == 1
    if not is_plain or any(others.values()):
        raise UnknownPartError(f"max_pool2d with {stride}, {others} is not written here")
    return _pool(writer, writer.name(of), [kernel_size, kernel_size])


def _attribute(writer: OnnxWriter, of: fx.Node, name: str) -> str:
    if name != "shape":
        raise UnknownPartError(f"{name} is not written here")
    return writer.op("Shape", writer.name(of))


def _pad(
    writer: OnnxWriter,
    of: fx.Node,
    pad: Sequence[Any],
    mode: str = "constant",
    value: float | None = None,
) -> str:
    """Pad with zeros; torch names the last axis first, each with its begin and its end."""
    if mode != "constant" or value:
        raise UnknownPartError(f"padding {mode} with {value} is not written here")
    pads = writer.integers([*pad[::2], *pad[1::2]])
    axes = writer.integers([-1 - index for index in range(len(pad) // 2)])
    return writer.op("Pad", writer.name(of), pads, "", axes)


def _item(writer: OnnxWriter, of: fx.Node, key: Any) -> Any:  # noqa: ANN401 - as torch
    found, value = writer.name(of), writer.value(of)
    if isinstance(found, list):
        return found[key]
    if isinstance(value, torch.Size):
        if isinstance(key, slice):
            return _cut(writer, found, [(0, key)])
        return writer.op("Gather", found, writer.integers([key]), axis=0)
    keys = key if isinstance(key, tuple) else (key,)
    if isinstance(value, Tensor) and keys[0] is Ellipsis and all(map(_is_cut, keys[1:])):
        first = value.dim() - len(keys) + 1
        return _cut(writer, found, list(enumerate(keys[1:], start=first)))
    raise UnknownPartError(f"the part {key} of a value is not written here")


def _is_cut(key: object) -> bool:
    return isinstance(key, slice) and key.step is None


def _cut(writer: OnnxWriter, found: str, cuts: Sequence[tuple[int, slice]]) -> str:
    starts = [0 if cut.start is None else cut.start for _, cut in cuts]
    ends = [_TO_END if cut.stop is None else cut.stop for _, cut in cuts]
    parts = (starts, ends, [axis for axis, _ in cuts])
    return writer.op("Slice", found, *map(writer.integers, parts))


_FUNCTIONS: Mapping[Any, Callable[..., Any]] = {
    operator.add: _binary("Add"),
    operator.mul: _binary("Mul"),
    operator.mod: _binary("Mod"),
    operator.neg: lambda writer, of: writer.op("Neg", writer.name(of)),
    operator.getitem: _item,
    getattr: _attribute,
    torch.cat: _cat,
    nn.functional.relu: _relu,
    nn.functional.max_pool2d: _max_pool2d,
    nn.functional.pad: _pad,
    "mean": _mean,
    "chunk": _chunk,
}
