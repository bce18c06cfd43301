"""`python -m workers.asking.process FD BYTES NICE`: holds samplers and answers asks.

It reads from the dispatcher's socket in a thread, so that it ends with the dispatcher even while a
sampler is computing.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from densearch.sampler import Entry, Sampler
from service.extensions import loading
from workers.asking.ask import Answer, Asked, Question
from workers.resident import peak_resident_bytes

READY, ANSWERED, RAISED, OUT_OF_MEMORY = "ready", "answered", "raised", "out of memory"

# Exit code of a process that had no memory left: no library ends it with this one.
MEMORY_CODE = 86


class Held:
    """A sampler and its copy of the log."""

    def __init__(self, asked: Asked) -> None:
        self.sampler: Sampler = loading.make(asked.path, asked.study)
        self.log: list[Entry] = []

    def take(self, entries: dict[int, Any]) -> None:
        """Put entries at their indices in the log; new ones come in order."""
        for index, entry in entries.items():
            if index == len(self.log):
                self.log.append(Entry(*entry))
            else:
                self.log[index] = Entry(*entry)

    def answer(self, question: Question) -> Answer:
        """Return the sampler's answer.

        Raises:
            TypeError: It answers None, which would read as an answer that is pending.
        """
        if question.kind == "speculate":
            return tuple(self.sampler.speculate(self.log, question.n_free))
        answer: Answer | None = self.sampler.plan(self.log)
        if answer is None:
            raise TypeError("it answers None, which is no plan")
        return answer


def main() -> None:
    """Answer until the dispatcher closes the socket, or memory runs out."""
    fd, n_bytes, niceness = map(int, sys.argv[1:4])
    _restrict(n_bytes, niceness)
    link: Connection[Any, Any] = Connection(fd)
    inbox: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_read, args=(link, inbox), daemon=True).start()
    samplers: dict[int, Held] = {}
    link.send((READY, None))
    while True:
        question = inbox.get()
        chunks = [inbox.get() for _ in range(question.n_chunks)]
        try:
            link.send((ANSWERED, (_answer(samplers, question, chunks), peak_resident_bytes())))
        except MemoryError:
            link.send((OUT_OF_MEMORY, None))
            os._exit(MEMORY_CODE)  # partly built state is unreliable
        except Exception as error:  # noqa: BLE001 - the dispatcher handles any error of a library
            link.send((RAISED, f"{type(error).__name__}: {error}"))


def _restrict(n_bytes: int, niceness: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the dispatcher, which ends us
    os.nice(max(0, niceness - os.nice(0)))
    if n_bytes:
        resource.setrlimit(resource.RLIMIT_DATA, (n_bytes, n_bytes))


def _read(link: Connection[Any, Any], inbox: SimpleQueue[Any]) -> None:
    while True:
        try:
            inbox.put(link.recv())
        except (EOFError, OSError):
            os._exit(0)
        except MemoryError:
            os._exit(MEMORY_CODE)


def _answer(samplers: dict[int, Held], question: Question, chunks: list[Any]) -> Answer:
    for key in question.forget:
        samplers.pop(key, None)
    if question.asked.key not in samplers:
        samplers[question.asked.key] = Held(question.asked)
    held = samplers[question.asked.key]
    for chunk in chunks:
        held.take(chunk)
    return held.answer(question)


if __name__ == "__main__":
    main()
