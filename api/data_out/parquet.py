"""A table as Parquet, written by a process of its own while its rows are read."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from itertools import chain
from typing import IO

import structlog

from api.data_out import END
from api.data_out.flat_table import Batch, FlatColumn, FlatTable
from api.downloads import CHUNK_BYTES
from api.problems.handlers import ProblemError
from api.short_process import environment
from api.turns import Turns
from service.storage.columns import array_of

MODULE = "api.data_out.parquet_process"
WAIT_S = 10.0
_INSTEAD = "format=csv and format=ndjson need no process of their own"
# Each takes a core and 100 MB.
_TURNS = Turns(4, "export-failed", f"other files are being made; {_INSTEAD}")

log = structlog.get_logger("api.data_out")


def bytes_of(table: FlatTable, metadata: Mapping[str, str]) -> Iterator[bytes]:
    """Return the parts of the file; its process runs once this returns.

    Args:
        table: Its columns and rows.
        metadata: Stored in the file's schema.

    Raises:
        ProblemError: The process could not be started, or others take all turns.
    """
    parts = _parts(table, metadata)
    # Begun here: dropping a generator that never began would leave its process and its turn taken.
    return chain([next(parts)], parts)


def _parts(table: FlatTable, metadata: Mapping[str, str]) -> Iterator[bytes]:
    """Yield the parts of the file; the process ends with the generator, however that ends."""
    with _TURNS.taken(WAIT_S), _ending(_started()) as process:
        threading.Thread(target=_feed, args=(process, table, metadata), daemon=True).start()
        part = _read(process)
        if not part:
            raise ProblemError("export-failed", f"its process ended at once; {_INSTEAD}")
        while part:
            yield part
            part = _read(process)
        if process.wait() != 0:
            # The answer has begun: it is cut off, which its reader sees.
            raise OSError(f"the process that writes Parquet ended with {process.returncode}")


def _started() -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )
    except OSError as error:
        detail = f"no process could be started ({error}); {_INSTEAD}"
        raise ProblemError("export-failed", detail) from error


@contextmanager
def _ending(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """End a process after the block, if it has not ended."""
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        _pipe(process.stdout).close()


def _feed(process: subprocess.Popen[bytes], table: FlatTable, metadata: Mapping[str, str]) -> None:
    """Write a table to a process; where reading it fails, its end is missing."""
    # The reader may go away, and end the process.
    with suppress(BrokenPipeError), _pipe(process.stdin) as file:
        try:
            columns = [[column.name, column.kind] for column in table.columns]
            file.write(f"{_json({'columns': columns, 'metadata': dict(metadata)})}\n".encode())
            for batch in table.batches:
                file.write(_line(batch, table.columns))
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - of the database; the file is cut off
            log.warning("a file of trials could not be read to its end", error=repr(error))
            return
        file.write(END)


def _line(batch: Batch, columns: Sequence[FlatColumn]) -> bytes:
    given = (
        array_of(values) if column.kind == "floats" else _json(values)
        for values, column in zip(batch, columns, strict=True)
    )
    return f"[{','.join(given)}]\n".encode()


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def _read(process: subprocess.Popen[bytes]) -> bytes:
    return _pipe(process.stdout).read1(CHUNK_BYTES)  # type: ignore[attr-defined, no-any-return]


def _pipe(file: IO[bytes] | None) -> IO[bytes]:
    if file is None:
        raise RuntimeError("the process was started with pipes")
    return file
