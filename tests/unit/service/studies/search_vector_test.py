"""What a job says of each value that it searches, against the densities that the values make."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from densearch.density import families
from service.studies import search_vector
from service.studies.search_vector import SetTaps, VectorEntry, taps_of
from tests.support import resolved_jobs


def entries(**changes: Any) -> list[VectorEntry]:
    body = {"name": "n", "task": {"kind": "classification"}, "budget": {"n_trials": 3}}
    return search_vector.described(resolved_jobs.resolved(body | changes))


@pytest.mark.parametrize(
    ("family", "kernel_size", "n_dims", "expected"),
    [
        # The authors' half-list begins with the outermost value.
        ("symmetric", 5, 2, [("alpha", "beta"), ((-2,), (2,))]),
        ("symmetric", 3, 1, [("alpha",), ((-1,), (1,))]),
        ("symmetric", 3, 3, [("alpha", "beta", "gamma"), ((-1,), (1,))]),
        ("separable-symmetric", 3, 2, [("alpha",), ((-1,), (1,))]),
        ("separable", 3, 2, [("alpha",), ((-1,),)]),
        ("radial", 3, 2, [(), ((-1, -1), (-1, 1), (1, -1), (1, 1))]),
        ("full", 3, 2, [(), ((-1, -1),)]),
        ("gaussian", 3, 2, [(), None]),
        ("power", 7, 3, [(), None]),
    ],
)
def test_the_first_value_sets_these_taps(
    family: str, kernel_size: int, n_dims: int, expected: list[Any]
) -> None:
    assert taps_of(family, kernel_size, n_dims)[0] == SetTaps(*expected)


def reached(taps: SetTaps, size: int, n_dims: int) -> set[tuple[int, ...]]:
    """Return the taps of Phi that change with a value, as it is described."""
    middle = size // 2
    every = [tuple(int(i) - middle for i in place) for place in np.ndindex((size,) * n_dims)]
    if taps.positions is None:
        return {tap for tap in every if any(tap)}
    if not taps.factors:
        return set(taps.positions)
    axes = [families.FACTOR_NAMES.index(name) for name in taps.factors]
    steps = {position[0] for position in taps.positions}
    return {tap for tap in every if any(tap[axis] in steps for axis in axes)}


@pytest.mark.parametrize(("size", "n_dims"), [(3, 1), (3, 2), (5, 2), (7, 2), (3, 3)])
@pytest.mark.parametrize("family", families.FAMILIES)
def test_a_value_moves_the_taps_that_are_told_and_no_others(
    family: str, size: int, n_dims: int
) -> None:
    told = taps_of(family, size, n_dims)
    values = [1.1 + 0.05 * index for index in range(len(told))]
    before = families.build(family, size, values, n_dims).phi
    for index, taps in enumerate(told):
        moved = [*values[:index], values[index] + 0.3, *values[index + 1 :]]
        changed = families.build(family, size, moved, n_dims).phi != before
        found = {tuple(int(i) - size // 2 for i in place) for place in np.argwhere(changed)}
        # A power's exponent leaves the taps at the distance of its scale alone; 1.1 is none.
        assert found == reached(taps, size, n_dims)


def test_groups_come_one_after_another_and_the_settings_last() -> None:
    network = {"kind": "resnet", "n_stages": 2, "kernel_size": [5, 3]}
    search = {
        "lr": {"low": 0.01, "high": 0.1, "log": True},
        "optimizer": {"choices": ["sgd", "adam"]},
    }
    density = {"scope": "stage", "ranges": "advised"}
    same = {"network": network, "density": density, "samplers": ["tpe"]}
    told = entries(search=search, method=1, **same)
    assert [(e.index, e.name, e.group, e.kernel_size, len(e.layers)) for e in told] == [
        (0, "stage 1 den[0]", "stage 1", 5, 3),
        (1, "stage 1 den[1]", "stage 1", 5, 3),
        (2, "stage 2 den[0]", "stage 2", 3, 2),
        (3, "lr", None, None, 0),
        (4, "optimizer", None, None, 0),
    ]
    assert [(e.low, e.high, e.is_log, e.choices) for e in told] == [
        (0.05, 1.0, False, None),
        (0.5, 1.5, False, None),
        (0.5, 1.5, False, None),
        (0.01, 0.1, True, None),
        (None, None, False, ("sgd", "adam")),
    ]
    assert told[2].layers == ("features.2.residual.0", "features.2.residual.3")
    sides = ((-1,), (1,))
    assert [e.positions for e in told] == [((-2,), (2,)), sides, sides, None, None]
    assert [e.factors for e in told] == [("alpha", "beta")] * 3 + [()] * 2
    scaled = entries(search=search, **same)
    assert [(e.index, e.name, e.group, e.is_log, e.positions) for e in scaled] == [
        (0, "stage 1 factor", "stage 1", True, ()),
        (1, "stage 1 den[0]", "stage 1", False, ((-2,), (2,))),
        (2, "stage 1 den[1]", "stage 1", False, sides),
        (3, "stage 2 factor", "stage 2", True, ()),
        (4, "stage 2 den[0]", "stage 2", False, sides),
        (5, "lr", None, True, None),
        (6, "optimizer", None, False, None),
    ]


def test_a_function_has_its_argument() -> None:
    told = entries(task={"kind": "function", "name": "sphere", "dimension": 2})
    assert [(e.name, e.low, e.high, e.group, e.positions) for e in told] == [
        ("x0", 0.0, 1.0, None, None), ("x1", 0.0, 1.0, None, None),
    ]  # fmt: skip
