"""The message that a job's best has improved, for webhooks: one a step, whatever it went through.

What counts is the best of the searches as REST shows it, so speculation does not. It is compared
with that of the step before, which is stored with the studies: a dispatcher that takes a job over
announces nothing twice.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from service.jobs import progress
from service.orchestration.run import Run
from service.records import Study
from service.storage import outbox


def leading(run: Run) -> Study | None:
    """Return the study with the job's best so far, None before there is one."""
    return progress.leading(run.job, [study.record for study in run.studies])


def announce_best(session: Session, run: Run, before: Study | None) -> None:
    """Announce the job's best, if it is better than before the step.

    Args:
        session: In the transaction of the step.
        run: After the step.
        before: What `leading` returned before it.
    """
    best = leading(run)
    if best is None or best.best_value is None or not _is_better(run, best, before):
        return
    found = {
        "study": best.name,
        "sampler": best.sampler,
        "trial_id": best.best_trial_id,
        "value": best.best_value,
    }
    outbox.announce(session, outbox.BEST_IMPROVED, run.job, {"best": found})


def _is_better(run: Run, best: Study, before: Study | None) -> bool:
    if before is None or before.best_value is None or best.best_value is None:
        return True
    # The first value of a full training does not compare with those of short ones.
    is_first_in_full = best.is_finished and not before.is_finished
    is_short = run.spec.fidelity is not None
    return best.best_value < before.best_value or (is_short and is_first_in_full)
