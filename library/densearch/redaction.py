"""Secrets that must not be shown: learned once, hidden in every text from then on."""

from __future__ import annotations

from collections.abc import Iterable

HIDDEN = "***"

_learned: set[str] = set()


def learn(secrets: Iterable[str]) -> None:
    """Make `hide` remove these texts from now on; empty ones are ignored."""
    _learned.update(secret for secret in secrets if secret)


def hide(text: str) -> str:
    """Return a text with ``***`` in place of what was learned."""
    for secret in sorted(_learned, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text
