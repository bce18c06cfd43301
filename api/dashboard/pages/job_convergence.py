"""The page of a job about its convergence: how its searches came to what they found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.figures import convergence
from api.dashboard.figures.convergence import Search
from api.dashboard.figures.distributions import edf_figure, rank_figure
from api.dashboard.figures.figure_request import FigureRequest
from api.dashboard.figures.ranks import mean_ranks
from api.dashboard.figures.staircases import Step, staircase
from api.dashboard.figures.themes import Figure
from api.dashboard.figures.views import SWITCHES, View, view_of
from api.dashboard.pages.job_head import JobHead, head_of
from service.records import Job
from service.states import Role
from service.storage import events, studies, trial_marks
from service.storage.answers import answers_in
from service.storage.overview import Order


@dataclass(frozen=True, slots=True)
class ConvergenceTab:
    """What the page about convergence shows.

    Attributes:
        view: What the reader has chosen to see.
        faults: What is wrong with the address, as sentences.
    """

    head: JobHead
    view: View
    faults: Sequence[str]

    @property
    def switches(self) -> Mapping[str, tuple[str, Mapping[str, str]]]:
        """The title and the choices of each switch, by its name in the address."""
        return SWITCHES

    @property
    def n_samplers(self) -> int:
        """How many samplers search; ranks need two."""
        own = self.head.studies
        return len({study.sampler for study in own if study.role is Role.SEARCH})


def convergence_tab(
    session: Session, job_id: int, query: Mapping[str, str] | None = None
) -> ConvergenceTab:
    """Read the page about a job's convergence.

    Args:
        session: In a transaction.
        job_id: Which job.
        query: The selections in the address; a wrong one is said in the page.

    Raises:
        NotFoundError: There is no such job.
    """
    view, faults = view_of(query or {})
    return ConvergenceTab(head_of(session, job_id), view, faults)


def draw_convergence(request: FigureRequest) -> Figure | None:
    """Return the figure of the best so far, or of the regret."""
    session, job = request.session, request.job
    view, _ = view_of(request.query)
    order: Order = "time" if view.against == "time" else "number"
    results = convergence.results_of(session, job, order)
    if not results:
        return None
    search = Search(
        studies.of_job(session, job.id),
        results,
        convergence.marks_of(session, job),
        job.started_at,
        _function_of(job),
    )
    return convergence.figure_of(search, view, request.theme)


def _function_of(job: Job) -> str | None:
    task = job.spec["task"]
    name: str | None = task.get("name") if task.get("kind") == "function" else None
    return name


def draw_distribution(request: FigureRequest) -> Figure | None:
    """Return the figure of how the values of the searches are distributed."""
    session, job = request.session, request.job
    last_id = events.last_id(session, job.id)
    found = answers_in(session).about(
        "values", job, last_id, lambda: trial_marks.values_of(session, job.id)
    )
    return edf_figure(studies.of_job(session, job.id), found, request.theme)


def draw_ranks(request: FigureRequest) -> Figure | None:
    """Return the figure of the samplers' mean ranks; None with one sampler."""
    results = convergence.results_of(request.session, request.job, "number")
    stairs = {
        study_id: staircase(Step(r.number + 1.0, r.value, r.number) for r in found)
        for study_id, found in convergence.by_study(results).items()
    }
    ranks = mean_ranks(studies.of_job(request.session, request.job.id), stairs)
    return None if ranks is None else rank_figure(ranks, request.theme)
