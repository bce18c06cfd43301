"""The report of a job as a file to hand around."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from densearch.cli.failures import USAGE, fail
from densearch.cli.jobs import JobId, Url, connect
from densearch.cli.json_documents import IsJson, print_document
from densearch.cli.terminal import echo

if TYPE_CHECKING:
    from densearch.client.client import DocumentForm

FORMS = ("html", "md", "pdf", "json")
STDOUT = "-"


def register(app: typer.Typer) -> None:
    """Add this module's command."""
    app.command(epilog="Example: densearch report 1 --format pdf --open")(report)


def report(
    job_id: JobId,
    form: Annotated[
        str | None,
        typer.Option("--format", help="html, md, pdf or json; by the name of --out if left out."),
    ] = None,
    out: Annotated[
        str | None, typer.Option(help="The file; - is stdout. report-ID.FORMAT if left out.")
    ] = None,
    is_open: Annotated[
        bool, typer.Option("--open", help="Open the file that was written.")
    ] = False,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Write a job's report as one document, the answer on its first page."""
    if is_json and (form or out or is_open):
        fail("--json prints the report: leave --format, --out and --open out", USAGE)
    chosen = "json" if is_json else form_of(form, out)
    if is_open and out == STDOUT:
        fail("--open needs a file: leave --out - out", USAGE)
    with connect(url) as client:
        content = client.document(job_id, chosen)
    if is_json:
        print_document(json.loads(content))
        return
    if out == STDOUT:
        typer.get_binary_stream("stdout").write(content)
        return
    path = Path(out or f"report-{job_id}.{chosen}")
    path.write_bytes(content)
    echo(path)
    if is_open and not _opened(path):
        echo(f"nothing here opens {path.name}: open it by hand", err=True)


def form_of(form: str | None, out: str | None) -> DocumentForm:
    """Return the format that is asked for, by name or by a file's ending; HTML by default."""
    ending = "" if out in (None, STDOUT) else Path(str(out)).suffix.lower().removeprefix(".")
    known = {"htm": "html", "markdown": "md", "": "html"}
    chosen = form or known.get(ending, ending)
    if chosen not in FORMS:
        what = f"--format {form}" if form else f"the ending of {out}"
        fail(f"{what} is no format: choose one of {', '.join(FORMS)}", USAGE)
    return cast("DocumentForm", chosen)


def _opened(path: Path) -> bool:
    import webbrowser  # looks for browsers when it is imported

    return webbrowser.open(path.resolve().as_uri())
