"""The state of a run: what a dispatcher knows of a job in its hands. No SQL, no rules.

A run is a copy of the trial log with what follows from it; after a failed step it is discarded and
opened again (docs/adr/0001-the-trial-log-is-the-state.md). The rules that change it stand in the
modules above, in the order of `service.orchestration.step`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from service import clock
from service.costs.prices import UNPRICED, Prices
from service.item_losses import ItemLosses
from service.orchestration import limits
from service.orchestration.trial_log import TrialLog
from service.records import Job, Json
from service.spec import JobSpec
from service.states import JobState
from service.studies.resolved import ResolvedSpec, TrainingJob
from service.studies.study_run import StudyRun

ACTIVE = (JobState.RUNNING, JobState.EVALUATING)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a run needs from its dispatcher before its next step: the answer of a step.

    Attributes:
        has_more: Whether a further step would make progress at once.
        is_unsized: Whether the width of its packs has to be measured first.
        wants_workers: Whether a trial that counts waits for a worker and may have one: none may in
            a paused job.
        wants_idle_workers: Whether its samplers may have points to run ahead of need on workers
            that would idle.
    """

    has_more: bool
    is_unsized: bool
    wants_workers: bool
    wants_idle_workers: bool


@dataclass(slots=True, eq=False)
class Run:
    """See the module. Create it with `step.open_run`; thread safety: none.

    Attributes:
        job: The job as of the last step; its lease is held.
        resolved: The job's spec with what follows from it; `pack_width` replaces an unmeasured
            width of packs in it.
        studies: Its studies with their samplers.
        max_attempts: Failed tries after which a trial is FAILED.
        prices: Converts seconds to money, for a budget in money.
        log: Its trials.
        live: Attempts whose result counts, by their id: the id of their trial.
        shared: Of these, the ones that began, or may have begun, in a pack with others.
        offered: Trials that are offered to trainers outside.
        turn: Index of the study whose sampler is asked next.
        has_guesses: Whether a sampler may have points to run ahead of need.
        out_of: Which limit of its budget is reached, see `service.orchestration.limits`.
        devices: Kinds of device that its trainings ran on, once only the report is missing.
        items: The losses of items that the report is built from, loaded with `devices`.
        report: The report, once `step.prepare` has built it.
        needs: The answer of the last step, or of the opening.
    """

    job: Job
    resolved: ResolvedSpec
    studies: list[StudyRun]
    max_attempts: int
    prices: Prices = UNPRICED
    log: TrialLog = field(init=False)
    live: dict[int, int] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)
    offered: set[int] = field(default_factory=set)
    turn: int = 0
    has_guesses: bool = True
    out_of: str | None = None
    devices: list[str] | None = None
    items: Mapping[str, ItemLosses] = field(default_factory=dict)
    report: Json | None = None
    needs: Needs = field(init=False)
    _by_name: dict[str, StudyRun] = field(init=False)

    def __post_init__(self) -> None:
        self.log = TrialLog(self.job.id, self.studies)
        self._by_name = {study.record.name: study for study in self.studies}
        self.assess()

    @property
    def spec(self) -> JobSpec:
        """The job's spec, as it is stored."""
        return self.resolved.spec

    def study(self, name: str) -> StudyRun:
        """Return a study by its name."""
        return self._by_name[name]

    @property
    def is_external(self) -> bool:
        """Whether trainers outside take its trials, and our workers none."""
        return isinstance(self.resolved, TrainingJob) and self.resolved.is_external

    @property
    def is_left_alone(self) -> bool:
        """Whether it has offers that no trainer takes: then the reason is looked for."""
        return bool(self.offered) and not self.log.running

    @property
    def pack_width(self) -> int:
        """How many trials a worker may train at once."""
        width = self.spec.resources.pack_width
        return width if isinstance(width, int) else 1

    @property
    def is_active(self) -> bool:
        """Whether its trials may start."""
        return self.job.state in ACTIVE

    @property
    def may_guess(self) -> bool:
        """Whether points may be run ahead of need."""
        return self.job.state is JobState.RUNNING and self.has_guesses

    @property
    def is_overdue(self) -> bool:
        """Whether its searches have to end now, though no worker has reported anything."""
        return self.out_of is None and self.exceeded_limit() is not None

    def exceeded_limit(self) -> str | None:
        """Return the limit of the budget that the searches exceed now, None for none."""
        if self.job.state is not JobState.RUNNING:
            return None
        return limits.exceeded(self.spec, self.job, self.log.trained_s, self.prices, clock.now())

    def assess(self, *, has_more: bool = False, is_unsized: bool = False) -> None:
        """Renew `needs` from the state, and from what only the step has found."""
        outside = self.is_external
        self.needs = Needs(
            has_more=has_more,
            is_unsized=is_unsized,
            wants_workers=self.is_active and self.log.waiting.n_needed > 0 and not outside,
            wants_idle_workers=self.may_guess and not is_unsized and not outside,
        )
