"""A trained network as ONNX, compared with torch on real inputs by onnxruntime."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from workers.bundle import onnx_graph
from workers.bundle.onnx_writer import UnknownPartError

PACKAGES = ("onnx", "onnxruntime", "onnxscript")
LACK = "the extra is not installed: pip install -e '.[onnx]'"
# Of the outputs' largest size: the sums are taken in another order.
TOLERANCE = 1e-4
# By so many pixels images of another size are larger.
_LARGER = 3


class OnnxError(Exception):
    """The network has no form in ONNX, or one with other outputs."""


def is_installed() -> bool:
    """Whether the packages of the extra are there."""
    return all(find_spec(name) is not None for name in PACKAGES)


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A model, its input `input` and its output `output`, which take any number of samples.

    Attributes:
        difference: How far its outputs are from torch's, as a part of their size.
        has_any_size: Whether it takes images of other sizes, too.
    """

    content: bytes
    difference: float
    has_any_size: bool


def onnx_of(network: nn.Module, inputs: Tensor) -> OnnxModel:
    """Return the model.

    What `workers.bundle.onnx_graph` can write is written so, all else by torch's exporter, which
    takes seconds.

    Args:
        network: On the CPU, in eval mode.
        inputs: (B, C, *sides), B at least 2.

    Raises:
        OnnxError: The network cannot be exported, or computes something else then.
    """
    larger = nn.functional.pad(inputs[:1], (0, _LARGER) * (inputs.dim() - 2))
    has_any_size = _runs(network, larger)
    asked = [inputs, inputs[:1], *[larger] * has_any_size]
    with suppress(UnknownPartError, OnnxError):
        written = onnx_graph.model_of(network, inputs, has_any_size=has_any_size)
        return OnnxModel(written, _difference(network, written, asked), has_any_size)
    if has_any_size:
        with suppress(OnnxError):
            exported = _exported(network, inputs, has_any_size=True)
            return OnnxModel(exported, _difference(network, exported, asked), has_any_size=True)
    exported = _exported(network, inputs, has_any_size=False)
    return OnnxModel(exported, _difference(network, exported, asked[:2]), has_any_size=False)


def _runs(network: nn.Module, inputs: Tensor) -> bool:
    """Whether a network takes such inputs."""
    try:
        with torch.inference_mode():
            network(inputs)
    except Exception:  # noqa: BLE001 - whatever a plug-in's network raises
        return False
    return True


def _difference(network: nn.Module, model: bytes, asked: Sequence[Tensor]) -> float:
    """Return the largest part of torch's outputs by which a model's differ.

    Raises:
        OnnxError: It is above the tolerance, or the model does not run.
    """
    worst = 0.0
    session = _session(model)
    for inputs in asked:
        with torch.inference_mode():
            wanted = network(inputs).numpy()
        found = _outputs(session, inputs.numpy())
        if found.shape != wanted.shape:
            raise OnnxError(f"its outputs have the shape {found.shape}, torch's {wanted.shape}")
        scale = float(np.abs(wanted).max()) or 1.0
        apart = float(np.abs(found - wanted).max()) / scale
        if not apart <= TOLERANCE:
            raise OnnxError(f"its outputs differ from torch's by {apart:.2g} of their size")
        worst = max(worst, apart)
    return worst


def _exported(network: nn.Module, inputs: Tensor, *, has_any_size: bool) -> bytes:
    """Return the model by torch's exporter.

    Raises:
        OnnxError: It has none.
    """
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    open_: dict[int, Any] = {0: torch.export.Dim("batch", min=1)}
    if has_any_size:  # as far as the exporter can follow
        open_ |= dict.fromkeys(range(2, inputs.dim()), torch.export.Dim.AUTO)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.onnx.export(
                network,
                (inputs,),
                dynamo=True,
                verbose=False,
                input_names=["input"],
                output_names=["output"],
                dynamic_shapes=(open_,),
            )
    except Exception as error:
        cause = error.__cause__ or error  # torch's own words name its steps, in colours
        said = str(cause).strip().splitlines()
        raise OnnxError(said[0][:200] if said else type(cause).__name__) from error
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


def _session(model: bytes) -> Any:  # noqa: ANN401 - of a package without types
    import onnxruntime  # type: ignore[import-untyped] # an extra

    try:
        return onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise OnnxError(f"onnxruntime does not load it: {type(error).__name__}") from error


def _outputs(session: Any, inputs: NDArray[Any]) -> NDArray[Any]:  # noqa: ANN401 - as above
    try:
        (found,) = session.run(None, {"input": inputs})
    except Exception as error:
        raise OnnxError(f"onnxruntime does not run it: {type(error).__name__}") from error
    return np.asarray(found)
