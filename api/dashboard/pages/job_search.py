"""The page of a job that looks into its searches, and what its figures are drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from sqlalchemy.orm import Session

from api.dashboard.figures import direct_boxes, search_plots, slices
from api.dashboard.figures.direct_boxes import DirectState
from api.dashboard.figures.figure_request import FigureRequest
from api.dashboard.figures.themes import Figure
from api.dashboard.formats import exact
from api.dashboard.pages.job_head import JobHead, head_of
from api.dashboard.searches.importance import RUNS
from api.dashboard.searches.search_selection import (
    SearchSelection,
    chosen_study,
    selection_of,
)
from api.dashboard.searches.search_view import (
    MOST_POINTS,
    SearchView,
    searches_of,
    view_of,
)
from service.records import Study
from service.states import Phase, TrialState
from service.storage import search_points, studies
from service.storage.search_points import SearchPoint


@dataclass(frozen=True, slots=True)
class SearchTab:
    """What the page about a search shows.

    Attributes:
        searches: The studies that one can choose from.
        view: The chosen one; None where the job has none.
        selection: What is shown of it.
        state: Its boxes at the chosen iteration; None for other samplers, and before any result.
        n_full: How many of its points were trained in full, too.
        lack: Why the importance of its coordinates is not shown, in words, if it is not.
        notes: What of the address was left out, in sentences.
    """

    head: JobHead
    searches: Sequence[Study]
    view: SearchView | None
    selection: SearchSelection
    state: DirectState | None
    n_full: int
    lack: str
    notes: Sequence[str]

    @property
    def iteration(self) -> int:
        """The iteration that is shown."""
        n = self.state.n_iterations if self.state else 0
        return n if self.selection.iteration is None else min(self.selection.iteration, n)

    @property
    def n_selected(self) -> int:
        """How many results the brush selects."""
        if self.view is None:
            return 0
        view, selection = self.view, self.selection
        return sum(selection.holds(view, point) for point in view.results())

    @property
    def trials_query(self) -> str:
        """The selection as the page of the trials takes it."""
        if self.view is None:
            return ""
        fields = {"study": self.view.study.name, "state": TrialState.COMPLETED.value}
        value = self.selection.value
        ends = {"min_value": value.low, "max_value": value.high}
        fields |= {name: exact(end) for name, end in ends.items() if end is not None}
        for index, span in self.selection.spans.items():
            fields[f"p.{self.view.axes[index].name}"] = span.text
        return urlencode(fields)


def search_tab(session: Session, job_id: int, query: Mapping[str, str]) -> SearchTab:
    """Read the page about a job's searches.

    Args:
        session: In a transaction.
        job_id: Which job.
        query: The selections in the address: study, x, y, iteration and what is brushed.

    Raises:
        NotFoundError: There is no such job.
    """
    head = head_of(session, job_id)
    own = searches_of(head.studies)
    study, notes = chosen_study(own, query)
    if study is None:
        return SearchTab(head, own, None, SearchSelection(), None, 0, "", notes)
    view = view_of(session, head.job, study)
    selection = selection_of(view, query)
    state = _state(view, selection)
    n_full = len(_in_full(session, view)) if head.job.spec.get("fidelity") else 0
    lack = RUNS.of(head.job, view).fault or ""
    notes += selection.notes
    return SearchTab(head, own, view, selection, state, n_full, lack, notes)


def asked(request: FigureRequest) -> tuple[SearchView, SearchSelection] | None:
    """Return the search that a figure is about, and the selections; None without a trial."""
    own = searches_of(studies.of_job(request.session, request.job.id))
    study, _ = chosen_study(own, request.query)
    if study is None:
        return None
    view = view_of(request.session, request.job, study)
    return (view, selection_of(view, request.query)) if view.points else None


def draw_boxes(request: FigureRequest) -> Figure | None:
    """Return the figure of DIRECT-L's boxes."""
    found = asked(request)
    state = _state(*found) if found is not None else None
    if found is None or state is None:
        return None
    return direct_boxes.boxes_figure(*found, state, request.theme)


def draw_hull(request: FigureRequest) -> Figure | None:
    """Return the figure of the boxes' sizes and values."""
    found = asked(request)
    state = _state(*found) if found is not None else None
    if found is None or state is None:
        return None
    return direct_boxes.hull_figure(found[0], state, request.theme)


def draw_parallel(request: FigureRequest) -> Figure | None:
    """Return the parallel coordinates."""
    found = asked(request)
    return search_plots.parallel_figure(*found, request.theme) if found else None


def draw_slices(request: FigureRequest) -> Figure | None:
    """Return value against each coordinate."""
    found = asked(request)
    return slices.slices_figure(found[0], request.theme) if found else None


def draw_contour(request: FigureRequest) -> Figure | None:
    """Return the contours along two coordinates."""
    found = asked(request)
    return search_plots.contour_figure(*found, request.theme) if found else None


def draw_fidelity(request: FigureRequest) -> Figure | None:
    """Return full values against short ones."""
    found = asked(request)
    if found is None:
        return None
    pairs = _in_full(request.session, found[0])
    return search_plots.fidelity_figure(found[0], pairs, request.theme)


def draw_importance(request: FigureRequest) -> Figure | None:
    """Return the shares of the coordinates, as far as they are known."""
    found = asked(request)
    if found is None:
        return None
    shares = RUNS.of(request.job, found[0])
    return search_plots.importance_figure(found[0], shares, request.theme)


def _state(view: SearchView, selection: SearchSelection) -> DirectState | None:
    return direct_boxes.state_of(view, selection.iteration) if view.is_direct else None


def _in_full(session: Session, view: SearchView) -> list[tuple[SearchPoint, float]]:
    """Return the trials of a short search whose points were trained in full, with that value."""
    found = search_points.some_points(session, view.study.id, MOST_POINTS, Phase.PROMOTION)
    full = {p.point: p.value for p in found.points if view.is_result(p) and p.value is not None}
    return [(p, full[p.point]) for p in view.results() if p.point in full]
