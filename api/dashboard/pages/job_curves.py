"""The page of a job with the curves of its trainings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import cast

from sqlalchemy.orm import Session

from api.dashboard.figures.curve_sets import CurveAxis, CurveSet, curves_figure
from api.dashboard.figures.figure_request import FigureRequest
from api.dashboard.figures.themes import Figure
from api.dashboard.pages.chosen_trials import TrialName, ids_of, names_in
from api.dashboard.pages.job_head import JobHead, head_of
from densearch.names import quoted
from service.jobs import progress
from service.records import Job, Study
from service.states import Phase
from service.storage import events, studies, training_curves
from service.storage.answers import answers_in

# Of the best and of the sample.
MOST_CURVES = 100
MOST_CHOSEN = 7
AXES: Mapping[str, str] = MappingProxyType({"epoch": "epoch", "time": "time in training"})
PHASES: Mapping[Phase, str] = MappingProxyType(
    {
        Phase.SEARCH: "of the searches",
        Phase.PROMOTION: "promoted: in full",
        Phase.CONFIRMATION: "with a further seed",
        Phase.EVALUATION: "final",
    }
)


@dataclass(frozen=True, slots=True)
class CurveChoice:
    """What the reader has chosen to see.

    Attributes:
        names: Which trainings are thick; empty for the best.
        faults: What is wrong with the address, as sentences.
    """

    against: CurveAxis = "epoch"
    phase: Phase = Phase.SEARCH
    names: Sequence[TrialName] = ()
    faults: Sequence[str] = ()

    @property
    def trials_text(self) -> str:
        """The chosen trials as they are typed."""
        return ", ".join(map(str, self.names))


@dataclass(frozen=True, slots=True)
class CurvesTab:
    """What the page with the curves of its trainings shows."""

    head: JobHead
    choice: CurveChoice
    phases: Mapping[str, str]

    @property
    def axes(self) -> Mapping[str, str]:
        """The choices of the horizontal axis."""
        return AXES

    @property
    def most_chosen(self) -> int:
        """How many trainings may be chosen."""
        return MOST_CHOSEN


def curves_tab(session: Session, job_id: int, query: Mapping[str, str] | None = None) -> CurvesTab:
    """Read the page with the curves of its trainings.

    Args:
        session: In a transaction.
        job_id: Which job.
        query: The selections in the address; a wrong one is said in the page.

    Raises:
        NotFoundError: There is no such job.
    """
    head = head_of(session, job_id)
    own = training_curves.phases_of(session, job_id)
    phases = {phase.value: PHASES[phase] for phase in own if phase in PHASES}
    choice = choice_of(query or {})
    _, faults = _chosen(session, job_id, head.studies, choice)
    choice = replace(choice, faults=[*choice.faults, *faults])
    return CurvesTab(head, choice, phases or {"search": PHASES[Phase.SEARCH]})


def choice_of(query: Mapping[str, str]) -> CurveChoice:
    """Read what an address chooses by ``x``, ``phase`` and any number of ``trial``."""
    faults = []
    against, phase = query.get("x", "epoch"), query.get("phase", "search")
    if against not in AXES:
        faults.append(f"The address has x={quoted(against, 40)}, which is neither epoch nor time.")
        against = "epoch"
    if phase not in {own.value for own in PHASES}:
        known = ", ".join(PHASES)
        faults.append(f"The address has phase={quoted(phase, 40)}, which is none of {known}.")
        phase = "search"
    texts = query.getlist("trial") if hasattr(query, "getlist") else [query.get("trial", "")]
    names, wrong = names_in(texts)
    if len(names) > MOST_CHOSEN:
        wrong.append(f"Of {len(names)} chosen trials the first {MOST_CHOSEN} are shown.")
    own = names[:MOST_CHOSEN]
    return CurveChoice(cast("CurveAxis", against), Phase(phase), own, [*faults, *wrong])


def _chosen(
    session: Session, job_id: int, own: Sequence[Study], choice: CurveChoice
) -> tuple[list[int], list[str]]:
    """Return the ids of the chosen trainings, at most `MOST_CHOSEN`, and what is wrong."""
    if not choice.names:
        return [], []
    ids, faults = ids_of(session, job_id, choice.phase, own, choice.names)
    if len(ids) > MOST_CHOSEN:
        faults.append(
            f"{len(ids)} trainings have these numbers: the first {MOST_CHOSEN} are shown. "
            "Name the study, as in direct_l 12."
        )
    return ids[:MOST_CHOSEN], faults


def draw_curves(request: FigureRequest) -> Figure | None:
    """Return the figure of a job's trainings; None while there is none."""
    session, job = request.session, request.job
    choice, own = choice_of(request.query), studies.of_job(session, job.id)
    last_id = events.last_id(session, job.id)
    some = answers_in(session).about(
        f"curves of {choice.phase}",
        job,
        last_id,
        lambda: training_curves.some_curves(session, job.id, choice.phase, MOST_CURVES),
    )
    ids = _chosen(session, job.id, own, choice)[0] or _best(job, own)
    chosen = training_curves.curves_of(session, job.id, ids)
    timed = some.curves if choice.against == "time" else []
    epochs = training_curves.measured(session, [c.trial_id for c in (*timed, *chosen)])
    curves = CurveSet(own, some, chosen, epochs, MOST_CURVES)
    return curves_figure(curves, choice.against, request.theme, f"jobs/{job.id}/trials/")


def _best(job: Job, own: Sequence[Study]) -> list[int]:
    best = progress.lowest(job, own)
    return [best.best_trial_id] if best is not None and best.best_trial_id is not None else []
