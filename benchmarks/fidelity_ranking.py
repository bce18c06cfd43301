"""How well a short training ranks densities: a schedule that is cut against a shortened one.

Run: python -m benchmarks.fidelity_ranking [--densities N] [--epochs N] [--seeds N] [--tasks A,B]

Every density of a Sobol sequence in the search box is trained in full under the cosine schedule,
and for each search fraction once more under a schedule shortened to it. The cut schedule needs no
training of its own: its losses stand in the full training's curve. Printed for each: Spearman's
rank correlation of the early validation loss with the full one, and the regret in percent, the
full loss of the density that looks best early (of the better of the first three) over the best
full loss; medians over the seeds, ranges in brackets. All tasks take half an hour of one core.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats
from scipy.stats import qmc

from benchmarks.machine import describe
from service.studies.densities import densities_at
from service.studies.layer_groups import WHOLE
from service.studies.resolved import TrainingJob
from service.validation import parse
from service.validation.resolve import resolve
from workers.training.loop import train
from workers.training.task import Outcome, TrainingTask

EXAMPLES = Path(__file__).parents[1] / "examples"
# The example whose task it is, and what differs from it.
TASKS: dict[str, tuple[str, dict[str, Any]]] = {
    "photos 3x3": ("photos", {}),
    "photos 5x5": ("photos", {"network": {"kernel_size": 5}, "density": {"bounds": None}}),
    "photos 5x5 adam": (
        "photos",
        {
            "network": {"kernel_size": 5},
            "density": {"bounds": None},
            "training": {"optimizer": "adam", "lr": 0.003},
        },
    ),
    "digits 3x3": ("digits", {}),
    "digits 5x5": ("digits", {"network": {"kernel_size": 5}, "density": {"bounds": None}}),
}
FRACTIONS = (0.1, 0.25, 0.5)
MODES = ("cut", "shortened")
PROMOTED = 3


@dataclass(frozen=True)
class Ranking:
    """How a short training's order of the densities compares with the full training's."""

    spearman: float
    regret: float
    regret_promoted: float


def main() -> None:
    """Print one row per task, fraction and kind of schedule."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--densities", type=int, default=16, help="a power of two")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--tasks", default=",".join(TASKS))
    given = parser.parse_args()
    print(describe("torch", "scipy"))
    print(
        f"cosine over {given.epochs} epochs, n = {given.densities} densities, "
        f"{given.seeds} training seed(s); regret in %, in parentheses of the best of {PROMOTED}"
    )
    print(
        f"{'task':<17}{'fraction':>9}{'epochs':>7} {'schedule':<10}{'spearman':>24}{'regret':>24}"
    )
    for name in given.tasks.split(","):
        start = time.perf_counter()
        for row in _rows(name, given.densities, given.epochs, given.seeds):
            print(row, flush=True)
        print(f"{name}: {time.perf_counter() - start:.0f} s", flush=True)


def _rows(name: str, n_densities: int, epochs: int, n_seeds: int) -> Iterator[str]:
    job = job_of(name)
    found: dict[tuple[float, str], list[Ranking]] = {}
    for seed in range(n_seeds):
        for place, ranking in _rank(job, n_densities, epochs, seed).items():
            found.setdefault(place, []).append(ranking)
    for (fraction, mode), rankings in found.items():
        spearman = _spread([r.spearman for r in rankings], ".2f")
        regret = _spread([100 * r.regret for r in rankings], ".1f")
        promoted = _spread([100 * r.regret_promoted for r in rankings], ".1f")
        short = _short(fraction, epochs)
        yield (
            f"{name:<17}{fraction:>9}{short:>7} {mode:<10}{spearman:>24}{regret:>24} ({promoted})"
        )


def job_of(name: str) -> TrainingJob:
    """Return the job of one of `TASKS`."""
    example, changes = TASKS[name]
    whole = json.loads((EXAMPLES / f"{example}.json").read_text())
    for section, values in changes.items():
        whole[section] = {**whole[section], **values}
    job = resolve(parse.parse(whole))
    assert isinstance(job, TrainingJob)
    return job


def _rank(
    job: TrainingJob, n_densities: int, epochs: int, seed: int
) -> dict[tuple[float, str], Ranking]:
    """Train every density in full and short with one seed."""
    early: dict[tuple[float, str], list[float]] = {
        (fraction, mode): [] for fraction in FRACTIONS for mode in MODES
    }
    full = []
    for phi in densities_of(job, n_densities):
        curve = curve_of(job, phi, epochs, seed)
        full.append(_after(curve, epochs))
        for fraction in FRACTIONS:
            short = _short(fraction, epochs)
            early[fraction, "cut"].append(_after(curve, short))
            shortened = curve_of(job, phi, short, seed)
            early[fraction, "shortened"].append(_after(shortened, short))
    return {place: _compare(losses, full) for place, losses in early.items()}


def _short(fraction: float, epochs: int) -> int:
    return max(1, round(fraction * epochs))


def densities_of(job: TrainingJob, n: int) -> Iterator[tuple[Any, ...]]:
    """Yield Phi of the points of a Sobol sequence in the search box; n is a power of two."""
    vector = job.spaces.searches.vector
    low, high = [axis.low for axis in vector], [axis.high for axis in vector]
    cube = qmc.Sobol(len(vector), scramble=True, rng=np.random.default_rng(0)).random(n)
    for values in qmc.scale(cube, low, high):
        phi = densities_at(job, "sobol", values.tolist())[WHOLE].phi
        yield tuple(map(tuple, phi.tolist()))


def curve_of(job: TrainingJob, phi: tuple[Any, ...], epochs: int, seed: int) -> tuple[float, ...]:
    """Return the validation loss after each epoch; shorter where the training diverged."""
    training = {
        **job.training.model_dump(mode="json"),
        "epochs": epochs,
        "schedule": "cosine",
        "schedule_epochs": None,
    }
    task = TrainingTask(
        task=job.task.model_dump(mode="json"),
        network=job.network.model_dump(mode="json"),
        training=training,
        phi=phi,
        seed=seed,
    )
    *_, outcome = train(task)
    assert isinstance(outcome, Outcome)
    return outcome.curve


def _after(curve: Sequence[float], epoch: int) -> float:
    return curve[epoch - 1] if epoch <= len(curve) else math.inf


def _compare(early: Sequence[float], full: Sequence[float]) -> Ranking:
    order = np.argsort(early, kind="stable")
    best = min(full)
    # Ranks first: a diverged training is inf, the worst of all.
    ranks = stats.rankdata(early), stats.rankdata(full)
    return Ranking(
        spearman=float(stats.spearmanr(*ranks).statistic),
        regret=full[order[0]] / best - 1,
        regret_promoted=min(full[i] for i in order[:PROMOTED]) / best - 1,
    )


def _spread(values: Sequence[float], digits: str) -> str:
    middle = f"{np.median(values):{digits}}"
    if len(values) == 1:
        return middle
    return f"{middle} [{min(values):{digits}}, {max(values):{digits}}]"


if __name__ == "__main__":
    main()
