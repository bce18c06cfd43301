"""Commands that continue or repeat a job: extend, clone, retry-failed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from densearch.cli.failures import USAGE, fail
from densearch.cli.jobs import (
    JobId,
    Url,
    connect,
    print_new,
    print_state,
)
from densearch.cli.json_documents import IsJson
from densearch.cli.spec_files import SpecFile, explained, read_spec

if TYPE_CHECKING:
    from densearch.client.client import Json


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    app.command(epilog="Example: densearch extend 1 --trials 40")(extend)
    app.command(epilog="Example: densearch clone 1 --set seed=1 --set training.lr=0.1 --watch")(
        clone
    )
    app.command(name="retry-failed", epilog="Example: densearch retry-failed 1")(retry_failed)


def extend(
    job_id: JobId,
    trials: Annotated[
        int | None,
        typer.Option(min=1, help="Trials of every sampler, those it has spent included."),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=1, help="Final trainings of each arm beyond the plan, in place of trials."
        ),
    ] = None,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Raise the budget of a job that has succeeded, or its seeds; it continues from its log."""
    if (trials is None) == (seeds is None):
        raise typer.BadParameter("give either --trials or --seeds")
    with connect(url) as client, explained():
        print_state(client.extend(job_id, trials, n_seeds=seeds), is_json=is_json)


def clone(
    job_id: JobId,
    changes: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PATH=VALUE", help="A field and its value; null removes it."
        ),
    ] = None,
    patch: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="A merge patch as JSON or YAML; - is stdin."),
    ] = None,
    follow: Annotated[bool, typer.Option("--watch", help="Watch the new job to its end.")] = False,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Submit a job's spec again, with changes, and print the new job's number and page."""
    if changes and patch is not None:
        fail("give --set or --patch, not both", USAGE)
    if patch is not None:
        spec = read_spec(patch)
    else:
        spec = SpecFile(json.dumps(patch_of(changes or [])).encode(), {})
    with connect(url) as client:
        with explained(spec):
            job = client.clone(job_id, spec.body)
        print_new(client, job, is_followed=follow, is_json=is_json)


def patch_of(changes: list[str]) -> Json:
    """Return the merge patch of settings such as ``training.lr=0.1``.

    A value is JSON where it can be read as such (numbers, lists, true, null), else text.
    """
    patch: dict[str, Any] = {}
    for change in changes:
        path, equals, value = change.partition("=")
        if not (equals and all(path.split("."))):
            fail(f"cannot read --set {change}: write PATH=VALUE, as in training.lr=0.1", USAGE)
        *way, last = path.split(".")
        here = patch
        for name in way:
            here = here.setdefault(name, {})
            if not isinstance(here, dict):
                fail(f"--set {change} contradicts another --set", USAGE)
        here[last] = value_of(value)
    return patch


def value_of(text: str) -> object:
    """Return what a word of the command line means: JSON where it can be read as such."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def retry_failed(job_id: JobId, url: Url = None, is_json: IsJson = False) -> None:
    """Try the failed trials of a job that has ended again."""
    with connect(url) as client:
        print_state(client.retry_failed(job_id), is_json=is_json)
