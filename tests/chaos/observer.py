"""Reads the database directly, since faults affect the product's API, proxies and clocks."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

N_ENDED = (
    "SELECT count(*) FROM trials WHERE number IS NOT NULL AND state IN ('COMPLETED', 'PRUNED')"
)
LAST_ATTEMPT = "SELECT coalesce(max(id), 0) FROM attempts"
N_COMPLETED_SINCE = "SELECT count(*) FROM attempts WHERE state = 'COMPLETED' AND id > :since"
N_UNFINISHED = "SELECT count(*) FROM jobs WHERE state NOT IN ('SUCCEEDED', 'FAILED', 'CANCELLED')"

# Each of these finds rows that must not exist once every job has ended.
CONTRADICTIONS = {
    "trials that FAILED": "SELECT id FROM trials WHERE state = 'FAILED'",
    "trials left open": "SELECT id FROM trials WHERE state IN ('WAITING', 'RUNNING')",
    "attempts that count against a trial": "SELECT id FROM attempts WHERE state = 'FAILED'",
    "attempts left open": "SELECT id FROM attempts WHERE state = 'RUNNING'",
    "completed trials without an attempt that completed, or a source": (
        "SELECT t.id FROM trials t WHERE t.state IN ('COMPLETED', 'PRUNED')"
        " AND EXISTS (SELECT 1 FROM attempts a WHERE a.trial_id = t.id AND a.state = 'COMPLETED')"
        " != (t.cached_from IS NULL)"
    ),
    # A trial may have completed more than one, up to a rung each: their values differ.
    "attempts that completed the same twice": (
        "SELECT trial_id FROM attempts WHERE state = 'COMPLETED' GROUP BY trial_id"
        " HAVING count(*) != count(DISTINCT coalesce(value, -1))"
    ),
    "trials whose attempts are not counted": (
        "SELECT t.id FROM trials t WHERE t.n_attempts !="
        " (SELECT count(*) FROM attempts a WHERE a.trial_id = t.id)"
    ),
    "attempts that are not numbered from 1 on": (
        "SELECT trial_id FROM attempts GROUP BY trial_id HAVING max(number) != count(*)"
    ),
    "values that differ from their last attempt's": (
        "SELECT t.id FROM trials t JOIN attempts a ON a.trial_id = t.id"
        " AND a.state = 'COMPLETED' AND t.state = 'COMPLETED' AND NOT t.is_diverged"
        " AND t.learned IS NULL AND a.number = t.n_attempts AND a.value != t.value"
    ),
    "jobs still at work": "SELECT id FROM jobs WHERE working_since IS NOT NULL",
}


class Observer:
    """A reader of the product's database that never writes.

    Args:
        url: SQLAlchemy URL of the database itself, not of a proxy.
    """

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, poolclass=NullPool)

    def _rows(self, query: str, **values: Any) -> list[Any]:
        with self._engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def _count(self, query: str, **values: Any) -> int | None:
        """Return a number, None while the database does not answer."""
        try:
            return int(self._rows(query, **values)[0][0])
        except DBAPIError:
            return None

    def n_ended(self) -> int | None:
        """How many trials with a number have a result."""
        return self._count(N_ENDED)

    def n_unfinished(self) -> int | None:
        """How many jobs have not ended."""
        return self._count(N_UNFINISHED)

    def last_attempt(self) -> int | None:
        """The id of the attempt that began last."""
        return self._count(LAST_ATTEMPT)

    def n_completed_since(self, attempt_id: int) -> int | None:
        """How many attempts that began after another have completed."""
        return self._count(N_COMPLETED_SINCE, since=attempt_id)

    def contradictions(self) -> Iterator[str]:
        """Yield the contradictions in the database once every job has ended."""
        for name, query in CONTRADICTIONS.items():
            if rows := self._rows(query):
                yield f"{name}: {', '.join(str(row[0]) for row in rows[:10])}"
        if self._engine.dialect.name == "sqlite":
            for check in ("integrity_check", "foreign_key_check"):
                found = self._rows(f"PRAGMA {check}")
                if found not in ([], [("ok",)]):
                    yield f"{check}: {found[:5]}"

    def broken_artifacts(self, data_dir: Path) -> Iterator[str]:
        """Yield the artifacts whose file differs from its row."""
        for name, path, n_bytes, digest in self._rows(
            "SELECT name, path, n_bytes, sha256 FROM artifacts"
        ):
            file = data_dir / path
            if not file.is_file():
                yield f"artifact {name}: no file {path}"
                continue
            content = file.read_bytes()
            if (len(content), sha256(content).hexdigest()) != (n_bytes, digest):
                yield f"artifact {name}: {path} has {len(content)} bytes of another content"
