"""What `gradient` learns: python -m benchmarks.gradient_settings [--seeds N] [--job FILE].

A small CNN with 5x5 kernels on digits, AdamW at 1e-3 and 6 epochs, a density for each layer within
bounds of 0.05 and 2: four values. By the density's learning rate over that of the weights, and by
the authors' preset, at this rate and at theirs (1e-4 and decay 1e-2 for the weights). Printed for
each seed: the learned values of the first seed, how many of all ended at a bound, the validation
loss of the training that learned them, and that of a training with the same seed in which they are
fixed, and that of the plain network. With --job the gradient study of a job's spec takes the place
of these cases, such as that of examples/authors.json.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.machine import describe
from service.spec import JobSpec
from service.studies import gradient_settings, payloads
from service.studies.resolved import TrainingJob
from service.studies.training_payload import TrainingPayload
from service.validation import parse
from service.validation.resolve import resolve
from workers.training.loop import train
from workers.training.task import Outcome, TrainingTask

ADAMW = {"optimizer": "adamw", "lr": 1e-3, "epochs": 6}
THEIRS = ADAMW | {"lr": 1e-4, "weight_decay": 0.01}
# What is searched: the options, and the training.
CASES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "factor 1": ({"scope": "layer", "lr_factor": 1.0}, ADAMW),
    "factor 10": ({"scope": "layer", "lr_factor": 10.0}, ADAMW),
    "factor 100": ({"scope": "layer", "lr_factor": 100.0}, ADAMW),
    "authors": ({"preset": "authors"}, ADAMW),
    "authors, 1e-4": ({"preset": "authors"}, THEIRS),
}


@dataclass(frozen=True)
class Found:
    """One seed's trainings.

    Attributes:
        values: That were learned.
        n_at_bounds: How many of them ended at a bound.
        learning: Validation loss of the training that learned them.
        fixed: Of one with the same seed in which they are fixed.
        plain: Of the plain network.
    """

    values: list[float]
    n_at_bounds: int
    learning: float
    fixed: float
    plain: float


def spec_of(options: dict[str, Any], training: dict[str, Any], seed: int) -> JobSpec:
    """Return a job of the case with one gradient study."""
    return parse.parse(
        {
            "name": "digits",
            "seed": seed,
            "task": {"kind": "classification"},
            "network": {"kind": "small_cnn", "kernel_size": 5},
            "density": {"bounds": [[0.05, 2.0]] * 2},
            "training": training,
            "samplers": [{"name": "gradient", "options": options}],
            "controls": ["uniform"],
            "budget": {"n_trials": 1},
        }
    )


def spec_in(path: Path, seed: int) -> JobSpec:
    """Return the job of a file with another seed."""
    return parse.parse(json.loads(path.read_text()) | {"seed": seed})


def outcome_of(payload: dict[str, Any]) -> Outcome:
    """Train what a payload describes."""
    task = TrainingTask.of(TrainingPayload.from_json(payload), "cpu")
    *_, outcome = train(task)
    assert isinstance(outcome, Outcome)
    return outcome


def find(spec: JobSpec) -> Found:
    """Learn the densities of a job, then train with them."""
    job = resolve(spec)
    assert isinstance(job, TrainingJob)
    point = [0.5] * job.spaces.of("gradient").dimension
    order = payloads.searched(job, "gradient", point)
    outcome = outcome_of(order.payload)
    assert outcome.learned is not None
    learned = gradient_settings.with_bounds(job, order.payload, outcome.learned)
    fixed = payloads.evaluated(job, order.params, order.payload, 0, learned).payload
    own = {"split": "validation", "seed": order.seed}
    return Found(
        [value for values in learned["groups"].values() for value in values],
        len(learned["at_bounds"]),
        outcome.value or np.nan,
        outcome_of(fixed | own).value or np.nan,
        outcome_of(fixed | own | {"phi": None}).value or np.nan,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--job", type=Path)
    given = parser.parse_args()
    cases: Mapping[str, Callable[[int], JobSpec]] = {
        name: partial(spec_of, options, training) for name, (options, training) in CASES.items()
    }
    if given.job is not None:
        cases = {given.job.stem: partial(spec_in, given.job)}
    print(describe("torch"))
    print(f"validation loss: mean [least, most] of {given.seeds} seeds")
    print(
        f"{'case':<15}{'at bounds':>10}  {'learning':<28}{'fixed':<28}{'plain':<28}values, seed 0"
    )
    for name, spec_with in cases.items():
        found = [find(spec_with(seed)) for seed in range(given.seeds)]
        n_values = sum(len(own.values) for own in found)
        columns = ("learning", "fixed", "plain")
        print(
            f"{name:<15}{sum(own.n_at_bounds for own in found):>4} of {n_values:<3}  "
            + "".join(f"{_spread([getattr(own, c) for own in found]):<28}" for c in columns)
            + ", ".join(f"{value:.2f}" for value in found[0].values),
            flush=True,
        )


def _spread(values: list[float]) -> str:
    return f"{np.mean(values):#.3g} [{min(values):#.3g}, {max(values):#.3g}]"


if __name__ == "__main__":
    main()
