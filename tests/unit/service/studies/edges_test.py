"""Which values of a point lie in the last division of their range, in the spaces of the arms."""

from __future__ import annotations

import pytest

from service.studies.edges import at_edges
from service.studies.search_space import CategoryAxis, FloatAxis, IntegerAxis, Space
from tests.support.resolved_jobs import photos

CONTROLS = ["uniform_tuned", "flat_tuned", "density_tuned"]


def names(space: Space, point: list[float]) -> list[str]:
    return [value.name for value in at_edges(space, point)]


@pytest.mark.parametrize(
    ("u", "is_edge"),
    # DIRECT's points: the middle, those of its first and of its second division.
    [(0.5, False), (1 / 6, False), (5 / 6, False), (1 / 18, True), (17 / 18, True), (0.0, True)],
)
def test_the_second_outward_division_is_the_edge(u: float, is_edge: bool) -> None:
    space = Space((FloatAxis("den[0]", 0.0, 2.0),), (FloatAxis("lr", 0.01, 1.0, is_log=True),))
    assert names(space, [u, 0.5]) == (["den[0]"] if is_edge else [])
    assert names(space, [0.5, u]) == (["lr"] if is_edge else [])


def test_a_value_is_shown_in_its_unit_with_the_end_that_it_is_near() -> None:
    space = Space((FloatAxis("den[0]", 0.0, 2.0),), (FloatAxis("lr", 0.01, 1.0, is_log=True),))
    den, lr = at_edges(space, [0.05, 0.95])
    assert str(den) == "0.1, is near the lower end of 0 to 2"
    assert str(lr) == "0.794, is near the upper end of 0.01 to 1"


def test_whole_numbers_and_choices_have_no_edge() -> None:
    space = Space((), (IntegerAxis("width", 4, 8), CategoryAxis("nesterov", (True, False))))
    assert at_edges(space, [0.0, 1.0]) == []


def test_the_arms_axes_are_named_as_their_spaces_name_them() -> None:
    job = photos(controls=CONTROLS)
    for arm in CONTROLS:
        space = job.spaces.of(arm)
        every = [axis.name for axis in (*space.vector, *space.settings)]
        assert names(space, [1.0] * space.dimension) == every
        assert every[-1] == "lr"
