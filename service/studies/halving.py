"""Synchronous successive halving: which trainings of a round continue past a rung.

A pure function of the validation curves of one round. All of its trainings reach a rung, an epoch,
before any continues; then the best part of them does. Which ones stop depends on the losses at the
rung and the order of the trials, not on which arrived first (docs/adr/0033).

Source: K. Jamieson, A. Talwalkar, arXiv:1502.07943, figure 2; with the rungs at the epochs
r, r eta, r eta^2, ... of L. Li et al., arXiv:1810.05934, algorithm 1.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Member:
    """A trial of a round.

    Attributes:
        n_epochs: Epochs of its training.
        curve: Validation losses so far, by epoch.
        has_ended: Whether no further losses come.
    """

    n_epochs: int
    curve: Sequence[float]
    has_ended: bool

    def has_reached(self, rung: int) -> bool:
        """Whether its loss at a rung is known."""
        return self.has_ended or len(self.curve) >= rung

    def loss_at(self, rung: int) -> float:
        """Return its loss at a rung; infinity where it diverged or failed before."""
        return self.curve[rung - 1] if len(self.curve) >= rung else math.inf


# A trial that is not issued yet: it has reached no rung.
MISSING = Member(n_epochs=2**31, curve=(), has_ended=False)


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a trial in its round.

    Attributes:
        stopped_after: The epoch after which it is stopped; None while it is not.
        rung: The epoch up to which it may train until the others have reached it, too; None once
            it waits for no other.
    """

    stopped_after: int | None = None
    rung: int | None = None


def rungs(eta: int, min_epochs: int, n_epochs: int) -> Iterator[int]:
    """Yield the epochs after which trainings of `n_epochs` are compared; none at their end."""
    rung = min_epochs
    while rung < n_epochs:
        yield rung
        rung *= eta


def n_kept(n: int, eta: int) -> int:
    """Return how many of `n` continue: one in `eta`, rounded up, so that at least one does."""
    return -(-n // eta)


def standings(members: Sequence[Member], eta: int, min_epochs: int) -> list[Standing]:
    """Return the state of each trial of a round.

    A training that ends before a rung, or at it, is not compared there.

    Args:
        members: All trials of the round, in their order: of equal losses the first continues.
        eta: One in so many continues at each rung, at least 2.
        min_epochs: The first rung, at least 1.
    """
    found = [Standing()] * len(members)
    going = list(range(len(members)))
    for rung in rungs(eta, min_epochs, max((own.n_epochs for own in members), default=0)):
        going = [i for i in going if members[i].n_epochs > rung]
        if not all(members[i].has_reached(rung) for i in going):
            for i in going:
                found[i] = Standing(rung=rung)
            break
        best_first = sorted(going, key=lambda i: (members[i].loss_at(rung), i))
        kept = n_kept(len(going), eta)
        for i in best_first[kept:]:
            found[i] = Standing(stopped_after=rung)
        going = sorted(best_first[:kept])
    return found


def yardstick(
    curves: Sequence[Sequence[float]], eta: int, min_epochs: int, n_epochs: int
) -> tuple[float, ...]:
    """Return, for each epoch, the loss above which a training is stopped.

    For trials without a round: each is compared with fixed earlier ones, as if it were added to
    them at each rung.

    Args:
        curves: Of those earlier trials, which were not stopped; shorter where one diverged.
        eta: As `standings`.
        min_epochs: Likewise.
        n_epochs: Of the training, at least 1.

    Returns:
        Shape (n_epochs - 1,): at a rung the worst loss with which it would continue; otherwise
        infinity.
    """
    limits = [math.inf] * (n_epochs - 1)
    for rung in rungs(eta, min_epochs, n_epochs):
        losses = sorted(c[rung - 1] if len(c) >= rung else math.inf for c in curves)
        limits[rung - 1] = losses[min(n_kept(len(losses) + 1, eta), len(losses)) - 1]
    return tuple(limits)
