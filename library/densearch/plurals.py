"""Numbers with their nouns: the one place that decides between singular and plural."""

from __future__ import annotations


def noun(n: float, one: str, many: str | None = None) -> str:
    """Return the noun that goes with a number; its plural has an "s" unless `many` is given."""
    if n == 1:
        return one
    return f"{one}s" if many is None else many


def counted(n: float, one: str, many: str | None = None) -> str:
    """Return a number with its noun: "1 job", "3 jobs", "1,200 trials", "0.5 CPUs"."""
    return f"{n:,} {noun(n, one, many)}"


def with_article(one: str) -> str:
    """Return a noun with "a" or "an", by its first letter."""
    return f"{'an' if one[:1].lower() in set('aeio') else 'a'} {one}"
