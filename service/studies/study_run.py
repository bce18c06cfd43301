"""The studies of a run: each study with its sampler and the log that the sampler reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from densearch.sampler import Certainty, Entry, Proposal, StudyPlan
from service import samplers
from service.records import Study, Trial
from service.samplers import Asker, MakeAsker
from service.spec import JobSpec, lower_bound_of
from service.states import Phase, Role, TrialState
from service.studies import planning
from service.studies.densities import with_factors
from service.studies.median_rule import stop_of
from service.studies.nesting import simpler_than
from service.studies.noise import Surroundings
from service.studies.pruning_rules import Rule, rule_of
from service.studies.resolved import ResolvedSpec, TrainingJob
from service.studies.search_space import Space
from service.studies.spaces import axis_kinds, centre_of
from service.studies.training_payload import trains

# The first version of search in which models of the values receive no penalties.
SOFTENED_SINCE = 2


@dataclass
class StudyRun:
    """A study in a run.

    Attributes:
        record: Its row.
        space: What its points stand for.
        waits_for: Names of the studies whose own trainings must be over before this one begins.
        contains: Names of the simpler studies whose training may represent this one, the simplest
            first: it is finished after them.
        centred_on: The study that is finished before this one begins: its `space` then lies around
            that one's best learning rate, or has it for all points.
        is_direct: Whether its sampler divides boxes.
        rule: When its trials are stopped; None where nothing is stopped early.
        log: Ids of its search trials in the order of issue; `entries` the same for the sampler.
        best: Its best confirmed trial of the search, the earliest of equals.
        confirmed: The ended trials of its sequence, in its order, as far as it has no gap.
        surroundings: Neighbours of its best trial, if it may stop below the noise.
        own: The best of its own trainings, once they are over; its value is the mean over the
            validation seeds (`service.studies.finalists`).
        final: The trial it is judged by, once the study is finished, likewise: of another study
            where a simpler one was chosen.
        promotions: Ids of the full trainings of its best.
        confirmations: Ids of the trainings of its best with further seeds.
        is_searched: Whether its search is over.
        is_trained: Whether its own trainings on the validation split are over.
        is_dirty: Whether its log has changed since the last ask, or an ask or an issue is pending.
        unissued: Proposals of its sampler that no step has issued yet.
        chosen: The search trials that are trained again, the best first; None before that.
        asking_fault: Why its sampler failed, see `service.states.ASKING`.
        may_speculate: Whether its sampler is asked for points to run ahead of need.
        numbered: Its trials by their number in the sequence.
        unsettled: Ids of complete trials that the rule has not been applied to yet.
        held: Ids of trials that wait at a rung for others of their round.
    """

    record: Study
    sampler: Asker
    space: Space
    worst: float
    waits_for: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    centred_on: str | None = None
    is_direct: bool = False
    rule: Rule | None = None
    log: list[int] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    promotions: list[int] = field(default_factory=list)
    confirmations: list[int] = field(default_factory=list)
    is_searched: bool = False
    is_trained: bool = False
    is_dirty: bool = True
    surroundings: Surroundings | None = None
    best: Trial | None = None
    own: Trial | None = None
    final: Trial | None = None
    unissued: tuple[Proposal, ...] = ()
    chosen: list[Trial] | None = None
    asking_fault: str | None = None
    may_speculate: bool = True

    def __post_init__(self) -> None:
        self._index: dict[int, int] = {}
        self.numbered: dict[int, Trial] = {}
        self.confirmed: list[Trial] = []
        self.settled: set[int] = set()
        self.unsettled: set[int] = set()
        self.held: set[int] = set()

    def append(self, trial: Trial) -> None:
        """Add a trial to the log."""
        self._index[trial.id] = len(self.log)
        self.log.append(trial.id)
        self.entries.append(Entry(tuple(trial.point), None, None))
        self.put(trial)

    def put(self, trial: Trial) -> None:
        """Renew a trial's entry."""
        if trial.number is not None:
            self._place(trial, trial.number)
        (self.held.add if self.is_held(trial) else self.held.discard)(trial.id)
        if not self._is_observed(trial):
            self.unsettled.add(trial.id)
            self._set(trial, None)
            return
        self.unsettled.discard(trial.id)
        self._set(trial, told_value(trial, self.worst))
        self.best = best_of(t for t in (self.best, trial) if t is not None)

    def _set(self, trial: Trial, value: float | None) -> None:
        is_speculative = trial.certainty != Certainty.CERTAIN
        entry = Entry(tuple(trial.point), value, trial.number, is_speculative)
        self.entries[self._index[trial.id]] = entry

    def progress_at(self, trial: Trial) -> float:
        """Return the part of the study's budget that was issued before a trial, from 0."""
        return self._index[trial.id] / max(self.record.n_trials, 1)

    def _place(self, trial: Trial, number: int) -> None:
        """Store a trial by its number, and confirm the trials that now have no gap before them."""
        self.numbered[number] = trial
        if self.rule is not None:
            self.rule.renew(number)
        if number < len(self.confirmed):  # it has ended, and the rule has used it since
            self.confirmed[number] = trial
        while (
            ended := self.numbered.get(len(self.confirmed))
        ) is not None and ended.state.is_final:
            self.confirmed.append(ended)

    # The pruning rule

    def _is_observed(self, trial: Trial) -> bool:
        """Whether a trial's value is final: a complete one is first held against the rule."""
        is_complete = trial.state is TrialState.COMPLETED
        return self.rule is None or not is_complete or trial.id in self.settled

    def limits(self, trial: Trial) -> tuple[float, ...] | None:
        """Return the losses above which a trial is stopped, None while they are not known."""
        if self.rule is None or not trains(trial.payload):
            return ()
        return self.rule.limits(trial, self)

    def rung_of(self, trial: Trial) -> int | None:
        """Return the epoch up to which a trial may train for now; None for all of them."""
        if self.rule is None or not trains(trial.payload):
            return None
        return self.rule.rung_of(trial, self)

    def is_held(self, trial: Trial) -> bool:
        """Whether a trial waits, at its rung, for others of its round, or to be stopped there."""
        if trial.state is not TrialState.WAITING or not trial.curve:
            return False
        rung = self.rung_of(trial)
        if rung is not None:
            return len(trial.curve) >= rung
        return stop_of(trial.curve, self.limits(trial) or ()) is not None


def best_of(trials: Iterable[Trial]) -> Trial | None:
    """Return the trial with the least value among those of their study's sequence.

    Of equals the one with the lower number, then the one that was issued first.
    """
    done = [trial for trial in trials if is_result(trial) and trial.number is not None]
    return min(done, key=lambda t: (t.value, t.number, t.id), default=None)


def is_result(trial: Trial) -> bool:
    """Whether a trial was trained to its end and gave a value."""
    is_completed = trial.state is TrialState.COMPLETED
    return is_completed and not trial.is_diverged and trial.value is not None


def told_value(trial: Trial, worst: float) -> float | None:
    """Return the value that a sampler receives for a trial; the worst one for a failed trial."""
    if trial.state in (TrialState.COMPLETED, TrialState.PRUNED):
        return min(trial.value, worst) if trial.value is not None else worst
    return worst if trial.state.is_final else None


def is_speculation(trial: Trial) -> bool:
    """Whether a search trial was run ahead and the sequence has not asked for it."""
    return is_run_ahead(trial.certainty, trial.number, trial.phase)


def is_run_ahead(certainty: str, number: int | None, phase: str) -> bool:
    """Whether that is so of a trial with these fields."""
    return phase == Phase.SEARCH and certainty != Certainty.CERTAIN and number is None


def better_speculation(study: StudyRun, trials: Iterable[Trial]) -> Trial | None:
    """Return the best of a study's extra trials, if it is better than the best of its sequence."""
    extra = [t for t in trials if t.study_id == study.record.id and is_speculation(t)]
    found = min(filter(is_result, extra), key=lambda t: (t.value, t.id), default=None)
    if found is None or found.value is None:
        return None
    known = study.best.value if study.best is not None else None
    return found if known is None or found.value < known else None


def open_studies(
    resolved: ResolvedSpec, records: Sequence[Study], make: MakeAsker = samplers.create
) -> list[StudyRun]:
    """Build the samplers of a job's studies, with empty logs; `make` makes each of them."""
    searches = [record.name for record in records if record.role is Role.SEARCH]
    return [_open_study(resolved, record, searches, make) for record in records]


def _open_study(
    resolved: ResolvedSpec, record: Study, searches: Sequence[str], make: MakeAsker
) -> StudyRun:
    spec, space = resolved.spec, resolved.spaces.of(record.name)
    plan = StudyPlan(space.dimension, record.n_trials, record.seed)
    is_searched = record.role in (Role.SEARCH, Role.TUNED)
    if is_searched:
        plan = _search_plan(resolved, record, space, plan)
    is_direct = is_searched and samplers.describe(record.sampler).capabilities.speculative
    study = StudyRun(
        record,
        _made(record, plan, make),
        space,
        worst=spec.diverged_value,
        waits_for=_waits_for(spec, record, searches),
        contains=simpler_than(resolved, record),
        centred_on=centre_of(spec, record.name),
        is_trained=record.is_finished,
        is_direct=is_direct,
    )
    if spec.pruning is not None:
        # DIRECT has no rounds: what it is sure of at first is the yardstick of all that follows.
        first = samplers.create(record.sampler, plan).plan([]).proposals if is_direct else ()
        study.rule = rule_of(
            spec.pruning,
            round_size=samplers.round_size(record.sampler, plan),
            batch_size=plan.batch_size,
            n_trials=record.n_trials,
            n_first=len(first) if is_direct else None,
        )
    return study


def _made(record: Study, plan: StudyPlan, make: MakeAsker) -> Asker:
    """Return a study's sampler; one that cannot be made ends its own study, not the job."""
    try:
        return make(record.sampler, plan)
    except MemoryError:  # the machine's, not the sampler's
        raise
    except Exception as error:  # noqa: BLE001 - any error of a library
        return samplers.Failed(record.sampler, plan, f"it cannot be made here: {error}")


def _search_plan(resolved: ResolvedSpec, study: Study, space: Space, plan: StudyPlan) -> StudyPlan:
    spec = resolved.spec
    wanted = planning.sampler_of(spec, study.sampler)
    starts: tuple[tuple[float, ...], ...] = ()
    if spec.warm_start is not None and study.role is Role.SEARCH:
        vectors = spec.warm_start.vectors
        if space.is_scaled and isinstance(resolved, TrainingJob):
            vectors = [with_factors(resolved, vector) for vector in vectors]
        starts = tuple(space.start(vector) for vector in vectors)
    return replace(
        plan,
        batch_size=wanted.batch_size,
        options=wanted.options,
        lower_bound=lower_bound_of(spec),
        axes=axis_kinds(space),
        n_first=min(spec.budget.n_trials, study.n_trials),
        starts=starts,
        penalty=spec.diverged_value if study.search_version >= SOFTENED_SINCE else None,
    )


def _waits_for(spec: JobSpec, study: Study, searches: Sequence[str]) -> tuple[str, ...]:
    control = planning.control_of(spec, study.name)
    if study.role is Role.SPECULATION:
        return tuple(n for n in searches if planning.speculation_of(n) == study.name)
    if control is not None and control.name == "flat" and control.factor is None:
        return tuple(searches)
    return ()
