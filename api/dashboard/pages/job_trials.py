"""The page of a job with its trials: filtered, in any order, a window of rows at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Request
from pydantic import BeforeValidator, Field, field_validator
from sqlalchemy.orm import Session

from api.dashboard.pages.job_head import JobHead, head_of
from api.dashboard.pages.trial_rows import TrialRows, trial_rows
from api.paging import Place
from api.trial_query import PREFIX, PhaseWord, TrialSort, TrialsQuery, names_of, wanted_of
from service.states import TrialState
from service.storage import trial_pages
from service.storage.stored_trials import StoredTrial
from service.storage.trial_pages import TrialOrder, TrialPlace

WINDOW = 50
# A tab that shows more rows keeps them; more new ones than this show when it is loaded again.
MOST_SHOWN = 500
# Params that the form has a field for.
MOST_FIELDS = 12

# Each with its title, and by which it is sorted; a trial's number is always shown.
COLUMNS: Mapping[str, tuple[str, str | None]] = {
    "study": ("Study", "study"),
    "state": ("State", "state"),
    "value": ("Value", "value"),
    "params": ("Params", None),
    "metrics": ("Metrics", None),
    "training": ("Training", "training"),
    "memory": ("Peak memory", None),
    "attempts": ("Attempts", None),
    "queued": ("Queued", "oldest"),
}
SHOWN = ("study", "state", "value", "params", "metrics", "training")
ORDERS: Mapping[TrialSort, str] = {
    TrialSort.NEWEST: "newest first",
    TrialSort.OLDEST: "oldest first",
    TrialSort.NUMBER: "by number",
    TrialSort.NUMBER_FALLING: "by number, the last first",
    TrialSort.VALUE: "lowest value first",
    TrialSort.VALUE_FALLING: "highest value first",
    TrialSort.TRAINING: "shortest training first",
    TrialSort.TRAINING_FALLING: "longest training first",
    TrialSort.STATE: "by state",
    TrialSort.STATE_FALLING: "by state, falling",
    TrialSort.STUDY: "by study",
    TrialSort.STUDY_FALLING: "by study, the last first",
}


class TableQuery(TrialsQuery):
    """Which trials the table shows; `until` is the place of its last row, which scripts give."""

    phase: Annotated[PhaseWord, BeforeValidator(lambda value: value or "any")] = "any"
    sort: Annotated[TrialSort, BeforeValidator(lambda value: value or TrialSort.NEWEST)] = (
        TrialSort.NEWEST
    )
    columns: list[str] = Field(default=list(SHOWN), max_length=len(COLUMNS) + 1)
    until: Place = None

    @field_validator("columns")
    @classmethod
    def _known(cls, columns: list[str]) -> list[str]:
        columns = [name for name in columns if name] or list(SHOWN)
        for name in columns:
            if name not in COLUMNS:
                raise ValueError(f"there is no column {name!r}; there are: {', '.join(COLUMNS)}")
        return [name for name in COLUMNS if name in columns]

    @property
    def shown_sort(self) -> TrialSort:
        """The order of the table: by number where it begins at one."""
        is_by_number = self.sort in {TrialSort.NUMBER, TrialSort.NUMBER_FALLING}
        return self.sort if is_by_number or self.from_number is None else TrialSort.NUMBER


@dataclass(frozen=True, slots=True)
class TrialsTab:
    """What the page of the trials shows.

    Attributes:
        query: What was asked for.
        given: The query's parameters as the address has them.
        params: Values of params that can be asked for.
    """

    head: JobHead
    rows: TrialRows
    query: TableQuery
    given: Sequence[tuple[str, str]]
    params: Sequence[str]

    @property
    def columns(self) -> Mapping[str, tuple[str, str | None]]:
        """All columns, see `COLUMNS`."""
        return COLUMNS

    @property
    def orders(self) -> Mapping[TrialSort, str]:
        """All orders in words."""
        return ORDERS

    @property
    def states(self) -> Sequence[TrialState]:
        """All states."""
        return list(TrialState)

    @property
    def has_params(self) -> bool:
        """Whether a param is asked for."""
        return any(name.startswith(PREFIX) and value for name, value in self.given)

    @property
    def is_filtered(self) -> bool:
        """Whether any trial may be left out."""
        return any(name not in {"sort", "columns"} and value for name, value in self.given)

    @property
    def order_in_words(self) -> str:
        """Which trials come first."""
        return ORDERS[self.query.shown_sort]

    @property
    def order_left(self) -> str | None:
        """The chosen order in words, where a jump to a number has the table by number instead."""
        is_left = self.query.shown_sort is not self.query.sort
        return ORDERS[self.query.sort] if is_left else None

    def value_of(self, parameter: str) -> str:
        """Return what the address gives for a parameter."""
        return dict(self.given).get(parameter, "")

    def address(self, **changes: object) -> str:
        """Return this table's query with other values; None takes one away."""
        kept = [(name, value) for name, value in self.given if name not in changes and value]
        added = [(name, str(value)) for name, value in changes.items() if value is not None]
        return f"?{urlencode(kept + added)}"

    def sorted_by(self, key: str) -> str:
        """Return the address of the table sorted by a column, the other way if it is so now."""
        is_rising = self.query.shown_sort.value == key
        falling = "newest" if key == "oldest" else f"-{key}"
        # Another order than by number ends a jump to one.
        left = {} if key == "number" else {"from_number": None}
        return self.address(sort=falling if is_rising else key, **left)

    def direction(self, key: str) -> str | None:
        """Return how the table is sorted by a column, for ``aria-sort``; None if it is not."""
        rising, falling = (key, "newest") if key == "oldest" else (key, f"-{key}")
        return {rising: "ascending", falling: "descending"}.get(self.query.shown_sort.value)

    @property
    def export(self) -> str:
        """The query by which the REST API has the same trials."""
        own = ("columns", "cursor", "until", "phase", "sort")
        kept = [(name, value) for name, value in self.given if name not in own and value]
        chosen = [("phase", self.query.phase), ("sort", self.query.shown_sort.value)]
        return urlencode([*kept, *chosen, ("format", "csv")])


def trials_tab(session: Session, job_id: int, query: TableQuery, request: Request) -> TrialsTab:
    """Read the page of a job's trials.

    Args:
        session: In a transaction.
        job_id: Which job.
        query: Which trials; those after its cursor, or all up to `until` (at most `MOST_SHOWN`).
        request: Its parameters name params, too.

    Raises:
        NotFoundError: There is no such job, or it has no such study.
    """
    head = head_of(session, job_id)
    found, following = _window(session, job_id, query, request)
    return TrialsTab(
        head,
        trial_rows(session, head.job, head.studies, found, following),
        query,
        [(n, v) for n, v in request.query_params.multi_items() if n not in {"cursor", "until"}],
        names_of(trial_pages.sample_params(session, job_id))[:MOST_FIELDS],
    )


def _window(
    session: Session, job_id: int, query: TableQuery, request: Request
) -> tuple[list[StoredTrial], str | None]:
    """Return the trials of a window, and the place after which there are more."""
    order, wanted = query.shown_sort.order, wanted_of(session, job_id, query, request)
    until = TrialPlace.of(query.until) if query.until else None
    most = WINDOW if until is None else MOST_SHOWN
    found = trial_pages.page(
        session, job_id, wanted, limit=most + 1, order=order, after=query.after, until=until
    )
    if until is not None and len(found) <= most:  # what follows is shown already
        return found, query.until
    return found[:most], _last_place(found, most, order)


def _last_place(found: Sequence[StoredTrial], most: int, order: TrialOrder) -> str | None:
    return str(trial_pages.place_of(found[most - 1], order)) if len(found) > most else None
