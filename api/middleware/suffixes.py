"""Addresses with the suffix of a format, such as `/v1/jobs/7/trials.csv`."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from api.formats import without_suffix


class Suffixes:
    """Passes an address with a suffix on as that of the resource, with `format` in the query."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on; one without a suffix as it is."""
        wanted = without_suffix(scope["path"]) if scope["type"] == "http" else None
        if wanted is not None:
            path, form = wanted
            given: bytes = scope["query_string"]
            query = b"&".join(filter(None, (given, f"format={form}".encode())))
            scope.update(path=path, raw_path=path.encode(), query_string=query)
        await self._app(scope, receive, send)
