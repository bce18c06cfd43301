"""Measurements of training cost: requested, taken by a dispatcher, stored.

An estimate, or a job whose pack width is not yet chosen, requests a measurement. Its row waits
until a dispatcher takes it by a short lease and a worker times a few steps. When a job ends, its
trainings are summarised under the same key: they are more accurate than a few steps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta

from sqlalchemy.orm import Session

from service import clock
from service.costs.training_cost import TrainingCost, cost_key, cost_of_trials, is_timed
from service.records import Calibration, Json, RegisteredDispatcher, Trial
from service.spec import JobSpec
from service.states import CalibrationState
from service.storage import calibrations
from service.storage.calibrations import MEASURED, OBSERVED
from service.storage.database import Database
from service.storage.texts import storable
from service.studies import payloads
from service.studies.pack_key import may_share
from service.studies.training_payload import TrainingPayload

# A request later than this after a failed measurement starts another.
RETRY = timedelta(seconds=60)
# From this many trainings on they replace a calibration's steps; at most this many are read.
ENOUGH_TRIALS, MOST_TRIALS = 5, 200
# So many measurements may wait or run before estimates ask for no more.
MOST_UNFINISHED = 50
# Widths among which "auto" chooses.
AUTO_WIDTHS: Mapping[str, tuple[int, ...]] = {"cpu": (1, 2, 4, 8), "cuda": (1, 4, 16, 64)}


def widths_of(spec: JobSpec, payload: Json) -> tuple[int, ...]:
    """Return the widths of packs that must be timed for a job, 1 alone where none can be.

    Args:
        spec: The job's.
        payload: Of a typical training of it.
    """
    width = spec.resources.pack_width
    if not may_share(TrainingPayload.from_json(payload)):
        return (1,)
    if width == "auto":
        return AUTO_WIDTHS[payloads.device_of(spec)]
    return (1,) if width == 1 else (1, width)


def best_known(found: Iterable[Calibration], key: str, alone: str) -> Calibration | None:
    """Return the most accurate stored cost of a training, None if there is none.

    Args:
        found: The stored calibrations of both keys.
        key: Cost key of the training with the requested pack widths.
        alone: Cost key of the same training without packs.
    """
    by_name = {(c.key, c.source): c for c in found}
    measured, observed = by_name.get((key, MEASURED)), by_name.get((alone, OBSERVED))
    if key == alone and observed is not None and cost_in(observed).n >= ENOUGH_TRIALS:
        return observed
    return measured


def cost_in(calibration: Calibration) -> TrainingCost:
    """Return the cost that a calibration found.

    Raises:
        ValueError: It is not done.
    """
    if calibration.cost is None:
        raise ValueError("this calibration has no result")
    return TrainingCost.from_json(calibration.cost)


def known(
    database: Database, spec: JobSpec, payload: Json, widths: Sequence[int]
) -> Calibration | None:
    """Return the most accurate cost of a training, or its measurement in progress.

    Args:
        database: The database that holds the calibrations.
        spec: The job's spec; a measurement gets its resources.
        payload: The training's payload.
        widths: Pack widths to time.
    """
    with database.read() as session:
        return _known(session, spec, payload, widths)


def ask(
    database: Database, spec: JobSpec, payload: Json, widths: Sequence[int]
) -> Calibration | None:
    """Like `known`, but request a measurement if there is none; None if too many are waiting.

    The limit bounds the table: every estimate may add a row.
    """
    if (found := known(database, spec, payload, widths)) is not None:
        return found
    with database.write() as session:
        if calibrations.count_unfinished(session) >= MOST_UNFINISHED:
            return None
        return ask_in(session, spec, payload, widths)


def ask_in(session: Session, spec: JobSpec, payload: Json, widths: Sequence[int]) -> Calibration:
    """Like `ask` for a job that was submitted, which is never refused; in a write transaction."""
    found = _known(session, spec, payload, widths)
    if found is not None:
        return found
    device = payloads.device_of(spec)
    return calibrations.put(
        session,
        cost_key(payload, device, widths),
        MEASURED,
        state=CalibrationState.WAITING,
        payload=payload,
        device=device,
        cpus=spec.resources.cpus_per_trial,
        gpus=spec.resources.gpus_per_trial,
        widths=list(widths),
        cost=None,
        error=None,
        lease_owner=None,
        created_at=clock.now(),
    )


def _known(
    session: Session, spec: JobSpec, payload: Json, widths: Sequence[int]
) -> Calibration | None:
    device = payloads.device_of(spec)
    key, alone = cost_key(payload, device, widths), cost_key(payload, device)
    found = best_known(calibrations.find(session, [key, alone]), key, alone)
    return None if found is not None and _is_stale(found) else found


def _is_stale(found: Calibration) -> bool:
    is_failed = found.state is CalibrationState.FAILED and found.measured_at is not None
    return is_failed and (found.measured_at or clock.now()) < clock.now() - RETRY


# The dispatcher's side


def next_open(
    database: Database, fits: Callable[[Calibration], bool] = lambda _: True
) -> Calibration | None:
    """Return the oldest measurement that no dispatcher has leased and that fits a cluster.

    Others wait for another dispatcher's cluster, or for workers that join later.
    """
    with database.read(is_brief=True) as session:
        waiting = calibrations.open_ones(session)
    return next(filter(fits, waiting), None)


def latest(database: Database) -> calibrations.Latest:
    """Return the time of the last measurement and their number, of all dispatchers."""
    with database.read(is_brief=True) as session:
        return calibrations.latest(session)


def take(
    database: Database, calibration: Calibration, me: RegisteredDispatcher, lease_s: float
) -> bool:
    """Lease a measurement; return whether no other dispatcher has it."""
    with database.write() as session:
        return calibrations.claim(session, calibration.id, me.id, lease_s)


def settle(
    database: Database, calibration_id: int, me: RegisteredDispatcher, result: TrainingCost | str
) -> None:
    """Store a measurement's result or its error; nothing if another dispatcher took it over."""
    is_done = isinstance(result, TrainingCost)
    with database.write() as session:
        calibrations.change(
            session,
            calibration_id,
            me.id,
            state=CalibrationState.DONE if is_done else CalibrationState.FAILED,
            cost=result.to_json() if isinstance(result, TrainingCost) else None,
            error=None if isinstance(result, TrainingCost) else storable(result),
            measured_at=clock.now(),
            lease_owner=None,
        )


# From trials


def observe(session: Session, device: str, trials: Iterable[Trial]) -> None:
    """Store the cost of a job's trainings, computed from the last `MOST_TRIALS` of them."""
    timed = [trial for trial in trials if is_timed(trial)][-MOST_TRIALS:]
    by_key: dict[str, list[Trial]] = defaultdict(list)
    for trial in timed:
        by_key[cost_key(trial.payload, device)].append(trial)
    now = clock.now()
    for key, alike in sorted(by_key.items()):  # in one order: two jobs may end at once
        cost = cost_of_trials(alike)
        if cost is not None and cost.n >= ENOUGH_TRIALS:
            calibrations.put(
                session,
                key,
                OBSERVED,
                state=CalibrationState.DONE,
                device=device,
                cpus=0.0,
                gpus=0.0,
                widths=[1],
                cost=cost.to_json(),
                created_at=now,
                measured_at=now,
            )
