"""The header Prefer (RFC 7240): how long a client wants to wait for what takes long."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import Request

# Within the time-outs of clients and proxies, which are rarely below 30 s.
WAIT_S = 10.0
MAX_WAIT_S = 600.0
_WAIT = re.compile(r'wait\s*=\s*"?(\d{1,9})"?', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait before 202.

    Attributes:
        seconds: At most so long.
        applied: What of the header is honoured, for Preference-Applied; "" for none.
    """

    seconds: float
    applied: str


def patience_of(request: Request) -> Patience:
    """Return how long a request wants to wait; of a preference that comes twice the first counts.

    `respond-async` alone does not wait, `wait=N` waits for N seconds, at most `MAX_WAIT_S`.
    """
    given = [
        part.partition(";")[0].strip()
        for header in request.headers.getlist("prefer")
        for part in header.split(",")
    ]
    for preference in given:
        if found := _WAIT.fullmatch(preference):
            seconds = min(float(found[1]), MAX_WAIT_S)
            return Patience(seconds, f"wait={seconds:.0f}")
    if "respond-async" in (preference.lower() for preference in given):
        return Patience(0.0, "respond-async")
    return Patience(WAIT_S, "")
