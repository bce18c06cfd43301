"""The client's calls about data sets: ``client.datasets.add(path, name="pets")``."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2

from densearch.client.transport import Json, Transport

BLOCK_BYTES = 2**20
PAGE = 200


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
        **options: str | float | None,
    ) -> Json:
        """Store a file and return the set, once the server has read all of it.

        Args:
            path: A .zip, .npz, .tar or .tar.gz; docs/datasets.md describes the accepted contents.
            name: What to call the set.
            on_sent: Called with the number of bytes of each piece that was sent.
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
        return self._transport.json(
            "POST",
            "/v1/datasets",
            # A stream cannot be sent twice.
            n_tries=1,
            params={"name": name, **given},
            headers=headers,
            content=_pieces(path, on_sent),
            timeout=self._patience(),
        )

    def add_folder(self, folder: str, *, name: str, **options: str | float | None) -> Json:
        """Store a folder that lies on the server; options as in `add`."""
        given: dict[str, Any] = {key: v for key, v in options.items() if v is not None}
        return self._transport.json(
            "POST",
            "/v1/datasets",
            n_tries=1,
            json={"name": name, "folder": folder, **given},
            timeout=self._patience(),
        )

    def _patience(self) -> httpx2.Timeout:
        """Return a timeout without a limit on the answer: storing a large set takes minutes."""
        usual = self._transport.http.timeout
        return httpx2.Timeout(connect=usual.connect, write=usual.write, pool=usual.pool, read=None)

    def all(self) -> Iterator[Json]:
        """Yield every stored set, the newest first, page by page."""
        return self._transport.pages("/v1/datasets", {"limit": PAGE})

    def built_in(self) -> list[Json]:
        """Return the sets that come with the server."""
        found: list[Json] = self._transport.json("GET", "/v1/datasets")["built_in"]
        return found

    def show(self, dataset_id: int) -> Json:
        """Return a stored set."""
        return self._transport.json("GET", f"/v1/datasets/{dataset_id}")

    def preview(self, dataset_id: int) -> bytes:
        """Return the sheet of a set's samples, as PNG."""
        return self._transport.answer("GET", f"/v1/datasets/{dataset_id}/preview").content

    def delete(self, dataset_id: int) -> None:
        """Delete a stored set.

        Raises:
            ClientError: There is none, or a job that has not ended names it.
        """
        self._transport.answer("DELETE", f"/v1/datasets/{dataset_id}", n_tries=1)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return base64.b64encode(hashlib.file_digest(file, "sha256").digest()).decode()


def _pieces(path: Path, on_sent: Callable[[int], object]) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(BLOCK_BYTES):
            yield piece
            on_sent(len(piece))
