"""Uploads of data sets: the options, and the bytes as they arrive."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from functools import partial
from typing import IO, Any

from anyio import CancelScope, CapacityLimiter, sleep, to_thread
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError
from starlette.requests import ClientDisconnect

from api.middleware.guards import MAX_DROPPED_BYTES
from api.problems.handlers import ProblemError
from api.schemas.base import BINARY
from service.datasets import import_log, library
from service.datasets.importer import HeldWorkspace, Importer
from service.datasets.importing import full_disks
from service.datasets.options import ImportOptions
from service.datasets.store.workspace import Workspace
from service.errors import ImportStoppedError, NotFoundError, StorageFullError
from service.records import Import
from service.settings import Settings
from service.states import ImportState
from service.storage.database import Database
from service.storage.deadlines import Deadline
from service.validation.json_pointers import first_faults

DIGEST = "content-digest"
# RFC 9530: a dictionary of digests, each base64 between colons.
_SHA256 = re.compile(r"(?:^|,)\s*sha-256=:([A-Za-z0-9+/=]*):\s*(?:,|$)")
BLOCK_BYTES = 2**20
# Pauses between two looks at an import's row grow from the first to the last.
FIRST_LOOK_S, LAST_LOOK_S = 0.01, 0.5


class FolderImport(ImportOptions):
    """A folder on the server to import as a data set."""

    folder: str = Field(
        min_length=1, max_length=1000, description="Below one of DENSEARCH_DATASET_ROOTS."
    )


def _parameters() -> list[dict[str, Any]]:
    schema = ImportOptions.model_json_schema()
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": found.get("description", ""),
            "schema": {key: value for key, value in found.items() if key != "description"},
        }
        for name, found in schema["properties"].items()
    ]


# The body is read here and not by the framework, so all of it is described by hand.
REQUEST: dict[str, Any] = {
    "parameters": [
        *_parameters(),
        {
            "name": "Content-Digest",
            "in": "header",
            "required": False,
            "description": "SHA-256 of the body (RFC 9530): sha-256=:BASE64:",
            "schema": {"type": "string"},
        },
        {
            "name": "Prefer",
            "in": "header",
            "required": False,
            "description": "respond-async, or wait=SECONDS (RFC 7240): when to answer 202.",
            "schema": {"type": "string"},
        },
    ],
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": BINARY,
            "application/json": {"schema": {"$ref": "#/components/schemas/FolderImport"}},
        },
    },
}


def query_options(request: Request) -> ImportOptions:
    """Return the options in the query of an upload.

    Raises:
        RequestValidationError: One is unknown, missing, or out of range.
    """
    try:
        return ImportOptions.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise RequestValidationError(
            [item | {"loc": ("query", *item["loc"])} for item in error.errors(include_url=False)]
        ) from error


def folder_options(body: object) -> tuple[str, ImportOptions]:
    """Return the folder and the options in a JSON body.

    Raises:
        ProblemError: A field is unknown, missing, or out of range.
    """
    try:
        found = FolderImport.model_validate(body)
    except ValidationError as error:
        faults, n_faults = first_faults(error.errors(include_url=False), body)
        detail = "; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults)
        raise ProblemError("invalid-dataset", detail, faults, n_faults) from error
    return found.folder, ImportOptions(**found.model_dump(exclude={"folder"}))


def refuse_parameters(request: Request) -> None:
    """Refuse a query string with a JSON body, since it would be ignored.

    Raises:
        RequestValidationError: The request has query parameters.
    """
    faults = [
        {"type": "extra_forbidden", "loc": ("query", name), "msg": "", "input": None}
        for name in request.query_params
    ]
    if faults:
        raise RequestValidationError(faults)


@asynccontextmanager
async def held(database: Database, settings: Settings) -> AsyncIterator[HeldWorkspace]:
    """Yield a workspace, which is given back at the end unless an import has taken it over.

    Raises:
        StorageFullError: There is no room for it.
    """
    stack = ExitStack()
    try:
        work = await to_thread.run_sync(stack.enter_context, library.working(database, settings))
        yield HeldWorkspace(work, stack)
    finally:
        # Whatever else waits for a thread, and also where the server ends.
        with CancelScope(shield=True):
            await to_thread.run_sync(stack.close, limiter=CapacityLimiter(1))


async def receive(request: Request, work: Workspace) -> bytes:
    """Write the request's body to the workspace's upload; return its SHA-256.

    Raises:
        ProblemError: The client disconnected, or the bytes do not match its Content-Digest.
        StorageFullError: The disk has no room for the body.
    """
    wanted = _wanted_digest(request)
    found = await _to_disk(request, work)
    if wanted is not None and found != wanted:
        raise ProblemError(
            "digest-mismatch", f"the SHA-256 of the received bytes is {found.hex()}"
        )
    return found


async def ended(
    importer: Importer, database: Database, settings: Settings, import_id: int, patience_s: float
) -> Import:
    """Return an import once it has ended, or as it is when the patience is over.

    Any process may be at work on it: its row is read, again and again. One of this process has
    removed what it leaves by then.

    Raises:
        ImportStoppedError: It was deleted.
    """
    deadline, pause_s = Deadline(patience_s), FIRST_LOOK_S
    look = partial(import_log.look, database, settings.data_dir, import_id)
    join = partial(importer.join, import_id)
    try:
        while True:
            found = await to_thread.run_sync(look)
            if found.state is not ImportState.RUNNING or deadline.left_s <= 0:
                break
            await sleep(min(pause_s, deadline.left_s))
            pause_s = min(2 * pause_s, LAST_LOOK_S)
    except NotFoundError as error:
        await to_thread.run_sync(join, deadline.left_s)
        raise ImportStoppedError from error
    if found.state is not ImportState.RUNNING:
        await to_thread.run_sync(join, deadline.left_s)
    return found


def _wanted_digest(request: Request) -> bytes | None:
    header = request.headers.get(DIGEST)
    if header is None:
        return None
    found = _SHA256.search(header)
    try:
        digest = base64.b64decode(found[1], validate=True) if found else b""
    except binascii.Error:
        digest = b""
    if len(digest) != hashlib.sha256().digest_size:
        raise ProblemError("digest-mismatch", "Content-Digest should be sha-256=:BASE64:")
    return digest


async def _to_disk(request: Request, work: Workspace) -> bytes:
    """Write the body to the workspace's upload; return its SHA-256.

    When the disk is full, the rest of the body is read and dropped, up to `MAX_DROPPED_BYTES`: a
    client that sends before it reads would otherwise not see why it is refused.
    """
    digest, full, n_dropped = hashlib.sha256(), None, 0
    with await to_thread.run_sync(_opened, work) as file:
        async for block in _blocks(request):
            if full is None:
                try:
                    await to_thread.run_sync(_write, file, digest, block)
                except StorageFullError as error:
                    full = error
            else:
                n_dropped += len(block)
                if n_dropped > MAX_DROPPED_BYTES:
                    break
    if full is not None:
        raise full
    return digest.digest()


def _opened(work: Workspace) -> IO[bytes]:
    with full_disks():
        return work.upload.open("wb", buffering=0)


def _write(file: IO[bytes], digest: Any, block: bytes) -> None:  # noqa: ANN401 - of hashlib
    digest.update(block)
    with full_disks():
        # Unbuffered: a full disk fails here, and a write may be partial.
        rest = memoryview(block)
        while rest:
            rest = rest[file.write(rest) :]


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body in pieces of about `BLOCK_BYTES`, each worth a call in a thread."""
    pieces: list[bytes] = []
    n_bytes = 0
    try:
        async for piece in request.stream():
            pieces.append(piece)
            n_bytes += len(piece)
            if n_bytes >= BLOCK_BYTES:
                yield b"".join(pieces)
                pieces, n_bytes = [], 0
    except ClientDisconnect as error:
        detail = "the client disconnected before it had sent the whole body"
        raise ProblemError("bad-request", detail) from error
    if pieces:
        yield b"".join(pieces)
