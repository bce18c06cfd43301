"""Static files: ours, and Plotly.js from the installed plotly wheel. Nothing else is served."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

from fastapi import Request, Response

from api import conditional
from api.problems.handlers import ProblemError
from densearch.names import quoted

FOLDER = "static/"
PLOTLY = "plotly.min.js"
MEDIA_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"


@dataclass(frozen=True, slots=True)
class Asset:
    """A file ready to be sent; `etag` names its content."""

    body: bytes
    compressed: bytes
    media_type: str
    etag: str


@cache
def names() -> frozenset[str]:
    """Return the names that may be asked for."""
    own = (item.name for item in files("api.dashboard").joinpath("static").iterdir())
    return frozenset(own) | {PLOTLY}


def _source(name: str) -> Traversable:
    if name == PLOTLY:
        return files("plotly").joinpath("package_data", PLOTLY)
    return files("api.dashboard").joinpath("static", name)


@cache
def load(name: str) -> Asset:
    """Read an asset once; `name` is one of `names`."""
    body = _source(name).read_bytes()
    media_type = MEDIA_TYPES[name.rpartition(".")[2]]
    etag = sha256(body).hexdigest()[:16]
    return Asset(body, gzip.compress(body, compresslevel=6, mtime=0), media_type, f'"{etag}"')


@cache
def url(name: str) -> str:
    """Return the address of an asset's present content, relative to the server's root.

    It may be kept forever.
    """
    # Plotly's version stands for its content: hashing 5 MB would delay the first page.
    tag = version("plotly") if name == PLOTLY else load(name).etag.strip('"')
    return f"{FOLDER}{name}?v={tag}"


def respond(name: str, request: Request) -> Response:
    """Answer a request for an asset: 200, or 304 when the browser has it.

    Raises:
        ProblemError: There is no such file.
    """
    if name not in names():
        raise ProblemError("not-found", f"there is no file {quoted(name)}")
    asset = load(name)
    headers = {
        "ETag": asset.etag,
        "Cache-Control": FOREVER if "v" in request.query_params else REVALIDATE,
        "Vary": "Accept-Encoding",
    }
    if conditional.is_known(request.headers.get("if-none-match"), asset.etag):
        return Response(status_code=304, headers=headers)
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(asset.body, media_type=asset.media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(asset.compressed, media_type=asset.media_type, headers=headers)
