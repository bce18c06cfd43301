"""`python -m workers.training.data.reader_process FD`: reads squares until the socket closes.

Only the training process holds the other end, so this process ends when that one ends in any way.
It imports no torch, keeps one set open and takes about 50 MB.
"""

from __future__ import annotations

import json
import signal
import sys
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from service.datasets.store.array_files import DamagedDatasetError
from workers.training.data.reading import Wanted, read

# First part of an answer: the shape of the squares follows, or a kind of error with its message.
SHAPE, DAMAGED, MEMORY, ERROR = "shape", "damaged", "memory", "error"


def main() -> None:
    """Answer until the training process closes the socket, or ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the training, which ends us
    link: Connection[Any, Any] = Connection(int(sys.argv[1]))
    with suppress(EOFError, ConnectionError):
        while True:
            _answer(link, Wanted(**json.loads(link.recv_bytes())))


def _answer(link: Connection[Any, Any], wanted: Wanted) -> None:
    try:
        squares = read(wanted)
    except DamagedDatasetError as error:
        _say(link, DAMAGED, str(error))
    except MemoryError:
        _say(link, MEMORY, "")
    except Exception as error:  # noqa: BLE001 - the training reports any error
        _say(link, ERROR, f"{type(error).__name__}: {error}")
    else:
        _say(link, SHAPE, squares.shape)
        link.send_bytes(squares.data.cast("B"))


def _say(link: Connection[Any, Any], kind: str, what: object) -> None:
    link.send_bytes(json.dumps([kind, what]).encode())


if __name__ == "__main__":
    main()
