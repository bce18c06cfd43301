"""The one tree of domain errors. Status codes belong to the API (api/problems/handlers.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from densearch.names import quoted


class DensearchError(Exception):
    """Anything this product refuses or cannot do. The message is meant for the user."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request.

    Attributes:
        pointer: JSON pointer (RFC 6901) to the field in the request's body, "" for the whole.
        detail: What is wrong and what to do about it.
    """

    pointer: str
    detail: str


# A request may be wrong in more places than anybody reads: so many are named.
MOST_FAULTS = 100


class InvalidSpecError(DensearchError):
    """A job's spec is refused; nothing was stored.

    Attributes:
        faults: The fields that are wrong, all at once; of very many the first.
        n_faults: How many there are, named or not.
    """

    def __init__(self, faults: Sequence[Fault], n_faults: int = 0) -> None:
        self.faults = tuple(faults[:MOST_FAULTS])
        self.n_faults = max(n_faults, len(faults))
        lines = [f"{fault.pointer or '/'}: {fault.detail}" for fault in self.faults]
        more = self.n_faults - len(self.faults)
        super().__init__("; ".join([*lines, f"and {more:,} more"] if more else lines))


class InvalidBodyError(InvalidSpecError):
    """A request's body that holds no job's spec is refused; nothing was changed."""


class UnknownSamplerError(DensearchError):
    """No sampler has this name; the message lists those that exist."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(f"unknown sampler {quoted(name)}: choose one of {', '.join(known)}")


class NotFoundError(DensearchError):
    """The requested object does not exist; `kind` says what it is: job, study, trial ..."""

    def __init__(self, kind: str, key: int | str) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"there is no {kind} {key}")


class NoDecisionError(NotFoundError):
    """There is no decision on a job (yet); the message says why and what to do."""

    def __init__(self, job_id: int, reason: str) -> None:
        self.job_id, self.reason = job_id, reason
        super().__init__("decision on job", job_id)
        self.args = (f"there is no decision on job {job_id}: {reason}",)


class IllegalTransitionError(DensearchError):
    """The state of a job or trial does not allow the transition; nothing was changed."""

    def __init__(self, kind: str, old: str, new: str) -> None:
        self.kind, self.old, self.new = kind, old, new
        super().__init__(f"a {kind} that is {old} cannot become {new}")


class NotDeletableError(IllegalTransitionError):
    """A job, or a campaign with its jobs, is not over: nothing was deleted."""

    def __init__(self, kind: str, state: str, remedy: str) -> None:
        super().__init__(kind, state, "deleted")
        self.remedy = remedy
        self.args = (f"a {kind} that is {state} cannot be deleted: {remedy}",)


class NothingToRetryError(DensearchError):
    """None of the job's trials and samplers has failed; nothing was changed."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(
            f"no trial and no sampler of job {job_id} has failed: there is nothing to try again"
        )


class IdempotencyConflictError(DensearchError):
    """An Idempotency-Key was sent again with another body; nothing was stored."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"the Idempotency-Key {quoted(key)} was used for a different request: "
            "send the same body, or a new key"
        )


class InvalidDatasetError(DensearchError):
    """A data set is refused; nothing of it is kept.

    Attributes:
        entry: The file in it, array of it or field of the request that is wrong; "" for the whole.
        detail: What is wrong with it and what to do about it.
        faults: The entries and details of all faults that are named, this one first.
        n_faults: How many there are, named or not.
    """

    def __init__(
        self,
        entry: str,
        detail: str,
        others: Sequence[tuple[str, str]] = (),
        n_faults: int = 1,
    ) -> None:
        self.entry, self.detail = entry, detail
        self.faults = ((entry, detail), *others)
        self.n_faults = n_faults
        lines = [f"{where}: {what}" if where else what for where, what in self.faults]
        more = n_faults - len(self.faults)
        super().__init__("; ".join([*lines, f"and {more:,} more"] if more > 0 else lines))


class DatasetInUseError(DensearchError):
    """An unfinished job trains on this data set; the set was not deleted."""

    def __init__(self, dataset_id: int, job_ids: Sequence[int]) -> None:
        self.dataset_id, self.job_ids = dataset_id, tuple(job_ids)
        listed = ", ".join(map(str, job_ids))
        super().__init__(
            f"data set {dataset_id} is used by the unfinished jobs {listed}: "
            "wait for their end or cancel them"
        )


class ImportStoppedError(DensearchError):
    """A user has stopped an import by deleting it; nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__("the import was stopped; nothing was stored")


class ImportLostError(DensearchError):
    """The server ended before an import did; nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__(
            "the server ended before the import did; nothing was stored: send the data again"
        )


class StorageFullError(DensearchError):
    """The disk has no space for an upload; nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__(
            "there is no room left where data sets are stored: delete data sets that are no "
            "longer needed, or give the data directory a larger disk"
        )


class OtherVersionError(DensearchError):
    """Another version of the training code or its libraries started the job; it stays as it is."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(
            f"job {job_id} was begun by another version of densearch's training code, of torch, "
            "numpy or another library that results depend on: new results would not be "
            f"comparable with its earlier ones. Clone it (`densearch clone {job_id}`), or install "
            "the earlier versions; its results stay"
        )


class AskingFailedError(DensearchError):
    """A study's sampler failed to answer, or its answer cannot be used: its search ends here."""

    def __init__(self, sampler: str, reason: str) -> None:
        self.sampler, self.reason = sampler, reason
        super().__init__(f"the sampler {sampler} failed: {reason}")


class NoRoomError(DensearchError):
    """A disk has less free space than the operation needs; nothing was changed."""

    def __init__(self, place: str, free_bytes: int, needed_bytes: int, remedy: str) -> None:
        self.place, self.free_bytes, self.needed_bytes = place, free_bytes, needed_bytes
        super().__init__(
            f"{place} has {free_bytes:,} bytes free, {needed_bytes:,} are needed: {remedy}"
        )


class UnusableDirectoryError(DensearchError):
    """A required directory cannot be created or written; nothing was started."""

    def __init__(self, place: str, reason: str, remedy: str) -> None:
        self.place, self.reason = place, reason
        super().__init__(f"{place} cannot be written ({reason}): {remedy}")


class LeaseLostError(DensearchError):
    """Another dispatcher holds this job now; the dispatcher that receives this error stops."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id} is leased by another dispatcher")


class DeadlineError(DensearchError):
    """The deadline has passed; uncommitted changes were rolled back."""

    def __init__(self) -> None:
        super().__init__("it took too long: try again later")


class SchemaError(DensearchError):
    """The database's schema is not the one this version needs; `densearch db upgrade` mends it."""

    def __init__(self, found: str | None, needed: str) -> None:
        self.found, self.needed = found, needed
        super().__init__(
            f"the database is at revision {found or 'none'}, this version needs {needed}: "
            "run `densearch db upgrade`, with --data-dir if the directory is not the usual one"
        )


class DirectoryInUseError(DensearchError):
    """Another process works in the data directory; this one did not start."""

    def __init__(self, place: str, holder: str) -> None:
        self.place, self.holder = place, holder
        super().__init__(
            f"{place} is in use by {holder}: end that process first, or choose another directory "
            "with --data-dir (DENSEARCH_DATA_DIR)"
        )


class UnusableSchemaError(SchemaError):
    """No upgrade leads from this database to the schema that this version requires."""

    def __init__(self, found: str | None, needed: str, message: str) -> None:
        self.found, self.needed = found, needed
        DensearchError.__init__(self, message)


class NewerSchemaError(UnusableSchemaError):
    """This version does not know the database's revision. `backup` names an older copy."""

    def __init__(self, found: str, needed: str, backup: str | None) -> None:
        self.backup = backup
        restore = f"the backup {backup}" if backup else "a backup from before its upgrade"
        super().__init__(
            found,
            needed,
            f"the database was made by a newer version (revision {found}, this version knows up "
            f"to {needed}): install that version, or restore {restore}",
        )


class ForeignDatabaseError(UnusableSchemaError):
    """The database holds the tables of another program; nothing was changed."""

    def __init__(self, tables: Sequence[str], needed: str) -> None:
        self.tables = tuple(tables)
        listed = ", ".join(self.tables[:5]) + (", ..." if len(self.tables) > 5 else "")
        super().__init__(
            None,
            needed,
            f"the database belongs to another program (it holds the tables {listed}, and no "
            "revision of densearch): name an empty one with DENSEARCH_DATABASE_URL, or another "
            "directory with DENSEARCH_DATA_DIR",
        )


class UnclearRevisionError(UnusableSchemaError):
    """The table alembic_version has no row or several, so the schema is unknown."""

    def __init__(self, found: Sequence[str], needed: str) -> None:
        self.revisions = tuple(found)
        listed = f"several revisions ({', '.join(found)})" if found else "no revision"
        super().__init__(
            None,
            needed,
            f"the database's table alembic_version holds {listed} where it must hold one: "
            "restore a backup, or write the revision that the tables have into it",
        )


class UnreadableDatabaseError(DensearchError):
    """The file is not a SQLite database, or its content is damaged; nothing was changed."""

    def __init__(self, path: str, reason: str, backup: str | None) -> None:
        self.path, self.reason, self.backup = path, reason, backup
        restore = f"restore the backup {backup}" if backup else "restore a backup"
        super().__init__(
            f"{path} cannot be read as a database ({reason}): {restore}, or name another place "
            "with DENSEARCH_DATA_DIR or DENSEARCH_DATABASE_URL"
        )


class DatabaseBusyError(DensearchError):
    """Another process locked the database for too long; nothing was changed."""

    def __init__(self, waited_s: float) -> None:
        self.waited_s = waited_s
        super().__init__(
            f"another process has been writing to the database for {waited_s:.0f} s: end the "
            "servers and dispatchers that use it, or wait for the other upgrade, then try again"
        )


class MigrationError(DensearchError):
    """An upgrade or downgrade failed; it was rolled back completely."""

    def __init__(self, found: str | None, target: str, reason: str) -> None:
        self.found, self.target, self.reason = found, target, reason
        super().__init__(
            f"the database stays at revision {found or 'none'}, since the way to {target} failed "
            f"and was rolled back completely: {reason}"
        )


class UnreachableRevisionError(DensearchError):
    """The revision does not exist or lies in the other direction; nothing was changed."""

    def __init__(self, found: str | None, target: str, choices: Sequence[str]) -> None:
        self.found, self.target, self.choices = found, target, tuple(choices)
        listed = f"choose one of {', '.join(choices)}" if choices else "there is none to go to"
        super().__init__(
            f"revision {target} cannot be reached from {found or 'none'} this way: {listed}"
        )


class BackupError(DensearchError):
    """The copy before an upgrade or downgrade could not be made; nothing was changed."""

    def __init__(self, directory: str, reason: str) -> None:
        self.directory, self.reason = directory, reason
        super().__init__(
            f"the database was not changed, since no copy of it could be made in {directory} "
            f"first: {reason}; if you have a backup, use `densearch db upgrade --no-backup`"
        )


class WebhookAddressError(DensearchError):
    """A webhook's URL cannot be used: it is none, or leads to an address that is not public."""


class SettingsError(DensearchError):
    """A setting is unknown or unusable; the message names it and the remedy."""


class UnsafeBindingError(SettingsError):
    """The address is not loopback, and remote access was not allowed explicitly."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            f"refusing to listen on {host}: anyone who reaches it could submit jobs. Use "
            "127.0.0.1, or allow it with --allow-remote (DENSEARCH_ALLOW_REMOTE=1) and a token "
            "that others must have (DENSEARCH_TOKEN)"
        )


class NoTokenError(SettingsError):
    """Others may reach the server, there is no token, and that was not allowed explicitly."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            f"refusing to listen on {host} without a token: anyone who reaches it could submit "
            'jobs. Set one (export DENSEARCH_TOKEN="$(openssl rand -hex 24)"), or do without by '
            "--allow-no-token (DENSEARCH_ALLOW_NO_TOKEN=1) where something in front asks who is "
            "there"
        )
