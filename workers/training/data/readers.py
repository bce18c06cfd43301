"""Processes that read squares of images for a training; their number does not affect results.

They are spawned, not forked: a fork of a process with torch's threads may hang. They are reused by
the next training, and end with the process that trains.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import weakref
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict
from functools import lru_cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from threading import Barrier
from typing import Any

import numpy as np

from service.datasets.store.array_files import DamagedDatasetError
from service.death import ending_of
from workers.memory_limit import lifted
from workers.training.data.reader_process import DAMAGED, MEMORY, SHAPE
from workers.training.data.reading import ReaderLostError, Squares, Wanted, read

# Attempts at one request: a reader that dies is replaced.
TRIES = 3
MODULE = "workers.training.data.reader_process"
_ROOT = Path(__file__).parents[3]
# The environment of processes that decode images, which may be hostile.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR")

_numbers = {"readers": 0}


def use_readers(n: int) -> None:
    """Set how many processes read for this process's trainings; with 0 it reads itself."""
    _numbers["readers"] = n


def read_all(wanted: Iterator[Wanted]) -> Iterator[Squares]:
    """Yield the wanted squares in order; processes read ahead.

    Raises:
        DamagedDatasetError: See `workers.training.data.reading.read`.
        ReaderLostError: Readers died, one after another.
    """
    n = _numbers["readers"]
    return shared_readers(n).read_all(wanted) if n > 0 else map(read, wanted)


@lru_cache(maxsize=1)
def shared_readers(n: int) -> Readers:
    """Return this process's readers, which its trainings share."""
    return Readers(n)


class Readers:
    """Some processes, each served by a thread."""

    def __init__(self, n: int) -> None:
        """Take their number; a process starts when it is needed."""
        self._n_ahead = 2 * n + 1
        self._idle: SimpleQueue[_Reader] = SimpleQueue()
        self._all = [_Reader() for _ in range(n)]
        for reader in self._all:
            self._idle.put(reader)
        self._threads = ThreadPoolExecutor(n, thread_name_prefix="reader")
        all_have_started = Barrier(n)
        with lifted():
            wait([self._threads.submit(all_have_started.wait) for _ in range(n)])

    def read_all(self, wanted: Iterator[Wanted]) -> Iterator[Squares]:
        """See the function of this name."""
        ahead: deque[Future[Squares]] = deque()
        try:
            for one in wanted:
                ahead.append(self._threads.submit(self._read, one))
                if len(ahead) > self._n_ahead:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            for left in ahead:
                left.cancel()

    def pids(self) -> list[int]:
        """Return the ids of the processes that run."""
        return [reader.pid for reader in self._all if reader.pid is not None]

    def close(self) -> None:
        """End the processes."""
        self._threads.shutdown(cancel_futures=True)
        for reader in self._all:
            reader.close()

    def _read(self, wanted: Wanted) -> Squares:
        reader = self._idle.get()
        try:
            return reader.read(wanted)
        finally:
            self._idle.put(reader)


class _Reader:
    """A process that is started when it is asked, and again when it has died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._link: Connection[Any, Any] | None = None
        self._ending: weakref.finalize[..., _Reader] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def read(self, wanted: Wanted) -> Squares:
        question, cause = json.dumps(asdict(wanted)).encode(), ""
        for _ in range(TRIES):
            try:
                kind, what = self._answer(question)
            # Whatever fails here, also a message that is cut off, leaves a link of no use.
            except (EOFError, OSError) as error:
                cause = self.close() or str(error)
                continue
            except BaseException:
                self.close()
                raise
            if isinstance(what, np.ndarray):
                return what
            raise _error(kind, what)
        raise ReaderLostError(
            f"a process that reads images has died {TRIES} times at the same ones ({cause}), "
            "perhaps for lack of memory: give workers more of it, or lower DENSEARCH_READERS"
        )

    def _answer(self, question: bytes) -> tuple[str, Any]:
        link = self._open()
        link.send_bytes(question)
        kind, what = json.loads(link.recv_bytes())
        if kind != SHAPE:
            return kind, what
        squares = np.empty(what, dtype=np.uint8)
        link.recv_bytes_into(squares.data.cast("B"))
        return kind, squares

    def close(self) -> str:
        """End the process; return how it ended, "" if none was started."""
        process = self._process
        if self._ending is not None:
            self._ending()
        self._process = self._link = self._ending = None
        if process is None:
            return ""
        return f"the last one {ending_of(process.returncode)}"

    def _open(self) -> Connection[Any, Any]:
        if self._link is not None:
            return self._link
        ours, theirs = Pipe()
        with theirs:
            environment = {n: os.environ[n] for n in _PASSED_ON if n in os.environ}
            self._process = subprocess.Popen(  # noqa: S603 - this very interpreter
                # -P: what lies in the working directory takes no module's place.
                [sys.executable, "-P", "-m", MODULE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=environment
                | {"PYTHONPATH": os.pathsep.join([str(_ROOT), *filter(None, sys.path)])},
            )
        self._link = ours
        self._ending = weakref.finalize(self, _end, self._process, ours)
        return ours


def _end(process: subprocess.Popen[bytes], link: Connection[Any, Any]) -> None:
    link.close()
    # It ends by itself unless it is decoding; one that has died keeps its own exit code.
    process.kill()
    process.wait()


def _error(kind: str, what: str) -> Exception:
    if kind == DAMAGED:
        return DamagedDatasetError(what)
    if kind == MEMORY:
        return MemoryError("a process that reads images")
    return RuntimeError(f"a process that reads images failed: {what}")
