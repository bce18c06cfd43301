"""Ray's token: in a file that this user alone can read, also where there is no usable home."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import structlog

from service.home_folder import home
from workers.ray_folders import root_of_user

LOG = structlog.get_logger(__name__)
FILE = "auth_token"
PATH = "RAY_AUTH_TOKEN_PATH"
# Environment variables that give Ray a token.
_GIVEN = ("RAY_AUTH_TOKEN", PATH)


def keep_token() -> None:
    """Create Ray's token, if there is none, readable by this user alone, and name its file to Ray.

    It is where Ray itself keeps it, ~/.ray; without a home that can be written, in the directory
    of the local Rays. Every process of this user finds the same one.

    Raises:
        OSError: Neither can be written.
    """
    if (
        any(os.environ.get(name) for name in _GIVEN)
        or os.environ.get("RAY_AUTH_MODE") == "disabled"
    ):
        return
    refused: OSError | None = None
    for folder in _folders():
        try:
            os.environ[PATH] = str(_kept(folder))
        except OSError as error:
            refused = refused or error
        else:
            return
    if refused is not None:
        raise refused


def _folders() -> Iterator[Path]:
    with suppress(RuntimeError):
        yield home() / ".ray"
    yield root_of_user()


def _kept(folder: Path) -> Path:
    path = folder / FILE
    if not os.access(path, os.R_OK):
        _create(path)
    if path.stat().st_mode & 0o077:
        try:
            path.chmod(0o600)
        except OSError as error:
            LOG.warning("Ray's token could not be made private", path=str(path), error=str(error))
    return path


def _create(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32))
    with suppress(FileExistsError):
        os.link(part, path)
    part.unlink()
