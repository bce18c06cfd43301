"""DIRECT-L for a host that keeps the trials itself: known values in, the next point out.

The points are those of NLopt on the function "value of the configuration that a point stands
for". Several points of the cube may stand for one configuration (whole numbers, steps): it is
evaluated once, and NLopt's further visits to it take that value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Hashable, Mapping
from dataclasses import replace
from typing import Generic, TypeVar

from densearch.direct_l.box import Point
from densearch.direct_l.exact import MAGIC_EPS, MOST_TRIALS, DirectL
from densearch.sampler import Entry, StudyPlan

# A search over few configurations visits known ones again and again: it has ended after so many.
MOST_REPEATS = 300

PlaceT = TypeVar("PlaceT", bound=Hashable)


def study_of(
    dimension: int,
    *,
    n_trials: int = MOST_TRIALS,
    magic_eps: float = MAGIC_EPS,
    lower_bound: float | None = None,
) -> StudyPlan:
    """Return what determines the sequence apart from the values; by default it has no end."""
    return StudyPlan(
        dimension=dimension,
        n_trials=n_trials,
        seed=0,  # GN_DIRECT_L draws nothing
        lower_bound=lower_bound,
        options={"magic_eps": magic_eps},
    )


class ConfigurationSearch(Generic[PlaceT]):
    """The sequence of NLopt's GN_DIRECT_L over configurations whose values somebody else keeps.

    The sequence depends on the study and the values, not on their order of arrival: one that is
    made from all values at once visits what one visits that saw them arrive. Only which points
    are run ahead of the sequence may differ.

    Thread safety: none.

    Args:
        study: As `study_of` makes it.
        configuration_of: From a point of the unit cube to the configuration that it stands for.
        n_configurations: How many there are; infinite where a coordinate is real.
    """

    def __init__(
        self,
        study: StudyPlan,
        configuration_of: Callable[[Point], PlaceT],
        n_configurations: float = math.inf,
    ) -> None:
        self._study, self._configuration_of = study, configuration_of
        self._n_configurations = n_configurations
        self._begin()

    def _begin(self) -> None:
        self._sampler = DirectL(self._study)
        self._log: list[Entry] = []
        self._places: list[PlaceT] = []  # of the log's entries
        self._entered: dict[PlaceT, float] = {}
        self._is_exhausted = False

    def update(
        self,
        values: Mapping[PlaceT, float],
        ahead: Mapping[PlaceT, Point] | None = None,
    ) -> None:
        """Take in all values that there are.

        Args:
            values: Of every configuration that has one, finite, minimised. Where one that was
                given before has changed or is missing, the search begins again from these.
            ahead: The points that some of them were evaluated at. Those that the sequence has not
                asked for yet serve its predictions.
        """
        if any(values.get(place) != value for place, value in self._entered.items()):
            self._begin()
        self._follow(values)
        for place, point in (ahead or {}).items():
            if place in values and place not in self._entered:
                self._enter(Entry(point, values[place], None, is_speculative=True), place)
        self._follow(values)

    def next_point(self, held: Container[PlaceT], n_held: int) -> Point | None:
        """Return the point to evaluate next: a certain one, else the likeliest.

        Args:
            held: Configurations that are being evaluated: none of them is returned.
            n_held: How many they are.

        Returns:
            None where nothing is left, or nothing likely is known.
        """
        if self._is_exhausted:
            return None
        certain = [proposal.point for proposal in self._sampler.plan(self._log).proposals]
        likely = self._sampler.speculate(self._log, n_held + 1)
        for point in (*certain, *(proposal.point for proposal in likely)):
            place = self._configuration_of(point)
            if place not in held and place not in self._entered:
                return point
        return None

    @property
    def is_finished(self) -> bool:
        """Whether every visit of the sequence has a value, or no new configuration comes."""
        return self._is_exhausted or self._sampler.plan(self._log).is_finished

    @property
    def sequence(self) -> list[tuple[Point, PlaceT]]:
        """NLopt's visits from the first on, in its order, up to one without a value."""
        numbers = {
            entry.number: (entry.point, place)
            for entry, place in zip(self._log, self._places, strict=True)
        }
        found: list[tuple[Point, PlaceT]] = []
        while (visit := numbers.get(len(found))) is not None:
            found.append(visit)
        return found

    def _follow(self, values: Mapping[PlaceT, float]) -> None:
        """Enter what the sequence asks for, as far as its values are known."""
        n_repeats = 0
        while n_repeats <= MOST_REPEATS and len(self._entered) < self._n_configurations:
            n_before, n_known = len(self._log), len(self._entered)
            self._enter_proposals(values)
            n_repeats = 0 if len(self._entered) > n_known else n_repeats
            n_repeats += len(self._log) - n_before
            if len(self._log) == n_before:
                return
        self._is_exhausted = True

    def _enter_proposals(self, values: Mapping[PlaceT, float]) -> None:
        plan = self._sampler.plan(self._log)
        for index, number in plan.numbered.items():
            self._log[index] = replace(self._log[index], number=number)
        for proposal in plan.proposals:
            place = self._configuration_of(proposal.point)
            if (value := values.get(place)) is not None:
                self._enter(Entry(proposal.point, value, proposal.number), place)

    def _enter(self, entry: Entry, place: PlaceT) -> None:
        self._log.append(entry)
        self._places.append(place)
        if entry.value is not None:
            self._entered[place] = entry.value
