"""The pack width of a job that asks for "auto": measured once, before its first trial."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.orm import Session

from service.costs import calibrations
from service.costs.training_cost import typical_payload
from service.orchestration.run import Run
from service.states import CalibrationState
from service.storage import jobs
from service.studies.resolved import TrainingJob


def settle(session: Session, run: Run) -> bool:
    """Replace "auto" in the spec by the measured width; return whether the width is known.

    It is stored in the job's spec, since the digest of a training depends on whether it is packed.
    A width that cannot be measured is 1.
    """
    if run.spec.resources.pack_width != "auto":
        return True
    width = _measured(session, run.resolved) if isinstance(run.resolved, TrainingJob) else 1
    if width is None:
        return False
    resources = run.spec.resources.model_copy(update={"pack_width": width})
    # Nothing that is derived from a spec depends on its resources.
    spec = run.spec.model_copy(update={"resources": resources})
    run.resolved = replace(run.resolved, spec=spec)
    jobs.set_spec(session, run.job.id, run.spec.model_dump(mode="json"))
    return True


def _measured(session: Session, resolved: TrainingJob) -> int | None:
    payload = typical_payload(resolved, is_full=False)
    widths = calibrations.widths_of(resolved.spec, payload)
    if len(widths) == 1:
        return 1
    found = calibrations.ask_in(session, resolved.spec, payload, widths)
    if found.state is CalibrationState.DONE:
        return calibrations.cost_in(found).pack_width
    return 1 if found.state is CalibrationState.FAILED else None
