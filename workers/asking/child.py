"""The dispatcher's handle of a process that answers asks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from typing import Any

from densearch.sampler import Entry
from service.death import ending_of
from service.redaction import secret_names
from service.settings import PREFIX
from workers.asking.ask import Answer, Ask, Question, Sent, sent
from workers.asking.process import ANSWERED, MEMORY_CODE, OUT_OF_MEMORY

# Entries in one message: pickling a whole log at once would delay the dispatcher's loop.
CHUNK = 500
# Samplers that a process holds; the least recently asked one is dropped first.
MOST_HELD = 8
# A process that has used more ends after its ask, so that idle processes hold little memory.
MOST_KEPT_BYTES = 2**30
# As for Ray's workers: the API and the dispatcher have priority, no sampler starves a training.
NICENESS = 15
START_S = 120.0


class AskEndedError(Exception):
    """An ask ended without an answer; the message states the cause."""


@dataclass(frozen=True, slots=True)
class AskLimits:
    """Limits of one ask.

    Attributes:
        time_s: Seconds.
        memory_bytes: Of the process, its libraries included; 0 for no limit.
    """

    time_s: float
    memory_bytes: int


class Child:
    """Starts a process at the first ask, and another after one has ended.

    Thread safety: one thread asks; any may `kill`.
    """

    def __init__(self, limits: AskLimits) -> None:
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._link: Connection[Any, Any] | None = None
        self._is_spent = False
        self._is_late = False
        self._held: dict[int, list[Entry]] = {}

    @property
    def pid(self) -> int | None:
        """The process's id, None while there is none."""
        return self._process.pid if self._process is not None else None

    def holds(self, key: int) -> bool:
        """Whether it has a sampler already."""
        return key in self._held

    def kill(self) -> None:
        """End the process now, even during an ask; the next ask starts another."""
        self._is_spent = True
        process = self._process
        if process is not None:
            process.kill()

    def close(self) -> None:
        """End the idle process, and wait for its end."""
        self.kill()
        if self._process is not None:
            self._process.wait()
        if self._link is not None:
            self._link.close()
        self._process = self._link = None
        self._held.clear()

    def ask(self, ask: Ask) -> Answer:
        """Ask and wait.

        Raises:
            AskEndedError: The process died, a limit ended it, or the sampler raised.
        """
        link = self._open()
        if ask.is_cancelled:  # while the process was starting
            raise AskEndedError("it was cancelled")
        self._is_late = False
        timer = threading.Timer(self._limits.time_s, self._end_late)
        timer.start()
        try:
            for message in self._messages(ask):
                link.send(message)
            kind, value = link.recv()
        except (EOFError, OSError):
            raise AskEndedError(self._cause()) from None
        finally:
            timer.cancel()
            self._is_spent = self._is_spent or not self._has(ask)
        if kind != ANSWERED:
            self.kill()
            raise AskEndedError(self._out_of_memory if kind == OUT_OF_MEMORY else value)
        answer: Answer
        answer, peak_bytes = value
        # Its memory grows: a new process starts with an empty one.
        is_large = peak_bytes > MOST_KEPT_BYTES or 0 < self._limits.memory_bytes < 2 * peak_bytes
        self._is_spent = self._is_spent or is_large
        return answer

    def rest(self) -> None:
        """End the process after an ask if the next ask would replace it."""
        if self._is_spent:
            self.close()

    def _open(self) -> Connection[Any, Any]:
        is_alive = self._process is not None and self._process.poll() is None
        if self._link is None or self._is_spent or not is_alive:
            self.close()
            self._link = self._start()
        return self._link

    def _start(self) -> Connection[Any, Any]:
        self._is_spent = False
        ours, theirs = Pipe()
        fd = theirs.fileno()
        arguments = [str(n) for n in (fd, self._limits.memory_bytes, NICENESS)]
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                (sys.executable, "-P", "-m", "workers.asking.process", *arguments),
                env=_environment(),
                pass_fds=(fd,),
                stdin=subprocess.DEVNULL,
            )
        if not _is_ready(ours):
            ours.close()
            self.kill()  # it may hang while it loads
            raise AskEndedError("its process did not start")
        return ours

    def _messages(self, ask: Ask) -> Iterator[object]:
        """Yield the question, then the log entries that the process lacks, in chunks."""
        key, held = ask.asked.key, self._held.pop(ask.asked.key, [])
        forget = tuple(self._held)[: max(0, len(self._held) + 1 - MOST_HELD)]
        for old in forget:
            del self._held[old]
        lacking = [i for i in range(len(ask.log)) if i >= len(held) or held[i] is not ask.log[i]]
        chunks = [lacking[i : i + CHUNK] for i in range(0, len(lacking), CHUNK)]
        yield Question(ask.asked, ask.kind, ask.n_free, len(chunks), forget)
        for chunk in chunks:
            yield _entries(ask.log, chunk)
        self._held[key] = list(ask.log)

    def _has(self, ask: Ask) -> bool:
        """Whether an ask was sent as a whole."""
        return ask.asked.key in self._held

    def _end_late(self) -> None:
        self._is_late = True
        self.kill()

    def _cause(self) -> str:
        self._is_spent = True
        code = self._process.wait() if self._process is not None else 0
        if self._is_late:
            return f"it took more than {self._limits.time_s:g} s (DENSEARCH_ASK_S)"
        if code == MEMORY_CODE:
            return self._out_of_memory
        how = f"its process {ending_of(code)}"
        return how if code <= 0 else f"{how}; the sampler's library may have ended it, see the log"

    @property
    def _out_of_memory(self) -> str:
        gib = self._limits.memory_bytes / 2**30
        return f"it needed more than {gib:.3g} GiB of memory (DENSEARCH_ASK_MEMORY_BYTES)"


def _is_ready(link: Connection[Any, Any]) -> bool:
    try:
        return link.poll(START_S) and link.recv() is not None
    except (EOFError, OSError):
        return False


def _entries(log: Sequence[Entry], indices: Sequence[int]) -> dict[int, Sent]:
    return {index: sent(log[index]) for index in indices}


def _environment() -> dict[str, str]:
    """Return the environment without settings and secrets; one thread, for equal floats."""
    hidden = secret_names(os.environ)
    hidden |= {name for name in os.environ if name.upper().startswith(PREFIX)}
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return {**kept, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
