"""What a client prefers: how long to wait (Prefer), and a page or JSON (Accept).

Source: RFC 7240; RFC 9110, section 12.5.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request

# Within the time-outs of clients and proxies, which are rarely below 30 s.
WAIT_S = 10.0
MAX_WAIT_S = 600.0
_JSON = ("application/json", "application/problem+json")
_WEIGHT = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
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


def prefers_html(accept: Sequence[str]) -> bool:
    """Whether an answer should be a page: HTML is named, with a greater weight than JSON.

    Browsers name it when they follow an address. A script that accepts anything gets JSON.

    Args:
        accept: The values of the header Accept, each a list of media types.
    """
    weights = dict(_weighted(part) for header in accept for part in header.split(","))
    html = weights.get("text/html", 0.0)
    return html > max((weights.get(kind, 0.0) for kind in _JSON), default=0.0)


def preferred(accept: Sequence[str], offered: Sequence[str]) -> str:
    """Return the media type that a client prefers (RFC 9110, 12.5.1).

    Args:
        accept: The values of the header Accept, each a list of media types.
        offered: Media types, the default first: of equals the first is taken, and the default
            where none is accepted.
    """
    weights = dict(_weighted(part) for header in accept or ["*/*"] for part in header.split(","))
    return max(offered, key=lambda kind: _weight(kind, weights))


def _weight(kind: str, weights: Mapping[str, float]) -> float:
    """Return the weight of the most specific range that a media type is in, 0 in none."""
    family = f"{kind.partition('/')[0]}/*"
    return next((weights[name] for name in (kind, family, "*/*") if name in weights), 0.0)


def _weighted(part: str) -> tuple[str, float]:
    kind, *parameters = (item.strip().lower() for item in part.split(";"))
    given = [item.removeprefix("q=") for item in parameters if item.startswith("q=")]
    is_number = bool(given) and _WEIGHT.fullmatch(given[0]) is not None
    return kind, float(given[0]) if is_number else 1.0
