"""The command `mcp`, by which agents use a server."""

from __future__ import annotations

from typing import Annotated

import typer

from densearch.cli.failures import USAGE, fail
from densearch.cli.jobs import Url, connect

MISSING = (
    "mcp is not installed: install densearch-server with the extra 'mcp'; from a clone: "
    "pip install -c constraints.txt -e '.[mcp]'"
)
AllowWrites = Annotated[
    bool, typer.Option("--allow-writes", help="Offer the tools that submit and cancel jobs.")
]


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: densearch mcp --allow-writes")(mcp)


def mcp(url: Url = None, allow_writes: AllowWrites = False) -> None:  # noqa: FBT002 - an option
    """Offer the jobs of a server to an agent, by the Model Context Protocol on stdin and stdout.

    Agents start it themselves; docs/agents.md has their configuration. It reads DENSEARCH_URL and
    DENSEARCH_TOKEN.
    """
    try:
        from api.agents.mcp_server import build  # needs the extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"mcp", "mcp_types"}:
            raise
        fail(MISSING, USAGE)
    with connect(url) as client:
        build(client, allows_writes=allow_writes).run("stdio")
