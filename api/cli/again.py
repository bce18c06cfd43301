"""Command `again`: a trial is trained again, in a process of its own since it needs torch."""

from __future__ import annotations

import subprocess
import sys
from typing import Annotated, Literal

import typer

from api.cli.roles import DataDir


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: densearch again 345 --data-dir data")(again)


def again(
    trial: Annotated[int, typer.Argument(min=1, help="Id of the trial, as on its page.")],
    data_dir: DataDir = None,
    device: Annotated[Literal["cpu", "cuda"], typer.Option(help="Where it is trained.")] = "cpu",
) -> None:
    """Train a trial again and compare its value with the stored one, bit for bit.

    Nothing is written. It takes the settings and the data directory that the server has. Exit code
    1 where the values differ, 2 where there is no such trial.
    """
    from service.settings import load  # the settings take 0.2 s to load

    load()
    # -P: a folder named workers in the user's directory must not stand in for ours.
    command = [sys.executable, "-P", "-m", "workers.again", str(trial), "--device", device]
    if data_dir is not None:
        command += ["--data-dir", str(data_dir)]
    raise SystemExit(subprocess.run(command, check=False).returncode)  # noqa: S603 - our own module
