"""What stopping trainings early costs and saves: python -m benchmarks.pruning_rules [--tasks A,B].

Densities of a Sobol sequence in the search box are trained in full (the recording). A search is
then replayed on it as often as wanted: trials are drawn at random, in rounds, and each rule stops
what it stops, by the code that a job's rules have. For no rule, the median rule and halving:

- `cut`: in how many searches of so many trials the best of them, by its full loss, was stopped;
- `regret`: the full loss of the best that was completed over that of the best, in percent, mean;
- `epochs`: of a search, as part of no rule's; `again`: where a trial that goes on begins again;
- epochs until a completed trial is within 5 % and 1 % of the recording's best, median [quartiles].

Then DIRECT-L's own sequence of full trainings, and how many and whether the best each rule stops.
"""

from __future__ import annotations

import argparse
import itertools
import math
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.fidelity_ranking import curve_of, densities_of, job_of
from benchmarks.machine import describe
from densearch.sampler import Entry, StudyPlan
from service import samplers
from service.studies import halving, median_rule
from service.studies.densities import densities_at
from service.studies.halving import Member
from service.studies.layer_groups import WHOLE
from service.studies.resolved import TrainingJob

Curve = tuple[float, ...]
# What a rule leaves of a round's curves, and the epochs that this takes where what goes on begins
# again.
Rule = Callable[[Sequence[Curve], int], tuple[list[Curve], int]]
ETA = 3
# Its first rungs.
FIRST = (1, 3)
WITHIN = (0.05, 0.01)
MOST_EPOCHS = 20_000


def keep_all(curves: Sequence[Curve], n_epochs: int) -> tuple[list[Curve], int]:
    """Stop nothing."""
    del n_epochs
    return list(curves), sum(map(len, curves))


def median(n_round: int) -> Rule:
    """Return the median rule, which remembers earlier rounds."""
    block = median_rule.Block(n_round)

    def stop(curves: Sequence[Curve], n_epochs: int) -> tuple[list[Curve], int]:
        limits = median_rule.limits(block.medians, n_epochs, 1)
        left = [curve[: median_rule.stop_of(curve, limits)] for curve in curves]
        for curve in left:
            block.add(curve)
        return left, sum(map(len, left))

    return stop


def halve(min_epochs: int) -> Rule:
    """Return halving, which compares a round first after so many epochs."""

    def stop(curves: Sequence[Curve], n_epochs: int) -> tuple[list[Curve], int]:
        members = [Member(n_epochs, curve, has_ended=True) for curve in curves]
        found = halving.standings(members, ETA, min_epochs)
        left = [c[: own.stopped_after] for c, own in zip(curves, found, strict=True)]
        ends = [*halving.rungs(ETA, min_epochs, n_epochs), n_epochs]
        return left, sum(end for curve in left for end in ends if end <= len(curve))

    return stop


@dataclass
class Search:
    """One replayed search.

    Attributes:
        epochs: That it has taken.
        again: That it would have taken without checkpoints.
        drawn: Full losses of its trials.
        completed: Full losses of those that were completed.
        reached: Epochs until one was within each of `WITHIN` of the best.
    """

    epochs: int
    again: int
    drawn: list[float]
    completed: list[float]
    reached: list[float]


def replay(
    recording: Sequence[Curve], rule: Rule, n_trials: int, n_round: int, chance: random.Random
) -> Search:
    """Draw rounds until so many trials were drawn and all of `WITHIN` is reached."""
    n_epochs = max(map(len, recording))
    best = min(curve[-1] for curve in recording if len(curve) == n_epochs)
    search = Search(0, 0, [], [], [math.inf] * len(WITHIN))
    spent = n_drawn = 0
    while n_drawn < n_trials or (math.inf in search.reached and spent < MOST_EPOCHS):
        curves = [chance.choice(recording) for _ in range(n_round)]
        left, again = rule(curves, n_epochs)
        spent += sum(map(len, left))
        full = [curve[-1] for curve in left if len(curve) == n_epochs]
        for i, part in enumerate(WITHIN):
            if search.reached[i] == math.inf and min(full, default=math.inf) <= best * (1 + part):
                search.reached[i] = spent
        if n_drawn < n_trials:
            search.epochs, search.again = spent, search.again + again
            search.drawn += [c[-1] if len(c) == n_epochs else math.inf for c in curves]
            search.completed += full
        n_drawn += n_round
    return search


def rows(
    recording: Sequence[Curve], n_trials: int, n_round: int, n_searches: int
) -> Iterator[str]:
    """Yield a row for each rule, all on the same draws."""
    rules: dict[str, Callable[[], Rule]] = {
        "none": lambda: keep_all,
        "median": lambda: median(n_round),
    } | {f"halving, {first}": lambda first=first: halve(first) for first in FIRST}
    whole = 0.0
    for name, make in rules.items():
        found = [
            replay(recording, make(), n_trials, n_round, random.Random(i))  # noqa: S311 - draws, no secrets
            for i in range(n_searches)
        ]
        cut = np.mean([min(s.completed, default=math.inf) > min(s.drawn) for s in found])
        regret = np.mean([min(s.completed) / min(s.drawn) - 1 for s in found if s.completed])
        epochs = float(np.mean([s.epochs for s in found]))
        again = float(np.mean([s.again for s in found]))
        whole = whole or epochs
        yield (
            f"{name:<11}{cut:>6.0%}{regret:>9.2%}{epochs / whole:>8.2f}{again / whole:>8.2f}"
            + "".join(
                f"{_quartiles([s.reached[i] for s in found]):>22}" for i in range(len(WITHIN))
            )
        )


def _quartiles(values: Sequence[float]) -> str:
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75], method="nearest")
    return f"{middle:.0f} [{low:.0f}, {high:.0f}]"


# DIRECT-L


def sequence_of(job: TrainingJob, n_trials: int, epochs: int, seed: int) -> list[Curve]:
    """Return the curves of DIRECT-L's trials, in its order, when nothing is stopped."""
    space = job.spaces.searches
    sampler = samplers.create("direct_l", StudyPlan(space.dimension, n_trials, 0, lower_bound=0.0))
    log: list[Entry] = []
    curves: list[Curve] = []
    while not (plan := sampler.plan(log)).is_finished:
        for index, number in plan.numbered.items():
            log[index] = Entry(log[index].point, log[index].value, number)
        for proposal in plan.proposals:
            vector, _ = space.split(proposal.point)
            phi = densities_at(job, "direct_l", vector)[WHOLE].phi
            curves.append(curve_of(job, tuple(map(tuple, phi.tolist())), epochs, seed))
            value = curves[-1][-1] if len(curves[-1]) == epochs else job.spec.diverged_value
            log.append(Entry(proposal.point, value, proposal.number))
    numbers = [entry.number for entry in log]
    return [curves[numbers.index(number)] for number in range(n_trials)]


def direct_rows(curves: Sequence[Curve], n_first: int) -> Iterator[str]:
    """Yield for each rule how many of a sequence's trials it stops, and whether the best."""
    n_epochs = max(map(len, curves))
    block = median_rule.Block(n_first)
    for curve in curves[:n_first]:
        block.add(curve)
    limits = {
        "median": median_rule.limits(block.medians, n_epochs, 1),
    } | {
        f"halving, {first}": halving.yardstick(curves[:n_first], ETA, first, n_epochs)
        for first in FIRST
    }
    full = [curve[-1] if len(curve) == n_epochs else math.inf for curve in curves]
    best = min(full)
    for name, own in limits.items():
        ends = [median_rule.stop_of(curve, own) for curve in curves[n_first:]]
        left = [*curves[:n_first], *(c[:e] for c, e in zip(curves[n_first:], ends, strict=True))]
        kept = min(c[-1] for c in left if len(c) == n_epochs)
        n_stopped = sum(end is not None for end in ends)
        epochs = sum(map(len, left)) / sum(map(len, curves))
        yield f"{name:<11}{n_stopped:>4} of {len(ends)}{epochs:>8.2f}{kept / best - 1:>9.2%}"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--densities", type=int, default=32, help="a power of two")
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--trials", type=int, default=27)
    parser.add_argument("--round", type=int, default=9)
    parser.add_argument("--searches", type=int, default=1000)
    parser.add_argument("--tasks", default="digits 3x3,digits 5x5", help="of fidelity_ranking")
    given = parser.parse_args()
    print(describe("torch", "nlopt"))
    print(
        f"cosine over {given.epochs} epochs, n = {given.densities} densities recorded; "
        f"{given.searches} searches of {given.trials} trials in rounds of {given.round}"
    )
    for name, seed in itertools.product(given.tasks.split(","), range(given.seeds)):
        start, job = time.perf_counter(), job_of(name)
        recording = [
            curve_of(job, phi, given.epochs, seed) for phi in densities_of(job, given.densities)
        ]
        print(f"{name}, seed {seed} ({time.perf_counter() - start:.0f} s)")
        print(
            f"{'rule':<11}{'cut':>6}{'regret':>9}{'epochs':>8}{'again':>8}"
            + "".join(f"{f'to {part:.0%}':>22}" for part in WITHIN)
        )
        for row in rows(recording, given.trials, given.round, given.searches):
            print(row, flush=True)
        n_first = 2 * job.spaces.searches.dimension + 1
        curves = sequence_of(job, given.trials, given.epochs, seed)
        print(f"{'direct_l':<11}{'stopped':>10}{'epochs':>8}{'regret':>9}")
        for row in direct_rows(curves, n_first):
            print(row, flush=True)


if __name__ == "__main__":
    main()
