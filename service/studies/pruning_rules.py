"""The pruning rules of a study: when a trial is stopped, and for which trials it waits.

A rule reads the study's log and decides by what the spec fixes, so that the same trials are
stopped at any number of workers (docs/adr/0010 and 0033). It holds caches and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from service.pruning_sections import HalvingPruning, MedianPruning, Pruning
from service.records import Trial
from service.studies import halving, median_rule
from service.studies.halving import Member, Standing
from service.studies.training_payload import epochs_of

Limits = tuple[float, ...]


class Log(Protocol):
    """What a rule reads of a study."""

    @property
    def numbered(self) -> Mapping[int, Trial]:
        """Its trials by their number in its sequence."""

    @property
    def unsettled(self) -> Collection[int]:
        """Ids of the complete ones that the rule has not been applied to yet."""


class Rule(Protocol):
    """When the trials of one study are stopped."""

    def limits(self, trial: Trial, log: Log) -> Limits | None:
        """Return, by epoch, the losses above which a trial is stopped; None while not known."""

    def rung_of(self, trial: Trial, log: Log) -> int | None:
        """Return the epoch up to which a trial may train for now; None for all of them."""

    def renew(self, number: int) -> None:
        """Forget what was found of a trial that has changed, and by it of others."""


def rule_of(
    wanted: Pruning, *, round_size: int, batch_size: int, n_trials: int, n_first: int | None
) -> Rule | None:
    """Return the rule of a study; None where nothing of it can ever be stopped.

    Args:
        wanted: What the spec asks for.
        round_size: Trials that its sampler issues before it needs the value of any.
        batch_size: Trials in a round, by the spec.
        n_trials: Its budget.
        n_first: Of samplers without rounds: how many trials they are sure of at first.
    """
    if isinstance(wanted, MedianPruning):
        return MedianRule(wanted, batch_size, n_first)
    if n_first is not None:
        return YardstickRule(wanted, n_first)
    return RoundRule(wanted, round_size, n_trials) if round_size > 1 else None


class MedianRule:
    """Compares a trial with the median of earlier rounds, or of the first block of DIRECT.

    Args:
        wanted: What the spec asks for.
        size: Trials in a round.
        first_block: See `service.studies.median_rule.block_start`.
    """

    def __init__(self, wanted: MedianPruning, size: int, first_block: int | None) -> None:
        self._warmup_epochs, self._size = wanted.warmup_epochs, size
        self._first_block = first_block
        self._block = median_rule.Block(first_block or size)

    def limits(self, trial: Trial, log: Log) -> Limits | None:
        """See `Rule`."""
        start = median_rule.block_start(trial.number, self._size, self._first_block)
        medians = self._medians(start, log)
        if medians is None:
            return None
        return median_rule.limits(medians, epochs_of(trial.payload), self._warmup_epochs)

    def _medians(self, start: int, log: Log) -> Sequence[float] | None:
        """Return the medians of the first `start` trials, None while one has not ended.

        Only trials that have not ended ask, and all before the block's end have: it never has to
        shrink.
        """
        while self._block.n < start:
            trial = log.numbered.get(self._block.n)
            if trial is None or not _has_value(trial, log):
                return None
            self._block.add(trial.curve or ())
        return self._block.medians if start else ()

    def rung_of(self, trial: Trial, log: Log) -> int | None:
        """See `Rule`: it waits for no one."""
        del trial, log
        return None

    def renew(self, number: int) -> None:
        """See `Rule`."""


class YardstickRule:
    """Halving for DIRECT, which has no rounds: trials are compared with its first certain points.

    These are not stopped themselves: by their values the first box is divided.

    Args:
        wanted: What the spec asks for.
        n_first: How many they are.
    """

    def __init__(self, wanted: HalvingPruning, n_first: int) -> None:
        self._wanted, self._n_first = wanted, n_first
        self._curves: list[Sequence[float]] | None = None

    def limits(self, trial: Trial, log: Log) -> Limits | None:
        """See `Rule`."""
        if median_rule.block_start(trial.number, self._n_first, self._n_first) == 0:
            return ()
        if self._curves is None:
            first = [log.numbered.get(number) for number in range(self._n_first)]
            ended = [own for own in first if own is not None and _has_value(own, log)]
            if len(ended) < self._n_first:
                return None
            self._curves = [own.curve or () for own in ended]
        wanted, n_epochs = self._wanted, epochs_of(trial.payload)
        return halving.yardstick(self._curves, wanted.eta, wanted.min_epochs, n_epochs)

    def rung_of(self, trial: Trial, log: Log) -> int | None:
        """See `Rule`: it waits for no one."""
        del trial, log
        return None

    def renew(self, number: int) -> None:
        """See `Rule`."""
        if number < self._n_first:
            self._curves = None


class RoundRule:
    """Halving among the trials of each round.

    A last round that the budget cuts short is not halved: with a larger budget, which a job may
    get later, others would stop.

    Args:
        wanted: What the spec asks for.
        size: Trials in a round.
        n_trials: The study's budget.
    """

    def __init__(self, wanted: HalvingPruning, size: int, n_trials: int) -> None:
        self._wanted, self._size = wanted, size
        self._n_halved = n_trials // size * size
        self._found: dict[int, list[Standing]] = {}

    def limits(self, trial: Trial, log: Log) -> Limits | None:
        """See `Rule`; a stop is a limit that every loss is above."""
        standing = self._standing(trial, log)
        if standing.rung is not None:
            return None
        limits = [math.inf] * (epochs_of(trial.payload) - 1)
        if standing.stopped_after is not None:
            limits[standing.stopped_after - 1] = -math.inf
        return tuple(limits)

    def rung_of(self, trial: Trial, log: Log) -> int | None:
        """See `Rule`."""
        return self._standing(trial, log).rung

    def renew(self, number: int) -> None:
        """See `Rule`."""
        self._found.pop(number // self._size, None)

    def _standing(self, trial: Trial, log: Log) -> Standing:
        number = trial.number
        if number is None:  # it gets one before its sampler is asked for others
            return Standing(rung=self._wanted.min_epochs)
        if number >= self._n_halved:
            return Standing()
        index, place = divmod(number, self._size)
        if index not in self._found:
            start = index * self._size
            members = [_member(log.numbered.get(start + i)) for i in range(self._size)]
            wanted = self._wanted
            self._found[index] = halving.standings(members, wanted.eta, wanted.min_epochs)
        return self._found[index][place]


def _member(trial: Trial | None) -> Member:
    if trial is None:
        return halving.MISSING
    return Member(epochs_of(trial.payload), trial.curve or (), trial.state.is_final)


def _has_value(trial: Trial, log: Log) -> bool:
    return trial.state.is_final and trial.id not in log.unsettled
