"""When a request is repeated, and what a server's Retry-After says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from densearch.client import retries

NOW = datetime(2026, 11, 30, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ("5", 5.0),
        (" 0 ", 0.0),
        ("Mon, 30 Nov 2026 12:00:20 GMT", 20.0),
        ("Monday, 30-Nov-26 12:00:20 GMT", 20.0),  # the obsolete form of RFC 850
        ("Mon Nov 30 12:00:20 2026", 20.0),  # that of asctime, always in UTC
        ("Mon, 30 Nov 2026 11:00:00 GMT", 0.0),  # has passed
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("\u0665", None),
        ("9" * 400, None),
        ("Mon, 99 Nov 2026 12:00:20 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(given: str, seconds: float | None) -> None:
    assert retries.retry_after_of({"retry-after": given}, NOW) == seconds
    assert retries.retry_after_of({}) is None


def test_a_date_is_counted_from_the_clock_of_the_server() -> None:
    headers = {
        "date": "Mon, 30 Nov 2020 12:00:00 GMT",
        "retry-after": "Mon, 30 Nov 2020 12:00:07 GMT",
    }
    assert retries.retry_after_of(headers, NOW) == 7.0


@pytest.mark.parametrize(
    ("status", "given", "pause_s"),
    [
        (503, "5", 5.0),
        (429, "1", 1.0),
        (503, "30", 30.0),
        (503, "31", None),  # the caller waits, if anybody does
        (503, None, None),
        (500, "5", None),
        (202, "5", None),  # an answer
        (422, "5", None),
    ],
)
def test_a_refusal_that_passes_is_waited_for_within_bounds(
    status: int, given: str | None, pause_s: float | None
) -> None:
    headers = {} if given is None else {"retry-after": given}
    assert retries.pause_before_retry(status, headers) == pause_s


@pytest.mark.parametrize(
    ("method", "headers", "is_repeated"),
    [
        ("GET", None, True),
        ("head", {}, True),
        ("POST", None, False),
        ("POST", {"Idempotency-Key": "a"}, True),
        ("POST", {"idempotency-key": "a"}, True),
        ("PATCH", {"Content-Type": "application/json"}, False),
        ("DELETE", None, False),
    ],
)
def test_only_what_is_harmless_is_repeated(
    method: str, headers: dict[str, str] | None, is_repeated: bool
) -> None:
    assert (retries.n_tries_of(method, headers) > 1) is is_repeated
