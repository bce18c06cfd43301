"""Reader processes change no bit, are replaced when they die, and end with the training."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from service.datasets.store.array_files import DamagedDatasetError
from service.datasets.store.reader import folder_of
from tests.support.interrupted import (
    facts,
    undisturbed,
)
from tests.support.stored_images import store_damaged
from tests.support.trainings import run, task
from workers.training.data import readers, reading
from workers.training.data.readers import use_readers
from workers.training.data.reading import ReaderLostError
from workers.training.data.registry import labelled_dataset
from workers.training.data.stored import PREFIX
from workers.training.generators import generator
from workers.training.loop import train
from workers.training.task import TrainingTask

CPU = torch.device("cpu")


@pytest.fixture
def two_readers() -> Iterator[None]:
    use_readers(2)
    yield
    use_readers(0)
    readers.shared_readers(2).close()
    readers.shared_readers.cache_clear()


@pytest.mark.usefixtures("two_readers")
def test_reader_processes_change_no_bit(
    training: TrainingTask,
    name: str,
    data_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)  # nothing there takes a module's place
    found = facts(list(train(training)))
    pids = readers.shared_readers(2).pids()
    assert len(pids) == 2
    # One that dies in the middle is replaced.
    batches = iter(epoch_of(name, data_dir))
    first = next(batches)
    os.kill(pids[0], signal.SIGKILL)
    drawn = [first, *batches]
    assert readers.shared_readers(2).pids() != pids
    name_of_damaged = store_damaged(tmp_path, "changed")
    section = {"kind": "classification", "dataset": name_of_damaged, "size_px": 16}
    of = task(section, training={"epochs": 1}, phi=None, data_dir=str(tmp_path))
    with pytest.raises(DamagedDatasetError, match="its bytes have changed"):
        run(of)
    use_readers(0)
    assert found == undisturbed(training)
    for ours, theirs in zip(drawn, epoch_of(name, data_dir), strict=True):
        assert torch.equal(ours[0], theirs[0])


def epoch_of(name: str, data_dir: Path) -> Iterator[tuple[Tensor, Tensor]]:
    data = labelled_dataset("classification", name, CPU, str(data_dir), 16)
    return data.splits["train"].epoch(2, generator(5), flips=True)


def test_readers_that_die_again_and_again_end_the_training_with_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(readers, "MODULE", "workers.training.data.no_such_module")
    pool = readers.Readers(1)
    wanted = reading.Wanted("/nowhere", 8, [0])
    with pytest.raises(ReaderLostError, match=r"died 3 times .*exit code 1.*DENSEARCH_READERS"):
        list(pool.read_all(iter([wanted])))
    pool.close()


def test_readers_end_with_the_process_that_trains(name: str, data_dir: Path) -> None:
    folder = folder_of(data_dir, name.removeprefix(PREFIX))
    code = (
        "import sys, time\n"
        "from workers.training.data import readers\n"
        "from workers.training.data.reading import Wanted\n"
        "pool = readers.Readers(2)\n"
        f"wanted = (Wanted({str(folder)!r}, 8, [n % 40]) for n in range(10**6))\n"
        "for n, _ in enumerate(pool.read_all(wanted)):\n"
        "    if n == 4:\n"
        "        print(*pool.pids(), flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        process.kill()
    assert len(pids) == 2
    deadline = time.monotonic() + 60
    while any(is_alive(pid) for pid in pids):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.fixture
def one_reader() -> Iterator[readers.Readers]:
    pool = readers.Readers(1)
    yield pool
    pool.close()


def many(name: str, data_dir: Path) -> reading.Wanted:
    """Want more bytes than a socket holds: who sends them waits for who reads them."""
    folder = folder_of(data_dir, name.removeprefix(PREFIX))
    return reading.Wanted(str(folder), 256, list(range(8)))


def until_it_waits(pid: int) -> None:
    """Wait until a reader sleeps: it cannot send all that it has."""
    deadline = time.monotonic() + 60
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_reader_that_dies_while_it_sends_is_replaced(
    name: str, data_dir: Path, one_reader: readers.Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = many(name, data_dir)
    killed: list[int] = []

    def killing(*args: Any, **kwargs: Any) -> NDArray[Any]:
        if not killed:  # it has said the squares' shape, and is to have sent a part of them
            killed.extend(one_reader.pids())
            until_it_waits(killed[0])
            os.kill(killed[0], signal.SIGKILL)
            os.waitid(os.P_PID, killed[0], os.WEXITED | os.WNOWAIT)
        return np.zeros(*args, **kwargs)

    monkeypatch.setattr(readers.np, "empty", killing)  # type: ignore[attr-defined]
    (found,) = one_reader.read_all(iter([wanted]))
    monkeypatch.undo()
    assert killed
    np.testing.assert_array_equal(found, reading.read(wanted))


def test_a_reader_answers_what_it_is_asked_after_a_lack_of_memory(
    name: str, data_dir: Path, one_reader: readers.Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = many(name, data_dir)

    def none_left(*_: Any, **__: Any) -> NDArray[Any]:
        raise MemoryError

    monkeypatch.setattr(readers.np, "empty", none_left)  # type: ignore[attr-defined]
    with pytest.raises(MemoryError):
        list(one_reader.read_all(iter([wanted])))
    monkeypatch.undo()
    (found,) = one_reader.read_all(iter([wanted]))
    np.testing.assert_array_equal(found, reading.read(wanted))


def test_a_reader_that_cannot_be_started_is_said(
    one_reader: readers.Readers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers.sys, "executable", "/nowhere/python")  # type: ignore[attr-defined]
    with pytest.raises(ReaderLostError, match=r"No such file .*DENSEARCH_READERS"):
        list(one_reader.read_all(iter([reading.Wanted("/nowhere", 8, [0])])))
