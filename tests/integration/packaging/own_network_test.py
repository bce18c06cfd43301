"""The example package, installed by pip: a server without torch reads it, a worker trains it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.root import ROOT

# As the server: no module of torch may be loaded. Prints the payload of a first trial.
SERVER = """
import json, sys
from service.studies import payloads, planning
from service.validation import parse
spec = parse.parse(json.loads(sys.argv[1]))
space = planning.space_of(spec)
order = payloads.searched(spec, space, spec.samplers[0].name, [0.4] * space.dimension)
assert "torch" not in sys.modules
print(json.dumps(order.payload))
"""
# As a worker: trains that payload, prints the loss and how many epochs were measured.
WORKER = """
import json, sys
from service.orchestration.messages import Assignment, Measured
from workers.worker import Worker
payload = json.loads(sys.argv[1])
*measured, (ended, _) = Worker().run([Assignment(1, 1, 1, "", payload, "cpu", False)])
assert all(isinstance(item, Measured) for item in measured), measured
print(json.dumps([ended.ending, ended.metrics, len(measured), ended.error]))
"""
COUNTING = {
    "name": "counted",
    "task": {"kind": "counting"},
    "network": {"kind": "dilated", "depth": 2, "kernel_size": 5},
    "density": {"scope": "layer"},
    "training": {"epochs": 2},
    "samplers": ["direct_l"],
    "budget": {"n_trials": 2},
}
NAMING = {
    "name": "named",
    "task": {"kind": "classification", "dataset": "rings"},
    "training": {"epochs": 2},
    "samplers": ["direct_l"],
    "budget": {"n_trials": 2},
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install a copy of the example, whose folder pip would write into."""
    folder = tmp_path_factory.mktemp("own")
    source = shutil.copytree(ROOT / "examples" / "own_network", folder / "source")
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    target = folder / "target"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", target, source],
        check=True,
        capture_output=True,
    )
    return target


def answer(installed: Path, script: str, body: object) -> Any:  # noqa: ANN401 - JSON
    path = os.pathsep.join([str(ROOT), str(ROOT / "library"), str(installed)])
    ran = subprocess.run(
        [sys.executable, "-c", script, json.dumps(body)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_its_network_and_objective_are_read_without_torch_and_trained(installed: Path) -> None:
    payload = answer(installed, SERVER, COUNTING)
    assert list(payload["phi"]) == ["blocks.0.0", "blocks.1.0"]
    assert set(payload["packages"]) == {"densearch.networks", "densearch.objectives"}
    ending, metrics, n_epochs, error = answer(installed, WORKER, payload)
    assert (ending, n_epochs, error) == ("completed", 2, None)
    # Answers by chance are wrong by more than a ring.
    assert 0 <= metrics["count_error"] < 1


def test_its_data_train_a_network_of_ours(installed: Path) -> None:
    payload = answer(installed, SERVER, NAMING)
    assert payload["packages"] == {"densearch.datasets": {"rings": "own-network 0.1.0"}}
    ending, metrics, n_epochs, error = answer(installed, WORKER, payload)
    assert (ending, n_epochs, error) == ("completed", 2, None)
    assert 0.25 < metrics["accuracy"] <= 1


def test_the_doctor_lists_it(installed: Path) -> None:
    script = (
        "import json; from api.cli.installed_plugins import listed; "
        "print(json.dumps([[p.what, p.name, p.package, p.error] for p in listed()]))"
    )
    found = answer(installed, script, None)
    for what, name in (
        ("network", "dilated"),
        ("data set", "rings"),
        ("objective", "counting"),
    ):
        assert [what, name, "own-network 0.1.0", None] in found
