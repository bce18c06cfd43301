"""The searches that are run: small, on a stored data set, and a little different each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits

from densearch.client import Client
from tests.chaos.results import differences, results_of
from tests.containers.stack import until

N_IMAGES = 600
PATIENCE_S = 600.0


def write_digits(folder: Path) -> Path:
    """Write the file of a small data set: 8 x 8 images of ten digits."""
    digits = load_digits()
    path = folder / "digits.npz"
    images = (digits.images[:N_IMAGES] / 16).astype(np.float32)
    np.savez_compressed(path, inputs=images[:, None], labels=digits.target[:N_IMAGES])
    return path


def spec_of(seed: int) -> dict[str, Any]:
    """Return a search of some seconds; each seed's trainings are other ones, so none is reused."""
    return {
        "name": f"digits {seed}",
        "seed": seed,
        "task": {"kind": "classification", "dataset": "stored:1"},
        "network": {"kind": "small_cnn", "depth": 1, "width": 8},
        "training": {"batch_size": 32, "epochs": 20},
        "samplers": ["direct_l"],
        "budget": {"n_trials": 8},
        "evaluation": {"n_seeds": 1},
    }


def store(client: Client, file: Path) -> None:
    """Store the data set, which becomes stored:1."""
    stored = client.datasets.add(file, name="digits")
    assert stored["id"] == 1, stored


def submit(client: Client, seed: int) -> int:
    """Submit the search of a seed and return its number."""
    job_id: int = client.submit(spec_of(seed))["id"]
    return job_id


def wait_running(client: Client, job_id: int, n_trials: int = 2) -> None:
    """Wait until so many trials have ended and others run."""

    def is_running() -> bool:
        if client.job(job_id)["state"] in {"SUCCEEDED", "FAILED"}:
            raise AssertionError(f"job {job_id} has ended already")
        ended = [t for t in client.trials(job_id, phase="all") if t["state"] == "COMPLETED"]
        return len(ended) >= n_trials

    until(is_running, f"{n_trials} trials of job {job_id} have ended")


def finish(client: Client, job_id: int) -> Any:  # noqa: ANN401 - JSON
    """Wait for the end of a job and return all of it that must not depend on chance."""
    until(
        lambda: client.job(job_id)["state"] in {"SUCCEEDED", "FAILED"},
        f"job {job_id} ends",
        PATIENCE_S,
    )
    (result,) = results_of(client, [job_id])
    assert result["state"] == "SUCCEEDED", result["state"]
    return result


def must_equal(expected: Any, found: Any) -> None:  # noqa: ANN401 - JSON
    """Compare a job with the undisturbed one, exactly.

    Raises:
        AssertionError: They differ; the first places are named.
    """
    wrong = list(differences(expected, found))
    assert not wrong, f"{len(wrong)} differences: " + "; ".join(wrong[:3])
