"""The command that lists the samplers that a job may name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from densearch.cli.jobs import Url, connect
from densearch.cli.json_documents import IsJson, print_items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from densearch.client.client import Json

# Columns of the table -> the capability that each shows.
CAN = {
    "categories": "categorical",
    "parallel": "parallel",
    "seeded": "seeded",
    "warm start": "warm_start",
}


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: densearch samplers")(samplers)


def samplers(url: Url = None, is_json: IsJson = False) -> None:
    """List the samplers of the server: what each can do, and what to install for it."""
    from densearch.cli.tables import show_table  # rich takes a while to load

    with connect(url) as client:
        found = client.samplers()
    if is_json:
        print_items(found)
    else:
        show_table(samplers_table(found))


def samplers_table(infos: Sequence[Json]) -> Table:
    """Return a row for each sampler."""
    from rich.table import Table  # as above
    from rich.text import Text

    table = Table("sampler", *CAN, "installed", box=None, pad_edge=False)
    for info in infos:
        can = info["capabilities"]
        marks = ["yes" if can.get(name) else "-" for name in CAN.values()]
        missing = f"no: pip install -e '.[{can.get('needs')}]'"
        # Text, not markup: an extra in brackets would be read as a style.
        table.add_row(Text(info["name"]), *marks, Text("yes" if info["installed"] else missing))
    return table
