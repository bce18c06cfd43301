"""The first page of a job: how far it is, what it found, and its best density."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.figures import heatmaps
from api.dashboard.figures.figure_request import FigureRequest
from api.dashboard.figures.series import Series, by_study
from api.dashboard.figures.themes import Figure
from api.dashboard.pages import density_cards
from api.dashboard.pages.density_cards import DensityCard, cards_of, chosen, shown_first
from api.dashboard.pages.job_head import JobHead, head_of
from api.dashboard.pages.margins import MarginChoice
from api.trial_answer import answer_of, device_of
from densearch.answers import TrialAnswer, earlier_looks_in_words
from service.jobs import dataset_references, decisions, progress
from service.jobs.progress import Best, Progress, StudyProgress
from service.records import Job, Json, Study
from service.states import Role
from service.storage import split_looks, trainers, trials
from service.tasks.external import KIND, MAXIMIZE

NO_MARGIN = MarginChoice()
ROLES: Mapping[Role, str] = {
    Role.SEARCH: "search",
    Role.CONTROL: "control, fixed",
    Role.TUNED: "control, tuned",
    Role.SPECULATION: "found ahead",
}


@dataclass(frozen=True, slots=True)
class StudyLine:
    """A study in the table of studies; `series` is its line in the figures, if it has one."""

    study: Study
    series: Series | None
    counts: StudyProgress

    @property
    def role(self) -> str:
        """Its role in the job, as text."""
        return ROLES[self.study.role]


@dataclass(frozen=True, slots=True)
class TrainersCard:
    """The programs outside that train a job.

    Attributes:
        workers: Names of those that have a trial in hand.
        metric: What they report, as its values are shown.
        is_maximized: Whether the values that are shown are the negative of it.
        snippet: A program to start from.
    """

    workers: list[str]
    metric: str
    is_maximized: bool
    snippet: str


# What a trainer consists of, to be copied.
SNIPPET = """\
from densearch import Client, apply_density

with Client("{url}") as client:
    for trial in client.work({job_id}):
        network = MyNetwork()
        for density in trial.densities:
            apply_density(network, density.phi{layers})
        value = train(network, trial.params, trial.seed, trial.split)
        trial.tell(value)
"""


@dataclass(frozen=True, slots=True)
class OverviewTab:
    """What the first page of a job shows.

    Attributes:
        best: The arm with the lowest validation loss, controls included.
        ahead: A better point than the best search's that was run ahead of its sequence.
        data_warnings: What its data set's page warns of; empty where the set was deleted.
        decision: What to do with its density; None while there is no answer.
        margin: The gain by which that is decided.
        density_id: The density that the address names.
        trainers: The programs outside that train it; None where our workers do.
    """

    head: JobHead
    progress: Progress
    studies: list[StudyLine]
    best: Study | None
    best_search: Study | None
    best_trial: TrialAnswer | None
    ahead: Best | None
    cards: list[DensityCard]
    card: DensityCard | None
    earlier_looks: int | None
    data_warnings: list[str]
    decision: Json | None
    margin: MarginChoice
    density_id: int | None
    trainers: TrainersCard | None = None

    @property
    def best_title(self) -> str:
        """What the best value is, as a title."""
        what = "Lowest validation loss" if self.head.trains else "Lowest value"
        if self.trainers is not None:
            what = f"Lowest {self.trainers.metric}"
        return what if self.head.job.state.is_final else f"{what} so far"

    @property
    def farthest(self) -> float:
        """How far the values of the density lie from 1 at most, in the plane that is shown."""
        shown = [heatmaps.plane(self.card.density)] if self.card is not None else []
        return heatmaps.spread_of(shown)

    @property
    def looks_in_words(self) -> str | None:
        """How many jobs had judged on the same test split before this one."""
        n = self.earlier_looks
        return None if n is None else earlier_looks_in_words(n)

    @property
    def running_fraction(self) -> float:
        """The fraction of all trials that is in training now, for the progress bar."""
        counts = self.progress
        n_all = counts.n_trials + counts.n_promotions + counts.n_evaluations
        return min(counts.n_running / max(n_all, 1), 1.0 - counts.fraction)


def overview_tab(
    session: Session,
    job_id: int,
    density_id: int | None,
    margin: MarginChoice = NO_MARGIN,
    url: str = "http://127.0.0.1:8080",
) -> OverviewTab:
    """Read the first page of a job.

    Args:
        session: In a transaction.
        job_id: Which job.
        density_id: The density that is shown; that of the best search when None.
        margin: The gain that matters, if the reader gives one.
        url: The server's address, for programs.

    Raises:
        NotFoundError: There is no such job.
    """
    head = head_of(session, job_id)
    job, own = head.job, head.studies
    best = progress.lowest(job, own)
    cards = cards_of(session, job_id, own)
    return OverviewTab(
        head=head,
        progress=progress.of_overview(session, job, head.counts),
        studies=_study_lines(session, job, own),
        best=best,
        best_search=progress.leading(job, own),
        best_trial=_best_trial(session, job, best),
        ahead=progress.best_ahead(session, job, own),
        cards=cards,
        card=chosen(cards, density_id, shown_first(job, own)),
        earlier_looks=split_looks.n_before(session, job_id),
        data_warnings=dataset_references.warnings_of(session, job),
        decision=decision_of(session, job, margin.percent),
        margin=margin,
        density_id=density_id,
        trainers=_trainers_card(session, job, url),
    )


def _trainers_card(session: Session, job: Job, url: str) -> TrainersCard | None:
    task = job.spec["task"]
    if task["kind"] != KIND:
        return None
    is_maximized = task["direction"] == MAXIMIZE
    layers = ", density.layers" if task["layers"] else ""
    return TrainersCard(
        workers=trainers.working(session, job.id),
        metric=f"-{task['metric']}" if is_maximized else task["metric"],
        is_maximized=is_maximized,
        snippet=SNIPPET.format(url=url, job_id=job.id, layers=layers),
    )


def draw_density(request: FigureRequest) -> Figure | None:
    """Return the figure of the chosen density."""
    job_id, density_id = request.job.id, request.whole("density")
    record = density_cards.density_of(request.session, job_id, density_id)
    return heatmaps.density_figure(record, request.theme)


def decision_of(session: Session, job: Job, margin_percent: float | None) -> Json | None:
    """Return what to do with a job's density, as the REST API does."""
    found = decisions.decision_of(session, job, margin_percent)
    return found.to_dict() if found is not None else None


def _best_trial(session: Session, job: Job, best: Study | None) -> TrialAnswer | None:
    if best is None or best.best_trial_id is None:
        return None
    return answer_of(trials.get(session, best.best_trial_id), best, device_of(job))


def _study_lines(session: Session, job: Job, own: Sequence[Study]) -> list[StudyLine]:
    counts, series = progress.of_studies(session, job, own), by_study(own)
    pairs = zip(own, counts, strict=True)
    return [StudyLine(study, series.get(study.id), count) for study, count in pairs]
