"""The client's calls about data sets: ``client.datasets.add(path, name="pets")``."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import httpx2

from densearch.client.transport import (
    ClientError,
    Transport,
    decoded,
    error_of,
)

if TYPE_CHECKING:  # they cost an import, and nothing needs them at run time
    from densearch.answers import BuiltInAnswer, DatasetAnswer, ImportAnswer

BLOCK_BYTES = 2**20
PAGE = 200
ACCEPTED = 202
# Small sets are answered at once, and those that take longer show their progress soon.
WAIT_S = 1
FIRST_LOOK_S, LAST_LOOK_S = 0.1, 1.0
# How long a server may be away while an import is followed, such as to start again.
PATIENCE_S = 60.0
OnProgress: TypeAlias = "Callable[[ImportAnswer], object]"


class Datasets:
    """Stores, lists, shows and deletes data sets."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def add(
        self,
        path: Path,
        *,
        name: str,
        on_sent: Callable[[int], object] = lambda _n_bytes: None,
        on_progress: OnProgress = lambda _found: None,
        **options: str | float | None,
    ) -> DatasetAnswer:
        """Store a file and return the set, once the server has read all of it.

        The server goes on if this client ends after the file was sent; sending the file again
        returns the set that is there.

        Args:
            path: A .zip, .npz, .tar or .tar.gz; docs/datasets.md describes the accepted contents.
            name: What to call the set.
            on_sent: Called with the number of bytes of each piece that was sent.
            on_progress: Called with the import, again and again while it runs.
            options: format, convert, size_px, storage, encoding, skip_bad, n_dims, validation,
                test, split_seed.

        Raises:
            ClientError: It is refused; `faults` names the file or array.
            UnreachableError: No server answers.
            OSError: The file cannot be read.
        """
        given = {key: value for key, value in options.items() if value is not None}
        headers = {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(path.stat().st_size),
            "Content-Digest": f"sha-256=:{_digest(path)}:",
        }
        content = _pieces(path, on_sent)
        params = {"name": name, **given}
        return self._added(on_progress, params=params, headers=headers, content=content)

    def add_folder(
        self,
        folder: str,
        *,
        name: str,
        on_progress: OnProgress = lambda _found: None,
        **options: str | float | None,
    ) -> DatasetAnswer:
        """Store a folder that lies on the server; options as in `add`."""
        given: dict[str, Any] = {key: v for key, v in options.items() if v is not None}
        return self._added(on_progress, json={"name": name, "folder": folder, **given})

    def _added(
        self, on_progress: OnProgress, headers: dict[str, str] | None = None, **request: Any
    ) -> DatasetAnswer:
        """Send an upload, and follow its import to the set."""
        answer = self._transport.answer(
            "POST",
            "/v1/datasets",
            timeout=self._patience(),
            headers={"Prefer": f"wait={WAIT_S}", **(headers or {})},
            **request,
        )
        if answer.status_code != ACCEPTED:
            return cast("DatasetAnswer", decoded(answer))
        found = cast("ImportAnswer", decoded(answer, ("id", "state")))
        pause_s = FIRST_LOOK_S
        while found["state"] == "RUNNING":
            on_progress(found)
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LAST_LOOK_S)
            found = self._seen(found["id"])
        if found["problem"] is not None or found["dataset_id"] is None:
            problem = found["problem"] or {}
            raise error_of(problem, problem.get("status", 500))
        return self.show(found["dataset_id"])

    def _seen(self, import_id: int) -> ImportAnswer:
        """Return the import, also where a look fails for a while."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self.show_import(import_id)
            except ClientError as error:
                if not error.may_pass or time.monotonic() > deadline:
                    raise
            time.sleep(LAST_LOOK_S)

    def show_import(self, import_id: int) -> ImportAnswer:
        """Return how far an import is, or how it ended."""
        return cast(
            "ImportAnswer",
            self._transport.json(
                "GET", f"/v1/datasets/imports/{import_id}", needs=("id", "state")
            ),
        )

    def imports(self) -> Iterator[ImportAnswer]:
        """Yield the imports of the last days, the newest first, page by page."""
        for found in self._transport.pages("/v1/datasets/imports", {"limit": PAGE}):
            yield cast("ImportAnswer", found)

    def stop_import(self, import_id: int) -> ImportAnswer:
        """Stop an import, so that nothing is stored, or forget one that has ended.

        Returned is the import as it was: RUNNING if it was stopped.
        """
        path = f"/v1/datasets/imports/{import_id}"
        return cast("ImportAnswer", self._transport.json("DELETE", path))

    def _patience(self) -> httpx2.Timeout:
        """Return a timeout without a limit on the answer: a server may not know 202."""
        usual = self._transport.http.timeout
        return httpx2.Timeout(connect=usual.connect, write=usual.write, pool=usual.pool, read=None)

    def all(self) -> Iterator[DatasetAnswer]:
        """Yield every stored set, the newest first, page by page."""
        found = self._transport.pages("/v1/datasets", {"limit": PAGE})
        return cast("Iterator[DatasetAnswer]", found)

    def built_in(self) -> list[BuiltInAnswer]:
        """Return the sets that come with the server."""
        found = self._transport.json("GET", "/v1/datasets", needs=("built_in",))
        return cast("list[BuiltInAnswer]", found["built_in"])

    def show(self, dataset_id: int) -> DatasetAnswer:
        """Return a stored set."""
        found = self._transport.json("GET", f"/v1/datasets/{dataset_id}")
        return cast("DatasetAnswer", found)

    def preview(self, dataset_id: int) -> bytes:
        """Return the sheet of a set's samples, as PNG."""
        return self._transport.answer("GET", f"/v1/datasets/{dataset_id}/preview").content

    def delete(self, dataset_id: int) -> None:
        """Delete a stored set.

        Raises:
            ClientError: There is none, or a job that has not ended names it.
        """
        self._transport.answer("DELETE", f"/v1/datasets/{dataset_id}")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()


def _pieces(path: Path, on_sent: Callable[[int], object]) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(BLOCK_BYTES):
            yield piece
            on_sent(len(piece))
