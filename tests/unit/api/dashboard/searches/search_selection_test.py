"""The selections of an address: what is right is taken, what is wrong is noted."""

from __future__ import annotations

import pytest

from api.dashboard.searches.search_selection import Selected, chosen_study, selection_of
from api.dashboard.searches.search_view import SearchAxis
from service.studies.search_space import CategoryAxis, FloatAxis
from tests.support.searched import by_direct, study

VIEW = by_direct(
    3,
    lambda x: x[0],
    own=(
        FloatAxis("lr", 1e-4, 1.0, is_log=True),
        FloatAxis("den", 0.0, 2.0),
        CategoryAxis("optimizer", ("adam", "sgd")),
    ),
)


def test_what_is_right_is_taken() -> None:
    query = {"x": "den", "y": "lr", "iteration": "3", "p.lr": "0.01..", "p.optimizer": "sgd"}
    found = selection_of(VIEW, query | {"max_value": "0.9"})
    assert (found.x, found.y, found.iteration, found.notes) == (1, 0, 3, ())
    assert found.spans == {0: Selected(0.01, None), 2: Selected(choice="sgd")}
    held = [p for p in VIEW.points if found.holds(VIEW, p)]
    assert held
    for point in held:
        assert point.point[0] >= 0.5 - 1e-9  # 0.01 is the middle of the log axis
        assert point.point[2] >= 0.5
        assert (point.value or 0.0) <= 0.9


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"x": "<b>"}, "no coordinate '<b>'"),
        ({"iteration": "-1"}, "not a number from 0"),
        ({"iteration": "9" * 40}, "not a number from 0"),
        ({"min_value": "nan"}, "min_value is 'nan'"),
        ({"p.lr": "fast"}, "written as low..high"),
        ({"p.lr": "a..b"}, "written as low..high"),
        ({"p.den": "5..1"}, "den is '5..1'; 5 is above 1: give the lower one first"),
        ({"p.optimizer": "a..b"}, "it is one of adam, sgd"),
        ({"p.zzz": "1..2"}, "no coordinate 'zzz'"),
        ({"min_value": "2", "max_value": "1"}, "min_value, 2, is above max_value, 1"),
    ],
)
def test_what_is_wrong_is_noted_and_left_out(query: dict[str, str], words: str) -> None:
    found = selection_of(VIEW, query)
    assert words in found.notes[0]
    assert (found.x, found.y, found.iteration, found.is_brushed) == (0, 1, None, False)


def test_a_single_coordinate_is_both() -> None:
    found = selection_of(by_direct(1, lambda x: x[0]), {"y": "x0"})
    assert (found.x, found.y) == (0, 0)


def test_the_search_is_named_or_the_first() -> None:
    own = [study("direct_l"), study("tpe")]
    assert chosen_study(own, {"study": "tpe"}) == (own[1], [])
    found, notes = chosen_study(own, {"study": "x" * 200})
    assert found is own[0]
    assert len(notes[0]) < 140
    assert chosen_study([], {}) == (None, [])


def test_names_that_are_there_twice_have_their_index() -> None:
    assert [axis.name for axis in VIEW.axes] == ["lr", "den", "optimizer"]
    assert SearchAxis("o", CategoryAxis("o", ("a", "b"))).ticks() == ([0.25, 0.75], ["a", "b"])


@pytest.mark.parametrize("end", [0.1, 1 / 3, 1.23456789, 1e-7 / 3, 5.0])
def test_an_end_is_the_same_in_the_address(end: float) -> None:
    span = Selected(end, None)
    assert selection_of(VIEW, {"p.den": span.text}).spans == {1: span}
    assert len(Selected(0.1, 5.0).text) == len("0.1..5")
