"""What a job takes against what was estimated: python -m benchmarks.estimate_accuracy.

Each job gets a server of its own, which knows nothing: it is estimated by a calibration, run, and
then estimated and run again with other seeds. Those that are not in packs are then estimated by
the earlier trainings. Printed are the time from the job's start to its end and the estimate, and
how often the one lay within the other. `--repeats` counts the jobs of each kind.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.machine import describe, spread
from benchmarks.serving import serve
from densearch.answers import EstimateAnswer
from densearch.client.client import Client

DIGITS: dict[str, Any] = {
    "task": {"kind": "classification", "dataset": "digits"},
    "network": {"kind": "small_cnn", "depth": 2, "width": 16},
    "training": {"epochs": 8},
    "density": {"bounds": [[0.0, 2.0]]},
    "controls": ["uniform"],
    "evaluation": {"n_seeds": 3},
}
PHOTOS: dict[str, Any] = {
    "task": {"kind": "denoising", "n_patches": 256},
    "network": {"kind": "dncnn", "depth": 3, "width": 8},
    "training": {"epochs": 4},
    "density": {"bounds": [[0.0, 2.0]]},
    "controls": ["uniform", "flat"],
    "evaluation": {"n_seeds": 2},
}
JOBS: Mapping[str, dict[str, Any]] = {
    "digits, tpe": DIGITS | {"samplers": ["tpe"], "budget": {"n_trials": 16}},
    "digits, random in packs of 8": DIGITS
    | {"samplers": ["random"], "budget": {"n_trials": 48}, "resources": {"pack_width": 8}},
    "digits, tpe in packs (auto)": DIGITS
    | {
        "samplers": [{"name": "tpe", "batch_size": 16}],
        "budget": {"n_trials": 48},
        "resources": {"pack_width": "auto"},
    },
    "photos, direct_l": PHOTOS | {"samplers": ["direct_l"], "budget": {"n_trials": 20}},
    "photos, with fidelity": PHOTOS
    | {
        "samplers": ["direct_l", "tpe"],
        "budget": {"n_trials": 16},
        "fidelity": {"search_fraction": 0.5, "promote": 2},
    },
}


@dataclass(frozen=True)
class Result:
    """One job: seconds estimated and taken, and where the estimate came from."""

    low: float
    expected: float
    high: float
    taken: float
    source: str

    @property
    def is_held(self) -> bool:
        """Whether the job took a time within the interval."""
        return self.low <= self.taken <= self.high


def estimate(client: Client, spec: dict[str, Any]) -> EstimateAnswer:
    """Return a job's estimate once it is known."""
    while (found := client.estimate(spec))["state"] == "measuring":
        time.sleep(0.2)
    return found


def run(client: Client, spec: dict[str, Any]) -> Result:
    """Estimate a job and run it."""
    found = estimate(client, spec)
    job = client.wait(client.submit(spec)["id"])
    begun, ended = (
        datetime.fromisoformat(job[name] or "") for name in ("started_at", "finished_at")
    )
    if found["time_s"] is None or found["epoch"] is None:
        raise RuntimeError(f"no estimate: {found['detail']}")
    return Result(
        **found["time_s"],
        taken=(ended - begun).total_seconds(),
        source=found["epoch"]["source"],
    )


def results(spec: dict[str, Any], repeats: int) -> Iterator[Result]:
    """Yield the results of jobs that differ in their seed, on a server of their own."""
    with serve() as server, Client(server.url) as client:
        server.wait_until_ready()
        for seed in range(repeats):
            yield run(client, {**spec, "name": "job", "seed": seed})


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    print(describe("torch", "ray"))
    print(f"{'job':<30} {'from':<12} {'low':>7} {'expected':>9} {'high':>7} {'taken':>7}  held")
    every = []
    for title, spec in JOBS.items():
        for one in results(spec, repeats):
            figures = f"{one.low:7.1f} {one.expected:9.1f} {one.high:7.1f} {one.taken:7.1f}"
            print(f"{title:<30} {one.source:<12} {figures}  {'yes' if one.is_held else 'NO'}")
            every.append(one)
    held = sum(one.is_held for one in every)
    print(f"within the interval: {held} of {len(every)}")
    print(f"taken / expected: {spread([one.taken / one.expected for one in every], '')}")


if __name__ == "__main__":
    main()
