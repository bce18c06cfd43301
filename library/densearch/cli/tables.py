"""Tables and sentences on the terminal. Names are the users' own text: never read as markup."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from densearch.cli.terminal import console
from densearch.client.client import Json
from densearch.vector_text import layers_text, range_text, taps_text

# Columns of a terminal, below which a table cuts every cell off.
NARROW = 60
STATE_STYLES = {
    "QUEUED": "dim",
    "RUNNING": "cyan",
    "PAUSED": "yellow",
    "EVALUATING": "cyan",
    "SUCCEEDED": "green",
    "FAILED": "red",
    "CANCELLED": "dim",
}


def show_table(table: RenderableType, screen: Console | None = None) -> None:
    """Print a table; each row as lines where the terminal is too narrow for columns."""
    screen = screen or console()
    if screen.width >= NARROW or not isinstance(table, Table):
        screen.print(table)
        return
    titles = [str(column.header).replace("\n", " ") for column in table.columns]
    for cells in zip(*(column.cells for column in table.columns), strict=True):
        for title, cell in zip(titles, cells, strict=True):
            text = Text.from_markup(cell) if isinstance(cell, str) else cell
            if str(text):
                screen.print(Text.assemble(f"{title}: " if title else "", text))
        screen.print()


def state_text(state: str) -> Text:
    """Return a state in its colour."""
    return Text(state, style=STATE_STYLES.get(state, ""))


def duration(seconds: float | None) -> str:
    """Return a time as 7 s, 3 min 05 s or 2 h 10 min; a dash if unknown."""
    if seconds is None:
        return "-"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def number(value: float | None, digits: int = 4) -> str:
    """Return a value with significant digits; a dash if there is none."""
    return "-" if value is None else f"{value:#.{digits}g}"


def percent(share: float | None) -> str:
    """Return a share as a percentage with its sign; a dash if there is none."""
    return "-" if share is None else f"{100 * share:+z.1f} %"


def moment(text: str) -> str:
    """Return a time of the server in local time, and in UTC where that differs."""
    try:
        at = datetime.fromisoformat(text).astimezone()
    except ValueError:
        return text
    utc = at.astimezone(UTC)
    shown = f"{at:%Y-%m-%d %H:%M:%S}"
    if at.utcoffset() == utc.utcoffset():
        return f"{shown} UTC"
    return f"{shown} ({utc:{'%H:%M' if at.date() == utc.date() else '%Y-%m-%d %H:%M'}} UTC)"


def jobs_table(jobs: Iterable[Json]) -> Table:
    """Return a row for each job."""
    shown = list(jobs)
    has_tags = any(job.get("tags") for job in shown)
    tags = ["tags"] if has_tags else []
    table = Table("job", "state", "name", *tags, "done", "created", "waits for", box=None)
    for job in shown:
        table.add_row(
            str(job["id"]),
            state_text(job["state"]),
            Text(job["name"]),
            *([Text(", ".join(job.get("tags", ())))] if has_tags else []),
            f"{100 * job['fraction']:.0f} %",
            moment(str(job["created_at"])),
            Text(job.get("waits_for") or ""),
        )
    return table


def studies_table(studies: Iterable[Json]) -> Table:
    """Return a row for each arm of a job that has no report yet."""
    table = Table("arm", "sampler", "trials", "best", "finished", box=None, pad_edge=False)
    for study in studies:
        table.add_row(
            Text(study["name"]),
            study["sampler"],
            f"{study['n_finished']}/{study['n_trials']}",
            number(study["best_value"]),
            "yes" if study["is_finished"] else "no",
        )
    return table


def vector_table(entries: Sequence[Json]) -> Table:
    """Return a row for each value that a job searches: what it sets, where, in which range.

    Where nothing has a density, as with functions, there are no layers and kernels to show.
    """
    of_density = ("layers", "kernel", "sets")
    shown = of_density if any(entry["group"] is not None for entry in entries) else ()
    table = Table("searched", *shown, "range", box=None, pad_edge=False)
    for entry in entries:
        places = (Text(layers_text(entry)), str(entry["kernel_size"] or ""), taps_text(entry))
        table.add_row(Text(entry["name"]), *(places if shown else ()), Text(range_text(entry)))
    return table
