"""What is remembered of a log that only grows."""

from __future__ import annotations

from dataclasses import replace

from densearch.sampler import Entry
from densearch.sampler.tally import LogTally

POINT = (0.5,)


def test_open_trials_are_followed_until_they_end() -> None:
    tally = LogTally()
    log = [Entry(POINT, 1.0, 0), Entry(POINT, None, 1), Entry(POINT, None, 2)]
    tally.take(log)
    assert (tally.n_seen, tally.n_open, tally.first_open) == (3, 2, 1)
    log[1] = replace(log[1], value=2.0)
    log.append(Entry(POINT, 3.0, 3))
    tally.take(log)
    assert (tally.n_seen, tally.n_open, tally.first_open) == (4, 1, 2)
    log[2] = replace(log[2], value=4.0)
    tally.take(log)
    assert (tally.n_open, tally.first_open) == (0, 4)


def test_trials_without_a_number_get_their_place_until_the_log_shows_it() -> None:
    tally = LogTally()
    log = [Entry(POINT, None, None), Entry(POINT, None, 1)]
    tally.take(log)
    assert tally.numbered == {0: 0}
    tally.take([*log, Entry(POINT, None, None)])
    assert tally.numbered == {0: 0, 2: 2}
    tally.take([replace(log[0], number=0), log[1], Entry(POINT, None, None)])
    assert tally.numbered == {2: 2}


def test_a_log_taken_twice_is_taken_once() -> None:
    tally = LogTally()
    log = [Entry(POINT, None, None)]
    tally.take(log)
    tally.take(log)
    assert (tally.n_seen, tally.n_open, tally.numbered) == (1, 1, {0: 0})
