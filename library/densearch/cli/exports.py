"""What a job has found, as files of other programs and as one bundle."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from densearch.cli.documents import STDOUT
from densearch.cli.failures import UNREACHABLE, USAGE, fail
from densearch.cli.jobs import JobId, Url, connect
from densearch.cli.json_documents import IsJson, print_document
from densearch.cli.terminal import echo

if TYPE_CHECKING:
    from densearch.client.client import Client
    from densearch.client.results import TableForm

TABLES = ("csv", "parquet", "ndjson")
FORMATS = (*TABLES, "optuna", "mlflow")
_ENDINGS = {**dict.fromkeys(("db", "sqlite", "sqlite3"), "optuna"), "jsonl": "ndjson"}


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: densearch export 1 --format parquet")(export)
    app.command(epilog="Example: densearch bundle 1 --norm folded")(bundle)


def export(
    job_id: JobId,
    form: Annotated[
        str | None,
        typer.Option(
            "--format", help=f"{', '.join(FORMATS)}; by the name of --to if left out, else csv."
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            help="The file, - for stdout; for mlflow a folder, or the address of a server."
        ),
    ] = None,
    is_measurements: Annotated[
        bool, typer.Option("--measurements", help="The metrics after each epoch, not the trials.")
    ] = False,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Write a job's trials as a table, as a database of Optuna, or into MLflow."""
    chosen = form_of(form, to)
    if to == STDOUT and (is_json or chosen == "mlflow"):
        fail("--to - goes with neither --json nor mlflow: name a file", USAGE)
    if is_measurements and chosen not in TABLES:
        fail(f"--measurements needs one of {', '.join(TABLES)}", USAGE)
    with connect(url) as client:
        written = _written(client, job_id, chosen, to, is_measurements=is_measurements)
    _show(job_id, written, is_json=is_json)


def bundle(
    job_id: JobId,
    out: Annotated[
        str | None, typer.Option(help="The file, - for stdout; bundle-ID.zip if left out.")
    ] = None,
    arm: Annotated[
        str | None, typer.Option(help="Name of an arm; the recommended one if left out.")
    ] = None,
    norm: Annotated[
        str, typer.Option(help="kept, or folded: batch norm becomes part of the convolutions.")
    ] = "kept",
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Write what an arm has found as one archive: density, network, report, provenance."""
    if norm not in {"kept", "folded"}:
        fail(f"--norm {norm} is neither kept nor folded", USAGE)
    if out == STDOUT and is_json:
        fail("--out - does not go with --json: name a file", USAGE)
    written = out or f"bundle-{job_id}.zip"
    with connect(url) as client, _file(written) as path:
        client.save_bundle(job_id, path, arm=arm, folds_norms=norm == "folded")
    _show(job_id, written, is_json=is_json)


def form_of(form: str | None, to: str | None) -> str:
    """Return the format that is asked for, by name or by a file's ending; CSV by default."""
    ending = "" if to is None else Path(to).suffix.lower().removeprefix(".")
    chosen = form or _ENDINGS.get(ending, ending) or "csv"
    if chosen not in FORMATS:
        what = f"--format {form}" if form else f"the ending of {to}"
        fail(f"{what} is no format: choose one of {', '.join(FORMATS)}", USAGE)
    return chosen


def _written(
    client: Client, job_id: int, form: str, to: str | None, *, is_measurements: bool
) -> str:
    """Write the files, and return where."""
    what = "measurements" if is_measurements else "trials"
    if form == "mlflow":
        return _tracked(client, job_id, to or "mlruns")
    if form == "optuna":
        written = to or f"job-{job_id}.db"
        with _file(written) as path:
            client.save_optuna(job_id, path)
        return written
    written, table = to or f"job-{job_id}-{what}.{form}", cast("TableForm", form)
    with _file(written) as path:
        if is_measurements:
            client.save_measurements(job_id, path, table)
        else:
            client.save_trials(job_id, path, table, phase="all")
    return written


@contextmanager
def _file(name: str) -> Iterator[Path]:
    """Yield the file to write; that of stdout is printed once it is whole."""
    if name != STDOUT:
        yield Path(name)
        return
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "whole"
        yield whole
        with whole.open("rb") as file:
            copyfileobj(file, typer.get_binary_stream("stdout"))


def _tracked(client: Client, job_id: int, to: str) -> str:
    from densearch.client.mlflow_export import TrackingError, export_job  # an extra

    try:
        return export_job(client, job_id, to)
    except TrackingError as error:
        code = UNREACHABLE if to.startswith(("http://", "https://")) else USAGE
        fail(f"MLflow cannot write to {to}: {error}", code)


def _show(job_id: int, written: str, *, is_json: bool) -> None:
    if written == STDOUT:
        return
    found: dict[str, Any] = {"job": job_id, "path": written}
    if is_json:
        print_document(found)
    else:
        echo(written)
