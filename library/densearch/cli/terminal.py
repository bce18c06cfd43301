"""Output to the terminal, safe against control characters in foreign text.

Names stored by older versions, errors of trainings and answers of a foreign server may contain
escape sequences, or characters that reverse the order of text. They are shown as escapes, as are
characters that the encoding of the output does not have (`accept_any_text`).
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from densearch.names import shown
from densearch.redaction import hide

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

PIPE_WIDTH = 160
_KEPT = "\n\t"
_READABLE = "densearch.readable"
# rich ends what it cuts off with this sign; as wide, it keeps lines within the terminal.
_ELLIPSIS, _DOT = "\N{HORIZONTAL ELLIPSIS}", "."


def accept_any_text() -> None:
    """Print characters that the encoding of an output does not have as escapes.

    A stream that was closed before the start (``>&-``) is None: it becomes one that keeps nothing.
    """
    codecs.register_error(_READABLE, _readable)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nothing = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - to the end
            setattr(sys, name, nothing)
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_READABLE)


def _readable(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError) and error.object[error.start] == _ELLIPSIS:
        return _DOT, error.start + 1
    return codecs.backslashreplace_errors(error)


def echo(text: object, *, err: bool = False, fg: str | None = None, nl: bool = True) -> None:
    """Print a line."""
    # Named, since click would write UTF-8 to a stream whose encoding is ASCII.
    stream = sys.stderr if err else sys.stdout
    fg = None if os.environ.get("NO_COLOR") else fg
    typer.secho(shown(hide(str(text)), _KEPT), file=stream, fg=fg, nl=nl)


def is_interactive() -> bool:
    """Whether stdin is a terminal, so that a question can be answered."""
    return sys.stdin.isatty()


def console(*, stderr: bool = False) -> Console:
    """Return a console; wide enough for every table when it is not a terminal."""
    from rich.console import Console  # rich takes a while to load
    from rich.segment import Segment

    class SafeConsole(Console):
        """Escape the text of a segment; rich adds its own control codes (colours) later."""

        def render(
            self, renderable: RenderableType, options: ConsoleOptions | None = None
        ) -> Iterator[Segment]:
            for segment in super().render(renderable, options):
                text = segment.text if segment.control else shown(segment.text, _KEPT)
                yield segment if text == segment.text else Segment(text, segment.style)

        def on_broken_pipe(self) -> None:
            """Let `densearch.cli.main` end the command; rich would end it with exit code 1."""
            raise BrokenPipeError

    made = SafeConsole(highlight=False, stderr=stderr)
    is_wide = made.is_terminal or stderr
    return made if is_wide else SafeConsole(highlight=False, width=PIPE_WIDTH)
