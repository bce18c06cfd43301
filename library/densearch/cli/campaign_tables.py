"""Campaigns as tables and sentences on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.table import Table
from rich.text import Text

from densearch.cli.tables import duration, moment, percent, show_table, state_text
from densearch.cli.terminal import console, echo
from densearch.client.client import Json
from densearch.names import shown
from densearch.plurals import counted


def campaigns_table(found: Iterable[Json]) -> Table:
    """Return a row for each campaign."""
    table = Table("campaign", "name", "jobs", "done", "created", box=None)
    for one in found:
        table.add_row(
            str(one["id"]),
            Text(shown(one["name"])),
            counts_text(one),
            f"{100 * one['fraction']:.0f} %",
            moment(str(one["created_at"])),
        )
    return table


def counts_text(campaign: Json) -> str:
    """Return how many jobs are in each state."""
    return ", ".join(f"{n:,} {state.lower()}" for state, n in campaign["counts"].items())


def show_campaign(campaign: Json, report: Json) -> None:
    """Print a campaign's standing, what its cells have found, and a row for each."""
    echo(f"campaign {campaign['id']}, {shown(campaign['name'])}: {counts_text(campaign)}")
    for sentence in report["findings"]:
        console().print(Text(shown(sentence)), soft_wrap=False)
    show_table(cells_table(report["cells"]))
    if report["radius"] and report["radius"]["cells"]:
        show_table(radii_table(report["radius"]["cells"]))


def cells_table(cells: Iterable[Json]) -> Table:
    """Return a row for each cell; the loss is that against the best network without a density."""
    table = Table("cell", "job", "state", "answer", "loss", "interval", "radius", box=None)
    for cell in cells:
        table.add_row(
            Text(shown(cell["label"])),
            str(cell["job_id"] or "-"),
            state_text(cell["state"] or "DELETED"),
            cell["outcome"] or "-",
            percent(cell["change"]),
            f"{percent(cell['low'])} to {percent(cell['high'])}" if _has(cell, "low") else "-",
            f"{cell['radius']:.3g}" if _has(cell, "radius") else "-",
        )
    return table


def radii_table(cells: Iterable[Json]) -> Table:
    """Return a row for each cell of the radius question."""
    table = Table("best radius of", "jobs", "rate", "taps", "interval", box=None)
    standings = {"flat": "no optimum to speak of", "outside": "beyond the widths tried"}
    for cell in cells:
        has_interval = _has(cell, "low")
        table.add_row(
            Text(shown(cell["label"])),
            str(cell["n_jobs"]),
            ", ".join(f"{rate:.3g}" for rate in cell.get("rates") or ()) or "-",
            f"{cell['radius']:.3g}"
            if _has(cell, "radius")
            else standings.get(cell["standing"], "too few widths"),
            f"{cell['low']:.3g} to {cell['high']:.3g}" if has_interval else "-",
        )
    return table


def _has(cell: Json, name: str) -> bool:
    return cell[name] is not None


def estimate_lines(found: Json) -> Iterator[str]:
    """Yield what a campaign would cost, a line for each figure that is known."""
    n, shared = found["n_trainings"], found["n_shared"]
    yield f"{counted(found['n_cells'], 'job')}, at most {counted(n, 'training')}"
    if shared:
        yield f"of which cells may share {shared:,}"
    if found["work_s"] is not None:
        yield f"work: {_range(found['work_s'])}"
    if found["time_s"] is not None:
        yield f"time on the present workers: {_range(found['time_s'])}"
    if found["money"] is not None:
        amount, currency = found["money"]["amount"], found["money"]["currency"]
        yield f"cost: {amount['low']:.2f} to {amount['high']:.2f} {currency}"
    for warning in found["warnings"]:
        yield f"note: {warning}"


def _range(figure: dict[str, Any]) -> str:
    return f"{duration(figure['low'])} to {duration(figure['high'])}"
