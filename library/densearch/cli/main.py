"""Entry point of `densearch`. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable

from densearch.cli import interrupts
from densearch.extras import required

# Why a write fails that names no file: the disk, a quota, a limit, the device.
UNWRITABLE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def main() -> None:
    """Run the command line, with the commands of the server where one is installed."""
    interrupts.end_at_once()
    try:
        with required("cli"):
            # Here, so that a missing extra is an error message and not a traceback.
            from densearch.cli import server
            from densearch.cli.application import build
    except ImportError as error:
        raise SystemExit(f"densearch: {error}") from error
    commands = server.installed()
    server.use(commands)
    run(build(commands))


def run(app: Callable[[], object]) -> None:
    """Run an application; every error becomes a sentence and an exit code."""
    from densearch.cli.terminal import accept_any_text  # needs the extra, as in `main`

    accept_any_text()
    interrupts.raise_in_commands()
    try:
        app()
    except BrokenPipeError:
        interrupts.end_by_closed_pipe()
    except Exception as error:  # noqa: BLE001 - the last line of defence, and it says so
        _explain(error)
    finally:
        _flush()


def _flush() -> None:
    """Print what is still held, so that a reader that has gone is noticed here."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        interrupts.end_by_closed_pipe()
    except OSError as error:
        interrupts.drop_output()
        _explain(error)


def _explain(error: Exception) -> None:
    """End the process with what the user can do about `error`."""
    from densearch.cli import server  # as above
    from densearch.cli.failures import REFUSED, UNREACHABLE, USAGE, fail, problem_of
    from densearch.client import ClientError, UnreachableError  # only a failing command pays
    from densearch.client.errors import AddressError

    if isinstance(error, UnreachableError):
        is_usage = isinstance(error, AddressError)
        fail(str(error), USAGE if is_usage else UNREACHABLE, title=error.title)
    if isinstance(error, ClientError):
        fail(str(error), REFUSED, **problem_of(error))
    known = server.current().explain(error)
    if known is not None:
        fail(*known)
    if isinstance(error, UnicodeEncodeError) and any(map(_is_undecoded, error.object)):
        fail("an argument or a file's name is no text in this locale: set LC_ALL=C.UTF-8", USAGE)
    if isinstance(error, OSError) and error.filename is not None:
        fail(f"{error.filename}: {error.strerror}", USAGE)
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        fail(f"the output cannot be written: {error.strerror}", USAGE)
    if os.environ.get("DENSEARCH_LOG_LEVEL") == "DEBUG":
        raise error
    fail(
        f"a defect of densearch: {type(error).__name__}: {error}; "
        "DENSEARCH_LOG_LEVEL=DEBUG shows where",
        REFUSED,
    )


def _is_undecoded(character: str) -> bool:
    """Whether Python keeps a byte in it that its encoding of arguments does not have."""
    return "\udc80" <= character <= "\udcff"


if __name__ == "__main__":
    main()
