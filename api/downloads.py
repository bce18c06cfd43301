"""Files as answers: their length, digest (RFC 9530), tag and ranges (RFC 9110, 14)."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from api import conditional
from api.problems.handlers import answer
from api.problems.kinds import PROBLEMS
from service.jobs.artifact_files import inside

CHUNK_BYTES = 256 * 1024
# One range; several at once are answered with the whole file, as any server may.
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
PARTIAL: dict[int | str, dict[str, Any]] = {
    206: {"description": "The part that Range asks for."},
    304: {"description": "The file is the one that If-None-Match names."},
}


def file_name(name: str) -> str:
    """Return a name in characters that are safe in headers and file systems."""
    safe = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_" for c in name)
    return safe.lstrip(".")[:150] or "file"


def opened(data_dir: Path, path: str) -> IO[bytes] | None:
    """Open a file of the data directory, which may be deleted meanwhile; None where it is gone."""
    found = inside(data_dir, path)
    try:
        return None if found is None else found.open("rb")
    except FileNotFoundError:
        return None


def of_bytes(request: Request, content: bytes, name: str, media_type: str) -> Response:
    """Return a file that was made; see `of_file`."""
    sha256 = hashlib.sha256(content).hexdigest()
    return of_file(request, io.BytesIO(content), name, media_type, sha256)


def of_file(
    request: Request, file: IO[bytes], name: str, media_type: str, sha256: str
) -> Response:
    """Return a file, or the part of it that `Range` asks for, or 304.

    Args:
        request: Its Range, If-Range and If-None-Match are followed.
        file: Open for reading; it is closed once it is sent.
        name: What it is saved as; other than safe characters are replaced.
        media_type: Of its content.
        sha256: Of its content, in hexadecimal digits.

    Returns:
        The file; a problem document where it has no such range.
    """
    size = _size(file)
    tag = f'"{sha256}"'
    digest = base64.b64encode(bytes.fromhex(sha256)).decode()
    headers = {
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": f'attachment; filename="{file_name(name)}"',
        "etag": tag,
        "repr-digest": f"sha-256=:{digest}:",
    }
    if conditional.is_known(request.headers.get("if-none-match"), tag):
        file.close()
        return Response(status_code=304, headers=headers)
    part = _part(request, size, tag)
    first, last = part or (0, size - 1)
    if first > last and part is not None:
        file.close()
        problem = PROBLEMS["range-not-satisfiable"]
        length = {"content-range": f"bytes */{size}"}
        return answer(problem, f"the file has {size} bytes", headers=length)
    if part is not None:
        headers["content-range"] = f"bytes {first}-{last}/{size}"
    file.seek(first)
    return FileResponse(
        file,
        last - first + 1,
        status_code=200 if part is None else 206,
        media_type=media_type,
        headers=headers,
    )


class FileResponse(StreamingResponse):
    """A part of a file, which is closed however the answer ends: also after HEAD's headers.

    Args:
        file: Open for reading, at the part's beginning.
        n_bytes: The part's length.
        headers: Further ones than its length.
        others: As of a `StreamingResponse`.
    """

    def __init__(
        self, file: IO[bytes], n_bytes: int, headers: Mapping[str, str], **others: Any
    ) -> None:
        super().__init__(
            _chunks(file, n_bytes), headers={**headers, "content-length": str(n_bytes)}, **others
        )
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, and close the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def _size(file: IO[bytes]) -> int:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _part(request: Request, size: int, tag: str) -> tuple[int, int] | None:
    """Return the first and last byte that are asked for; None for all.

    The first is behind the last where the file has none of them.
    """
    wanted = _RANGE.fullmatch(request.headers.get("range", "").strip().lower())
    if wanted is None or not any(wanted.groups()):
        return None
    if request.headers.get("if-range", tag) != tag:  # its reader has a part of another file
        return None
    first, last = wanted.groups()
    if not first:
        length = min(int(last), size)
        begin, end = size - length, size - 1
    else:
        begin, end = int(first), min(int(last) if last else size - 1, size - 1)
        if last and int(last) < begin:  # no range at all (RFC 9110, 14.1.1)
            return None
    return begin, end


def _chunks(file: IO[bytes], left: int) -> Iterator[bytes]:
    while left > 0 and (chunk := file.read(min(CHUNK_BYTES, left))):
        left -= len(chunk)
        yield chunk
