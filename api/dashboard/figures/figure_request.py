"""What the figure of a job is drawn from: the job, the selections of its page, and the colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from api.dashboard.figures.themes import Figure, Theme
from api.paging import MAX_ID
from service.records import Job


@dataclass(frozen=True, slots=True)
class FigureRequest:
    """A request for a figure of a job.

    Attributes:
        session: In a transaction that only reads.
        job: Whose figure.
        theme: Colours.
        query: The selections in the address of the page: names and texts as they were given.
    """

    session: Session
    job: Job
    theme: Theme
    query: Mapping[str, str]

    def whole(self, name: str) -> int | None:
        """Return a selection as an id; None where there is none, or no such number."""
        text = self.query.get(name, "")
        is_number = text.isascii() and text.isdecimal() and len(text) <= len(str(MAX_ID))
        return int(text) if is_number and 1 <= int(text) <= MAX_ID else None


Builder = Callable[[FigureRequest], Figure | None]
