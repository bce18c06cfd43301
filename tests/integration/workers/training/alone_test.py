"""The training code where nothing is installed but torch and NumPy, with what these need."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.support.root import ROOT

# Hides every package that torch and NumPy do not ask for, then imports every module and trains.
SCRIPT = """
import json, pkgutil, re, sys
from importlib import import_module
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from importlib.machinery import PathFinder

def key(name):
    return re.sub("[-_.]+", "-", name).lower()

needed, wanted = set(), ["torch", "numpy"]
while wanted:
    name = key(wanted.pop())
    if name not in needed:
        needed.add(name)
        try:
            found = requires(name) or []
        except PackageNotFoundError:
            continue
        wanted += [re.match("[A-Za-z0-9._-]+", r)[0] for r in found if "extra ==" not in r]
own = {"densearch", "densearch-server"}
hidden = {module for module, owners in packages_distributions().items()
          if not {key(owner) for owner in owners} & (needed | own)}

class Visible(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name.partition(".")[0] in hidden:
            return None
        return super().find_spec(name, path, target)

sys.meta_path = [Visible if finder is PathFinder else finder for finder in sys.meta_path]
import workers.training
names = [m.name for m in pkgutil.walk_packages(workers.training.__path__, "workers.training.")]
for name in names:
    import_module(name)
from workers.training.calibration import calibrate
from workers.training.loop import train
from workers.training.packs import train_pack
from workers.training.task import Candidate, TrainingTask

sgd = {"optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.0,
       "batch_size": 64, "epochs": 1, "precision": "auto"}
tasks = [
    TrainingTask(
        task={"kind": "classification", "dataset": "waveforms"},
        network={"kind": "small_cnn", "depth": 2, "width": 8, "kernel_size": 3},
        training=sgd, phi=phi, seed=0)
    for phi in (None, (0.5, 1.0, 0.5))
]
ends = [list(train(tasks[0]))[-1]]
ends += [item for _, item in train_pack([Candidate(task) for task in tasks])]
calibrate(tasks[1], (1, 2))
print(json.dumps({
    "hidden": sorted(hidden), "modules": names,
    "ends": [end.status.value for end in ends if hasattr(end, "status")],
}))
"""


def test_torch_and_numpy_are_enough_to_train() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT],
        cwd=ROOT,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["ends"] == ["completed"] * 3
    assert len(told["modules"]) > 40
    assert {"ray", "sqlalchemy", "pydantic", "skimage", "sklearn", "scipy"} <= {*told["hidden"]}
    assert {"torchmetrics", "safetensors", "fastapi", "PIL"} <= {*told["hidden"]}


def test_a_process_of_a_worker_loads_nothing_that_it_does_not_need() -> None:
    code = """
import sys, workers.worker
needless = {"alembic", "fastapi", "pydantic", "ray", "sqlalchemy", "torch"}
print(sorted(needless & sys.modules.keys()))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
