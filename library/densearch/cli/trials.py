"""The command that lists a job's trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from densearch.cli.jobs import JobId, Url, connect
from densearch.cli.json_documents import IsJson, print_items
from densearch.cli.terminal import echo

if TYPE_CHECKING:
    from rich.table import Table

    from densearch.answers import TrialAnswer

# Of a table, unless more are asked for.
SHOWN = 50


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: densearch trials 1 --sort value --limit 5")(trials)


def trials(  # noqa: PLR0913, PLR0917 - its options
    job_id: JobId,
    state: Annotated[str | None, typer.Option(help="Only trials in this state.")] = None,
    phase: Annotated[
        str, typer.Option(help="search, promotion, confirmation, evaluation, superseded or all.")
    ] = "search",
    study: Annotated[
        str | None, typer.Option(help="Only those of this study, by name or id.")
    ] = None,
    sampler: Annotated[str | None, typer.Option(help="Only those of this sampler.")] = None,
    text: Annotated[str | None, typer.Option(help="Only those with this in their error.")] = None,
    sort: Annotated[
        str, typer.Option(help="oldest, newest, value, -value (falling), number ...")
    ] = "oldest",
    limit: Annotated[
        int | None,
        typer.Option(min=1, help=f"At most so many; a table shows {SHOWN}, --json all."),
    ] = None,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """List a job's trials of its search, the oldest first unless others are asked for."""
    wanted = {"state": state, "phase": phase, "study": study, "sampler": sampler, "text": text}
    with connect(url) as client:
        found = client.trials(job_id, **wanted, sort=sort)
        if is_json:
            print_items(islice(found, limit))
            return
        shown = list(islice(found, limit or SHOWN))
        is_cut = limit is None and next(found, None) is not None
    _show(shown, is_cut=is_cut)


def _show(found: list[TrialAnswer], *, is_cut: bool) -> None:
    from densearch.cli.tables import show_table  # rich takes a while to load

    if not found:
        echo("no trial fits")
        return
    show_table(trials_table(found))
    if is_cut:
        echo(f"the first {SHOWN}: --limit shows more", err=True)


def trials_table(found: Iterable[TrialAnswer]) -> Table:
    """Return a row for each trial."""
    from rich.table import Table  # as above
    from rich.text import Text

    from densearch.cli.tables import duration, number, state_text

    table = Table("trial", "study", "no.", "phase", "state", "value", "time", "params", box=None)
    for trial in found:
        table.add_row(
            str(trial["id"]),
            Text(trial["study"]),
            "-" if trial["number"] is None else str(trial["number"]),
            trial["phase"],
            state_text(trial["state"]),
            number(trial["value"]),
            duration(trial["training_s"]),
            Text(params_text(trial["params"])),
        )
    return table


def params_text(params: Mapping[str, object]) -> str:
    """Return params as ``lr=0.01 den=0.7``, numbers with four digits."""
    return " ".join(f"{name}={_short(value)}" for name, value in params.items())


def _short(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_short, value))}]"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
