"""Many wrong tokens from one address are answered late, and others at once."""

from __future__ import annotations

import pytest

from api.middleware.wrong_tokens import DELAY_S, INTERVAL_S, N_AT_ONCE, N_PLACES, WrongTokens


def test_an_address_that_guesses_waits_and_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    found = WrongTokens()
    assert {found.note("a") for _ in range(N_AT_ONCE)} == {0.0}
    assert {found.note("a") for _ in range(500)} == {DELAY_S}
    free = sum(found.note(f"10.0.0.{n}") == 0.0 for n in range(20))
    assert free >= 18  # but for those that share the place of "a"
    now += INTERVAL_S * 11
    assert [found.note("a"), found.note("a")] == [0.0, DELAY_S]


def test_the_table_does_not_grow() -> None:
    found = WrongTokens()
    for n in range(10 * N_PLACES):
        found.note(f"address {n}")
    assert len(found._counts) == N_PLACES
