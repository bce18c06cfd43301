"""The progress of a job: counts of its trials, fraction done, time left, the best so far."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import fmean

from sqlalchemy.orm import Session

from service.jobs.leases import no_dispatcher
from service.records import Job, Json, Study, Trial
from service.settings import Settings
from service.states import TRAINED_AGAIN, JobState, Phase, Role, TrialState
from service.storage import dispatchers, events, trials
from service.storage import overview as glances
from service.storage import progress as counting
from service.storage.answers import answers_in
from service.storage.job_versions import JobVersion
from service.storage.progress import TrialCounts
from service.storage.recent import recently

# The pace is that of the last trials alone, so that a pause or a slow start soon drops out.
PACE_TRIALS = 20
ENDED = (TrialState.COMPLETED, TrialState.PRUNED, TrialState.FAILED)
SHOWN = (TrialState.RUNNING, TrialState.WAITING, TrialState.FAILED, TrialState.PRUNED)
ANY = tuple(TrialState)
STANDING = (Phase.SEARCH, *TRAINED_AGAIN, Phase.EVALUATION)
MOVING = (JobState.RUNNING, JobState.EVALUATING)


@dataclass(frozen=True, slots=True)
class Progress:
    """Counts of a job's trials.

    Attributes:
        n_trials: Search trials that the studies may spend, controls included.
        n_finished: Trials of the studies' sequences that have ended with a result or failed.
        n_evaluated: All search trials that have ended, those run ahead of need included.
        n_running: Trials in training now, of all phases.
        n_waiting: Trials issued and not yet placed, of all phases.
        n_failed: Trials given up, of all phases.
        n_pruned: Trainings that the pruning rule stopped.
        n_cached: Trials that took an earlier result instead of training.
        n_promotions: Trainings of each study's best that decide among them: in full where the
            search trains short, and with further seeds.
        n_promotions_finished: Of these, how many have ended.
        n_evaluations: Final trainings on the test split.
        n_evaluations_finished: Of these, how many have ended.
        fraction: Ended trials over all trials, in [0, 1].
        eta_s: Seconds left if trials take as long as the last ones; None while no trial runs.
    """

    n_trials: int
    n_finished: int
    n_evaluated: int
    n_running: int
    n_waiting: int
    n_failed: int
    n_pruned: int
    n_cached: int
    n_promotions: int
    n_promotions_finished: int
    n_evaluations: int
    n_evaluations_finished: int
    fraction: float
    eta_s: float | None


@dataclass(frozen=True, slots=True)
class StudyProgress:
    """Counts of a study's search trials.

    Attributes:
        n_finished: Trials of its sequence that have ended.
        n_evaluated: All that have ended, those run ahead of need included.
        n_running: In training now.
        n_waiting: Issued and not yet placed.
        n_failed: Given up.
        n_pruned: Trials that the pruning rule stopped.
        n_speculative: Run ahead of need so far.
        n_hits: Of these, how many the sequence turned out to need.
        n_cached: Trials that reused an earlier result.
    """

    n_finished: int
    n_evaluated: int
    n_running: int
    n_waiting: int
    n_failed: int
    n_pruned: int
    n_speculative: int
    n_hits: int
    n_cached: int

    @property
    def hit_rate(self) -> float | None:
        """The part of the speculation that was needed; None without any."""
        return self.n_hits / self.n_speculative if self.n_speculative else None


@dataclass(frozen=True, slots=True)
class Best:
    """The best trial of a job's searches; controls are not among them."""

    study_id: int
    study: str
    sampler: str
    trial_id: int
    value: float
    params: Json


@dataclass(frozen=True, slots=True)
class Overview:
    """The counts of one job: its plan, and its trials by phase and state."""

    n_studies: int
    n_trials: int
    by_state: Mapping[tuple[Phase, TrialState], TrialCounts]

    def count(
        self, states: Collection[TrialState], phases: Collection[Phase] = STANDING
    ) -> TrialCounts:
        """Add up the trials in these states and phases."""
        found = (t for (p, s), t in self.by_state.items() if p in phases and s in states)
        return sum(found, TrialCounts())


def progress_of(session: Session, job: Job, studies: Sequence[Study]) -> Progress:
    """Count a job's trials and estimate the time left; `studies` are all of the job."""
    return of_overview(session, job, overview_of(session, job, studies))


def of_overview(session: Session, job: Job, counted: Overview) -> Progress:
    """Estimate the time left of a job whose trials have been counted."""
    is_moving = job.state in MOVING
    durations_s = counting.recent_durations(session, job.id, PACE_TRIALS) if is_moving else []
    return _progress(job, counted, durations_s)


def fractions(session: Session, jobs: Sequence[Job]) -> dict[int, float]:
    """Return the fraction done of each of several jobs, by id."""
    found = overview(session, jobs)
    return {job.id: _progress(job, found[job.id], []).fraction for job in jobs}


def overview(session: Session, jobs: Sequence[Job]) -> dict[int, Overview]:
    """Count the trials of several jobs."""
    ids = [job.id for job in jobs]
    plans, last_ids = counting.planned(session, ids), events.last_ids(session, ids)
    return {
        job.id: Overview(*plans.get(job.id, (0, 0)), _by_state(session, job, last_ids[job.id]))
        for job in jobs
    }


def overview_of(session: Session, job: Job, studies: Sequence[Study]) -> Overview:
    """As `overview`, of one job, whose studies are known."""
    # A search that stopped early spends no more.
    n_trials = sum(s.n_trials if s.stopped_at is None else s.stopped_at for s in studies)
    return Overview(
        len(studies), n_trials, _by_state(session, job, events.last_id(session, job.id))
    )


def _by_state(
    session: Session, job: Job, last_id: int
) -> Mapping[tuple[Phase, TrialState], TrialCounts]:
    count = partial(counting.counts_by_phase, session, job.id)
    return answers_in(session).about("counts by phase", job, last_id, count)


def of_studies(session: Session, job: Job, studies: Sequence[Study]) -> list[StudyProgress]:
    """Count the search trials of a job's studies, in their order."""
    last_id = events.last_id(session, job.id)
    count = partial(counting.search_counts, session, job.id)
    counts = answers_in(session).about("counts by study", job, last_id, count)
    return [_of_study({s: t for (of, s), t in counts.items() if of == x.id}) for x in studies]


def _of_study(counts: Mapping[TrialState, TrialCounts]) -> StudyProgress:
    ended = sum((counts.get(state, TrialCounts()) for state in ENDED), TrialCounts())
    whole = sum(counts.values(), TrialCounts())
    running, waiting, failed, pruned = (counts.get(s, TrialCounts()).n for s in SHOWN)
    return StudyProgress(
        n_finished=ended.n_numbered,
        n_evaluated=ended.n,
        n_running=running,
        n_waiting=waiting,
        n_failed=failed,
        n_pruned=pruned,
        n_speculative=whole.n_guessed,
        n_hits=whole.n_hits,
        n_cached=whole.n_cached,
    )


def _progress(job: Job, counted: Overview, durations_s: Sequence[float]) -> Progress:
    ended = counted.count(ENDED, [Phase.SEARCH])
    promotions = counted.count(ANY, TRAINED_AGAIN).n
    promoted = counted.count(ENDED, TRAINED_AGAIN).n
    issued = counted.count(ANY, [Phase.EVALUATION]).n
    n_evaluations = issued or _first_look(job) * counted.n_studies
    n_evaluated = counted.count(ENDED, [Phase.EVALUATION]).n
    n_all = counted.n_trials + promotions + n_evaluations
    n_done = ended.n_numbered + promoted + n_evaluated
    running, waiting, failed, pruned = (counted.count([state]).n for state in SHOWN)
    is_done = job.state is JobState.SUCCEEDED
    return Progress(
        n_trials=counted.n_trials,
        n_finished=ended.n_numbered,
        n_evaluated=ended.n,
        n_running=running,
        n_waiting=waiting,
        n_failed=failed,
        n_pruned=pruned,
        n_cached=counted.count(ANY).n_cached,
        n_promotions=promotions,
        n_promotions_finished=promoted,
        n_evaluations=n_evaluations,
        n_evaluations_finished=n_evaluated,
        fraction=1.0 if is_done else n_done / max(n_all, 1),
        eta_s=eta_s(n_all - n_done, durations_s, running),
    )


def _first_look(job: Job) -> int:
    """Return with how many seeds each study is evaluated at least."""
    evaluation = job.spec["evaluation"]
    looks: Sequence[int] = evaluation.get("looks") or [evaluation["n_seeds"]]
    return looks[0]


def reason(session: Session, job: Job | JobVersion, settings: Settings) -> str | None:
    """Return why a job makes no progress; None while it does, or once it has ended.

    Without a live dispatcher that is the reason, whatever the last dispatcher wrote.
    """
    return _reason(job, _lack(session, [job], settings))


def reasons(session: Session, jobs: Sequence[Job], settings: Settings) -> dict[int, str | None]:
    """Return the `reason` of each of several jobs, by id."""
    lack = _lack(session, jobs, settings)
    return {job.id: _reason(job, lack) for job in jobs}


def _lack(session: Session, jobs: Sequence[Job | JobVersion], settings: Settings) -> str | None:
    """Return why none of some jobs makes progress; None where one can, or none has to."""
    is_needed = any(not job.state.is_final and job.state is not JobState.PAUSED for job in jobs)
    return lack_of_dispatcher(session, settings) if is_needed else None


def lack_of_dispatcher(session: Session, settings: Settings) -> str | None:
    """Return why no dispatcher takes jobs; None while one is alive."""
    within_s = 2 * settings.lease_s
    alive = partial(dispatchers.is_any_alive, session, within_s)
    if recently(session, ("dispatcher", within_s), alive):
        return None
    return no_dispatcher(settings.data_dir)


def _reason(job: Job | JobVersion, lack: str | None) -> str | None:
    if job.state.is_final:
        return None
    if job.state is JobState.PAUSED:
        return "it is paused: resume it"
    return lack or job.waits_for


def eta_s(n_left: int, durations_s: Sequence[float], n_running: int) -> float | None:
    """Estimate the seconds left from the durations of the last trainings.

    Times between ends would count an hour that the server was down, and trials that took an
    earlier result would make every training look short.

    Args:
        n_left: Trials to go, the running ones included.
        durations_s: Durations of the last trials that were trained.
        n_running: How many run at once.

    Returns:
        None when no trial was trained yet.
    """
    if not durations_s:
        return None
    return n_left * fmean(durations_s) / max(n_running, 1)


def leading(job: Job, studies: Sequence[Study]) -> Study | None:
    """Return the search with the least value so far; the first of equals.

    Where the search trains short and some studies are finished, of these: their values are of
    full trainings, with which those of short ones do not compare.
    """
    found = [s for s in studies if s.role is Role.SEARCH and s.best_value is not None]
    if job.spec.get("fidelity") is not None:
        found = [study for study in found if study.is_finished] or found
    return min(found, key=lambda study: (study.best_value, study.place), default=None)


def lowest(job: Job, studies: Sequence[Study]) -> Study | None:
    """Return the search or control with the least value so far; the owner of a shared training.

    Where the search trains short, controls count once the best search is finished: their values
    are of full trainings.
    """
    best = leading(job, studies)
    is_short = job.spec.get("fidelity") is not None
    if best is None or (is_short and not best.is_finished):
        return best
    controls = [
        study
        for study in studies
        if study.role in (Role.CONTROL, Role.TUNED)
        and study.best_value is not None
        and (study.is_finished or not is_short)
    ]
    return min([best, *controls], key=lambda s: (s.best_value, s.chosen_from is not None, s.place))


def best_of(session: Session, job: Job, studies: Sequence[Study]) -> Best | None:
    """Return the best trial of a job's searches so far."""
    study = leading(job, studies)
    if study is None or study.best_value is None or study.best_trial_id is None:
        return None
    trial: Trial = trials.get(session, study.best_trial_id)
    return Best(study.id, study.name, study.sampler, trial.id, study.best_value, trial.params)


def best_ahead(session: Session, job: Job, studies: Sequence[Study]) -> Best | None:
    """Return a speculative point that is better than the searches' best.

    It is shown in addition to the best, which depends on the spec alone. Once a best was trained
    in full there is none: its value and that of a short training are not comparable.
    """
    last_id = events.last_id(session, job.id)
    look = partial(glances.best_ahead, session, job.id)
    trial = answers_in(session).about("best ahead", job, last_id, look)
    if trial is None or trial.value is None:
        return None
    study = next(study for study in studies if study.id == trial.study_id)
    best = best_of(session, job, studies)
    if best is not None:
        is_full = trials.get(session, best.trial_id).phase is not Phase.SEARCH
        if is_full or best.value <= trial.value:
            return None
    return Best(study.id, study.name, study.sampler, trial.id, trial.value, trial.params)
