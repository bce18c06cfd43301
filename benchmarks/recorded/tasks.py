"""What is recorded: jobs that search a factor, a density and a learning rate, and a grid of each.

Small trainings on a CPU, of half a second or less, in the space that a job of method 2 searches:
a common factor from 1/8 to 8, the tap `den` of a symmetric 3x3 density from 0 to 2, and a rate
that varies by 64. The plain convolution (factor 1, den 1) is on the grid, at every rate.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from types import MappingProxyType
from typing import Any

from service.studies.resolved import TrainingJob
from service.validation import parse
from service.validation.resolve import resolve

SEARCH = {
    "seed": 0,
    "density": {"family": "symmetric"},
    "samplers": [{"name": "direct_l"}],
    "controls": [],
    "budget": {"n_trials": 8},
}
SGD = {"optimizer": "sgd", "lr": 0.08, "momentum": 0.9, "batch_size": 64}
ADAM = {"optimizer": "adam", "lr": 0.004, "batch_size": 16}
CNN = {"kind": "small_cnn", "depth": 2, "width": 8, "kernel_size": 3}
# The sections of each job that differ.
TASKS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "digits": {
            "task": {"kind": "classification", "dataset": "digits"},
            "network": CNN,
            "training": {**SGD, "epochs": 6},
        },
        "photos": {
            "task": {
                "kind": "denoising",
                "dataset": "photos",
                "noise_sigma": 25,
                "patch_px": 24,
            },
            "network": {"kind": "dncnn", "depth": 3, "width": 8, "kernel_size": 3},
            "training": {**SGD, "batch_size": 32, "epochs": 1},
        },
        "faces": {
            "task": {"kind": "classification", "dataset": "faces"},
            "network": CNN,
            "training": {**ADAM, "epochs": 3},
        },
    }
)
N_SEEDS = 3
# Points of each axis of the search, in the unit cube: its ends are those of the searched range.
# Of a factor, nine from 1/8 to 8, closer in the middle; of den, a half apart; rates double.
GRID: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "factor": (0.0, 1 / 6, 1 / 3, 5 / 12, 1 / 2, 7 / 12, 2 / 3, 5 / 6, 1.0),
        "den": (0.0, 0.25, 0.5, 0.75, 1.0),
        "lr": (0.0, 1 / 6, 1 / 3, 1 / 2, 2 / 3, 5 / 6, 1.0),
    }
)

Key = tuple[int, int, int, int]


def spec_of(name: str) -> dict[str, Any]:
    """Return the job of one of `TASKS`, as it would be submitted."""
    sections = TASKS[name]
    lr = sections["training"]["lr"]
    search = {"lr": {"low": lr / 8, "high": lr * 8, "log": True}}
    return {"name": f"recorded {name}", **SEARCH, **sections, "search": search}


def job_of(name: str) -> TrainingJob:
    """Return the job of one of `TASKS`, resolved."""
    job = resolve(parse.parse(spec_of(name)))
    assert isinstance(job, TrainingJob)
    return job


def keys(n_seeds: int = N_SEEDS) -> Iterator[Key]:
    """Yield a seed's number and a point's indices on the axes; the first seed's come first."""
    sizes = [len(values) for values in GRID.values()]
    for seed, factor, den, lr in product(range(n_seeds), *map(range, sizes)):  # noqa: UP028 - typed
        yield seed, factor, den, lr


def point_of(key: Key) -> list[float]:
    """Return a key's point in the unit cube of the search."""
    return [values[i] for values, i in zip(GRID.values(), key[1:], strict=True)]
