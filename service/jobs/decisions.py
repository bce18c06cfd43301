"""The decision on a finished job, with what the jobs before it say; computed when it is read.

The stored report is a function of the job's spec and holds the decision by the job alone. Earlier
jobs are those of this database that were finished before it and still exist: what is deleted is
gone from the decision, and later jobs change nothing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy.orm import Session

from densearch.answers.compared_metric import compared_metric_of
from service.errors import NoDecisionError
from service.records import Job, Json
from service.report.decision import Basis, Decision, decide
from service.report.earlier import EarlierJob, combined, earlier_job, is_of_kind
from service.report.effects import share_of
from service.report.meta import Combined
from service.report.phrases import chance_text, count_of
from service.report.posterior import Belief
from service.report.search_cost import SearchCost
from service.storage import jobs

# Of more jobs of its kind of task, the newest are considered.
MOST_CONSIDERED = 500


@dataclass(frozen=True, slots=True)
class PooledEffect:
    """The earlier jobs as one, in shares of the loss; below 0 the density was better.

    Attributes:
        change: Mean over tasks.
        low: Lower end of its interval of 95 %.
        high: Upper end.
        prediction_low: Lower end of the interval for a task not among these.
        prediction_high: Upper end.
        n_splits: Test splits that the jobs were judged on.
    """

    change: float
    low: float
    high: float
    prediction_low: float
    prediction_high: float
    n_splits: int

    @classmethod
    def of(cls, found: Combined) -> PooledEffect:
        """Return a mean log ratio as shares."""
        return cls(
            change=share_of(found.mean),
            low=share_of(found.low),
            high=share_of(found.high),
            prediction_low=share_of(found.prediction_low),
            prediction_high=share_of(found.prediction_high),
            n_splits=found.n,
        )


@dataclass(frozen=True, slots=True)
class JobDecision:
    """A decision with what it is made of.

    Attributes:
        decision: With the earlier jobs.
        chance_alone: The probability of the gain by this job alone.
        earlier: The jobs that were taken in, the newest first; empty where there are too few.
        pooled: They as one; None likewise.
    """

    decision: Decision
    chance_alone: float | None
    earlier: list[EarlierJob]
    pooled: PooledEffect | None

    def to_dict(self) -> Json:
        """Return the decision as one flat object."""
        alone = "" if self.chance_alone is None else chance_text(self.chance_alone)
        return self.decision.to_dict() | {
            "words": [
                *self.decision.words,
                *([f"By this job alone the probability is {alone}."] if self.earlier else []),
            ],
            "chance_alone": self.chance_alone,
            "earlier": [
                {"job_id": one.job_id, "name": one.name, "n": one.n, "change": one.change}
                for one in self.earlier
            ],
            "pooled": asdict(self.pooled) if self.pooled is not None else None,
        }


def decision_of(
    session: Session, job: Job, margin_percent: float | None = None
) -> JobDecision | None:
    """Decide on a finished job.

    Args:
        session: In a transaction.
        job: Which one.
        margin_percent: The gain that matters, in (0, 100); the spec's if None.

    Returns:
        None where its report holds no decision: it has none yet, answers no question, or was made
        by an earlier version.
    """
    stored = (job.report or {}).get("decision")
    if stored is None:
        return None
    basis = Basis.of(stored["basis"])
    search = SearchCost(**stored["search"])
    margin = (stored["margin_percent"] if margin_percent is None else margin_percent) / 100.0
    own = compared_metric_of(job.spec["task"])
    alone = decide(basis, margin, search, own=own)
    found = _earlier(session, job, basis) if alone.chance is not None else []
    pooled = combined(found)
    if pooled is None or basis.unit != "ratio" or basis.outcome == "none found":
        return JobDecision(alone, alone.chance, [], None)
    words = f"this job and {count_of(len(found), 'earlier one')} of its kind"
    decision = decide(basis, margin, search, Belief.before(pooled), words, own)
    return JobDecision(decision, alone.chance, found, PooledEffect.of(pooled))


def decision_on(session: Session, job_id: int, margin_percent: float | None = None) -> JobDecision:
    """Decide on a finished job by its id, see `decision_of`.

    Raises:
        NotFoundError: There is no such job.
        NoDecisionError: There is no decision on it.
    """
    job = jobs.get(session, job_id)
    found = decision_of(session, job, margin_percent)
    if found is None:
        raise NoDecisionError(job_id, _why_undecided(job))
    return found


def _why_undecided(job: Job) -> str:
    if job.spec["task"]["kind"] == "function":
        return "it searched the least value of a function, which has no density to adopt"
    if not job.state.is_final:
        return f"it is {job.state}, and decides when it has succeeded"
    if job.report is None:
        return f"it ended as {job.state}, without a report"
    if "answer" not in job.report:
        return "its report was made by a version that did not decide: clone the job"
    return "it has no control to compare its density with, or no final evaluation"


def _earlier(session: Session, job: Job, basis: Basis) -> list[EarlierJob]:
    if job.finished_at is None:
        return []
    before = jobs.judged_before(session, job.finished_at, basis.task, MOST_CONSIDERED)
    based = [(one, Basis.of(one.decision["basis"])) for one in before]
    found = [
        earlier_job(one.id, one.name, other) for one, other in based if is_of_kind(basis, other)
    ]
    return [one for one in found if one is not None]
