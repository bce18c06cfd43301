"""What a ledger makes of a log."""

from __future__ import annotations

from dataclasses import replace

from densearch.direct_l.ledger import LARGEST_VALUE, Ledger
from densearch.sampler import Entry

A, B, C = (0.25,), (0.5,), (0.75,)


def test_told_goes_as_far_as_all_have_ended() -> None:
    ledger = Ledger(1)
    log = [Entry(A, 1.0, 1), Entry(B, None, 0), Entry(C, 3.0, None)]
    assert ledger.read(log)
    assert ledger.told == []
    log[1] = replace(log[1], value=2.0)
    assert ledger.read(log)
    assert ledger.told == [ledger.key(B), ledger.key(A)]
    assert ledger.told_with({2: 2})[-1] == ledger.key(C)
    assert len(ledger.told_with({2: 3})) == 2
    assert not ledger.read(log)


def test_the_first_trial_of_a_point_gives_its_value() -> None:
    ledger = Ledger(1)
    log = [Entry(A, None, None), Entry(A, 5.0, None)]
    ledger.read(log)
    assert ledger.values == {}
    ledger.read([replace(log[0], value=4.0), log[1]])
    assert ledger.values == {ledger.key(A): 4.0}
    assert (ledger.lowest, ledger.highest) == (4.0, 4.0)


def test_values_are_held_within_what_nlopt_can_be_told() -> None:
    ledger = Ledger(1)
    ledger.read([Entry(A, 1.7e308, 0), Entry(B, -1.7e308, 1)])
    assert set(ledger.values.values()) == {LARGEST_VALUE, -LARGEST_VALUE}


def test_a_hit_is_no_extra_any_more() -> None:
    ledger = Ledger(1)
    log = [Entry(A, None, None, is_speculative=True), Entry(B, 1.0, None, is_speculative=True)]
    ledger.read(log)
    assert ledger.n_extra == 2
    ledger.read([log[0], replace(log[1], number=0)])
    assert ledger.n_extra == 1


def test_visits_take_trials_in_their_turn() -> None:
    ledger = Ledger(1)
    ledger.read([Entry(A, 1.0, 0), Entry(A, 1.0, None)])
    key = ledger.key(A)
    assert [ledger.trial_of(key, turn, is_placed=True) for turn in (0, 1, 2)] == [0, 1, None]
    assert ledger.trial_of(key, 0, is_placed=False) == 1
