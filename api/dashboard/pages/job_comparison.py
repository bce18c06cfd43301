"""The page of a job that compares its arms."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.figures import arm_ratios
from api.dashboard.figures.figure_request import FigureRequest
from api.dashboard.figures.themes import THEMES, Figure
from api.dashboard.pages.job_head import JobHead, head_of
from api.dashboard.pages.job_overview import decision_of
from densearch.answers.compared_metric import compared_metric_of
from service.records import Json
from service.report.attribution import UNIFORM
from service.states import Role


@dataclass(frozen=True, slots=True)
class ComparisonTab:
    """What the page that compares the arms shows; `decision` is what to do with the density."""

    head: JobHead
    decision: Json | None

    @property
    def has_arms(self) -> bool:
        """Whether there are ratios to the plain network to draw, or may be."""
        job = self.head.job
        has_plain = any(study.name == UNIFORM for study in self.head.studies)
        is_open = job.report is None and not job.state.is_final and has_plain
        return is_open or arm_ratios.arms_figure(job.report or {}, THEMES["light"]) is not None

    @property
    def has_samplers(self) -> bool:
        """Whether there are several searches to draw, or may be."""
        job = self.head.job
        n_searches = sum(study.role is Role.SEARCH for study in self.head.studies)
        is_open = job.report is None and not job.state.is_final and n_searches > 1
        return is_open or arm_ratios.samplers_figure(job.report or {}, THEMES["light"]) is not None

    @property
    def n_rows(self) -> int:
        """How many arms there are."""
        return len((self.head.job.report or {}).get("arms") or [])


def comparison_tab(session: Session, job_id: int) -> ComparisonTab:
    """Read the page that compares a job's arms.

    Raises:
        NotFoundError: There is no such job.
    """
    head = head_of(session, job_id)
    return ComparisonTab(head, decision_of(session, head.job, None))


def draw_arms(request: FigureRequest) -> Figure | None:
    """Return the arms' test losses over that of the plain network."""
    own = compared_metric_of(request.job.spec["task"])
    return arm_ratios.arms_figure(own.report(request.job.report), request.theme, own)


def draw_samplers(request: FigureRequest) -> Figure | None:
    """Return what the searches of each sampler found."""
    own = compared_metric_of(request.job.spec["task"])
    return arm_ratios.samplers_figure(own.report(request.job.report), request.theme, own)
