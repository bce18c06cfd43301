"""Which faults strike when: drawn from a seed before the start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

# Strikes fall into this part of a round's trials, so that trials remain to be disturbed.
FIRST, LAST = 0.03, 0.85
# A strike falls this long after its trial ended, at most, so that it hits any line of code, s.
LONGEST_DELAY_S = 1.0


@dataclass(frozen=True)
class Planned:
    """A fault to come.

    Attributes:
        name: Of the fault.
        at: It strikes once this many trials have ended.
        delay_s: Further delay, s.
        seed: Decides which process is struck, among others.
    """

    name: str
    at: int
    delay_s: float
    seed: int


def rounds_of(
    names: Sequence[str], n_strikes: int, per_round: int, n_trials: int, seed: int
) -> Iterator[list[Planned]]:
    """Yield the strikes of one round of jobs after another, endlessly.

    Faults come from a shuffled deck, so that each strikes about as often as the others; the first
    `n_strikes` are the same for the same arguments. A caller that missed a strike reads on.

    Args:
        names: The faults; with one round's worth or less they keep their order.
        n_strikes: How many are wanted in all.
        per_round: How many strike one round.
        n_trials: How many trials the jobs of a round have.
        seed: Decides everything.
    """
    rng, deck = Random(seed), _deck(names, seed)
    n_left = n_strikes
    while True:
        n_here = min(per_round, n_left) if n_left > 0 else per_round
        n_left -= n_here
        low, high = FIRST * n_trials, LAST * n_trials
        share = (high - low) / n_here
        yield [
            Planned(
                next(deck),
                int(low + share * (index + rng.random())),
                rng.uniform(0.0, LONGEST_DELAY_S),
                rng.getrandbits(32),
            )
            for index in range(n_here)
        ]


def _deck(names: Sequence[str], seed: int) -> Iterator[str]:
    rng = Random(f"deck {seed}")
    while True:
        yield from rng.sample(names, len(names))
