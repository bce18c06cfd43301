"""Estimate the cost of a job before it is submitted: trainings, time, memory, money."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from densearch.plurals import counted, noun
from service import samplers
from service.capacity import n_slots
from service.costs import calibrations, training_cost, workload
from service.costs import memory as memory_needs
from service.costs.figures import (
    Epoch,
    Estimate,
    Interval,
    KindOfTraining,
    Memory,
    Money,
    total_of,
)
from service.costs.overhead import MOST_SPANS, overhead_of
from service.costs.prices import Prices
from service.costs.schedule import kind_of, time_of
from service.costs.training_cost import TrainingCost
from service.errors import InvalidSpecError
from service.jobs import known_results, references
from service.jobs.leases import NO_DISPATCHER
from service.records import Calibration, RegisteredDispatcher
from service.report.repeats import too_few_words
from service.sizes import size_text
from service.spec import JobSpec
from service.states import CalibrationState
from service.storage import attempt_spans, dispatchers, jobs
from service.storage.database import Database
from service.studies.payloads import device_of
from service.studies.resolved import FunctionJob, ResolvedSpec, TrainingJob
from service.validation import ask_limits

NO_ROOM = "no worker of this shape fits into the cluster: lower the job's resources"
OUTSIDE = "a program of your own trains: what a training takes is not known here"
MEASURING = "a worker measures what a training of this job takes"
NO_TIME = Interval(0.0, 0.0, 0.0)
CROWDED = "many other trainings are being measured first: ask again"
# A search of these changes what a training costs.
COSTLY_SETTINGS = ("batch_size", "optimizer", "width", "depth", "n_stages", "kernel_size")


@dataclass(frozen=True, slots=True)
class _Experience:
    """What earlier jobs show: a trial's time beyond its training, and a job of the same spec."""

    overhead_s: Interval
    same_job: int | None


@dataclass(frozen=True, slots=True)
class _Cluster:
    """The largest live cluster, and the number of unfinished jobs that share it.

    `absence` says why there is none, where `best` is None.
    """

    best: RegisteredDispatcher | None
    n_workers: int | None
    n_jobs: int
    absence: str

    @property
    def memory_bytes(self) -> int | None:
        found = self.best.resources.get("memory_bytes") if self.best is not None else None
        return int(found) if found else None

    def worker_bytes(self, spec: JobSpec) -> int | None:
        """Memory of one worker of the job, bytes; None where that is not known."""
        found = [self.best.resources] if self.best is not None else []
        return memory_needs.of_worker(spec, found)


def estimate(
    database: Database,
    spec: JobSpec,
    prices: Prices,
    lease_s: float,
    absence: Callable[[], str] = lambda: NO_DISPATCHER,
) -> Estimate:
    """Estimate the cost of a job, or request the measurements that it needs.

    Args:
        database: Holds the known costs and the requests.
        spec: A complete spec (`service.validation.parse.parse`).
        prices: The server's.
        lease_s: Lease of the dispatchers; one that is silent for twice as long is dead.
        absence: Returns why there is no dispatcher; called if there is none.

    Raises:
        InvalidSpecError: The spec would be refused at its submission.
    """
    with database.read() as session:
        resolved = references.resolved(session, spec)
        cluster = _cluster_of(session, spec, lease_s, absence)
        overhead_s = overhead_of(attempt_spans.newest(session, MOST_SPANS))
        experience = _Experience(overhead_s, known_results.same_job(session, resolved))
    faults = [
        *prices.faults(spec),
        *ask_limits.faults(resolved),
        *memory_needs.faults(resolved, cluster.worker_bytes(spec)),  # before a worker measures it
    ]
    if faults:
        raise InvalidSpecError(faults)
    if isinstance(resolved, FunctionJob):
        called = TrainingCost(0.0, (resolved.task.sleep_s,) * 3, 0.0, n=0)
        return _ready(resolved, called, called, None, cluster, prices, experience)
    if resolved.is_external:
        return _unknown(resolved, "failed", OUTSIDE, cluster)
    found = [_known(database, resolved, cluster, is_full=is_full) for is_full in (False, True)]
    done = [c for c in found if c is not None and c.state is CalibrationState.DONE]
    if len(done) < len(found):
        return _unknown(resolved, *_why(found, cluster), cluster)
    short, full = (calibrations.cost_in(c) for c in done)
    return _ready(resolved, short, full, done[0], cluster, prices, experience)


def _known(
    database: Database, resolved: TrainingJob, cluster: _Cluster, *, is_full: bool
) -> Calibration | None:
    """Request a measurement only where workers can take it: others would fill the queue."""
    look = calibrations.ask if cluster.n_workers else calibrations.known
    payload = training_cost.typical_payload(resolved, is_full=is_full)
    widths = calibrations.widths_of(resolved.spec, payload)
    return look(database, resolved.spec, payload, widths)


def _why(found: Sequence[Calibration | None], cluster: _Cluster) -> tuple[str, str]:
    """Return the state of an estimate without figures, and the reason."""
    failed = [c for c in found if c is not None and c.state is CalibrationState.FAILED]
    if failed:
        return "failed", f"the measurement failed: {failed[0].error}"
    if cluster.best is None:
        return "measuring", cluster.absence
    if not cluster.n_workers:
        return "failed", NO_ROOM
    return "measuring", CROWDED if None in found else MEASURING


def _cluster_of(
    session: Session, spec: JobSpec, lease_s: float, absence: Callable[[], str]
) -> _Cluster:
    """A job has one dispatcher: of several, which may share a cluster, the largest counts."""
    alive = dispatchers.alive(session, 2 * lease_s)
    shape = (spec.resources.cpus_per_trial, spec.resources.gpus_per_trial)
    best = max(alive, key=lambda d: n_slots(_totals(d), *shape), default=None)
    n_workers = n_slots(_totals(best), *shape) if best is not None else None
    reason = absence() if best is None else ""
    return _Cluster(best, n_workers, len(jobs.standings(session)), reason)


def _totals(dispatcher: RegisteredDispatcher) -> Mapping[str, float]:
    return {"cpus": 0.0, "gpus": 0.0, **dispatcher.resources}


def _unknown(resolved: ResolvedSpec, state: str, detail: str, cluster: _Cluster) -> Estimate:
    trainings = workload.trainings_of(resolved)
    return Estimate(
        state=state,
        detail=detail,
        trainings=(),
        n_trainings=sum(t.n for t in trainings),
        n_epochs=sum(t.n * t.epochs[1] for t in trainings),
        epoch=None,
        pack_width=None,
        n_workers=cluster.n_workers,
        work_s=None,
        time_s=None,
        memory=None,
        least_memory_bytes=_least_bytes(resolved),
        worker_memory_bytes=cluster.worker_bytes(resolved.spec),
        money=None,
        overhead_s=None,
        same_job=None,
        warnings=tuple(_too_few_repeats(resolved.spec)),
    )


def _ready(
    resolved: ResolvedSpec,
    short: TrainingCost,
    full: TrainingCost,
    source: Calibration | None,
    cluster: _Cluster,
    prices: Prices,
    experience: _Experience,
) -> Estimate:
    spec = resolved.spec
    width = _width_of(spec, short)
    kinds = _kinds_of(resolved, short, full, width, cluster.n_workers or 1)
    if experience.same_job is not None:
        kinds = tuple(replace(kind, n_least=0, n_usual=0, seconds=NO_TIME) for kind in kinds)
    work_s = total_of(kind.whole for kind in kinds)
    per_s = prices.per_s(spec.resources)
    time_s = _time_of(resolved, kinds, width, short.load_s, cluster, experience)
    money = Money(work_s * per_s, prices.currency) if per_s is not None else None
    memory = _memory_of(spec, short, cluster)
    return Estimate(
        state="ready",
        detail=None,
        trainings=kinds,
        n_trainings=sum(kind.n for kind in kinds),
        n_epochs=sum(kind.n * kind.epochs[1] for kind in kinds),
        epoch=Epoch(
            Interval(*short.epoch_s),
            source.source if source is not None else "spec",
            short.n,
            short.device,
            source.measured_at if source is not None else None,
        ),
        pack_width=width,
        n_workers=cluster.n_workers,
        work_s=work_s,
        time_s=time_s,
        memory=memory,
        least_memory_bytes=_least_bytes(resolved),
        worker_memory_bytes=cluster.worker_bytes(spec),
        money=money,
        overhead_s=experience.overhead_s,
        same_job=experience.same_job,
        warnings=(
            *_warnings(resolved, cluster, time_s, money, memory),
            *_narrower(spec.resources.pack_width, width),
            *_too_few_repeats(spec),
        ),
    )


def _time_of(
    resolved: ResolvedSpec,
    kinds: Sequence[KindOfTraining],
    width: int,
    load_s: float,
    cluster: _Cluster,
    experience: _Experience,
) -> Interval | None:
    """Return the time from start to end, with what each trial takes besides its training."""
    if experience.same_job is not None:  # no worker is needed
        n, each = sum(kind.n for kind in kinds), experience.overhead_s
        return Interval(0.0, n * each.low, n * each.expected)
    longer = [replace(kind, seconds=kind.seconds + experience.overhead_s) for kind in kinds]
    time_s = time_of(resolved, longer, width, cluster.n_workers or 0)
    # The workers may be new.
    return None if time_s is None else time_s + Interval(0.0, 0.0, load_s)


def _width_of(spec: JobSpec, cost: TrainingCost) -> int:
    """Return how many trainings can share a worker: a width without a measurement cannot."""
    asked = spec.resources.pack_width
    if asked == "auto":
        return cost.pack_width
    return max(width for width in {1, *cost.pack_epoch_s} if width <= asked)


def _kinds_of(
    resolved: ResolvedSpec, short: TrainingCost, full: TrainingCost, width: int, n_workers: int
) -> tuple[KindOfTraining, ...]:
    counted = [
        (each, workload.n_together(resolved, each, width, n_workers))
        for each in workload.trainings_of(resolved)
    ]
    return tuple(kind_of(t, full if t.is_full else short, width, n) for t, n in counted)


def _memory_of(spec: JobSpec, cost: TrainingCost, cluster: _Cluster) -> Memory | None:
    if cost.peak_memory_bytes is None:
        return None
    total = cost.peak_memory_bytes * (cluster.n_workers or 0)
    # How much memory GPUs have is not known: what was measured there is held against nothing.
    has = cluster.memory_bytes if device_of(spec) == "cpu" else None
    return Memory(cost.peak_memory_bytes, total, has, total <= has if has is not None else None)


def _least_bytes(resolved: ResolvedSpec) -> int | None:
    need = memory_needs.need_of(resolved)
    return need.bytes if need is not None else None


def _narrower(asked: int | str, width: int) -> Iterator[str]:
    if isinstance(asked, int) and width < asked:
        held = f"packs hold {width}" if width > 1 else "each training has a worker to itself"
        yield (f"packs of {asked} are not possible with this network or in this memory: {held}")


def _too_few_repeats(spec: JobSpec) -> Iterator[str]:
    """Warn where the repeats are too few to show which sampler is better."""
    names = dict.fromkeys(sampler.name for sampler in spec.samplers)
    seeded = [
        name
        for name in names
        if samplers.describe(name).capabilities.seeded and not samplers.is_learned(name)
    ]
    words = too_few_words(spec.repeats, seeded)
    if words is not None:
        yield words


def _warnings(
    resolved: ResolvedSpec,
    cluster: _Cluster,
    time_s: Interval | None,
    money: Money | None,
    memory: Memory | None,
) -> Iterator[str]:
    spec = resolved.spec
    if cluster.best is None:
        yield cluster.absence
    elif cluster.n_workers == 0:
        yield NO_ROOM
    if cluster.n_jobs:
        others = counted(cluster.n_jobs, "unfinished job")
        yield f"{others} {noun(cluster.n_jobs, 'shares', 'share')} the workers: it may take longer"
    limit_s, limit = spec.budget.wall_clock_s, spec.budget.cost
    if limit_s is not None and time_s is not None and time_s.high > limit_s:
        yield f"budget.wall_clock_s may end the searches before {spec.budget.n_trials} trials"
    if limit is not None and money is not None and money.amount.high > limit:
        yield f"budget.cost may end the searches before {spec.budget.n_trials} trials"
    costly = [name for name in spec.search if name in COSTLY_SETTINGS]
    if costly:
        yield f"trainings differ in {', '.join(costly)}: one from the middle was measured"
    if memory is not None and memory.fits is False:
        yield "all workers together may need more memory than the cluster has"
    most = cluster.worker_bytes(spec)
    if memory is not None and most is not None and memory.worker_bytes > most:
        yield (
            f"a training held {size_text(memory.worker_bytes)}, a worker has "
            f"{size_text(most)}: trainings may end for lack of memory"
        )
    yield from _about_trainings(resolved)


def _about_trainings(resolved: ResolvedSpec) -> Iterator[str]:
    share = workload.share_of_controls(resolved)
    if share > 0.5:
        yield (
            f"the controls take about {round(100 * share)} % of the trainings: without them the "
            "density is judged against nothing"
        )
    if isinstance(resolved, TrainingJob) and resolved.spec.pruning is not None:
        yield "trainings that are stopped early cost less than this"
