"""Record losses of real trainings: python -m benchmarks.recorded.record [--tasks A B].

Trains every point of the grid of `benchmarks.recorded.tasks` with 3 seeds, through the project's
own space, payloads and training loop, without a server. A row is added to `<task>.csv` as soon as
its training has ended: a run that was stopped goes on, and a complete table is left as it is. What
it was recorded with stands in `<task>.json`. Three seeds of all tasks take about a quarter of an
hour of one core.

The columns are the number of the seed, the indices of the point on the axes of the grid, what they
are in real units, and the validation loss, which is empty where the training diverged.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch

from benchmarks.machine import describe
from benchmarks.recorded.tasks import GRID, N_SEEDS, TASKS, Key, job_of, keys, point_of, spec_of
from service.studies import payloads
from service.studies.resolved import TrainingJob
from service.studies.training_payload import TrainingPayload
from workers.training.loop import train
from workers.training.task import Outcome, TrainingTask

FOLDER = Path(__file__).parent
INDICES = ("seed", "i_factor", "i_den", "i_lr")
COLUMNS = (*INDICES, "factor", "den", "lr", "loss")
COMMAND = "OMP_NUM_THREADS=1 python -m benchmarks.recorded.record"

Train = Callable[[TrainingJob, Key], dict[str, Any]]


def trained(job: TrainingJob, key: Key) -> dict[str, Any]:
    """Train a point with a seed and return its row of the table."""
    order = payloads.searched(job, "direct_l", point_of(key), seed_index=key[0])
    *_, outcome = train(TrainingTask.of(TrainingPayload.from_json(order.payload), "cpu"))
    assert isinstance(outcome, Outcome)
    (den,) = order.params["den"]
    loss = "" if outcome.value is None else f"{outcome.value:.7g}"
    found = {"factor": f"{order.params['factor']:.6g}", "den": den, "lr": order.params["lr"]}
    return {**dict(zip(INDICES, key, strict=True)), **found, "loss": loss}


def recorded(path: Path) -> set[Key]:
    """Return the keys of the rows that a table has; a last line without its end is cut off."""
    if not path.exists():
        path.write_text(",".join(COLUMNS) + "\n")
        return set()
    whole, _, cut = path.read_text().rpartition("\n")
    if cut:
        path.write_text(whole + "\n")
    rows = csv.DictReader(whole.splitlines())
    return {(int(r["seed"]), int(r["i_factor"]), int(r["i_den"]), int(r["i_lr"])) for r in rows}


def record(
    name: str,
    folder: Path,
    *,
    wanted: Iterable[Key],
    train_one: Train = trained,
    is_over: Callable[[], bool] = lambda: False,
) -> int:
    """Train the points that a table does not have, and add them to it.

    Args:
        name: A task.
        folder: Where its table lies.
        wanted: The rows of a complete table, in the order in which they are trained.
        train_one: Trains a point and returns its row.
        is_over: Looked at before each training.

    Returns:
        How many were trained.
    """
    path = folder / f"{name}.csv"
    known, job, n_trained = recorded(path), job_of(name), 0
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        for key in wanted:
            if key in known:
                continue
            if is_over():
                break
            writer.writerow(train_one(job, key))
            file.flush()
            n_trained += 1
    return n_trained


def provenance(name: str, n_seeds: int) -> dict[str, Any]:
    """Return what a table was recorded with."""
    machine, versions = describe("torch", "numpy").splitlines()
    kept = [v for v in versions.removeprefix("versions:").split(",") if "Linux" not in v]
    return {
        "command": f"{COMMAND} --tasks {name}",
        "machine": machine.removeprefix("machine:").split(", load")[0].strip(),
        "versions": ",".join(kept).strip(),
        "threads": 1,
        "n_seeds": n_seeds,
        "grid": {axis: list(values) for axis, values in GRID.items()},
        "spec": spec_of(name),
    }


def main() -> None:
    """Record what is missing."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=list(TASKS))
    parser.add_argument("--seeds", type=int, default=N_SEEDS, help="the first of them")
    parser.add_argument("--seconds", type=float, default=float("inf"), help="end after so many")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    given = parser.parse_args()
    torch.set_num_threads(1)
    begin = time.monotonic()
    for name in given.tasks:
        n = record(
            name,
            given.folder,
            wanted=keys(given.seeds),
            is_over=lambda: time.monotonic() - begin > given.seconds,
        )
        if n:
            text = json.dumps(provenance(name, given.seeds), indent=2)
            (given.folder / f"{name}.json").write_text(text + "\n")
        print(f"{name}: {n} trained, {time.monotonic() - begin:.0f} s", flush=True)


if __name__ == "__main__":
    main()
