"""What loading takes of an epoch: batches alone over whole epochs, paired, on every built-in set.

Loading is all that happens before a network sees a batch: places drawn, values gathered or read,
scaled, noise added. The epoch is that of the training loop, validation included, with the network,
batch size and number of patches that a spec gets which names the data set alone. Below, a stored
set that is read from its file.

Run: python -m benchmarks.data_loading [--rounds N]
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import torch

from benchmarks import machine
from service.datasets.faults import Faults
from service.datasets.samples import Sample, Source
from service.datasets.sources.entries import Limits
from service.datasets.splits import SplitPlan
from service.datasets.store.reader import folder_of
from service.datasets.writer import write
from service.tasks.registry import TASKS, built_in_sets
from service.validation import parse
from workers.training.data import registry
from workers.training.generators import generators_of
from workers.training.loop import train
from workers.training.objectives import build_objective
from workers.training.task import EpochMeasurement, TrainingTask

TARGET = 5.0  # percent of an epoch
# Patches of 40 px, the default, do not fit the volumes.
PATCH_PX = {"phantoms": 16}
N_STORED, STORED_SHAPE = 20_000, (3, 32, 32)


def training_task(kind: str, name: str, data_dir: str | None = None) -> TrainingTask:
    """Return what a spec that names the data set alone trains, for two epochs."""
    built_in = name if data_dir is None else next(iter(TASKS[kind].sets))
    section: dict[str, Any] = {"kind": kind, "dataset": built_in}
    if name in PATCH_PX:
        section["patch_px"] = PATCH_PX[name]
    body = {"name": name, "task": section, "training": {"epochs": 2}, "budget": {"n_trials": 1}}
    spec = parse.parse(body)
    assert spec.network is not None
    assert spec.training is not None
    return TrainingTask(
        task=spec.task.model_dump(mode="json") | {"dataset": name},
        network=spec.network.model_dump(mode="json"),
        training=spec.training.model_dump(mode="json"),
        phi=None,
        seed=0,
        data_dir=data_dir,
    )


def epoch_s(task: TrainingTask) -> float:
    """Return the time of a warm epoch of the training loop."""
    ends = [item.elapsed_s for item in train(task) if isinstance(item, EpochMeasurement)]
    return ends[-1] - ends[-2]


def loading_s(task: TrainingTask) -> float:
    """Return the time of an epoch's batches alone."""
    cpu = torch.device(task.device)
    objective = build_objective(task.task, cpu, task.training, task.data_dir)
    generators = generators_of(task.seed, cpu)
    start = time.perf_counter()
    n_batches = sum(1 for _ in objective.batches(int(task.training["batch_size"]), generators))
    taken = time.perf_counter() - start
    assert n_batches == objective.n_batches(int(task.training["batch_size"]))
    return taken


def measure(task: TrainingTask, n_rounds: int) -> tuple[float, list[float]]:
    """Return the median epoch in seconds, and the share of loading in percent, round by round."""
    pairs = [(epoch_s(task), loading_s(task)) for _ in range(n_rounds)]
    return statistics.median(e for e, _ in pairs), [100 * load / e for e, load in pairs]


def store(data_dir: Path) -> str:
    """Store images of noise with ten classes, and return what a payload calls them."""
    random = np.random.default_rng(0)

    def samples() -> Iterator[Sample]:
        for index in range(N_STORED):
            values = random.integers(0, 256, STORED_SHAPE, dtype=np.uint8)
            yield Sample(str(index), values, label=index % 10)

    work = data_dir / "datasets" / "work"
    work.mkdir(parents=True)
    source = Source("labelled", 2, samples(), [str(label) for label in range(10)])
    written = write(source, work, SplitPlan(), Limits(2**30), Faults())
    work.rename(folder_of(data_dir, written.sha256))
    return f"stored:{written.sha256}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print a line for each set."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    n_rounds = parser.parse_args(arguments).rounds
    print(machine.describe("torch", "numpy"))
    for kind, name, _ in built_in_sets():
        show(f"{kind}, {name}", *measure(training_task(kind, name), n_rounds))
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(registry, "HELD_BYTES", 0),
    ):
        task = training_task("classification", store(Path(folder)), folder)
        title = "classification, 20,000 stored images of 3x32x32, read from their file"
        show(title, *measure(task, n_rounds))


def show(title: str, middle_s: float, shares: Sequence[float]) -> None:
    """Print the share of loading."""
    found = machine.spread(shares, "%", 2)
    verdict = machine.judge(statistics.median(shares), TARGET, "%")
    print(f"{title}: {found} of an epoch of {middle_s:.3g} s, {verdict}")


if __name__ == "__main__":
    main()
