"""Commands that talk to a server about jobs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from densearch.cli.failures import REFUSED, USAGE, fail, reason_of
from densearch.cli.json_documents import IsJson, print_document, print_items
from densearch.cli.spec_files import explained, read_spec
from densearch.cli.terminal import echo, is_interactive

if TYPE_CHECKING:
    from densearch.client.client import Client, Json

JobId = Annotated[int, typer.Argument(metavar="ID", min=1, help="Number of the job.")]
Url = Annotated[str | None, typer.Option(help="Address of the server; DENSEARCH_URL if left out.")]


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: densearch submit examples/demo.json --watch")(submit)
    app.command(name="jobs", epilog="Example: densearch jobs --state RUNNING")(list_jobs)
    app.command(epilog="Example: densearch watch 1")(watch)
    app.command(epilog="Example: densearch show 1")(show)
    app.command(epilog="Example: densearch pause 1")(pause)
    app.command(epilog="Example: densearch resume 1")(resume)
    app.command(epilog="Example: densearch cancel 1")(cancel)
    app.command(epilog="Example: densearch delete 1 2")(delete)
    app.command(epilog='Example: densearch tag 1 --add paper --note "With more epochs."')(tag)
    app.command(epilog="Example: densearch download 1 --out out")(download)


def connect(url: str | None) -> Client:
    """Return a client of the server that the option or the environment names."""
    from densearch.cli.server import current
    from densearch.client import Client  # the HTTP library takes a while to load

    return Client(current().url_of(url))


def submit(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The job as JSON or YAML; - reads stdin.")
    ],
    follow: Annotated[bool, typer.Option("--watch", help="Watch the job to its end.")] = False,
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key and job twice give one job.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Print what the job would cost; submit nothing.")
    ] = False,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Submit a job and print its number and its page."""
    spec = read_spec(file)
    with connect(url) as client, explained(spec):
        if estimate:
            print_estimate(client, spec.body, is_json=is_json)
            return
        job = client.submit(spec.body, idempotency_key)
        print_new(client, job, is_followed=follow, is_json=is_json)


def print_new(client: Client, job: Json, *, is_followed: bool, is_json: bool) -> None:
    """Print a new job's number and page, or its document; follow it first if asked to."""
    if is_json:
        if is_followed:
            _print_ended(client.wait(job["id"]))
        else:
            print_document(job)
        return
    echo(f"job {job['id']}: {client.url}/jobs/{job['id']}")
    if is_followed:
        follow_job(client, job["id"])


def print_estimate(client: Client, body: bytes, *, is_json: bool) -> None:
    """Print what a job would cost, once that is known."""
    from densearch.cli.estimates import (  # rich takes a while to load
        show_estimate,
        wait_for_estimate,
    )

    found = wait_for_estimate(client, body)
    if is_json:
        print_document(found)
    else:
        show_estimate(found)


def list_jobs(  # noqa: PLR0913, PLR0917 - its options
    state: Annotated[str | None, typer.Option(help="Only jobs in this state.")] = None,
    text: Annotated[
        str | None, typer.Option(help="Only jobs with this in name, note or tags.")
    ] = None,
    task: Annotated[str | None, typer.Option(help="Only jobs of this kind of task.")] = None,
    dataset: Annotated[str | None, typer.Option(help="Only jobs on this data set.")] = None,
    sampler: Annotated[str | None, typer.Option(help="Only jobs with this sampler.")] = None,
    tag: Annotated[str | None, typer.Option(help="Only jobs with this tag.")] = None,
    sort: Annotated[str, typer.Option(help="newest, oldest, name or finished.")] = "newest",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 20,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """List jobs, the newest first unless another order is asked for."""
    from itertools import islice

    from densearch.cli.tables import jobs_table, show_table  # rich takes a while to load

    with connect(url) as client:
        given = {"state": state, "text": text, "task": task, "dataset": dataset}
        wanted = {**given, "sampler": sampler, "tag": tag}
        found = list(islice(client.jobs(**wanted, sort=sort), limit))
    if is_json:
        print_items(found)
    elif found:
        show_table(jobs_table(found))
    elif any(value is not None for value in wanted.values()):
        echo("no job fits: `densearch jobs` shows all")
    else:
        echo("there are no jobs: submit one with `densearch submit examples/demo.json`")


def watch(job_id: JobId, url: Url = None, is_json: IsJson = False) -> None:
    """Follow a job live to its end; Ctrl-C stops watching, the job goes on."""
    with connect(url) as client:
        if is_json:
            _print_ended(client.wait(job_id))
        else:
            follow_job(client, job_id)


def _print_ended(job: Json) -> None:
    """Print the document of a job that has ended; end the command with 1 unless it succeeded."""
    print_document(job)
    if job["state"] != "SUCCEEDED":
        raise SystemExit(REFUSED)


def follow_job(client: Client, job_id: int) -> None:
    """Watch a job to its end; end the command with an error unless it succeeded."""
    from densearch.cli.progress_bars import follow  # rich takes a while to load

    try:
        job = follow(client, job_id)
    except KeyboardInterrupt:
        echo(f"job {job_id} goes on: `densearch watch {job_id}` follows it again", err=True)
        raise SystemExit(130) from None
    if job["state"] != "SUCCEEDED":
        fail(ending_of(job), REFUSED)


def ending_of(job: Json) -> str:
    """Return a sentence on how a job ended, with the reason where there is one."""
    error = job.get("error")
    sentence = f"job {job['id']} ended {job['state']}"
    return f"{sentence}: {reason_of(error)}" if error else sentence


def show(
    job_id: JobId,
    margin: Annotated[
        float | None,
        typer.Option(help="Decide by this gain, in percent, instead of the spec's margin."),
    ] = None,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Show a job: its state, the decision, and the table of its arms with the verdict."""
    from densearch.cli.reports import show_job  # rich takes a while to load

    with connect(url) as client:
        job = client.job(job_id)
        if margin is not None:
            job["decision"] = client.decision(job_id, margin)
        studies = client.studies(job_id)
    if is_json:
        print_document({**job, "studies": studies})
    else:
        show_job(job, studies)


def pause(job_id: JobId, url: Url = None, is_json: IsJson = False) -> None:
    """Let a job's running trials finish and start no more."""
    with connect(url) as client:
        print_state(client.pause(job_id), is_json=is_json)


def resume(job_id: JobId, url: Url = None, is_json: IsJson = False) -> None:
    """Resume a paused job."""
    with connect(url) as client:
        print_state(client.resume(job_id), is_json=is_json)


def cancel(job_id: JobId, url: Url = None, is_json: IsJson = False) -> None:
    """End a job; running trainings stop within an epoch."""
    with connect(url) as client:
        print_state(client.cancel(job_id), is_json=is_json)


def delete(
    job_ids: Annotated[
        list[int], typer.Argument(metavar="ID...", min=1, help="Numbers of the jobs.")
    ],
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Delete jobs that have ended, with their trials, densities, reports and files."""
    with connect(url) as client:
        if not is_sure:
            _ask_whether_to_delete([client.job(job_id) for job_id in dict.fromkeys(job_ids)])
        for job_id in dict.fromkeys(job_ids):
            client.delete(job_id)
            if not is_json:
                echo(f"job {job_id} is deleted")
    if is_json:
        print_document({"deleted": list(dict.fromkeys(job_ids))})


def tag(
    job_id: JobId,
    add: Annotated[list[str] | None, typer.Option(help="A tag to add; may be repeated.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option(help="A tag to remove; may be repeated.")
    ] = None,
    note: Annotated[
        str | None, typer.Option(help='Text in place of the note; "" for none.')
    ] = None,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Change a job's tags and note, and print them."""
    with connect(url) as client, explained():
        job = client.job(job_id)
        if add or remove or note is not None:
            kept = [*job["tags"], *(add or ())]
            tags = [name for name in dict.fromkeys(kept) if name not in (remove or ())]
            job = client.annotate(job_id, tags=tags, note=note)
    if is_json:
        print_document({"id": job["id"], "tags": job["tags"], "note": job["note"]})
        return
    echo(f"tags: {', '.join(job['tags']) or 'none'}")
    echo(f"note: {job['note'] or 'none'}")


def _ask_whether_to_delete(jobs: list[Json]) -> None:
    """List the jobs and end the command unless the user confirms."""
    for job in jobs:
        echo(f"job {job['id']}, {job['name']}, {job['state']}", err=True)
    confirm("Delete for good, with all results?")


def confirm(question: str) -> None:
    """End the command unless the user confirms a deletion."""
    if not is_interactive():
        fail("there is no terminal to confirm on: --yes deletes without asking", USAGE)
    if not typer.confirm(question, err=True):
        fail("nothing was deleted", REFUSED)


def print_state(job: Json, *, is_json: bool) -> None:
    """Print a job's number and state, or its document."""
    if is_json:
        print_document(job)
    else:
        echo(f"job {job['id']} is {job['state']}")


def download(
    job_id: JobId,
    out: Annotated[Path, typer.Option(help="Directory to write into; made if missing.")] = Path(
        "out"
    ),
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Download a job's learned densities (json, csv, npz), artifacts and report."""
    from densearch.cli.downloads import save_job

    with connect(url) as client:
        paths = save_job(client, job_id, out)
        if is_json:
            print_document({"files": [str(path) for path in paths]})
            return
        for path in paths:
            echo(path)
