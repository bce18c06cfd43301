"""The one tree of domain errors. Status codes belong to the API (api/problems.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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


class InvalidSpecError(DensearchError):
    """A job's spec is refused; nothing was stored. `faults` names every field at once."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.pointer or '/'}: {f.detail}" for f in self.faults))


class UnknownSamplerError(DensearchError):
    """No sampler has this name; the message lists those that exist."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        self.name, self.known = name, tuple(known)
        super().__init__(f"unknown sampler {name!r}: choose one of {', '.join(known)}")


class NotFoundError(DensearchError):
    """What was asked for does not exist. `kind` is job, study, trial and the like."""

    def __init__(self, kind: str, key: int | str) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"there is no {kind} {key}")


class IllegalTransitionError(DensearchError):
    """The thing's state does not allow this; nothing was changed."""

    def __init__(self, kind: str, old: str, new: str) -> None:
        self.kind, self.old, self.new = kind, old, new
        super().__init__(f"a {kind} that is {old} cannot become {new}")


class NothingToRetryError(DensearchError):
    """None of the job's trials has failed; nothing was changed."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(f"no trial of job {job_id} has failed: there is nothing to try again")


class IdempotencyConflictError(DensearchError):
    """An Idempotency-Key came back with another body; nothing was stored."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(
            f"the Idempotency-Key {key!r} was used for a different request: "
            "send the same body, or a new key"
        )


class InvalidDatasetError(DensearchError):
    """A data set is refused; nothing of it is kept.

    Attributes:
        entry: The file in it, array of it or field of the request that is wrong; "" for the whole.
        detail: What is wrong with it and what to do about it.
    """

    def __init__(self, entry: str, detail: str) -> None:
        self.entry, self.detail = entry, detail
        super().__init__(f"{entry}: {detail}" if entry else detail)


class DatasetInUseError(DensearchError):
    """A job that has not ended is trained on this data set; it was not deleted."""

    def __init__(self, dataset_id: int, job_ids: Sequence[int]) -> None:
        self.dataset_id, self.job_ids = dataset_id, tuple(job_ids)
        listed = ", ".join(map(str, job_ids))
        super().__init__(
            f"data set {dataset_id} is used by the unfinished jobs {listed}: "
            "wait for their end or cancel them"
        )


class StorageFullError(DensearchError):
    """The disk has no room for what was sent; nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__(
            "there is no room left where data sets are stored: delete data sets that are no "
            "longer needed, or give the data directory a larger disk"
        )


class LeaseLostError(DensearchError):
    """Another dispatcher holds this job now; whoever sees this stops working on it."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id} is leased by another dispatcher")


class DeadlineError(DensearchError):
    """The time for this work is over; what it did not commit is not done."""

    def __init__(self) -> None:
        super().__init__("it took too long: try again later")


class SchemaError(DensearchError):
    """The database's schema is not the one this version needs; `densearch db upgrade` mends it."""

    def __init__(self, found: str | None, needed: str) -> None:
        self.found, self.needed = found, needed
        super().__init__(
            f"the database is at revision {found or 'none'}, this version needs {needed}: "
            "run `densearch db upgrade`"
        )


class DirectoryInUseError(DensearchError):
    """Another process works in the data directory; this one did not start."""

    def __init__(self, place: str, holder: str) -> None:
        self.place, self.holder = place, holder
        super().__init__(
            f"{place} is in use by {holder}: end that process first, or choose another directory "
            "with --data-dir (DENSEARCH_DATA_DIR)"
        )


class SettingsError(DensearchError):
    """A setting is unknown or unusable; the message names it and the remedy."""


class UnsafeBindingError(SettingsError):
    """Binding beyond loopback was not asked for by name."""

    def __init__(self, host: str) -> None:
        self.host = host
        super().__init__(
            f"refusing to listen on {host}: whoever reaches it could submit jobs. Use 127.0.0.1, "
            "or allow it by name with --allow-remote (DENSEARCH_ALLOW_REMOTE=1)"
        )
