"""Secrets that must not be shown: learned once, hidden in every text from then on."""

from __future__ import annotations

from urllib.parse import quote, quote_plus

HIDDEN = "***"

_learned: set[str] = set()


def learn(secret: str, *others: str) -> None:
    """Make `hide` remove a secret from now on, also percent-encoded; an empty one is ignored.

    Args:
        secret: As it is.
        others: Other ways in which it was written.
    """
    _learned.update({secret, quote(secret, safe=""), quote_plus(secret), *others} - {""})


def hide(text: str) -> str:
    """Return a text with ``***`` in place of what was learned."""
    for secret in sorted(_learned, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
