"""Command `evidence`: the registered protocol, on a server of its own, to a page with figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from densearch.cli.failures import USAGE, fail

if TYPE_CHECKING:
    from api.evidence.protocol import Mode


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: densearch evidence --quick --out out/evidence")(evidence)


def evidence(
    *,
    quick: Annotated[
        bool, typer.Option("--quick", help="Few cells and seeds: about 12 core-minutes.")
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="The whole protocol: some core-hours.")
    ] = False,
    campaign: Annotated[
        bool, typer.Option("--campaign", help="The campaigns over data and width alone.")
    ] = False,
    page: Annotated[
        bool, typer.Option("--page", help="Write the page again from the files in --out.")
    ] = False,
    out: Annotated[
        Path, typer.Option(help="Folder of the page, its files and the server's data.")
    ] = Path("out/evidence"),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on in a folder with an earlier run.")
    ] = False,
    aeon: Annotated[
        Path | None, typer.Option(help="Wheel of aeon, or its unpacked folder: it has signals.")
    ] = None,
) -> None:
    """Repeat the published evidence: submit the protocol's jobs, wait, and write the page.

    Jobs that have ended are not trained again: after an interruption, --resume goes on. The
    campaigns over data and width are run after the cells of --full, or alone.
    A task whose data are not on this machine is left out, with the reason.
    """
    if (quick, full, campaign, page).count(True) != 1:
        fail("give one of --quick, --full, --campaign and --page", USAGE)
    if aeon is not None and not aeon.exists():
        fail(f"{aeon} is not there: give the wheel of aeon, or its unpacked folder", USAGE)
    from api.cli import evidence_job  # loads the client and numpy
    from service.settings import load

    if page:
        try:
            evidence_job.write_page(out)
        except (OSError, ValueError) as error:
            fail(f"{out} has no run whose page could be written ({error})", USAGE)
        return
    load()  # its server has the same environment
    mode: Mode | None = "quick" if quick else "full" if full else None
    evidence_job.run(mode, out, aeon, resume=resume)
