"""DIRECT-L over REST on real Ray workers, some ahead of need: NLopt's sequence, bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nlopt
import numpy as np
import pytest
from numpy.typing import NDArray

from densearch import seeds
from densearch.client.client import Client
from tests.support.product import PATIENCE_S, Server
from workers import functions

pytestmark = pytest.mark.ray

N_TRIALS = 60
ALGORITHMS = {"direct_l": nlopt.GN_DIRECT_L, "direct_l_rand": nlopt.GN_DIRECT_L_RAND}


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose Ray believes in more cores than there are: the trials only sleep."""
    made = Server(tmp_path_factory.mktemp("data"), {"DENSEARCH_N_CPUS": "5"})
    made.start()
    yield made
    made.stop()


def sequential(
    sampler: str, name: str, dimension: int, seed: int
) -> list[tuple[list[float], float]]:
    """What NLopt visits alone."""
    visited: list[tuple[list[float], float]] = []

    def evaluate(x: NDArray[np.float64], _: NDArray[np.float64]) -> float:
        value = functions.evaluate(name, dimension, x.tolist())
        visited.append((x.tolist(), value))
        return value

    nlopt.srand(seed)
    opt = nlopt.opt(ALGORITHMS[sampler], dimension)
    opt.set_lower_bounds([0.0] * dimension)
    opt.set_upper_bounds([1.0] * dimension)
    opt.set_param("magic_eps", 1e-4)
    opt.set_min_objective(evaluate)
    opt.set_maxeval(N_TRIALS)
    opt.optimize([0.5] * dimension)
    return visited[:N_TRIALS]


@pytest.mark.parametrize(
    ("name", "dimension"), [("branin", 2), ("rosenbrock", 4), ("hartmann6", 6)]
)
def test_the_told_sequence_is_nlopts(wide: Server, name: str, dimension: int) -> None:
    spec: dict[str, Any] = {
        "name": name,
        "task": {"kind": "function", "name": name, "dimension": dimension, "sleep_s": 0.05},
        "samplers": list(ALGORITHMS),
        "budget": {"n_trials": N_TRIALS},
        "resources": {"cpus_per_trial": 1},
    }
    with Client(wide.url) as client:
        job = client.wait(client.submit(spec)["id"], PATIENCE_S)
        assert job["state"] == "SUCCEEDED"
        trials = list(client.trials(job["id"]))
        studies = {study["name"]: study for study in client.studies(job["id"])}
    for sampler in ALGORITHMS:
        mine = [t for t in trials if t["study"] == sampler and t["number"] is not None]
        in_order = sorted(mine, key=lambda t: t["number"] or 0)
        told = [(t["point"], t["value"] or 0.0) for t in in_order]
        assert studies[sampler]["seed"] == seeds.derive(0, "search", sampler)
        assert told == sequential(sampler, name, dimension, studies[sampler]["seed"])
        assert studies[sampler]["best_value"] == min(value for _, value in told)
        assert studies[sampler]["n_finished"] == N_TRIALS
    # Idle workers ran ahead of the sequence, and were mostly right.
    assert sum(study["n_speculative"] for study in studies.values()) > 0
    assert sum(study["n_hits"] for study in studies.values()) > 0
