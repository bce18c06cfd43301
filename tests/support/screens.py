"""What rich prints, as text."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


class Screen:
    """A console that keeps its text.

    Attributes:
        console: As wide as a test wants it.
    """

    def __init__(self, width: int) -> None:
        self._file = io.StringIO()
        self.console = Console(file=self._file, width=width, highlight=False)

    @property
    def text(self) -> str:
        """All that was printed."""
        return self._file.getvalue()


def printed(*parts: RenderableType, width: int = 160) -> str:
    """Return what a terminal of some width shows of tables and texts."""
    screen = Screen(width)
    screen.console.print(*parts)
    return screen.text
