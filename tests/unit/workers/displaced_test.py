"""Trainings that their place fails: neighbours on a GPU, a node without the data directory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from service.orchestration.messages import Assignment, Ended, Ending
from tests.support.trainings import SGD
from workers.gpu_share import GpuShare
from workers.training import loop, packs
from workers.training.data.reading import ReaderLostError
from workers.training.task import Candidate
from workers.worker import Worker

PAYLOAD: dict[str, Any] = {
    "task": {"kind": "classification", "dataset": "digits"},
    "network": {"kind": "small_cnn", "depth": 1, "width": 8, "kernel_size": 3},
    "training": {"batch_size": 8, "epochs": 1},
    "phi": None,
    "seed": 0,
    "split": "validation",
}


def assignment(number: int = 1, device: str = "cuda", **changes: Any) -> Assignment:
    payload = PAYLOAD | changes
    return Assignment(number, 10 + number, 1, "digest", payload, device, keeps_weights=False)


def ends(worker: Worker, assignments: Sequence[Assignment]) -> list[Ended]:
    return [message[0] for message in worker.run(assignments) if isinstance(message, tuple)]


@pytest.fixture
def full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every training find the GPU full."""

    no_room = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

    def train(*_: object, **__: object) -> Iterator[object]:
        yield from ()
        raise no_room

    def train_pack(candidates: Sequence[Candidate]) -> Iterator[tuple[int, Exception]]:
        for index in range(len(candidates)):
            yield index, no_room

    monkeypatch.setattr(loop, "train", train)
    monkeypatch.setattr(packs, "train_pack", train_pack)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize(("share", "ending"), [(0.5, Ending.DISPLACED), (1.0, Ending.ERROR)])
def test_an_out_of_memory_beside_others_is_no_verdict(share: float, ending: Ending) -> None:
    """Alone on a GPU (none is here, so no other process is seen on it) it is the trial's own."""
    (ended,) = ends(Worker(gpu_share=share), [assignment()])
    assert ended.ending is ending
    assert ended.value is None
    assert "CUDA out of memory" in str(ended.error)


@pytest.mark.usefixtures("full")
def test_a_foreign_process_on_a_whole_gpu_may_be_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GpuShare, "is_crowded", lambda _: True)
    (ended,) = ends(Worker(gpu_share=1.0), [assignment()])
    assert ended.ending is Ending.DISPLACED


@pytest.mark.usefixtures("full")
def test_each_of_a_pack_is_displaced() -> None:
    pack = [assignment(number, packed=True) for number in (1, 2)]
    assert [e.ending for e in ends(Worker(gpu_share=0.5), pack)] == [Ending.DISPLACED] * 2


@pytest.mark.usefixtures("full")
def test_memory_of_the_host_is_nobody_elses() -> None:
    """Its limit is the worker's own, and the same wherever it runs."""
    (ended,) = ends(Worker(gpu_share=0.5), [assignment(device="cpu")])
    assert ended.ending is Ending.ERROR


def test_another_error_on_a_shared_gpu_is_the_trials() -> None:
    wrong = replace(assignment(), payload=PAYLOAD | {"network": {"kind": "nothing"}})
    (ended,) = ends(Worker(gpu_share=0.5), [wrong])
    assert ended.ending is Ending.ERROR


def test_a_node_without_the_data_directory_is_named_and_is_no_verdict(tmp_path: Path) -> None:
    task = {"kind": "classification", "dataset": f"stored:{'0' * 64}"}
    training = {**SGD, "epochs": 1}
    (ended,) = ends(
        Worker(str(tmp_path)), [assignment(device="cpu", task=task, training=training)]
    )
    assert ended.ending is Ending.DISPLACED
    assert ended.error is not None
    reason = ended.error.partition("\n")[0]
    assert str(tmp_path) in reason
    assert "is not shared with this machine (mount it there" in reason


def test_readers_that_die_are_the_places_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    def train(*_: object, **__: object) -> Iterator[object]:
        yield from ()
        raise ReaderLostError("a process that reads images has died 3 times")

    monkeypatch.setattr(loop, "train", train)
    (ended,) = ends(Worker(), [assignment(device="cpu")])
    assert ended.ending is Ending.DISPLACED
    assert "died 3 times" in str(ended.error)
