"""Output to the terminal, safe against control characters in foreign text.

Names stored by older versions, errors of trainings and answers of a foreign server may contain
escape sequences, or characters that reverse the order of text. They are shown as escapes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import typer

from densearch.names import shown
from densearch.redaction import hide

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

PIPE_WIDTH = 160
_KEPT = "\n\t"


def echo(text: object, *, err: bool = False, fg: str | None = None, nl: bool = True) -> None:
    """Print a line."""
    typer.secho(shown(hide(str(text)), _KEPT), err=err, fg=fg, nl=nl)


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

    made = SafeConsole(highlight=False, stderr=stderr)
    is_wide = made.is_terminal or stderr
    return made if is_wide else SafeConsole(highlight=False, width=PIPE_WIDTH)
