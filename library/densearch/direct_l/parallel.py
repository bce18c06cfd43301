"""Parallel DIRECT-L with ask and tell, for any program.

`ParallelDirectL` keeps the log that the exact sampler (`densearch.direct_l.exact`) plans from, so
its points are those of sequential NLopt by the same code that the server runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from threading import Lock
from types import TracebackType
from typing import Self

from densearch.direct_l.arguments import finite, whole
from densearch.direct_l.box import Box, Point
from densearch.direct_l.exact import MAGIC_EPS, MOST_TRIALS, DirectL
from densearch.direct_l.ledger import held_value
from densearch.direct_l.saved import SavedSearch, SavedSearchError, SavedTrial
from densearch.sampler import Entry, Plan, StudyPlan

FAILED_VALUE = 1e12


class UnknownPointError(ValueError):
    """A value was given for a point that `ParallelDirectL.ask` has not returned."""


class ConflictingValueError(ValueError):
    """A second, different value was given for a point."""


class ParallelDirectL:
    """Minimise a function by DIRECT-L, several evaluations at a time.

    The points are those that NLopt's GN_DIRECT_L visits when it runs alone with the same
    `magic_eps`, bit for bit, in whatever order their values arrive. NLopt's own default of
    `magic_eps` is 0.

    Example:
        >>> with ParallelDirectL(dimension=2, n_trials=25) as search:
        ...     while not search.is_finished:
        ...         for point in search.ask(4):
        ...             search.tell(point, (point[0] - 0.3) ** 2 + point[1] ** 2)
        >>> search.best is not None
        True

    Thread safety: its methods may be called from several threads. It starts none.

    Args:
        dimension: Length of a point, at least 1.
        n_trials: Length of the sequence, at least 1.
        magic_eps: Jones' epsilon: the least relative improvement that a rectangle must promise;
            at least 0 and finite.
        lower_bound: A true lower bound of the function, such as 0 of a loss; None if none is
            known. It nearly doubles the certain points in few dimensions, and changes none.
        bounds: A pair (low, high) for each coordinate, finite, low below high; the unit cube by
            default.
        failed_value: What the search works with where an evaluation failed or gave no finite
            number; finite, and above every value of the function.

    Raises:
        ValueError: An argument is outside its range; the message names it.

    Source: Gablonsky and Kelley (2001), as NLopt implements it. Checked against NLopt itself by
    tests/unit/library/densearch/direct_l/parallel_test.py.
    """

    def __init__(
        self,
        dimension: int,
        n_trials: int,
        *,
        magic_eps: float = MAGIC_EPS,
        lower_bound: float | None = None,
        bounds: Sequence[tuple[float, float]] | None = None,
        failed_value: float = FAILED_VALUE,
    ) -> None:
        dimension = whole("dimension", dimension)
        self._box = Box.of(dimension, bounds)
        self._n_trials = whole("n_trials", n_trials, most=MOST_TRIALS)
        self._magic_eps = finite("magic_eps", magic_eps, least=0.0)
        self._lower_bound = None if lower_bound is None else finite("lower_bound", lower_bound)
        self._failed_value = finite("failed_value", failed_value)
        if self._lower_bound is not None and self._failed_value <= self._lower_bound:
            raise ValueError(f"failed_value must be above lower_bound, {lower_bound}")
        study = StudyPlan(
            dimension=dimension,
            n_trials=self._n_trials,
            seed=0,  # GN_DIRECT_L draws nothing
            lower_bound=self._lower_bound,
            options={"magic_eps": self._magic_eps},
        )
        self._sampler = DirectL(study)
        self._log: list[Entry] = []
        self._trials: dict[Point, list[int]] = {}  # a point of the box -> its entries of the log
        self._is_closed = False
        self._lock = Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the search: `ask` and `tell` raise from now on; what it has found stays readable."""
        self._is_closed = True

    def ask(self, n: int = 1) -> list[Point]:
        """Return points that the sequence is certain to need, each of them once.

        Args:
            n: The most points to return, at least 0.

        Returns:
            At most `n` points, tuples of `dimension` floats. Fewer, or none, while the next ones
            depend on values that are missing, and at the end of the budget.

        Raises:
            ValueError: `n` is negative, or the search is closed.
        """
        wanted = whole("n", n, least=0)
        with self._lock:
            self._require_open()
            return self._issue(wanted)

    def tell(self, point: Iterable[float], value: float | None) -> None:
        """Take in the value of a point, in any order.

        Args:
            point: As `ask` returned it, bit for bit; an array will do.
            value: What the function is there. None, NaN and infinities stand for an evaluation
                that failed: the search works with `failed_value` instead. Beyond +-1e300 values
                count as +-1e300.

        Raises:
            UnknownPointError: `ask` has not returned this point.
            ConflictingValueError: The point has another value already. The same value may be told
                again.
            ValueError: The search is closed.
        """
        place = tuple(float(x) for x in point)
        held = self._held(value)
        with self._lock:
            self._require_open()
            indices = self._trials.get(place)
            if indices is None:
                raise UnknownPointError(
                    f"{list(place)} is no point that ask has returned: give back its float64 "
                    "coordinates unchanged"
                )
            known = self._log[indices[0]].value
            if known is not None and known != held:
                raise ConflictingValueError(
                    f"{list(place)} has the value {known!r} already, not {held!r}: an evaluation "
                    "counts once"
                )
            for index in indices:
                self._log[index] = replace(self._log[index], value=held)

    @property
    def is_finished(self) -> bool:
        """Whether every point of the sequence has a value."""
        with self._lock:
            self._issue(0)
            return self._plan().is_finished

    @property
    def pending(self) -> list[Point]:
        """The points that were asked for and have no value, in the order in which they were asked.

        Evaluate these first where the program that asked for them has died.
        """
        with self._lock:
            entries = [(point, self._log[own[0]]) for point, own in self._trials.items()]
        return [point for point, entry in entries if entry.value is None]

    @property
    def sequence(self) -> list[tuple[Point, float]]:
        """The points and values from the first on, in NLopt's order, up to one without a value."""
        with self._lock:
            self._issue(0)
            by_number = {entry.number: entry for entry in self._log}
        found: list[tuple[Point, float]] = []
        while (entry := by_number.get(len(found))) is not None and entry.value is not None:
            found.append((self._box.point(entry.point), entry.value))
        return found

    @property
    def best(self) -> tuple[Point, float] | None:
        """The point with the least value told so far, and the value; None before the first.

        Of equal values the one that was asked for first.
        """
        with self._lock:
            ended = [(e.point, e.value) for e in self._log if e.value is not None]
        if not ended:
            return None
        point, value = min(ended, key=lambda trial: trial[1])
        return self._box.point(point), value

    def save(self) -> dict[str, object]:
        """Return the whole search as plain values, which `json.dumps` writes without loss."""
        with self._lock:
            trials = tuple(
                SavedTrial(self._log[indices[0]].point, self._log[indices[0]].value)
                for indices in self._trials.values()
            )
        return SavedSearch(
            dimension=len(self._box.bounds),
            n_trials=self._n_trials,
            magic_eps=self._magic_eps,
            lower_bound=self._lower_bound,
            bounds=self._box.bounds,
            failed_value=self._failed_value,
            trials=trials,
        ).to_dict()

    @classmethod
    def load(cls, saved: Mapping[str, object] | str | bytes) -> Self:
        """Return the search that `save` has returned: it continues as if it had never stopped.

        Args:
            saved: What `save` returned, or the same as JSON text.

        Raises:
            SavedSearchError: It is not what `save` returns; the message names the field.
        """
        given = SavedSearch.read(saved)
        try:
            search = cls(
                given.dimension,
                given.n_trials,
                magic_eps=given.magic_eps,
                lower_bound=given.lower_bound,
                bounds=given.bounds,
                failed_value=given.failed_value,
            )
        except ValueError as error:
            field, _, reason = str(error).partition(" ")
            raise SavedSearchError(field, reason) from error
        search._restore(given.trials)
        return search

    def _restore(self, trials: Sequence[SavedTrial]) -> None:
        """Take in the trials of a saved search; refuse those that it would not have asked for."""
        if len(trials) > self._n_trials:
            raise SavedSearchError("trials", f"hold more than n_trials, {self._n_trials}")
        for index, trial in enumerate(trials):
            point = self._box.point(trial.point)
            if point in self._trials:
                raise SavedSearchError(f"trials[{index}].point", "is there twice")
            self._enter(Entry(trial.point, trial.value, number=None), point)
        self._plan()
        for index in self._sampler.not_asked(self._log):
            raise SavedSearchError(
                f"trials[{index}].point",
                "is no point that a search with these values asks for: it was changed, or a value "
                "before it",
            )

    def _issue(self, n: int) -> list[Point]:
        """Enter the next certain points, at most `n` of them new.

        A point that the sequence visits again is not evaluated again: it has its value.
        """
        found: list[Point] = []
        n_before = -1
        while n_before < len(self._log):
            n_before = len(self._log)
            for proposal in self._plan().proposals:
                point = self._box.point(proposal.point)
                is_new = point not in self._trials
                if is_new and len(found) == n:
                    continue
                value = None if is_new else self._log[self._trials[point][0]].value
                self._enter(Entry(proposal.point, value, proposal.number), point)
                if is_new:
                    found.append(point)
        return found

    def _enter(self, entry: Entry, point: Point) -> None:
        self._trials.setdefault(point, []).append(len(self._log))
        self._log.append(entry)

    def _plan(self) -> Plan:
        """Return what the sampler plans; note in the log the numbers that became certain."""
        plan = self._sampler.plan(self._log)
        for index, number in plan.numbered.items():
            self._log[index] = replace(self._log[index], number=number)
        return plan

    def _held(self, value: float | None) -> float:
        """Return the finite value that a search works with."""
        return self._failed_value if value is None else held_value(value, self._failed_value)

    def _require_open(self) -> None:
        if self._is_closed:
            raise ValueError("this search is closed")
