"""A job as a database of Optuna (SQLite), written by a process of its own."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import IO, Any

from api.data_out.trial_table import ChosenTrials
from api.problems.handlers import ProblemError
from api.short_process import reason_of, run_module
from api.turns import Turns
from densearch.answers import TrialAnswer
from service.records import Job, Json
from service.storage import deadlines, studies
from service.storage.database import Database
from service.storage.trial_pages import TrialFilter, TrialOrder
from service.tasks.external import minimised

MODULE = "service.samplers.optuna_export_process"
MEDIA_TYPE = "application/vnd.sqlite3"
END = b"null\n"
# A job of 100,000 trials takes a minute.
LIMIT_S = 300.0
_TURNS = Turns(1, "export-failed", "other databases of Optuna are being made")


def optuna_file(database: Database, job: Job) -> IO[bytes]:
    """Return an open file, which is removed when it is closed.

    Args:
        database: Read again for each batch of trials.
        job: As it was when the file was begun.

    Raises:
        ProblemError: Its process failed, or others are being made.
    """
    direction = job.spec["task"].get("direction", "minimize")
    with database.read() as session:
        own = studies.of_job(session, job.id)
    named = [
        {
            "name": study.name,
            "title": f"job {job.id}: {study.name}",
            "direction": direction,
            "attributes": {
                "densearch:job": job.id,
                "densearch:job_name": job.name,
                "densearch:state": job.state.value,
                "densearch:is_complete": job.state.is_final,
                "densearch:sampler": study.sampler,
                "densearch:role": str(study.role),
            },
        }
        for study in own
    ]
    chosen = ChosenTrials(database, job, TrialFilter(), TrialOrder())
    deadlines.extend(LIMIT_S)
    with _TURNS.taken(LIMIT_S / 4):
        batches = ([_as_reported(t, job) for t in b] for b in chosen.answers())
        return _written(chain([named], batches))


def _as_reported(trial: TrialAnswer, job: Job) -> Json:
    """Return a trial with its value and curve in the direction of the study."""
    task, found = job.spec["task"], {**trial}
    if trial["value"] is not None:
        found["value"] = minimised(task, trial["value"])
    if trial["curve"] is not None:
        found["curve"] = [minimised(task, value) for value in trial["curve"]]
    return found


def _written(parts: Iterable[Any]) -> IO[bytes]:
    with tempfile.TemporaryDirectory(prefix="densearch-optuna-") as folder:
        path = Path(folder) / "study.db"
        with tempfile.TemporaryFile() as given:
            given.writelines(_lines(parts))
            given.seek(0)
            try:
                done = run_module(MODULE, given, LIMIT_S / 2, str(path))
            except (OSError, subprocess.TimeoutExpired) as error:
                raise ProblemError("export-failed", f"{type(error).__name__}") from error
        if done.returncode != 0 or not path.is_file():
            detail = f"the process that writes it failed ({reason_of(done)})"
            raise ProblemError("export-failed", detail)
        return path.open("rb")  # it stays until it is closed


def _lines(parts: Iterable[Any]) -> Iterator[bytes]:
    for part in parts:
        yield json.dumps(part, separators=(",", ":")).encode() + b"\n"
    yield END
