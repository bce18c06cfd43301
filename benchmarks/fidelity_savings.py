"""What a cheap search saves: python -m benchmarks.fidelity_savings [--trials 32] [--epochs 8].

The task (examples/photos.json: DnCNN on photographs) searched by DIRECT-L on a real server with
2 workers: with all epochs in every training, and with short trainings of which the best few are
trained in full. Both end with a density; its validation loss after a full training says how good
it is on the search's seed, its test loss over fresh seeds how good it is at all. Epochs are
counted, wall time is from the job's start to the end of its search (evaluations left out). One run
of each: n = 1 search; the epochs do not depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.machine import describe
from benchmarks.serving import serve
from densearch.client.client import Client

TARGET = 0.25
N_SEEDS = 5


@dataclass(frozen=True)
class Search:
    """One search: what it spent and what it found."""

    epochs: int
    wall_s: float
    density: list[float]
    loss: float
    test_loss: float
    test_sd: float


def spec_of(trials: int, epochs: int, fidelity: dict[str, Any] | None) -> dict[str, Any]:
    """Return the photographs' job with DIRECT-L alone."""
    photos: dict[str, Any] = json.loads(Path("examples/photos.json").read_text())
    schedule = {"epochs": epochs, "schedule": "cosine"}
    return photos | {
        "name": "full" if fidelity is None else "short",
        "samplers": [{"name": "direct_l", "options": {"max_extra": 0}}],
        "controls": [],
        "budget": {"n_trials": trials},
        "training": photos["training"] | schedule,
        "evaluation": {"n_seeds": N_SEEDS},
        "fidelity": fidelity,
    }


def search(client: Client, spec: dict[str, Any]) -> Search:
    """Run a job to the end of its search."""
    job = client.wait(client.submit(spec)["id"])
    if job["state"] != "SUCCEEDED":
        raise RuntimeError(f"the job ended {job['state']}")
    every = [t for t in client.trials(job["id"], phase="all") if t["phase"] != "evaluation"]
    trials = [t for t in every if not t["cached"]]
    if job["best"] is None or job["report"] is None or job["started_at"] is None:
        raise RuntimeError("the job ended without a report")
    began = datetime.fromisoformat(job["started_at"])
    ended = max(datetime.fromisoformat(t["finished_at"]) for t in trials if t["finished_at"])
    best, (arm,) = job["best"], job["report"]["arms"]
    test: dict[str, Any] = {**(arm["test"] or {})}
    return Search(
        epochs=sum(len(t["curve"] or ()) for t in trials),
        wall_s=(ended - began).total_seconds(),
        density=best["params"]["den"],
        loss=best["value"],
        test_loss=test["loss_mean"],
        test_sd=test["loss_sd"],
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--fractions", type=float, nargs="+", default=[0.125, 0.25])
    parser.add_argument("--promote", type=int, default=3)
    arguments = parser.parse_args()
    os.environ["DENSEARCH_N_CPUS"] = "2"
    print(describe("torch", "ray", "nlopt"))
    print(f"DIRECT-L, {arguments.trials} trials of {arguments.epochs} epochs, 2 workers")
    print(
        "search     epochs   of full   wall s   of full   density   full validation loss   "
        f"test loss ({N_SEEDS} seeds)"
    )
    with serve() as server, Client(server.url) as client:
        server.wait_until_ready()
        full = search(client, spec_of(arguments.trials, arguments.epochs, None))
        show("full", full, full)
        for fraction in arguments.fractions:
            fidelity = {"search_fraction": fraction, "promote": arguments.promote}
            spec = spec_of(arguments.trials, arguments.epochs, fidelity)
            show(f"{fraction:g}", search(client, spec), full)
    print(f"target: at most {TARGET:g} of the full search's epochs")


def show(name: str, found: Search, full: Search) -> None:
    """Print one row."""
    density = ", ".join(f"{value:.3f}" for value in found.density)
    print(
        f"{name:<9} {found.epochs:>7} {found.epochs / full.epochs:>9.2f} {found.wall_s:>8.0f} "
        f"{found.wall_s / full.wall_s:>9.2f}   {density:<9} {found.loss:.6f} "
        f"({found.loss / full.loss - 1:+.1%})      {found.test_loss:.6f} ± {found.test_sd:.2g}",
        flush=True,
    )


if __name__ == "__main__":
    main()
