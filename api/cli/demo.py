"""Command `demo`: one job on real photographs, from spec to files, on a server of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: densearch demo --keep")(demo)


def demo(
    out: Annotated[
        Path, typer.Option(help="Directory of the densities, the report and the demo's data.")
    ] = Path("out"),
    job: Annotated[
        Path | None, typer.Option(help="Run this job instead of examples/demo.json.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Keep serving until Ctrl-C.")] = False,  # noqa: FBT002 - an option
    fresh: Annotated[bool, typer.Option(help="Forget what earlier demos trained.")] = False,  # noqa: FBT002 - an option
) -> None:
    """Search the densities of a denoising network on photographs, and say whether they helped.

    Takes 3 to 4 minutes on 2 quiet cores. A second demo trains nothing: it finds its trials in the
    database, and says so.
    """
    from api.cli.demo_job import run  # loads the client and the terminal's tables
    from service.settings import load

    load()  # its server has the same environment
    run(out, job, keep=keep, fresh=fresh)
