"""Checkpoint files: read back as written, and refused by name when they are something else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from workers.training.checkpoint import Checkpoint, MisfitError, TrainingProgress
from workers.training.checkpoint_file import StoredCheckpoint, write

PROGRESS = TrainingProgress(
    measurements=[({"val_loss": 0.25}, 1.5)], is_thorough=False, n_steps=9, n_batches=2,
    first_loss=None, total=0.1, n_samples=64, training_s=1.25, elapsed_s=2.5,
)  # fmt: skip
TENSORS = {
    "weights": torch.arange(6, dtype=torch.float32).view(2, 3),
    "halves": torch.tensor([0.5], dtype=torch.bfloat16),
    "state": torch.tensor([1, 255], dtype=torch.uint8),
    "count": torch.tensor(3, dtype=torch.int64),
    "none": torch.zeros(0),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "a.safetensors"
    write(found, Checkpoint(PROGRESS, TENSORS), {"trial": 7})
    return found


def test_it_is_read_back_in_every_bit(path: Path) -> None:
    stored = StoredCheckpoint(path)
    assert stored.about == {"trial": 7}
    assert stored.progress == PROGRESS
    specs = {name: (tuple(own.shape), own.dtype) for name, own in TENSORS.items()}
    assert stored.tensor_specs == specs
    found = stored.read().tensors
    assert found.keys() == TENSORS.keys()
    assert all(torch.equal(found[name], own) for name, own in TENSORS.items())


def test_nobody_else_may_read_it_and_no_part_is_left(path: Path) -> None:
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_write_that_fails_leaves_the_one_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    before = path.read_bytes()
    monkeypatch.setattr("workers.training.checkpoint_file.sync", full)
    with pytest.raises(OSError, match="No space"):
        write(path, Checkpoint(PROGRESS, {}), {})
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_one_that_was_opened_is_read_although_it_is_replaced(path: Path) -> None:
    stored = StoredCheckpoint(path)
    write(path, Checkpoint(PROGRESS, {}), {})
    assert stored.read().tensors.keys() == TENSORS.keys()
    assert StoredCheckpoint(path).read().tensors == {}


def test_one_that_is_cut_off_or_changed_is_refused(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    with pytest.raises(MisfitError, match="cut off or damaged"):
        StoredCheckpoint(path)
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    stored = StoredCheckpoint(path)  # its header is whole
    with pytest.raises(MisfitError, match="its tensors do not have the digest"):
        stored.read()


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({}, "does not say where the training was"),
        ({"progress": "{"}, "its metadata are no JSON"),
        ({"progress": "[" * 100_000}, "its metadata are no JSON"),
        ({"progress": json.dumps({**vars(PROGRESS), "n_steps": -1})}, "where the training was"),
        ({"progress": json.dumps({**vars(PROGRESS), "measurements": [[{}, 1.0]]})}, "where the"),
    ],
)
def test_metadata_that_say_something_else_are_refused(
    path: Path, metadata: dict[str, Any], reason: str
) -> None:
    save_file(load_file(path), path, metadata)
    with pytest.raises(MisfitError, match=reason):
        StoredCheckpoint(path)


def test_what_is_no_file_is_refused(path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        StoredCheckpoint(path.parent / "absent.safetensors")
    with pytest.raises(MisfitError, match="is no file"):
        StoredCheckpoint(path.parent)
    link = path.parent / "link.safetensors"
    link.symlink_to(path)
    with pytest.raises(MisfitError, match="is no file"):
        StoredCheckpoint(link)
