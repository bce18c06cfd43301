"""The token of a client: of the argument, of the environment, or none."""

from __future__ import annotations

import pytest

from densearch import bearer

ONE, OTHER = "1" * 16, "2" * 40


def test_the_argument_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(bearer.VARIABLE, raising=False)
    assert bearer.given(None) is None
    assert bearer.given(ONE) == ONE
    monkeypatch.setenv(bearer.VARIABLE, OTHER)
    assert bearer.given(None) == OTHER
    assert bearer.given(ONE) == ONE
    assert bearer.given("") is None


def test_a_useless_one_is_named_by_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"^token has 5 characters"):
        bearer.given("short")
    monkeypatch.setenv(bearer.VARIABLE, "a\r\nHost: evil.example")
    with pytest.raises(ValueError, match=r"^DENSEARCH_TOKEN has characters") as refused:
        bearer.given(None)
    assert "evil" not in str(refused.value)


def test_a_header_carries_it_as_rfc_6750_says() -> None:
    assert bearer.headers(ONE) == {"Authorization": f"Bearer {ONE}"}
    assert bearer.headers(None) == {}
