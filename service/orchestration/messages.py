"""Messages between a run and the workers: assignments out, updates back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from service.death import Death
from service.item_losses import ItemLosses
from service.records import Json, TrialResult


class Ending(StrEnum):
    """How an attempt ended. ERROR: its code raised; it is retried `max_attempts` times in all.

    CRASHED: its worker or node died, possibly caused by the trial. LOST: the same, caused by Ray
    or its memory monitor. DISPLACED: the node or GPU failed the trial, since neighbours used up
    the GPU's memory or the node does not see the data directory. See
    `service.orchestration.deaths`.

    LAPSED: a trainer outside sent no heartbeat until its lease ended; this is never counted.
    PRUNED: it stopped itself after an epoch whose validation loss was above `stop_above`.
    AT_RUNG: it trained up to its `rung`; its trial goes on, or is stopped, once others are there.
    """

    COMPLETED = "completed"
    PRUNED = "pruned"
    AT_RUNG = "at_rung"
    DIVERGED = "diverged"
    CANCELLED = "cancelled"
    ERROR = "error"
    CRASHED = "crashed"
    LOST = "lost"
    DISPLACED = "displaced"
    LAPSED = "lapsed"


@dataclass(frozen=True, slots=True)
class Assignment:
    """An attempt to be placed on a worker.

    Attributes:
        payload: See `service.studies.payloads`.
        device: "cpu" or "cuda".
        keeps_weights: Whether the folded network's weights are wanted back.
        stop_above: The training is pruned after the first epoch e (from 1) whose
            validation loss is above `stop_above[e - 1]`; () never stops.
        rung: Epoch after which the attempt ends, before the training does; None for never.
        pack: Assignments of one step with the same number are for one worker.
        is_alone: Whether no other trial may run on its node meanwhile.
        keeps_end: Whether a longer training may continue from its end, which is kept for that.
    """

    attempt_id: int
    trial_id: int
    job_id: int
    digest: str
    payload: Json
    device: str
    keeps_weights: bool
    stop_above: tuple[float, ...] = ()
    rung: int | None = None
    pack: int = 0
    is_alone: bool = False
    keeps_end: bool = False


def packs_of(assignments: Sequence[Assignment]) -> list[list[Assignment]]:
    """Return the assignments of one step by the worker they are for, in their order."""
    packs: dict[int, list[Assignment]] = {}
    for assignment in assignments:
        packs.setdefault(assignment.pack, []).append(assignment)
    return list(packs.values())


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics of an attempt after an epoch (from 1), `elapsed_s` seconds after its start."""

    attempt_id: int
    trial_id: int
    epoch: int
    metrics: Json
    elapsed_s: float


@dataclass(frozen=True, slots=True)
class Ended(TrialResult):
    """The end of an attempt; `value` is finite when it is COMPLETED or PRUNED, None otherwise.

    Attributes:
        curve: Of the epochs that were run; () where nothing is trained.
        weights: Path of the stored weights relative to the data directory, its size in bytes and
            its SHA-256, where they were wanted.
        worker: Name of the worker, for people.
        death: How the worker died, where it did.
        device: Kind of device that it trained on, None where nothing was trained to an end.
        items: The losses of the items of the test split, where that was judged.
        sheet: What the network makes of a few test samples, see `service.sample_sheets`; where
            there are weights.
        stored_sheet: The sheet's file as in `weights`, once it is stored.
    """

    attempt_id: int
    trial_id: int
    ending: Ending
    value: float | None = None
    curve: tuple[float, ...] = field(default=(), kw_only=True)
    error: str | None = None
    weights: tuple[str, int, str] | None = None
    worker: str | None = None
    device: str | None = None
    death: Death | None = None
    items: ItemLosses | None = None
    sheet: bytes | None = None
    stored_sheet: tuple[str, int, str] | None = None


Update = Measured | Ended
