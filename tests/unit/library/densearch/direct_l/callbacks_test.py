"""What NLopt is answered, and what is noted of its questions."""

from __future__ import annotations

import numpy as np
import pytest

from densearch.direct_l.callbacks import (
    FEWEST,
    STOP,
    STOPVAL,
    AheadObjective,
    DescentObjective,
    IterationObjective,
    Known,
)

NOTHING = np.empty(0)
# The centre, a first pair and one of the next iteration, which is smaller, of a line.
LINE = (0.5, 1 / 6, 5 / 6, 1 / 18, 5 / 18)


def asked(
    objective: IterationObjective | AheadObjective | DescentObjective, *points: float
) -> list[float]:
    """Ask as NLopt does, in one array that it reuses."""
    x = np.empty(1)
    answers = []
    for point in points:
        x[:] = point
        answers.append(objective.evaluate(x, NOTHING))
    return answers


def key(point: float) -> bytes:
    return np.array([point]).tobytes()


def test_an_iteration_answers_by_place_then_by_point_then_with_the_placeholder() -> None:
    known = Known([7.0], {key(LINE[1]): 2.0})
    objective = IterationObjective(known, 99.0, divides_all_sides=True)
    assert asked(objective, *LINE[:3]) == [7.0, 2.0, 99.0]
    assert objective.keys == [key(point) for point in LINE[1:3]], "its own copies of the points"
    assert objective.end is None


def test_an_iteration_stops_once_a_pair_beyond_it_is_asked_for() -> None:
    objective = IterationObjective(Known([], {}), 99.0, divides_all_sides=True)
    assert asked(objective, *LINE) == [99.0, 99.0, 99.0, 99.0, STOP]
    assert objective.end == 3
    assert STOP < STOPVAL, "NLopt ends after it"


def test_an_iteration_whose_values_are_known_goes_on() -> None:
    values = {key(point): 1.0 for point in LINE[:3]}
    objective = IterationObjective(Known([], values), 99.0, divides_all_sides=True)
    assert asked(objective, *LINE) == [1.0, 1.0, 1.0, 99.0, 99.0]


def test_looking_ahead_guesses_what_is_unknown_and_stops_with_enough() -> None:
    known = Known([7.0], {key(LINE[1]): 2.0})
    objective = AheadObjective(known, lambda _: 5.0, {key(LINE[2])}, n_wanted=2, n_trials=99)
    assert asked(objective, *LINE) == [7.0, 2.0, 5.0, 5.0, STOP]
    assert list(objective.found) == [key(point) for point in LINE[3:]]


def test_looking_ahead_stops_neither_too_early_nor_beyond_the_budget() -> None:
    objective = AheadObjective(Known([], {}), lambda _: 5.0, (), n_wanted=1, n_trials=1)
    assert asked(objective, *LINE[:FEWEST]) == [5.0, 5.0, STOP]
    assert list(objective.found) == [key(LINE[0])]


@pytest.mark.parametrize("n_known", [0, 1, 3])
def test_a_descent_asks_its_certain_points_at_once_and_stops_at_the_next(n_known: int) -> None:
    values = {key(point): float(i) for i, point in enumerate(LINE[:n_known])}
    objective = DescentObjective(values, n_certain=3)
    answers = asked(objective, *LINE)
    assert objective.n_unknown == (3 - n_known or 1)
    assert answers[:2] == ([0.0, 1.0] if n_known == 3 else [0.0, 0.0])
    assert answers.index(STOP) == (2 if n_known < 3 else 3)
    assert objective.keys == [key(point) for point in LINE[: answers.index(STOP) + 1]]
