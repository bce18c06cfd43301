"""What one can do to jobs: submit, look at, pause, resume, cancel; a transaction each."""

from __future__ import annotations

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service import clock, rules, seeds
from service.digest import digest_of
from service.errors import IdempotencyConflictError
from service.records import Job, Json
from service.spec import JobSpec
from service.states import JobState
from service.storage import events, idempotency, jobs, studies, trials
from service.storage.database import Database

SEARCH, CONTROL = "search", "control"


def submit(database: Database, spec: JobSpec, key: str | None = None) -> tuple[Job, bool]:
    """Store a job, QUEUED, with its studies.

    Args:
        database: Where to.
        spec: A complete spec (`service.rules.complete`).
        key: The request's Idempotency-Key: the same key and body give the same job again.

    Returns:
        The job, and whether it is new.

    Raises:
        IdempotencyConflictError: The key came with another body before.
    """
    body = spec.model_dump(mode="json")
    digest = digest_of(body)
    try:
        with database.write() as session:
            earlier = _earlier(session, key, digest)
            return (
                (earlier, False) if earlier else (_insert(session, spec, body, key, digest), True)
            )
    except IntegrityError:
        # On PostgreSQL a second request with the same key may run beside the first; the primary
        # key let one of them through, and this one finds what the other stored.
        with database.read() as session:
            earlier = _earlier(session, key, digest)
        if earlier is None:
            raise
        return earlier, False


def _earlier(session: Session, key: str | None, digest: str) -> Job | None:
    found = idempotency.find(session, key) if key is not None else None
    if found is None:
        return None
    if found[0] != digest:
        raise IdempotencyConflictError(key or "")
    return jobs.get(session, found[1])


def _insert(session: Session, spec: JobSpec, body: Json, key: str | None, digest: str) -> Job:
    job = jobs.insert(session, spec.name, body)
    if key is not None:
        idempotency.insert(session, key, digest, job.id)
    arms = [(s.name, SEARCH, s.name, spec.budget.n_trials) for s in spec.samplers]
    arms += [(c.name, CONTROL, "fixed", 1) for c in spec.controls]
    studies.insert_all(
        session,
        [
            {
                "job_id": job.id,
                "place": place,
                "name": name,
                "role": role,
                "sampler": sampler,
                "n_trials": n_trials,
                "seed": seeds.derive(spec.seed, role, name),
            }
            for place, (name, role, sampler, n_trials) in enumerate(arms)
        ],
    )
    events.add(session, job.id, "job", {"state": job.state})
    return job


def spec_of(job: Job) -> JobSpec:
    """Return a stored job's spec as a value."""
    return rules.parse(job.spec)


def pause(database: Database, job_id: int) -> Job:
    """Let the running trials finish and start no more. Pausing a paused job changes nothing.

    Raises:
        NotFoundError: No such job.
        IllegalTransitionError: It has ended.
    """
    return _move(database, job_id, JobState.PAUSED)


def resume(database: Database, job_id: int) -> Job:
    """Go on with a paused job; a running one stays as it is.

    Raises:
        NotFoundError: No such job.
        IllegalTransitionError: It is neither paused nor at work.
    """
    with database.write() as session:
        job = jobs.lock(session, job_id)
        if job.state in (JobState.QUEUED, JobState.RUNNING, JobState.EVALUATING):
            return job
        return jobs.set_state(session, job_id, JobState.RUNNING)


def cancel(database: Database, job_id: int) -> Job:
    """End a job now: waiting trials are cancelled, running ones stop within an epoch.

    The dispatcher sees the new state and tells its workers; a result that still arrives is kept
    with its attempt and changes nothing. Cancelling a cancelled job changes nothing.

    Raises:
        NotFoundError: No such job.
        IllegalTransitionError: It has succeeded or failed.
    """
    with database.write() as session:
        job = jobs.lock(session, job_id)
        if job.state is JobState.CANCELLED:
            return job
        trials.cancel_open(session, job_id, clock.now())
        return jobs.set_state(session, job_id, JobState.CANCELLED)


def fail(database: Database, job: Job, error: Exception) -> None:
    """End a job that cannot go on; only the dispatcher that holds it may.

    Its open trials are cancelled: another job with the same training would wait for one that
    stays RUNNING for ever. A job that has ended meanwhile stays as it is.

    Raises:
        LeaseLostError: Another dispatcher holds it by now.
    """
    with database.write() as session:
        if jobs.lock_leased(session, job).is_final:
            return
        trials.cancel_open(session, job.id, clock.now())
        detail = {"title": type(error).__name__, "detail": str(error)}
        jobs.set_state(session, job.id, JobState.FAILED, error=detail)


def _move(database: Database, job_id: int, new: JobState) -> Job:
    with database.write() as session:
        job = jobs.lock(session, job_id)
        return job if job.state is new else jobs.set_state(session, job_id, new)
