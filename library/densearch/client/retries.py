"""When a request is sent again, and after which pause.

A request is repeated where that is harmless, whatever became of the first one: it reads, or it has
an Idempotency-Key, by which the server knows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

N_TRIES = 4
# The server's word on when to try again is followed up to here, s; a longer wait is the caller's.
MOST_PAUSE_S = 30.0
# Refusals that pass by themselves (RFC 9110, 10.2.3; RFC 6585, 4).
PASSING = frozenset({429, 503})
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_KEY = "idempotency-key"


def n_tries_of(method: str, headers: Mapping[str, str] | None) -> int:
    """Return how often a request may be sent."""
    is_known_again = any(name.lower() == _KEY for name in headers or ())
    return N_TRIES if method.upper() in _READS or is_known_again else 1


def pause_before_retry(status: int, headers: Mapping[str, str]) -> float | None:
    """Return after how many seconds a refused request is sent again; None where it is not."""
    pause_s = retry_after_of(headers) if status in PASSING else None
    return pause_s if pause_s is not None and pause_s <= MOST_PAUSE_S else None


def retry_after_of(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return the seconds of a Retry-After header, at least 0; None without a valid one.

    Args:
        headers: Of an answer; names in lower case, or of any case in a mapping that ignores it.
        now: What a date is counted from, where the answer has no date of its own: by that, the
            clocks of the two machines may differ. The present if None.
    """
    given = headers.get("retry-after", "").strip()
    if given.isascii() and given.isdecimal():
        # Longer ones are no number of seconds that anybody waits for.
        return float(given) if len(given) <= 9 else None
    at = _date(given)
    if at is None:
        return None
    sent_at = _date(headers.get("date", "")) or now or datetime.now(UTC)
    return max((at - sent_at).total_seconds(), 0.0)


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
