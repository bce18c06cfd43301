"""Commands on jobs: submit, clone, pause, resume, cancel; each is one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from densearch.names import fault_in
from service import clock
from service.costs import memory
from service.costs.prices import UNPRICED, Prices
from service.digest import digest_of
from service.errors import Fault, IdempotencyConflictError, InvalidSpecError
from service.extensions.entry_points import PluginError
from service.jobs import references, trainers
from service.records import Job, Json
from service.spec import JobSpec
from service.states import JobState
from service.storage import dispatchers, events, idempotency, jobs, studies, trials
from service.storage.database import Database
from service.studies.resolved import ResolvedSpec
from service.validation import ask_limits, parse
from service.validation.resolve import resolve

# Jobs that are cancelled in one transaction: other writers wait meanwhile.
TOGETHER = 25


def submit(
    database: Database, spec: JobSpec, key: str | None = None, prices: Prices = UNPRICED
) -> tuple[Job, bool]:
    """Store a job, QUEUED, with its studies.

    Args:
        database: Stores the job.
        spec: A complete spec (`service.validation.parse.complete`).
        key: The request's Idempotency-Key: the same key and body give the same job again.
        prices: By which a budget in money is counted.

    Returns:
        The job, and whether it is new.

    Raises:
        IdempotencyConflictError: The key came with another body before.
        InvalidSpecError: The name is refused (`densearch.names`), a data set or a density to start
            from is missing or does not fit, the budget is in money and a resource of the job has
            no price, its asks cost too much (`service.validation.ask_limits`) or its trainings
            exceed the workers' memory (`service.costs.memory`).
    """
    faults = faults_of(spec, prices)
    if faults:
        raise InvalidSpecError(faults)
    digest = digest_of(spec.model_dump(mode="json"))
    try:
        with database.write() as session:
            earlier = _earlier(session, key, digest)
            return (earlier, False) if earlier else (_insert(session, spec, key, digest), True)
    except IntegrityError:
        # On PostgreSQL two requests with the same key may run at once; the primary key admits one
        # of them, and this one reads what the other stored.
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


def clone(
    database: Database,
    job_id: int,
    changes: Json,
    key: str | None = None,
    prices: Prices = UNPRICED,
) -> Job:
    """Submit a job's spec again, with changes.

    Args:
        database: Holds the old job and stores the new one.
        job_id: The old one, in any state.
        changes: A JSON merge patch (RFC 7396) of its spec: null removes a field.
        key: As in `submit`.
        prices: As in `submit`.

    Raises:
        NotFoundError: No such job.
        InvalidSpecError: The changed spec is refused; pointers are into the whole spec.
        IdempotencyConflictError: As in `submit`.
    """
    with database.read() as session:
        old = spec_again(session, jobs.get(session, job_id))
    body = merged(body_of(old, exclude_unset=True), changes)
    return submit(database, parse.parse(body), key, prices)[0]


def body_of(spec: JobSpec, *, exclude_unset: bool = False, exclude_none: bool = False) -> Json:
    """Return a spec as the body of a submission, with what its dump leaves out as it was at first.

    By another method a job that is submitted again would train points that differ in their last
    digits; with the seeds that submissions have by default it would train more, and might choose
    others.

    Args:
        spec: A job's (`spec_again`).
        exclude_unset: As in `JobSpec.model_dump`.
        exclude_none: Likewise.
    """
    body = spec.model_dump(mode="json", exclude_unset=exclude_unset, exclude_none=exclude_none)
    return {**body, **parse.AT_FIRST, **body}


def merged(target: object, patch: object) -> object:
    """Apply a JSON merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _insert(session: Session, spec: JobSpec, key: str | None, digest: str) -> Job:
    (job,) = store(session, [admitted(session, spec, dispatchers.resources(session))])
    if key is not None:
        idempotency.insert(session, key, digest, job.id)
    return job


def faults_of(spec: JobSpec, prices: Prices) -> list[Fault]:
    """Return what forbids a new job of a valid spec: its name, or a resource without a price."""
    # Here and not in the spec's type, which must keep reading the names of older versions.
    fault = fault_in(spec.name)
    return [*([Fault("/name", fault)] if fault else []), *prices.faults(spec)]


def admitted(
    session: Session, spec: JobSpec, resources: Sequence[Mapping[str, float]]
) -> ResolvedSpec:
    """Resolve the spec of a new job with what it refers to in the database.

    Args:
        session: In the transaction that stores the job.
        spec: As in `submit`.
        resources: Those of each dispatcher (`service.storage.dispatchers.resources`).

    Raises:
        InvalidSpecError: As `submit`, but for what `faults_of` returns.
    """
    resolved = references.resolved(session, spec)
    worker_bytes = memory.of_worker(spec, resources)
    if faults := [*ask_limits.faults(resolved), *memory.faults(resolved, worker_bytes)]:
        raise InvalidSpecError(faults)
    return resolved


def store(session: Session, resolved: Sequence[ResolvedSpec]) -> list[Job]:
    """Store new jobs, QUEUED, with their studies; they begin after the commit."""
    made = jobs.insert_all(session, [each.spec.model_dump(mode="json") for each in resolved])
    rows = [
        asdict(study) | {"place": place, "job_id": job.id}
        for job, each in zip(made, resolved, strict=True)
        for place, study in enumerate(each.studies)
    ]
    studies.insert_all(session, rows)
    events.add_for_jobs(session, [job.id for job in made], "job", {"state": JobState.QUEUED})
    return made


def resolved_of(job: Job) -> ResolvedSpec:
    """Return what a stored job's spec comes to.

    Raises:
        InvalidSpecError: This server would refuse it by now.
    """
    return resolve(parse.stored(job.spec))


def spec_again(session: Session, job: Job) -> JobSpec:
    """Return a stored job's spec as it may be submitted again.

    It names data sets and densities, where the stored spec holds their content at the time of the
    submission, and takes samplers from the packages that are installed now.

    Raises:
        InvalidSpecError: This server does not accept it any more.
    """
    body = {name: part for name, part in job.spec.items() if name != "sampler_packages"}
    return references.unresolved(session, parse.stored(body))


def pause(database: Database, job_id: int) -> Job:
    """Let running trials finish and start no others. Pausing a paused job changes nothing.

    Raises:
        NotFoundError: No such job.
        IllegalTransitionError: It has ended.
    """
    return _move(database, job_id, JobState.PAUSED)


def resume(database: Database, job_id: int) -> Job:
    """Continue a paused job; a running one stays as it is.

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

    The dispatcher sees the new state and stops its workers; a result that still arrives is kept
    with its attempt and changes nothing. Cancelling a cancelled job changes nothing.

    Raises:
        NotFoundError: No such job.
        IllegalTransitionError: It has succeeded or failed.
    """
    with database.write() as session:
        job = jobs.lock(session, job_id)
        return job if job.state is JobState.CANCELLED else _cancel(session, [job_id])[0]


def cancel_all(database: Database, job_ids: Sequence[int]) -> None:
    """Cancel several jobs, some in each transaction; those that have ended stay as they are."""
    for start in range(0, len(job_ids), TOGETHER):
        with database.write() as session:
            found = jobs.lock_open(session, job_ids[start : start + TOGETHER])
            _cancel(session, found)


def _cancel(session: Session, job_ids: Sequence[int]) -> list[Job]:
    trials.cancel_open(session, job_ids, clock.now())
    trainers.keep_unheard(session, job_ids)
    return [jobs.set_state(session, job_id, JobState.CANCELLED) for job_id in job_ids]


def fail(database: Database, job: Job, error: Exception) -> None:
    """End a job that cannot go on; only the dispatcher that holds it may.

    Its open trials are cancelled: another job with the same training would wait for one that
    stays RUNNING for ever. A job that has ended meanwhile stays as it is.

    Raises:
        LeaseLostError: Another dispatcher holds it.
    """
    with database.write() as session:
        if jobs.lock_leased(session, job).state.is_final:
            return
        trials.cancel_open(session, [job.id], clock.now())
        trainers.keep_unheard(session, [job.id])
        is_refused = isinstance(error, InvalidSpecError | PluginError)  # though the API took it
        title = "The dispatcher cannot run it" if is_refused else type(error).__name__
        detail = {"title": title, "detail": str(error)}
        jobs.set_state(session, job.id, JobState.FAILED, error=detail)


def _move(database: Database, job_id: int, new: JobState) -> Job:
    with database.write() as session:
        job = jobs.lock(session, job_id)
        return job if job.state is new else jobs.set_state(session, job_id, new)
