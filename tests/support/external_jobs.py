"""External jobs with trainers whose values are a function of the trial alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

from densearch.client.client import Json
from service.digest import canonical_json
from service.jobs import asks, commands, trainers
from service.jobs.asks import ClaimedTrial
from service.jobs.trainers import Standing
from service.records import Job, Trial
from service.states import MessageKind
from service.storage import jobs, studies, trials
from service.storage.database import Database
from service.validation import parse
from workers.dispatcher import Dispatcher

EPOCHS = 4
SPEC: Json = {
    "name": "mine",
    "task": {
        "kind": "external", "metric": "mAP", "direction": "maximize", "kernel_size": 5,
        "epochs": EPOCHS, "lease_s": 30,
    },
    "search": {"lr": {"low": 0.001, "high": 0.1, "log": True}},
    "samplers": ["direct_l", {"name": "random", "batch_size": 3}],
    "controls": ["uniform", "uniform_tuned", "flat"],
    "pruning": {"rule": "median"},
    "validation_seeds": 1,
    "budget": {"n_trials": 6},
    "evaluation": {"n_seeds": 2},
}  # fmt: skip


def submit(database: Database, **changes: Any) -> int:
    return commands.submit(database, parse.parse({**SPEC, **changes}))[0].id


def value_of(trial: Trial) -> float:
    """Return a value in [0.5, 0.6) that the payload alone determines."""
    text = canonical_json({**trial.payload, "network": {}})
    return 0.5 + 0.1 * int(hashlib.sha256(text.encode()).hexdigest()[:6], 16) / 2**24


def claim(
    database: Database, job_id: int, n: int = 1, key: str = "a key of an ask"
) -> list[ClaimedTrial]:
    return asks.claim(database, job_id, n, "trainer", key).claims


def train(database: Database, one: ClaimedTrial, stop_after: int = EPOCHS) -> bool:
    """Report epochs; return whether the trial was stopped before the last."""
    n_epochs = one.trial.payload["training"]["epochs"]
    for epoch in range(1, min(n_epochs, stop_after) + 1):
        value = value_of(one.trial) * epoch / n_epochs
        heard = trainers.report(database, one.trial.id, one.token, epoch, value, {})
        if heard.stop in ("pruned", "given_up"):
            return True
    return False


def end(database: Database, one: ClaimedTrial, **changes: Any) -> Standing:
    outcome = {"kind": MessageKind.VALUE, "value": value_of(one.trial), "metrics": {}, **changes}
    return trainers.tell(database, one.trial.id, one.token, outcome)


def job_of(database: Database, job_id: int) -> Job:
    with database.read() as session:
        return jobs.get(session, job_id)


def found_in(database: Database, job_id: int) -> list[tuple[Any, ...]]:
    """Return what each trial is and found, without ids and times."""
    with database.read() as session:
        names = {study.id: study.name for study in studies.of_job(session, job_id)}
        every = trials.of_job(session, job_id)
    return sorted(
        (names[t.study_id], t.phase, str(t.number), t.state, str(t.point), t.value, str(t.curve))
        for t in every
        if t.phase != "superseded"
    )


def run(
    database: Database,
    dispatcher: Dispatcher,
    job_id: int,
    disturb: Callable[[int, ClaimedTrial], bool] = lambda _n, _one: False,
    n_each: int = 1,
) -> Job:
    """Train until the job ends; a trial that `disturb` takes is not trained here."""
    n = 0
    for turn in range(400):
        dispatcher.turn(looks=True)
        for one in claim(database, job_id, n_each, f"key of the ask {turn}"):
            n += 1
            if disturb(n, one):
                continue
            train(database, one)
            end(database, one)
        if (job := job_of(database, job_id)).state.is_final:
            return job
    raise AssertionError("the job did not end")
