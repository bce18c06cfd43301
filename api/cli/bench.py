"""Commands that measure this machine; those that need torch run in a separate process."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated

import typer

from densearch.cli.failures import REFUSED, fail

app = typer.Typer(help="Measure the cost of trainings on this machine.", no_args_is_help=True)


@app.command(epilog="Example: densearch bench operator --network dncnn --rounds 20")
def operator(
    rounds: Annotated[int, typer.Option(min=1, help="Number of paired steps of every form.")] = 50,
    network: Annotated[
        list[str] | None, typer.Option(help="A network to measure; repeat for more; all if unset.")
    ] = None,
) -> None:
    """Measure the overhead of a density: a training step with one, in each form, and without."""
    from service.settings import load  # the settings take 0.2 s to load

    load()
    # -P: a folder named workers in the user's directory must not stand in for ours.
    command = [sys.executable, "-P", "-m", "workers.training.overhead", "--rounds", str(rounds)]
    command += [word for name in network or () for word in ("--network", name)]
    code = subprocess.run(command, check=False).returncode  # noqa: S603 - our own module
    if code != 0:
        fail(f"the measurement ended with code {code}", REFUSED)
