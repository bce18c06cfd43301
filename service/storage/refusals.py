"""Why a database refused: the same few reasons on SQLite and PostgreSQL, with their remedies."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from enum import StrEnum

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from service.errors import DeadlineError


class Refusal(StrEnum):
    """A reason that lies outside the request: trying again later may work."""

    READ_ONLY = "it takes no writes"
    FULL = "its disk is full"
    BROKEN = "its disk reports an error"
    BUSY = "it is busy: locks or connections were not to be had in time"
    SLOW = "a statement took too long and was ended"
    UNPREPARED = "it lacks tables or columns of this version"
    AWAY = "it does not answer"


REMEDIES: Mapping[Refusal, str] = {
    Refusal.READ_ONLY: "on PostgreSQL name the primary in DENSEARCH_DATABASE_URL, switch "
    "default_transaction_read_only off and let the user write; on SQLite make the file and its "
    "directory writable",
    Refusal.FULL: "free some space, or give the database a larger disk",
    Refusal.BROKEN: "look at the disk and the kernel's log",
    Refusal.BUSY: "look for long transactions, and at max_connections on PostgreSQL",
    Refusal.SLOW: "look at the database's load and at its path",
    Refusal.UNPREPARED: "run `densearch db upgrade`",
    Refusal.AWAY: "start it, or mend its address",
}
# https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLSTATES = {
    "25006": Refusal.READ_ONLY,  # read_only_sql_transaction
    "42501": Refusal.READ_ONLY,  # insufficient_privilege
    "25P03": Refusal.SLOW,  # idle_in_transaction_session_timeout
    "25P04": Refusal.SLOW,  # transaction_timeout
    "57014": Refusal.SLOW,  # query_canceled: statement_timeout
    "40001": Refusal.BUSY,  # serialization_failure
    "40P01": Refusal.BUSY,  # deadlock_detected
    "55P03": Refusal.BUSY,  # lock_not_available
    "42P01": Refusal.UNPREPARED,  # undefined_table
    "42703": Refusal.UNPREPARED,  # undefined_column
    "53300": Refusal.BUSY,  # too_many_connections
    "53100": Refusal.FULL,  # disk_full
    "58030": Refusal.BROKEN,  # io_error
}
# https://www.sqlite.org/rescode.html
_SQLITE_CODES = {
    3: Refusal.READ_ONLY,  # SQLITE_PERM
    5: Refusal.BUSY,  # SQLITE_BUSY
    6: Refusal.BUSY,  # SQLITE_LOCKED
    8: Refusal.READ_ONLY,  # SQLITE_READONLY
    9: Refusal.SLOW,  # SQLITE_INTERRUPT
    10: Refusal.BROKEN,  # SQLITE_IOERR
    13: Refusal.FULL,  # SQLITE_FULL
    14: Refusal.AWAY,  # SQLITE_CANTOPEN
}
# SQLite has the same code for these and for a wrong statement.
_SQLITE_LACKS = ("no such table: ", "no such column: ")

_ERRNOS = {
    errno.ENOSPC: Refusal.FULL,
    errno.EDQUOT: Refusal.FULL,
    errno.EROFS: Refusal.READ_ONLY,
    errno.EACCES: Refusal.READ_ONLY,
    errno.EPERM: Refusal.READ_ONLY,
    errno.EIO: Refusal.BROKEN,
}


def refusal_of(error: BaseException) -> Refusal | None:
    """Return why the database or its disk refused; None when the statement or its data did."""
    if isinstance(error, DeadlineError):
        return Refusal.SLOW
    if isinstance(error, PoolTimeoutError):
        return Refusal.BUSY
    if isinstance(error, OSError):
        return _ERRNOS.get(error.errno or 0)
    if not isinstance(error, DBAPIError):
        return None
    return _of_driver(error.orig) or _of_class(error)


def _of_driver(cause: BaseException | None) -> Refusal | None:
    """Return a refusal by the code of a driver's error."""
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF  # without the extended part
    if str(cause).startswith(_SQLITE_LACKS):
        return Refusal.UNPREPARED
    return _SQLITE_CODES.get(code) or _SQLSTATES.get(getattr(cause, "sqlstate", "") or "")


def _of_class(error: DBAPIError) -> Refusal | None:
    return Refusal.AWAY if isinstance(error, OperationalError | InterfaceError) else None


def explain(error: BaseException) -> str:
    """Return one line on a failure of the database or the disk, without its address or data."""
    refusal = refusal_of(error)
    if refusal is not None:
        return f"{refusal}: {REMEDIES[refusal]}"
    return f"it failed with {type(error).__name__}: see the log"
