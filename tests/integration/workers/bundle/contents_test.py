"""A bundle of a real training, used where there is torch and nothing of this product."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub import ModelCard

from service.tasks.metric_names import OF_THE_SPLIT
from tests.support import plugged_parts
from tests.support.trainings import DIGITS, PHI, task
from workers.bundle.archive import zipped
from workers.bundle.contents import files_of
from workers.training.loop import train
from workers.training.objectives import build_objective
from workers.training.objectives.labelled import LabelledObjective
from workers.training.task import Outcome

RESNET = {"kind": "resnet", "depth": 1, "width": 8, "n_stages": 2, "kernel_size": 3}
NAME = 'an "odd" <b>name</b>: *a*'
# Runs with no site-packages but the folder that it is given.
SCRIPT = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import numpy, torch, network, use_density
model = network.load(sys.argv[2] + "/model.safetensors")
inputs = torch.from_numpy(numpy.load(sys.argv[3] + "/inputs.npy"))
labels = torch.from_numpy(numpy.load(sys.argv[3] + "/labels.npy"))
with torch.inference_mode():
    outputs = model(inputs).double()
print(float(torch.nn.functional.cross_entropy(outputs, labels)))
print(float((outputs.argmax(1) == labels).double().mean()))
plain = torch.nn.Conv2d(1, 2, 3)
before = plain.weight.detach().clone()
use_density.fold(use_density.weigh(torch.nn.Sequential(plain)))
phi = torch.from_numpy(numpy.load(sys.argv[2] + "/arrays/phi.npy")).float()
print(float((plain.weight - before * phi).abs().max()))
print(sorted({"densearch", "workers", "safetensors", "onnx", "ray"} & sys.modules.keys()))
"""
# The network that its package builds, and its form in ONNX.
PLUGGED = """
import sys
sys.path[:0] = sys.argv[1:]
import network, onnxruntime, torch
inputs = torch.rand(3, 2, 14, 17)
session = onnxruntime.InferenceSession(sys.argv[2] + "/model.onnx")
(found,) = session.run(None, {"input": inputs.numpy()})
with torch.inference_mode():
    wanted = network.load(sys.argv[2] + "/model.safetensors")(inputs)
print(torch.allclose(torch.from_numpy(found), wanted, atol=1e-5))
"""


@pytest.fixture(scope="module")
def trained() -> Outcome:
    given = task(DIGITS, network=RESNET, split="test", keep_weights=True, training={"epochs": 1})
    *_, outcome = train(given)
    assert isinstance(outcome, Outcome)
    return outcome


def question(data_dir: Path, outcome: Outcome, norm: str) -> dict[str, Any]:
    assert outcome.weights is not None
    (data_dir / "net").write_bytes(outcome.weights)
    given = task(DIGITS, network=RESNET)
    density = {
        "place": 0,
        "layer": "",
        "layers": [],
        "family": "symmetric",
        "kernel_size": 3,
        "n_dims": 2,
        "vector": [0.5],
        "alpha": [0.5, 1.0, 0.5],
        "beta": [0.5, 1.0, 0.5],
        "gamma": None,
        "phi": [list(row) for row in PHI],
        "den": [0.5],
        "den_fault": None,
    }
    spec = {"task": DIGITS, "seed": 1}
    payload = {"task": dict(given.task), "training": dict(given.training)}
    own = {"id": 4, "seed": 0, "digest": "d", "metrics": outcome.metrics, "worker": "w on CPU"}
    return {
        "norm": norm,
        "arm": "tpe",
        "densities": [density],
        "report": None,
        "report_md": "r",
        "job": {"id": 1, "name": NAME, "state": "SUCCEEDED", "is_final": True, "spec": spec},
        "weights": "net",
        "no_weights": None,
        "data_dir": str(data_dir),
        "trial": own | {"payload": payload},
    }


@pytest.mark.parametrize("norm", ["kept", "folded"])
def test_a_bundle_repeats_the_test_metric_with_torch_alone(
    trained: Outcome, tmp_path: Path, norm: str
) -> None:
    asked = question(tmp_path, trained, norm)
    content = zipped(files_of(asked))
    assert zipped(files_of(asked)) == content
    bundle = tmp_path / "bundle"
    zipfile.ZipFile(BytesIO(content)).extractall(bundle)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=bundle, check=True)
    found = json.loads((bundle / "provenance.json").read_text())
    assert (found["lacks"], found["needs"]) == ({}, None)
    assert found["onnx"]["checked_on"] == "batch of the data set"
    assert (found["n_folded_norms"] > 0) == (norm == "folded")
    _save_test_split(tmp_path)
    _link_torch(tmp_path / "alone")
    words = [sys.executable, "-I", "-S", "-c", SCRIPT, str(tmp_path / "alone"), str(bundle)]
    done = subprocess.run([*words, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loss, accuracy, apart, foreign = done.stdout.splitlines()
    assert float(loss) == pytest.approx(trained.metrics["loss"], rel=1e-6, abs=1e-6)
    assert float(accuracy) == pytest.approx(trained.metrics["accuracy"], abs=1e-6)
    assert (float(apart), foreign) == (0.0, "[]")
    _check_card(bundle / "README.md", trained)


def _save_test_split(folder: Path) -> None:
    objective = build_objective(DIGITS, torch.device("cpu"), task(DIGITS).training)
    assert isinstance(objective, LabelledObjective)
    batches = list(objective.data.splits["test"].batches(256))
    np.save(folder / "inputs.npy", torch.cat([samples for samples, _ in batches]).numpy())
    np.save(folder / "labels.npy", torch.cat([labels for _, labels in batches]).numpy())


def _link_torch(folder: Path) -> None:
    """Make a folder of packages that holds torch, NumPy, and what these require."""
    folder.mkdir()
    for name in {*_required("torch"), *_required("numpy")}:
        found = distribution(name)
        for first in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (folder / first).exists():
                (folder / first).symlink_to(found.locate_file(first))  # type: ignore[arg-type]
    assert importlib.util.find_spec("safetensors") is not None
    assert not (folder / "safetensors").exists()


def _required(name: str, seen: set[str] | None = None) -> Iterator[str]:
    seen = set() if seen is None else seen
    if name in seen:
        return
    seen.add(name)
    try:
        needs = distribution(name).requires or ()
    except PackageNotFoundError:  # of another system
        return
    yield name
    for need in needs:
        if "extra ==" not in need:
            yield from _required(re.split(r"[^A-Za-z0-9_.-]", need)[0], seen)


def _check_card(path: Path, trained: Outcome) -> None:
    card = ModelCard.load(path)
    results = {result.metric_type: result.metric_value for result in card.data.eval_results}
    reached = {name for name in trained.metrics if name not in OF_THE_SPLIT}
    assert results == {name: trained.metrics[name] for name in reached}
    assert (card.data.model_name, card.data.pipeline_tag) == (NAME, "image-classification")
    assert "<b>" not in card.text


def test_a_network_of_a_plug_in_is_built_by_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    with plugged_parts.parts_installed(tmp_path / "site", monkeypatch):
        given = plugged_parts.task(split="test", keep_weights=True)
        made = plugged_parts.outcome(given)
        payload = {"task": dict(given.task), "training": dict(given.training)}
        asked = question(tmp_path, made, "kept")
        files = files_of(asked | {"trial": asked["trial"] | {"payload": payload}})
    found = json.loads(files["provenance.json"])
    assert (found["lacks"], found["needs"]) == ({}, "plugged-parts 1.0")
    assert found["onnx"]["sizes"] == "any"
    for name in ("network.py", "model.safetensors", "model.onnx"):
        (tmp_path / name).write_bytes(files[name])
    words = [sys.executable, "-c", PLUGGED, str(tmp_path / "site"), str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr


def test_without_the_extra_the_bundle_says_what_it_lacks(
    trained: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.bundle.onnx_model.PACKAGES", ("no_such_package",))
    files = files_of(question(tmp_path, trained, "kept"))
    assert "model.onnx" not in files
    assert "-e '.[onnx]'" in json.loads(files["provenance.json"])["lacks"]["model.onnx"]
    assert b"\\-e '.\\[onnx\\]'" in files["README.md"]


def test_without_a_network_there_is_the_density(trained: Outcome, tmp_path: Path) -> None:
    asked = question(tmp_path, trained, "kept")
    none = {"weights": None, "no_weights": "the job has not ended", "trial": None}
    files = files_of(asked | none)
    assert {"density.json", "arrays/phi.npy", "use_density.py"} <= files.keys()
    assert not {"model.safetensors", "network.py", "model.onnx"} & files.keys()
    lacks = json.loads(files["provenance.json"])["lacks"]
    assert lacks["model.safetensors"] == "the job has not ended"
    (tmp_path / "net").write_bytes(b"\xff" * 100)
    broken = files_of(asked)
    assert "model.safetensors" not in broken
