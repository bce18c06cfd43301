"""Bodies of jobs for the tests of the API."""

from __future__ import annotations

import copy
import json
from typing import Any

from starlette.testclient import TestClient

JSON = {"content-type": "application/json"}
PHOTOS: dict[str, Any] = {
    "name": "photos",
    "task": {"kind": "denoising", "dataset": "photos", "noise_sigma": 25, "patch_px": 40},
    "network": {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 3},
    "training": {"optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "batch_size": 64, "epochs": 4},
    "density": {"family": "symmetric", "scope": "network", "bounds": [[0.0, 2.0]]},
    "samplers": [{"name": "direct_l"}, {"name": "random"}],
    "controls": ["uniform", "gaussian"],
    "budget": {"n_trials": 5},
    "evaluation": {"n_seeds": 2},
}
SPHERE: dict[str, Any] = {
    "name": "sphere",
    "task": {"kind": "function", "name": "sphere", "dimension": 2},
    "samplers": ["random"],
    "budget": {"n_trials": 6},
}
# Trained in a second.
TINY: dict[str, Any] = {
    "name": "tiny",
    "task": {"kind": "denoising", "patch_px": 16, "n_patches": 16},
    "network": {"kind": "dncnn", "depth": 2, "width": 2},
    "training": {"epochs": 1, "batch_size": 16, "lr": 0.01},
    "samplers": ["random"],
    "controls": ["uniform"],
    "budget": {"n_trials": 2},
    "evaluation": {"n_seeds": 2},
}


def changed(pointer: str, value: object) -> dict[str, Any]:
    """Return the photos job with one place set to `value`."""
    body = copy.deepcopy(PHOTOS)
    *way, last = pointer.strip("/").split("/")
    here: Any = body
    for key in way:
        here = here[int(key)] if isinstance(here, list) else here.setdefault(key, {})
    here[int(last) if isinstance(here, list) else last] = value
    return body


def submit(client: TestClient, body: object = SPHERE) -> int:
    """Submit a job and return its id."""
    answer = client.post("/v1/jobs", content=json.dumps(body), headers=JSON)
    assert answer.status_code == 202, answer.text
    job_id: int = answer.json()["id"]
    return job_id
