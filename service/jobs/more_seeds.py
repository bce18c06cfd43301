"""Continue the evaluation of a job that has succeeded, with more seeds than its plan has."""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.errors import Fault, InvalidSpecError
from service.jobs.reopen import lock_extensible
from service.records import Job
from service.spec import MOST_SEEDS
from service.states import Phase
from service.storage import jobs, trials
from service.storage.database import Database
from service.studies.resolved import FunctionJob

AT = "/n_seeds"


def raisable(session: Session, job_id: int) -> int:
    """Return the seeds of a job's evaluation that are trained; 0 where no more can be."""
    present = trials.n_numbered(session, job_id, Phase.EVALUATION)
    return present if present < MOST_SEEDS else 0


def continue_evaluation(database: Database, job_id: int, n_seeds: int) -> Job:
    """Train more seeds of every arm's best than were planned, and queue the job again.

    The answer of the planned looks stays; the report adds what all seeds say. The number is
    written into the spec (`evaluation.continued_to`), so that the result is a function of it.

    Args:
        database: Where the job is.
        job_id: Which.
        n_seeds: Seeds of each arm, those already trained included.

    Raises:
        NotFoundError: No such job, or the data set that it is trained on was deleted.
        IllegalTransitionError: It has not succeeded.
        OtherVersionError: Other versions of the training code or its libraries started the job.
        InvalidSpecError: It has no evaluation, or the number is not above the present one, or too
            large.
    """
    with database.write() as session:
        job, resolved = lock_extensible(session, job_id)
        if isinstance(resolved, FunctionJob) or resolved.spec.evaluation.n_seeds == 0:
            raise InvalidSpecError([Fault(AT, "the job has no final evaluation to continue")])
        present = trials.n_numbered(session, job_id, Phase.EVALUATION)
        if not present < n_seeds <= MOST_SEEDS:
            detail = (
                f"must be above the seeds that are trained, {present}, and at most {MOST_SEEDS}"
            )
            raise InvalidSpecError([Fault(AT, detail)])
        evaluation = job.spec["evaluation"] | {"continued_to": n_seeds}
        jobs.set_spec(session, job_id, {**job.spec, "evaluation": evaluation})
        return jobs.reopen(session, job_id)
