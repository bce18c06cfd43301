"""Keeps what a worker prints during attempts, see `service.jobs.attempt_logs`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from service import clock
from service.jobs.attempt_logs import FOLDER, MOST_BYTES, path_of
from service.orchestration.messages import Assignment


class _Tee:
    """A stream that passes on what is written, and has it kept."""

    def __init__(self, stream: TextIO, files: Sequence[_LogFile]) -> None:
        self._stream, self._files = stream, files

    def write(self, text: str) -> int:
        for file in self._files:
            file.write(text)
        return self._stream.write(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


class _LogFile:
    """The file of one attempt; what the disk refuses is lost, the training goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._n_bytes = 0
        self._is_new_line = True

    def write(self, text: str) -> None:
        if not text:
            return
        data = self._dated(text).encode("utf-8", "replace")[-MOST_BYTES:]
        with suppress(OSError):
            if self._n_bytes == 0:
                self._path.parent.mkdir(mode=0o700, exist_ok=True)
            elif self._n_bytes > 2 * MOST_BYTES:
                kept = self._path.read_bytes()[-MOST_BYTES:]
                self._path.write_bytes(kept)
                self._n_bytes = len(kept)
            with self._path.open("ab") as file:
                file.write(data)
            self._n_bytes += len(data)

    def _dated(self, text: str) -> str:
        """Return text with the time before each of its lines."""
        now = f"{clock.now():%H:%M:%S} "
        dated = text.replace("\n", f"\n{now}")
        if dated.endswith(now):
            dated = dated.removesuffix(now)
        dated = now + dated if self._is_new_line else dated
        self._is_new_line = text.endswith("\n")
        return dated


@contextmanager
def kept(data_dir: str | None, assignments: Sequence[Assignment]) -> Iterator[None]:
    """Keep what is printed meanwhile as the logs of these attempts.

    Nothing is kept where the dispatcher's folder is not seen: the data directory is not shared.
    """
    root = Path(data_dir) if data_dir is not None else None
    if root is None or not (root / FOLDER).is_dir():
        yield
        return
    files = [_LogFile(path_of(root, a.job_id, a.attempt_id)) for a in assignments]
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (_Tee(stream, files) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
