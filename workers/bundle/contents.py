"""The files of a bundle, made of one question.

The question is plain JSON, see `service.jobs.bundle_source`: the job, the arm, its densities, the
trial that trained its network, and the place of the network's file. The same question gives the
same files.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from densearch.plugins.shape import InputShape
from workers import exported
from workers.bundle import card, density_document, network_source, onnx_model, use_density
from workers.bundle.density_document import to_json
from workers.training.export import BUILT_FROM
from workers.training.generators import generators_of
from workers.training.objectives import build_objective

MODEL, NETWORK, ONNX = "model.safetensors", "network.py", "model.onnx"
_TEXTS = {
    density_document.NAME: "the densities, with `den` where the authors' wConv2d can say them",
    MODEL: "the trained network, plain convolutions",
    NETWORK: "the network in plain torch, and what reads its weights",
    ONNX: "the same for ONNX runtimes",
    "model.json": "what the network is built from, and how its inputs are scaled",
    "use_density.py": "puts the density into a network of your own",
    "spec.json": "the job, complete: submit it again to repeat it",
    "report.json": "what the job found",
    "report.md": "the same to be read",
    "provenance.json": "versions, seeds, hashes and device",
    "SHA256SUMS": "for `sha256sum --check`",
}
_PACKAGES = ("densearch-server", "densearch", "numpy", "onnx", "onnxruntime", "torch")
# Samples on which the form in ONNX is compared.
_N_COMPARED = 8


@dataclass
class _Making:
    """The files so far, and what cannot be made, each with the reason."""

    files: dict[str, bytes] = field(default_factory=dict)
    lacks: dict[str, str] = field(default_factory=dict)
    notes: dict[str, Any] = field(default_factory=dict)


def files_of(question: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files of a bundle by their paths, but for `SHA256SUMS`."""
    making = _Making()
    making.files |= dict(density_document.files_of(question["arm"], question["densities"]))
    making.files["use_density.py"] = inspect.getsource(use_density).encode()
    making.files["spec.json"] = to_json(question["job"]["spec"])
    if question["report"] is not None:
        making.files["report.json"] = to_json(question["report"])
    making.files["report.md"] = question["report_md"].encode()
    _add_network(making, question)
    making.files["provenance.json"] = to_json(_provenance(making, question))
    names = [*sorted(name for name in making.files if "/" not in name), "SHA256SUMS"]
    contents = [(name, _TEXTS[name]) for name in names]
    if any(name.startswith("arrays/") for name in making.files):
        contents.append(("arrays/", "the same densities as NumPy arrays, float64"))
    making.files["README.md"] = card.card_of(question, contents, making.lacks)
    return making.files


def _add_network(making: _Making, question: Mapping[str, Any]) -> None:
    if question["weights"] is None:
        making.lacks |= dict.fromkeys((MODEL, NETWORK, ONNX), question["no_weights"])
        return
    path = Path(question["data_dir"]) / question["weights"]
    try:
        kept = exported.load_network(path, folds_norms=False)
        network = exported.load_network(path, folds_norms=question["norm"] == "folded")
        built_from = _built_from(path)
    except (OSError, ValueError) as error:
        said = str(error).replace(str(path), "its file")  # no path of this machine
        reason = said if path.is_file() else "its file is not in the data directory any more"
        making.lacks |= dict.fromkeys((MODEL, NETWORK, ONNX), reason)
        return
    section, shape = built_from["network"], built_from["shape"]
    names = {name for name, layer in network.named_modules() if isinstance(layer, nn.Identity)}
    norms = [
        n
        for n, layer in kept.named_modules()
        if n in names and layer is not network and not isinstance(layer, nn.Identity)
    ]
    before = kept.state_dict().keys()
    state = {name: value.contiguous() for name, value in network.state_dict().items()}
    biases = [n.removesuffix(".bias") for n in state if n.endswith(".bias") and n not in before]
    n_outputs = built_from["n_outputs"]
    making.files[MODEL] = save(state, {"format": "pt"})
    source = network_source.source_of(section, shape, n_outputs, norms, biases)
    making.files[NETWORK] = source.encode()
    making.notes["n_folded_norms"] = len(norms)
    making.notes["needs"] = network_source.needed_package(section["kind"])
    inputs, words = _inputs(question, InputShape(**shape))
    making.files["model.json"] = to_json({**built_from, **words})
    _add_onnx(making, network, inputs, is_real="scaling" in words)


def _add_onnx(making: _Making, network: nn.Module, inputs: Tensor, *, is_real: bool) -> None:
    if not onnx_model.is_installed():
        making.lacks[ONNX] = onnx_model.LACK
        return
    try:
        model = onnx_model.onnx_of(network, inputs)
    except onnx_model.OnnxError as error:
        making.lacks[ONNX] = str(error)
        return
    making.files[ONNX] = model.content
    making.notes["onnx"] = {
        "checked_on": "batch of the data set" if is_real else "batch of random inputs",
        "n": len(inputs),
        "difference": f"{model.difference:.1e}",
        "sizes": "any" if model.has_any_size else "as trained",
    }


def _built_from(path: Path) -> dict[str, Any]:
    """Return what a network's file says of it, which `load_network` has checked."""
    with safe_open(path, framework="pt") as file:
        found: dict[str, Any] = json.loads(file.metadata()[BUILT_FROM])
    return found


def _inputs(question: Mapping[str, Any], shape: InputShape) -> tuple[Tensor, dict[str, Any]]:
    """Return inputs of the network's data set, and how they are scaled; else random ones."""
    cpu = torch.device("cpu")
    try:
        payload = question["trial"]["payload"]
        objective = build_objective(
            payload["task"], cpu, payload["training"], question["data_dir"]
        )
        batch = next(iter(objective.batches(_N_COMPARED, generators_of(0, cpu))))
    except Exception as error:  # noqa: BLE001 - a set that was deleted, or a plug-in's fault
        sides = (shape.size_px,) * shape.n_dims
        drawn = torch.randn(
            (_N_COMPARED, shape.n_channels, *sides), generator=generators_of(0, cpu).noise
        )
        return drawn, {"no_scaling": f"the data set cannot be read here: {type(error).__name__}"}
    return batch[0].contiguous(), {"scaling": _scaling(objective)}


def _scaling(objective: object) -> dict[str, Any] | None:
    """Return `low` and `span` of (value - low) / span, where inputs are scaled so."""
    scale = getattr(getattr(objective, "data", None), "normalise", None)
    low, span = getattr(scale, "low", None), getattr(scale, "span", None)
    if not isinstance(low, Tensor) or not isinstance(span, Tensor):
        return None
    return {"low": low.flatten().tolist(), "span": span.flatten().tolist()}


def _provenance(making: _Making, question: Mapping[str, Any]) -> dict[str, Any]:
    trial = question["trial"] or {}
    own = {name: trial.get(name) for name in ("id", "seed", "digest", "metrics", "worker")}
    return {
        "job": {k: question["job"][k] for k in ("id", "name", "state")},
        "is_complete": question["job"]["is_final"],
        "seed": question["job"]["spec"].get("seed"),
        "arm": question["arm"],
        "norm": question["norm"],
        "trial": own if trial else None,
        "payload": trial.get("payload"),
        "versions": _versions(),
        "lacks": making.lacks,
        "sha256": {n: hashlib.sha256(c).hexdigest() for n, c in sorted(making.files.items())},
        **making.notes,
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
