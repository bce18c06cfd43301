"""Trains a trial again and compares the values: ``densearch again 7 --data-dir data`` (`api.cli`).

Nothing is written: the job and its result stay as they are. For given versions and kind of device
the value of a training is bitwise a function of its payload.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from service.errors import DensearchError
from service.records import Trial
from service.settings import Settings, load
from service.storage import schema, trials
from service.storage.database import Database
from service.studies.training_payload import FunctionPayload, TrainingPayload, payload_of
from workers import functions

SAME, OTHER, UNUSABLE = 0, 1, 2
REMEDY = "run this where the server was started, or name its data directory by --data-dir"


def trained_again(trial: Trial, device: str, data_dir: Path) -> float | None:
    """Return the value of a trial's payload, trained in this process; None where it diverges."""
    payload = payload_of(trial.payload)
    if isinstance(payload, FunctionPayload):
        return functions.evaluate(payload.name, payload.dimension, payload.point)
    from workers.training.loop import train
    from workers.training.task import EpochMeasurement, TrainingTask

    task = TrainingTask.of(TrainingPayload.from_json(trial.payload), device, str(data_dir))
    value: float | None = None
    for item in train(task):
        if isinstance(item, EpochMeasurement):
            sys.stderr.write(f"epoch {item.epoch}: {item.metrics}\n")
        else:
            value = item.value
    return value


def verdict(before: float | None, now: float | None) -> tuple[str, int]:
    """Return in words whether a value is the stored one, and the exit code."""
    if before is None:
        return f"the trial has no value to compare with; now it is {now!r}", OTHER
    if now == before:
        return f"the same value, bit for bit: {now!r}", SAME
    if now is None:
        return f"it diverged; the stored value is {before!r}", OTHER
    share = abs(now - before) / max(abs(before), sys.float_info.min)
    where = "versions or the kind of device differ, or the training is not deterministic"
    return f"another value: {now!r}, stored {before!r} ({100 * share:.2g} % apart): {where}", OTHER


def main() -> None:
    """Train the trial and print the comparison; exit code 1 where the values differ."""
    parser = argparse.ArgumentParser(prog="densearch again", description=__doc__)
    parser.add_argument("trial", type=int, help="number of the trial, as in its address")
    parser.add_argument("--data-dir", type=Path, help="the server's data directory")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    given = parser.parse_args()
    if given.data_dir is not None:
        os.environ["DENSEARCH_DATA_DIR"] = str(given.data_dir)
    try:
        words, code = _compared(load(), given.trial, given.device)
    except DensearchError as error:
        words, code = str(error), UNUSABLE
    sys.stdout.write(f"{words}\n")
    sys.exit(code)


def _compared(settings: Settings, trial_id: int, device: str) -> tuple[str, int]:
    database = Database(settings.resolved_database_url)
    file = database.url.database if database.is_sqlite else None
    if file is not None and not Path(file).is_file():  # SQLite would make an empty one
        return f"there is no database in {settings.data_dir}: {REMEDY}", UNUSABLE
    try:
        schema.check(database)
        with database.read() as session:
            trial = trials.get(session, trial_id)
    finally:
        database.close()
    return verdict(trial.value, trained_again(trial, device, settings.data_dir))


if __name__ == "__main__":
    main()
