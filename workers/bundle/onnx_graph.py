"""A network of plain layers as an ONNX model, written layer by layer.

torch's own exporter takes 8 s of CPU time to load and to run. What a network computes is read by
`torch.fx`; sizes of images stay open, and what a network computes of them is part of the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from workers.bundle import onnx_parts
from workers.bundle.onnx_writer import OnnxWriter, UnknownPartError

IR_VERSION = 8
_SIDES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


def model_of(network: nn.Module, inputs: Tensor, *, has_any_size: bool) -> bytes:
    """Return the model: `input` (batch, C, *sides) to `output`.

    Args:
        network: On the CPU, in eval mode.
        inputs: (B, C, *sides); the network runs on them once.
        has_any_size: Whether the model takes images of other sizes.

    Raises:
        UnknownPartError: A layer or a function of it is not written here.
    """
    try:
        return _model_of(network, inputs, has_any_size=has_any_size)
    except UnknownPartError:
        raise
    except Exception as error:  # whatever a network does with a value that is none yet
        raise UnknownPartError(f"it cannot be traced: {error}") from error


def _model_of(network: nn.Module, inputs: Tensor, *, has_any_size: bool) -> bytes:
    graph = _Tracer().trace(network)
    run = _Run(fx.GraphModule(network, graph))
    with torch.inference_mode():
        run.run(inputs)
    writer = OnnxWriter(run.values)
    for node in graph.nodes:
        writer.names[node] = _written(writer, network, node)
    sides = _SIDES[inputs.dim() - 2] if has_any_size else inputs.shape[2:]
    (last,) = (node for node in graph.nodes if node.op == "output")
    n_more = run.values[last].dim() - 1
    return _model(writer, ["batch", inputs.shape[1], *sides], ["batch", *[None] * n_more])


class _Tracer(fx.Tracer):
    """Reads a network down to the layers that are written as a whole."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is written as a whole."""
        is_whole = isinstance(m, onnx_parts.WHOLE)
        return is_whole or super().is_leaf_module(m, module_qualified_name)


class _Run(fx.Interpreter):
    """Runs a network once, and keeps the value of each node: ranks and channels are read there."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module, garbage_collect_values=False)
        self.values: dict[fx.Node, Any] = {}

    def run_node(self, n: fx.Node) -> Any:  # noqa: ANN401 - torch's signature
        """Run a node, and keep its value."""
        self.values[n] = super().run_node(n)
        return self.values[n]


def _written(writer: OnnxWriter, network: nn.Module, node: fx.Node) -> Any:  # noqa: ANN401 - a name, or several
    if node.op == "placeholder":
        return "input"
    if node.op == "get_attr":
        return writer.constant(writer.value(node))
    if node.op == "call_module":
        layer = network.get_submodule(str(node.target))
        return onnx_parts.layer_of(writer, layer, _first(node))
    if node.op == "output":
        return writer.op("Identity", writer.name(_first(node)), named="output")
    return onnx_parts.function_of(writer, node)


def _first(node: fx.Node) -> fx.Node:
    if not node.args or not isinstance(node.args[0], fx.Node):
        raise UnknownPartError(f"{node.target} has no single input")
    return node.args[0]


def _model(writer: OnnxWriter, given: Sequence[Any], made: Sequence[Any]) -> bytes:
    from onnx import TensorProto, helper

    float_ = TensorProto.FLOAT
    graph = helper.make_graph(
        writer.nodes,
        "network",
        [helper.make_tensor_value_info("input", float_, given)],
        [helper.make_tensor_value_info("output", float_, made)],
        writer.constants,
    )
    opsets = [helper.make_opsetid("", onnx_parts.OPSET)]
    model = helper.make_model(graph, opset_imports=opsets, producer_name="densearch")
    model.ir_version = IR_VERSION
    content: bytes = model.SerializeToString(deterministic=True)
    return content
