"""All that a job's document is made of, read in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api.dashboard.figures import convergence
from api.dashboard.pages.datasets import DatasetLine, dataset_line
from api.dashboard.pages.density_cards import DensityCard, cards_of
from densearch.answers.compared_metric import ComparedMetric, compared_metric_of
from service.errors import InvalidSpecError, NotFoundError
from service.jobs import commands, decisions, progress, search_vectors
from service.jobs.progress import Progress
from service.records import STORED, Job, Json, Study, Trial
from service.settings import Settings
from service.states import TrialState
from service.storage import campaigns, events, jobs, split_looks, studies, trials
from service.storage.overview import Result

# Of the trials that ended without a result, so many are shown with their errors.
MOST_FAILED = 10


@dataclass(frozen=True, slots=True)
class DocumentSource:
    """What is known of a job.

    Attributes:
        waits_for: Why the job makes no progress; None while it does, or once it has ended.
        as_of: When the job last changed.
        decision: What to do with its density; None while there is no answer.
        earlier_looks: Jobs that had judged on its test split before; None where it has not.
        results: The values of its searches, see `service.storage.overview.results`.
        dataset: The stored data set; None for a built-in one, and for one that was deleted.
        vector: What each searched value means; None where the spec would be refused now.
        campaign: Id and name of the campaign that the job belongs to.
        failed: The first trials that ended without a result.
        best_digests: The digest of the training that represents an arm, by the arm's name.
        submitted: The spec as it may be submitted again; the stored one where it may not.
        is_repeatable: Whether it may.
    """

    job: Job
    waits_for: str | None
    as_of: datetime
    progress: Progress
    studies: Sequence[Study]
    decision: Json | None
    earlier_looks: int | None
    cards: Sequence[DensityCard]
    results: Sequence[Result]
    dataset: DatasetLine | None
    vector: Sequence[Json] | None
    campaign: tuple[int, str] | None
    failed: Sequence[Trial]
    best_digests: Mapping[str, str]
    submitted: Json
    is_repeatable: bool

    @property
    def report(self) -> Json:
        """The stored report in the user's metric; empty where there is none."""
        return self.own.report(self.job.report)

    @property
    def own(self) -> ComparedMetric:
        """What its arms are compared by."""
        return compared_metric_of(self.task)

    @property
    def answer(self) -> Json | None:
        """The answer to the job's question, see `service.report.answer`."""
        found: Json | None = self.report.get("answer")
        return found

    @property
    def arms(self) -> list[dict[str, Any]]:
        """The rows of the report's arms."""
        found: list[dict[str, Any]] = self.report.get("arms") or []
        return found

    @property
    def task(self) -> Json:
        """The spec's section of the task."""
        found: Json = self.job.spec.get("task") or {}
        return found

    @property
    def is_function(self) -> bool:
        """Whether the job searches an analytic function: nothing is trained."""
        return self.task.get("kind") == "function"

    @property
    def cost_words(self) -> list[str]:
        """What the search cost, where the decision says it."""
        decision = self.decision or {}
        has_cost = bool((decision.get("search") or {}).get("n_trainings"))
        return decision["words"][1:2] if has_cost else []

    @property
    def further_words(self) -> list[str]:
        """What the decision says apart from what to do and what the search cost."""
        words: list[str] = (self.decision or {}).get("words") or []
        return words[1 + len(self.cost_words) :]

    @property
    def leading(self) -> Study | None:
        """The best search so far."""
        return progress.leading(self.job, self.studies)


def read_source(session: Session, job_id: int, settings: Settings) -> DocumentSource:
    """Read what is known of a job.

    Raises:
        NotFoundError: There is no such job.
    """
    job = jobs.get(session, job_id)
    own = studies.of_job(session, job_id)
    decided = decisions.decision_of(session, job)
    entries = search_vectors.of_job(job)
    again = _submitted(session, job)
    return DocumentSource(
        job=job,
        waits_for=progress.reason(session, job, settings),
        as_of=_as_of(session, job),
        progress=progress.progress_of(session, job, own),
        studies=own,
        decision=decided.to_dict() if decided is not None else None,
        earlier_looks=split_looks.n_before(session, job_id),
        cards=cards_of(session, job_id, own),
        results=convergence.results_of(session, job, "number"),
        dataset=_dataset(session, job),
        vector=[asdict(entry) for entry in entries] if entries is not None else None,
        campaign=campaigns.of_jobs(session, [job_id]).get(job_id),
        failed=trials.page(
            session, job_id, limit=MOST_FAILED, phase=None, state=TrialState.FAILED
        ),
        best_digests={
            study.name: trials.get(session, study.best_trial_id).digest
            for study in own
            if study.best_trial_id is not None
        },
        submitted=again if again is not None else job.spec,
        is_repeatable=again is not None,
    )


def _as_of(session: Session, job: Job) -> datetime:
    """Return when something last happened to a job: the same until something does."""
    last = events.after(session, job.id, events.last_id(session, job.id) - 1, 1)
    return last[0].created_at if last else job.finished_at or job.created_at


def _dataset(session: Session, job: Job) -> DatasetLine | None:
    name = str((job.spec.get("task") or {}).get("dataset") or "")
    number = name.removeprefix(f"{STORED}:")
    if number == name or not number.isdecimal():
        return None
    try:
        return dataset_line(session, int(number))
    except NotFoundError:
        return None


def _submitted(session: Session, job: Job) -> Json | None:
    try:
        return commands.spec_again(session, job).model_dump(mode="json")
    except InvalidSpecError:
        return None
