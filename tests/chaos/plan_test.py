"""The same seed plans the same faults."""

from __future__ import annotations

from collections import Counter
from itertools import chain, islice

from tests.chaos.plan import LAST, Planned, rounds_of

NAMES = ["worker", "api", "gcs", "tree"]


def planned(seed: int, n_rounds: int = 5) -> list[list[Planned]]:
    return list(islice(rounds_of(NAMES, 20, 6, 100, seed), n_rounds))


def test_the_same_seed_plans_the_same_and_another_seed_does_not() -> None:
    assert planned(1) == planned(1)
    assert planned(1) != planned(2)


def test_strikes_are_in_order_within_the_trials_of_a_round() -> None:
    for strikes in planned(3):
        at = [strike.at for strike in strikes]
        assert at == sorted(at)
        assert 0 < at[0] <= at[-1] < LAST * 100


def test_faults_take_turns_and_the_last_round_has_what_is_left() -> None:
    rounds = planned(4, 4)
    assert [len(strikes) for strikes in rounds] == [6, 6, 6, 2]
    counts = Counter(strike.name for strike in chain(*rounds))
    assert counts == dict.fromkeys(NAMES, 5)
