"""The estimated cost of a campaign: the sum of those of its cells, and what they may share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.campaigns import commands
from service.campaigns import faults as cell_faults
from service.campaigns import matrix as cells_in
from service.campaigns.request import CampaignSpec
from service.costs.figures import Estimate, Interval, Money, total_of
from service.costs.prices import Prices
from service.costs.workload import CONFIRMATION, TUNED
from service.digest import digest_of
from service.errors import Fault, InvalidSpecError
from service.jobs.estimate import estimate as estimate_job
from service.spec import JobSpec
from service.storage.database import Database
from service.studies import planning

# The least trainings of cells that could share all of theirs are those of the largest.
SHARED = (
    "cells that differ by nothing that a training depends on share theirs: {n:,} of the trainings "
    "may be done once"
)
# What a training of a search does not depend on.
OF_A_JOB = ("name", "controls", "evaluation", "budget")


@dataclass(frozen=True, slots=True)
class CampaignEstimate:
    """The estimated cost of a campaign; None for a figure that is not known (yet).

    Attributes:
        state: `ready`, `measuring` (ask again), or `failed` (see `detail`).
        detail: Why it is not ready.
        n_cells: Cells of the matrix.
        n_trainings: Trainings of all cells, at most.
        n_shared: Of these, those that cells may share.
        work_s: Seconds of all trainings together; its lower end is without the shared ones.
        time_s: From the start to the end on the present workers, with no other job: no less than
            the longest cell takes.
        n_workers: Trials that the cluster can hold, of the cell with the fewest.
        warnings: Sentences for the user, each once.
    """

    state: str
    detail: str | None
    n_cells: int
    n_trainings: int
    n_shared: int
    work_s: Interval | None
    time_s: Interval | None
    n_workers: int | None
    money: Money | None
    warnings: tuple[str, ...]


def estimate(
    database: Database,
    wanted: CampaignSpec,
    prices: Prices,
    lease_s: float,
    absence: Callable[[], str],
    most_cells: int = commands.MOST_CELLS,
) -> CampaignEstimate:
    """Estimate the cost of a campaign, or request the measurements that it needs.

    Cells whose specs differ by their seed alone cost the same: one of them is looked at.

    Args:
        database: As in `service.jobs.estimate.estimate`, as are the next three.
        wanted: The campaign; nothing is submitted.
        prices: The server's.
        lease_s: Lease of the dispatchers.
        absence: Why there is no dispatcher, if there is none.
        most_cells: The largest number of cells.

    Raises:
        InvalidSpecError: The campaign would be refused at its submission.
    """
    commands.check(wanted.base, wanted.matrix, most_cells)
    base = commands.with_method(wanted.base)
    cells = cells_in.cells_of(wanted.matrix)
    specs, faults = commands.specs_of(wanted.name, base, cells, prices)
    known: dict[str, Estimate | InvalidSpecError] = {}
    found: dict[int, Estimate] = {}
    for index, spec in specs.items():
        key = _digest(spec, ("name", "seed"))
        if key not in known:
            known[key] = _estimated(database, spec, prices, lease_s, absence)
        each = known[key]
        if isinstance(each, InvalidSpecError):
            faults[index] = _once([*faults.get(index, ()), *each.faults])
        else:
            found[index] = each
    if faults:
        raise InvalidSpecError(cell_faults.listed(faults, cells, wanted.matrix, wanted.base))
    return _summed([specs[n] for n in sorted(found)], [found[n] for n in sorted(found)])


def _estimated(
    database: Database, spec: JobSpec, prices: Prices, lease_s: float, absence: Callable[[], str]
) -> Estimate | InvalidSpecError:
    try:
        return estimate_job(database, spec, prices, lease_s, absence)
    except InvalidSpecError as error:
        return error


def _once(faults: Sequence[Fault]) -> list[Fault]:
    return list(dict.fromkeys(faults))


def _digest(spec: JobSpec, without: Sequence[str]) -> str:
    return digest_of(spec.model_dump(mode="json", exclude=set(without)))


def _summed(specs: Sequence[JobSpec], cells: Sequence[Estimate]) -> CampaignEstimate:
    by_state = {each.state: each for each in reversed(cells)}
    worst = by_state.get("failed") or by_state.get("measuring") or cells[0]
    n_shared, shared = _shared(specs, cells)
    work = _total([each.work_s for each in cells])
    if work is not None:
        work = Interval(work.low - shared, work.expected, work.high)
    moneys = [each.money for each in cells]
    amounts = _total([money.amount if money is not None else None for money in moneys])
    currency = next((money.currency for money in moneys if money is not None), "")
    workers = [each.n_workers for each in cells if each.n_workers is not None]
    n_workers = min(workers, default=None)
    warnings = Counter(text for each in cells for text in each.warnings)
    return CampaignEstimate(
        state=worst.state,
        detail=worst.detail,
        n_cells=len(cells),
        n_trainings=sum(each.n_trainings for each in cells),
        n_shared=n_shared,
        work_s=work,
        time_s=_time(cells, work, n_workers),
        n_workers=n_workers,
        money=Money(amounts, currency) if amounts is not None else None,
        warnings=(*warnings, *([SHARED.format(n=n_shared)] if n_shared else [])),
    )


def _shared(specs: Sequence[JobSpec], cells: Sequence[Estimate]) -> tuple[int, float]:
    """Return how many trainings, and seconds of them, cells may share at most.

    Cells of one search may share all of theirs; those that differ by their seed alone share the
    tuning of their rate, where they have one seed for it.
    """
    groups: dict[str, list[int]] = {}
    tunings: dict[str, dict[str, int]] = {}
    for index, spec in enumerate(specs):
        search = _digest(spec, OF_A_JOB)
        groups.setdefault(search, []).append(index)
        if planning.rate_seed(spec) is not None:
            tunings.setdefault(_digest(spec, ("name", "seed")), {})[search] = index
    found = [_but_the_largest([_whole(cells[n]) for n in own]) for own in groups.values()]
    found += [
        _but_the_largest([_tuning(cells[n]) for n in own.values()]) for own in tunings.values()
    ]
    return sum(n for n, _ in found), sum(seconds for _, seconds in found)


def _but_the_largest(own: Sequence[tuple[int, float]]) -> tuple[int, float]:
    """Sum up trainings and their seconds, the largest of each left out."""
    counts, lows = [n for n, _ in own], [seconds for _, seconds in own]
    return sum(counts) - max(counts), sum(lows) - max(lows)


def _whole(one: Estimate) -> tuple[int, float]:
    return one.n_trainings, one.work_s.low if one.work_s is not None else 0.0


def _tuning(one: Estimate) -> tuple[int, float]:
    """Return a job's trainings of its rate's tuning: all it has with further seeds."""
    own = [kind for kind in one.trainings if kind.kind in (TUNED, CONFIRMATION)]
    return sum(kind.n for kind in own), sum(kind.whole.low for kind in own)


def _total(figures: Sequence[Interval | None]) -> Interval | None:
    known = [each for each in figures if each is not None]
    return total_of(known) if len(known) == len(figures) else None


def _time(
    cells: Sequence[Estimate], work: Interval | None, n_workers: int | None
) -> Interval | None:
    times = [each.time_s for each in cells if each.time_s is not None]
    if work is None or not n_workers or len(times) < len(cells):
        return None
    return Interval(
        max(work.low / n_workers, *(time.low for time in times)),
        max(work.expected / n_workers, *(time.expected for time in times)),
        max(work.high / n_workers, *(time.high for time in times)),
    )
