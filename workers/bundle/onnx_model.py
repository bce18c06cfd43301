"""A trained network as ONNX, compared with torch on real inputs by onnxruntime."""

from __future__ import annotations

import logging
import warnings
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
LACK = "the extra is not installed: pip install 'densearch-server[onnx]'"
# Of the outputs' largest size: the sums are taken in another order.
TOLERANCE = 1e-4


class OnnxError(Exception):
    """The network has no form in ONNX, or one with other outputs."""


def is_installed() -> bool:
    """Whether the packages of the extra are there."""
    return all(find_spec(name) is not None for name in PACKAGES)


def onnx_of(network: nn.Module, inputs: Tensor) -> tuple[bytes, float]:
    """Return the model, and how far its outputs are from torch's, as a part of their size.

    Its input `input` and output `output` take any number of samples.

    Args:
        network: On the CPU, in eval mode.
        inputs: (B, C, *sides), B at least 2.

    Raises:
        OnnxError: The network cannot be exported, or computes something else then.
    """
    try:
        model = _exported(network, inputs)
    except Exception as error:
        said = str(error).strip().splitlines()
        raise OnnxError(said[0][:200] if said else type(error).__name__) from error
    with torch.inference_mode():
        wanted = network(inputs).numpy()
    found = _outputs(model, inputs.numpy())
    alone = _outputs(model, inputs[:1].numpy())
    scale = float(np.abs(wanted).max()) or 1.0
    apart = max(np.abs(found - wanted).max(), np.abs(alone - wanted[:1]).max()) / scale
    if not apart <= TOLERANCE:
        raise OnnxError(f"its outputs differ from torch's by {apart:.2g} of their size")
    return model, float(apart)


def _exported(network: nn.Module, inputs: Tensor) -> bytes:
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    batch = torch.export.Dim("batch", min=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            network,
            (inputs,),
            dynamo=True,
            verbose=False,
            input_names=["input"],
            output_names=["output"],
            dynamic_shapes=({0: batch},),
        )
    if program is None:
        raise OnnxError("torch.onnx gave no program")
    model = program.model_proto
    _forget_places(model)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def _forget_places(model: object) -> None:
    """Remove what the exporter noted of this machine: stack traces with paths of files."""
    graphs = [model.graph, *model.functions]  # type: ignore[attr-defined]
    del model.metadata_props[:]  # type: ignore[attr-defined]
    for graph in graphs:
        del graph.metadata_props[:]
        values = [*getattr(graph, "input", []), *getattr(graph, "output", []), *graph.value_info]
        for part in [*graph.node, *values, *getattr(graph, "initializer", [])]:
            if hasattr(part, "metadata_props"):
                del part.metadata_props[:]
            if hasattr(part, "doc_string"):
                part.ClearField("doc_string")


def _outputs(model: bytes, inputs: NDArray[Any]) -> NDArray[Any]:
    import onnxruntime  # type: ignore[import-untyped] # an extra

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"input": inputs})
    return np.asarray(found)
