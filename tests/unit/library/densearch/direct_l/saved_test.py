"""What a saved search may hold: anything else is refused with the field's name."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from densearch.direct_l import ParallelDirectL, SavedSearchError

Saved = dict[str, Any]


@pytest.fixture(scope="module")
def text() -> str:
    search = ParallelDirectL(2, 30, bounds=[(-1.0, 2.0), (0.1, 0.7)], lower_bound=0.0)
    for _ in range(3):
        for point in search.ask(5):
            search.tell(point, sum(x * x for x in point))
    search.ask(2)
    return json.dumps(search.save())


def test_what_is_loaded_saves_the_same(text: str) -> None:
    for given in (text, text.encode(), json.loads(text)):
        assert ParallelDirectL.load(given).save() == json.loads(text)


def put(*path: str | int, value: object) -> Callable[[Saved], None]:
    def change(saved: Saved) -> None:
        here: Any = saved
        for name in path[:-1]:
            here = here[name]
        here[path[-1]] = value

    return change


def drop(*path: str | int) -> Callable[[Saved], None]:
    def change(saved: Saved) -> None:
        here: Any = saved
        for name in path[:-1]:
            here = here[name]
        del here[path[-1]]

    return change


def repeat(saved: Saved) -> None:
    saved["trials"][1] = saved["trials"][0]


@pytest.mark.parametrize(
    ("damage", "field"),
    [
        (put("format", value="optuna"), "format"),
        (drop("format"), "format"),
        (put("version", value=2), "version"),
        (put("version", value=True), "version"),
        (drop("n_trials"), "n_trials"),
        (put("n_trials", value="30"), "n_trials"),
        (put("n_trials", value=True), "n_trials"),
        (put("n_trials", value=0), "n_trials"),
        (put("n_trials", value=3), "trials"),
        (put("extra", value=1), "extra"),
        (put("dimension", value=3), "trials[0].point"),
        (put("dimension", value=2.0), "dimension"),
        (put("magic_eps", value=-1.0), "magic_eps"),
        (put("magic_eps", value=10**400), "magic_eps"),
        (put("lower_bound", value=math.nan), "lower_bound"),
        (put("failed_value", value=None), "failed_value"),
        (put("bounds", value=None), "bounds"),
        (put("bounds", 1, value=[1.0]), "bounds[1]"),
        (put("bounds", 1, value=[1.0, 0.0]), "bounds[1]"),
        (put("trials", value={}), "trials"),
        (put("trials", 2, value=[]), "trials[2]"),
        (put("trials", 2, "number", value=1), "trials[2].number"),
        (drop("trials", 2, "value"), "trials[2].value"),
        (put("trials", 2, "value", value=math.inf), "trials[2].value"),
        (put("trials", 2, "value", value="1"), "trials[2].value"),
        (put("trials", 2, "point", value=[0.5]), "trials[2].point"),
        (put("trials", 2, "point", 1, value="0.5"), "trials[2].point[1]"),
        (put("trials", 2, "point", 1, value=0.3), "trials[2].point"),
        (repeat, "trials[1].point"),
    ],
)
def test_damage_is_refused_by_the_fields_name(
    text: str, damage: Callable[[Saved], None], field: str
) -> None:
    saved = json.loads(text)
    damage(saved)
    with pytest.raises(SavedSearchError) as caught:
        ParallelDirectL.load(saved)
    assert caught.value.field == field
    assert str(caught.value).startswith(field)


def test_a_changed_value_is_found_by_the_points_after_it(text: str) -> None:
    saved = json.loads(text)
    saved["trials"][1]["value"] = -5.0
    with pytest.raises(SavedSearchError, match="with these values"):
        ParallelDirectL.load(saved)


@pytest.mark.parametrize("foreign", ["", "{", "[]", "null", "3", b"\xff", "[" * 100_000])
def test_what_is_no_search_is_refused(foreign: str | bytes) -> None:
    with pytest.raises(SavedSearchError):
        ParallelDirectL.load(foreign)
