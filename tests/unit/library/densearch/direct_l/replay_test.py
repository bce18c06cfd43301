"""Replays of NLopt ask what NLopt itself asks, and stop where the first value is missing."""

from __future__ import annotations

import struct

import nlopt
import pytest

from densearch.direct_l.callbacks import Known
from densearch.direct_l.replay import (
    FINEST_STEP,
    FIRST_STEP,
    Algorithm,
    ahead,
    descent,
    iteration,
)
from tests.support.nlopt_runs import Point, visited
from tests.support.sampler_behaviour import bowl

N = 41
PLAIN = Algorithm(2, 1e-4)
SEQUENCE = visited(nlopt.GN_DIRECT_L, (0.5, 0.5), N, bowl, magic_eps=1e-4)


def key(point: Point) -> bytes:
    return struct.pack(f"={len(point)}d", *point)


def known(n_confirmed: int, n_more: int = 0) -> Known:
    """The values of the first visits by their place, of some that follow by their point."""
    confirmed = [bowl(point) for point in SEQUENCE[:n_confirmed]]
    more = SEQUENCE[n_confirmed : n_confirmed + n_more]
    return Known(confirmed, {key(point): bowl(point) for point in more})


@pytest.mark.parametrize("n_confirmed", [0, 1, 5, 13])
def test_an_iteration_is_a_part_of_nlopts_sequence(n_confirmed: int) -> None:
    run = iteration(PLAIN, N, known(n_confirmed), placeholder=1e6)
    assert run.start == n_confirmed
    assert run.keys == [key(point) for point in SEQUENCE[n_confirmed:][: len(run.keys)]]
    assert 0 < len(run.keys) < N - n_confirmed, "it ends with its iteration"


def test_known_values_carry_it_on_to_the_next_iteration() -> None:
    first = iteration(PLAIN, N, known(0), placeholder=1e6)
    second = iteration(PLAIN, N, known(0, len(first.keys)), placeholder=1e6)
    assert second.keys[: len(first.keys)] == first.keys
    assert second.keys == [key(point) for point in SEQUENCE[: len(second.keys)]]
    assert len(second.keys) > len(first.keys)


def test_the_budget_cuts_it() -> None:
    assert len(iteration(PLAIN, 4, known(0), placeholder=1e6).keys) == 4
    assert len(iteration(PLAIN, N, known(0, N), placeholder=1e6).keys) == N


def test_right_guesses_find_what_nlopt_visits_next() -> None:
    taken = {key(point) for point in SEQUENCE[:9]}
    values = {key(point): bowl(point) for point in SEQUENCE}
    found = ahead(PLAIN, N, known(5), values.__getitem__, taken, n_wanted=12)
    fresh = [key(point) for point in SEQUENCE[5:] if key(point) not in taken]
    assert found == list(dict.fromkeys(fresh))[:12]
    assert len(ahead(PLAIN, 11, known(5), values.__getitem__, taken, n_wanted=12)) == 2


def test_drawn_sides_depend_on_the_seed_alone() -> None:
    runs = [
        iteration(Algorithm(3, 1e-4, seed), 30, Known([], {}), placeholder=1e6).keys
        for seed in (1, 1 + 2**32, *range(2, 12))
    ]
    assert runs[0] == runs[1], "NLopt's generator takes 32 bits of a seed"
    assert len({tuple(run) for run in runs}) > 1


def test_a_descent_is_bobyqa_itself() -> None:
    start = (0.45, 0.6)
    settings = {"step": FIRST_STEP, "xtol": FINEST_STEP}
    sequence = visited(nlopt.LN_BOBYQA, start, 40, bowl, **settings)
    values: dict[bytes, float] = {}
    first = descent(key(start), 40, values)
    assert first.keys == [key(point) for point in sequence[:5]], "2 d + 1 points are certain"
    while not (run := descent(key(start), 40, values)).is_over:
        values |= {k: bowl(struct.unpack("=2d", k)) for k in run.keys}
    assert run.keys == [key(point) for point in sequence]


@pytest.mark.parametrize("n_trials", [1, 3])
def test_a_descent_ends_with_its_budget(n_trials: int) -> None:
    start = key((0.45, 0.6))
    run = descent(start, n_trials, {})
    assert (len(run.keys), run.is_over) == (n_trials, False)
    ended = descent(start, n_trials, dict.fromkeys(run.keys, 1.0))
    assert (ended.keys, ended.is_over) == (run.keys, True)
