"""A data set of many images of varying size under a limit of memory: stored, read, trained on.

It makes JPEG files of 100 to 400 px in ten classes, stores them through the product as a folder of
the server, and trains a small network on boxes of 64 px for an epoch, with reader processes. It
prints the images per second of each, the time of a step with loading over that of the same step on
a batch that is there, what part of it is spent waiting, and the peak memory of every process. On
cores that others use too the ratio is above 1 although nothing waits: readers take their share.

Memory is the resident memory of each process at its peak (VmHWM of /proc/PID/status); the sum over
the processes that live together is held to the limit. That counts the pages of shared libraries
once for each process, so it is above what a container would count. A limit on address space would
count what torch reserves and never touches, and control groups need root. The training itself runs
under the limit that the product sets its workers (`workers.memory_limit`).

Run: python -m benchmarks.data_at_scale [--images N] [--readers N] [--limit-mb N] [--folder DIR]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from benchmarks import machine

if TYPE_CHECKING:  # the process that only makes images needs no torch
    from workers.training.task import TrainingTask

N_CLASSES, LEAST_PX, MOST_PX, SIDE = 10, 100, 400, 64
TARGET = 5.0  # percent of a step that may be spent waiting for its batch
N_ROUNDS, N_STEPS, N_BEFORE = 7, 12, 5
TRAINING: dict[str, Any] = {
    "optimizer": "sgd", "lr": 0.05, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0,
    "batch_size": 64, "epochs": 1, "augmentation": {"flip": True, "crop_padding_px": 0},
}  # fmt: skip
NETWORK = {"kind": "small_cnn", "depth": 3, "width": 32, "kernel_size": 3}


def main(arguments: Sequence[str] | None = None) -> None:
    """Make, store, train; each step is a process of its own, whose peak is its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--readers", type=int, default=1)
    parser.add_argument("--limit-mb", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="keeps the images; a temporary one if unset")
    parser.add_argument("--step", choices=["store", "train"], help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.step == "store":
        _report(store(given.folder))
    elif given.step == "train":
        _report(train_on(given.folder, given.readers, given.limit_mb))
    elif given.folder is not None:
        _measure(given, given.folder)
    else:
        with tempfile.TemporaryDirectory() as folder:
            _measure(given, Path(folder))


def _measure(given: argparse.Namespace, folder: Path) -> None:
    print(machine.describe("torch", "numpy", "pillow"))
    start = time.perf_counter()
    n_bytes = make(folder / "images", given.images)
    made_s = time.perf_counter() - start
    print(f"made {given.images:,} images, {n_bytes / 1e6:.0f} MB, in {made_s:.0f} s")
    limits = ["--limit-mb", str(given.limit_mb), "--readers", str(given.readers)]
    stored = _run(folder, "store", limits)
    rate = given.images / stored["taken_s"]
    print(f"stored in {stored['taken_s']:.0f} s, {rate:.0f} images/s", *_peaks(stored))
    found = _run(folder, "train", limits)
    n_train = found["n_trained"]
    print(
        f"trained on {n_train:,} images for an epoch in {found['taken_s']:.0f} s "
        f"({n_train / found['taken_s']:.0f} images/s, without judging), {given.readers} readers",
        *_peaks(found),
    )
    print(f"reading alone: {found['read_per_s']:.0f} images/s")
    ratios = found["ratios"]
    print(f"step with loading over without: {machine.spread(ratios, '', 3)}")
    verdict = machine.judge(float(np.median(found["waits"])), TARGET, "%")
    print(f"of it, waiting for a batch: {machine.spread(found['waits'], '%', 2)}, {verdict}")
    for name, of in (("storing", stored), ("training", found)):
        total = sum(of["peak_mb"].values())
        print(f"{name}: {total:.0f} MB in all, {machine.judge(total, given.limit_mb, ' MB')}")
        if total > given.limit_mb:
            sys.exit(1)


def _peaks(of: dict[str, Any]) -> Iterator[str]:
    yield "; peak memory"
    yield ", ".join(f"{name} {peak:.0f} MB" for name, peak in of["peak_mb"].items())


def _run(folder: Path, step: str, arguments: Sequence[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.data_at_scale", "--step", step]
    done = subprocess.run(
        [*command, "--folder", str(folder), *arguments], stdout=subprocess.PIPE, check=True
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _report(found: dict[str, Any]) -> None:
    print(json.dumps(found))


def peak_mb(pid: int | str = "self") -> float:
    """Return the largest resident memory that a process has had, MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1e3
    raise OSError("the system does not tell a process's memory")


# Images


def make(folder: Path, n: int) -> int:
    """Write images of varying size, a folder for each class; return their bytes."""
    for label in range(N_CLASSES):
        (folder / f"{label}").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max(1, os.cpu_count() or 1)) as threads:
        return sum(threads.map(lambda number: _make_one(folder, number), range(n)))


def _make_one(folder: Path, number: int) -> int:
    """Write blocks of a class's brightness and of random colours, smoothed as photographs are."""
    path, label = folder / f"{number % N_CLASSES}" / f"{number:07}.jpg", number % N_CLASSES
    if not path.exists():
        random = np.random.default_rng(number)
        width, height = random.integers(LEAST_PX, MOST_PX, 2).tolist()
        blocks = random.integers(0, 160, (height // 12 + 1, width // 12 + 1, 3)) + 10 * label
        image = Image.fromarray(blocks.astype(np.uint8)).resize((width, height))
        image.save(path, "JPEG", quality=90)
    return path.stat().st_size


# Storing


def store(folder: Path) -> dict[str, Any]:
    """Store the folder as the API does; SQLite and the data directory lie beside it."""
    from service.datasets import library
    from service.datasets.options import ImportOptions
    from service.settings import Settings
    from service.storage import schema
    from service.storage.database import Database

    settings = Settings(data_dir=folder / "data", dataset_roots=[folder])
    settings.data_dir.mkdir(exist_ok=True)
    database = Database(settings.resolved_database_url)
    schema.upgrade(database)
    start = time.perf_counter()
    with library.working(database, settings) as work:
        options = ImportOptions(name="scale")
        found = library.add(database, settings, work, options, folder="images")
    taken_s = time.perf_counter() - start
    database.close()
    (folder / "stored").write_text(f"stored:{found.sha256}")
    return {"taken_s": taken_s, "peak_mb": {"server": peak_mb()}}


# Training


def train_on(folder: Path, n_readers: int, limit_mb: int) -> dict[str, Any]:
    """Train for an epoch, then time steps with and without loading, in turn."""
    from workers.memory_limit import limited
    from workers.training.data import readers
    from workers.training.loop import train
    from workers.training.machine import prepare_machine
    from workers.training.task import EpochMeasurement, TrainingTask

    prepare_machine()
    readers.use_readers(n_readers)
    name = (folder / "stored").read_text()
    section = {"kind": "classification", "dataset": name, "size_px": SIDE}
    data_dir = str(folder / "data")
    task = TrainingTask(section, NETWORK, TRAINING, phi=None, seed=0, data_dir=data_dir)
    with limited(limit_mb * 10**6):
        begun: list[float] = []

        def looked_at() -> bool:
            begun.append(time.perf_counter())
            return False

        losses = [
            item.metrics for item in train(task, looked_at) if isinstance(item, EpochMeasurement)
        ]
        taken_s = (begun[-1] - begun[0]) * len(begun) / (len(begun) - 1)
        ratios, waits = step_ratios(task)
        read_per_s = reading_rate(task)
    peaks = {"training": peak_mb()}
    pids = readers.shared_readers(n_readers).pids() if n_readers else []
    peaks |= {f"reader {number}": peak_mb(pid) for number, pid in enumerate(pids, start=1)}
    assert all(np.isfinite(list(of.values())).all() for of in losses)
    return {
        "taken_s": taken_s,
        "n_trained": len(begun) * TRAINING["batch_size"],
        "ratios": ratios,
        "waits": waits,
        "read_per_s": read_per_s,
        "peak_mb": peaks,
    }


def step_ratios(task: TrainingTask) -> tuple[list[float], list[float]]:
    """Time some steps with loading and as many without, in turn.

    Returns:
        Round by round, the time of steps with loading over that without; and what part of the
        former, in percent, was spent waiting for a batch.
    """
    from workers.training.forward import PlainForward
    from workers.training.precision import precision_of
    from workers.training.preparation import endless_batches, prepare
    from workers.training.stepping import step

    parts = prepare(task)
    parts.network.train()
    forward = PlainForward([parts], precision_of(task))
    batches = endless_batches(parts, task)
    held = next(batches)
    numbers = count(1)

    def taken_s(*, is_loaded: bool) -> tuple[float, float]:
        start, waited_s = time.perf_counter(), 0.0
        for _ in range(N_STEPS):
            before = time.perf_counter()
            batch = next(batches) if is_loaded else held
            waited_s += time.perf_counter() - before
            float(step(forward, *batch, next(numbers))[0])
        return time.perf_counter() - start, waited_s

    taken_s(is_loaded=False)
    ratios, waits = [], []
    for _ in range(N_ROUNDS):
        # What was read ahead while nothing was asked for does not count.
        for batch in islice(batches, N_BEFORE):
            step(forward, *batch, next(numbers))
        loaded_s, waited_s = taken_s(is_loaded=True)
        ratios.append(loaded_s / taken_s(is_loaded=False)[0])
        waits.append(100 * waited_s / loaded_s)
    return ratios, waits


def reading_rate(task: TrainingTask) -> float:
    """Return how many images a second are read while nothing is trained."""
    from workers.training.preparation import endless_batches, prepare

    batches = endless_batches(prepare(task), task)
    for _ in islice(batches, N_BEFORE):
        pass
    start = time.perf_counter()
    n = sum(len(labels) for _, labels in islice(batches, 6 * N_BEFORE))
    return n / (time.perf_counter() - start)


if __name__ == "__main__":
    main()
