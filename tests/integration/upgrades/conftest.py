"""Fixtures of the upgrades: a revision after the newest one, databases of the first one."""

from __future__ import annotations

from tests.support.added_revisions import add_revision, first, first_sqlite

__all__ = ["add_revision", "first", "first_sqlite"]
