"""What trainers outside ask or report and is refused."""

from __future__ import annotations

from service.errors import DensearchError


class NotExternalError(DensearchError):
    """The job's trials are trained by densearch's own workers: nobody outside can ask for them."""

    def __init__(self, job_id: int) -> None:
        self.job_id = job_id
        super().__init__(
            f"job {job_id} is trained by densearch's own workers: submit one whose task.kind is "
            "external to train with a program of your own"
        )


class UnknownTokenError(DensearchError):
    """The token belongs to no attempt at this trial, or the job was deleted."""

    def __init__(self, trial_id: int) -> None:
        self.trial_id = trial_id
        super().__init__(
            f"the token is of no attempt at trial {trial_id}, or its job was deleted: send the "
            "one that came with the trial when it was asked for, or ask for another trial"
        )


class OtherReportError(DensearchError):
    """Another value was reported for the same attempt before; nothing was changed."""

    def __init__(self, what: str, before: str) -> None:
        self.what, self.before = what, before
        super().__init__(f"{what} was reported before, and otherwise: {before}; that stays")


class EpochOrderError(DensearchError):
    """An epoch was reported before the one that comes first; nothing was changed."""

    def __init__(self, epoch: int, expected: int) -> None:
        self.epoch, self.expected = epoch, expected
        super().__init__(
            f"epoch {epoch} cannot be reported yet: epoch {expected} comes next, and each once"
        )
