"""The store of a training's checkpoints: found again by a like training alone; trouble is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from workers.training import checkpoint_store
from workers.training.checkpoint import Checkpoint, TrainingProgress
from workers.training.checkpoint_store import CheckpointStore

CHECKPOINT = Checkpoint(
    TrainingProgress([({"val_loss": 1.0}, 1.0)], False, 3, 0, 1.0, 0.0, 0, 1.0, 1.0),  # noqa: FBT003
    {"weights": torch.ones(8)},
)


class Stores:
    """Makes stores in one folder, and keeps what they say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.warned: list[str] = []

    def __call__(self, digest: str = "a" * 64, **changes: Any) -> CheckpointStore:
        given = {"every_s": 0.0, "most_bytes": 10**6, "owner": {"trial_id": 5}, **changes}
        return CheckpointStore(self.folder, digest, "cpu", warn=self.warned.append, **given)


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(tmp_path)


def saved(store: CheckpointStore, precision: str = "float32") -> None:
    store.save(lambda: CHECKPOINT, precision)


def test_it_is_found_by_a_training_of_the_same_course(stores: Stores) -> None:
    assert stores().find("float32") is None
    saved(stores())
    found = stores().find("float32")
    assert found is not None
    assert found.progress == CHECKPOINT.progress
    assert found.about["trial_id"] == 5
    assert stores("b" * 64).find("float32") is None
    assert stores.warned == []


def test_one_of_another_precision_or_version_is_not_continued(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved(stores())
    assert stores().find("bfloat16") is None
    monkeypatch.setattr(checkpoint_store, "versions", lambda: {"torch": "1.0"})
    assert stores().find("float32") is None
    assert stores.warned == [
        f"the checkpoint {'a' * 16} is of another {name}: the training starts at its beginning"
        for name in ("precision", "versions")
    ]


def test_one_that_is_damaged_is_not_continued(stores: Stores) -> None:
    saved(stores())
    (path,) = stores.folder.glob("*.safetensors")
    path.write_bytes(b"nothing")
    assert stores().find("float32") is None
    assert "is cut off or damaged" in stores.warned[0]


def test_what_does_not_fit_is_said_once_and_again_after_it_had_worked(stores: Stores) -> None:
    store = stores()

    def fails() -> Checkpoint:
        raise MemoryError("no room")

    for _ in range(2):
        store.save(fails, "float32")
    saved(store)
    store.save(fails, "float32")
    assert stores.warned == ["no checkpoint could be kept: MemoryError: no room"] * 2
    assert stores().find("float32") is not None


def test_no_more_is_written_than_the_folder_may_hold(stores: Stores) -> None:
    saved(stores(most_bytes=8))
    assert stores().find("float32") is None
    (warning,) = stores.warned
    assert warning.startswith("no checkpoint could be kept: ")


class Clock:
    """Stands still unless it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


def test_the_pause_after_a_slow_write_is_so_many_times_as_long(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(checkpoint_store, "time", clock)

    def slow() -> Checkpoint:
        clock.now += 2.0
        return CHECKPOINT

    store, due = stores(every_s=10.0), []
    for wait_s in (0.0, 10.0):
        clock.now += wait_s
        due.append(store.is_due)
    store.save(slow, "float32")
    for wait_s in (checkpoint_store.REST * 2.0 - 1.0, 1.0):
        clock.now += wait_s
        due.append(store.is_due)
    assert due == [False, True, False, True]
