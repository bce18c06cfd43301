"""Commands about campaigns."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import typer

from densearch.cli.jobs import Url, confirm, connect
from densearch.cli.json_documents import IsJson, print_document, print_items
from densearch.cli.reopening import value_of
from densearch.cli.spec_files import explained, read_spec
from densearch.cli.terminal import echo
from densearch.names import shown
from densearch.plurals import counted

if TYPE_CHECKING:
    from densearch.client.client import Client, Json

app = typer.Typer(
    help="Submit, list, show, cancel, extend, delete campaigns: jobs that differ by settings.",
    no_args_is_help=True,
)
CampaignId = Annotated[int, typer.Argument(metavar="ID", min=1, help="Number of the campaign.")]


@app.command(epilog="Example: densearch campaigns submit examples/campaign.json")
def submit(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="The campaign as JSON or YAML; - reads stdin.")
    ],
    idempotency_key: Annotated[
        str | None, typer.Option(help="The same key and campaign twice give one.")
    ] = None,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Print what it would cost; submit nothing.")
    ] = False,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Submit a campaign, a job for each cell of its matrix, and print its number and page."""
    spec = read_spec(file)
    with connect(url) as client, explained(spec):
        if estimate:
            _print_estimate(client, spec.body, is_json=is_json)
            return
        made = client.campaigns.submit(spec.body, idempotency_key)
        if is_json:
            print_document(made)
            return
        jobs = counted(made["n_cells"], "job")
        echo(f"campaign {made['id']}, {jobs}: {client.url}/campaigns/{made['id']}")


def _print_estimate(client: Client, body: bytes, *, is_json: bool) -> None:
    from densearch.cli.campaign_tables import estimate_lines
    from densearch.cli.estimates import wait_for_estimate  # rich takes a while to load

    found = wait_for_estimate(client.campaigns, body)
    if is_json:
        print_document(found)
        return
    for line in estimate_lines(found):
        echo(line)


@app.command(name="list", epilog="Example: densearch campaigns list")
def list_campaigns(
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 20,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """List campaigns, the newest first."""
    from densearch.cli.campaign_tables import campaigns_table
    from densearch.cli.tables import show_table  # rich takes a while to load

    with connect(url) as client:
        found = list(islice(client.campaigns.all(), limit))
    if is_json:
        print_items(found)
    elif found:
        show_table(campaigns_table(found))
    else:
        echo("there are no campaigns: `densearch campaigns submit examples/campaign.json`")


@app.command(epilog="Example: densearch campaigns show 1")
def show(campaign_id: CampaignId, url: Url = None, is_json: IsJson = False) -> None:
    """Show a campaign: what its cells have found, and a row for each."""
    from densearch.cli.campaign_tables import show_campaign

    with connect(url) as client:
        campaign, report = client.campaigns.get(campaign_id), client.campaigns.report(campaign_id)
    if is_json:
        print_document({**campaign, "report": report})
    else:
        show_campaign(campaign, report)


@app.command(epilog="Example: densearch campaigns cancel 1")
def cancel(campaign_id: CampaignId, url: Url = None, is_json: IsJson = False) -> None:
    """Cancel all jobs of a campaign that have not ended; those that have stay."""
    with connect(url) as client:
        _print_standing(client.campaigns.cancel(campaign_id), is_json=is_json)


@app.command(epilog="Example: densearch campaigns extend 1 seed 3 4")
def extend(
    campaign_id: CampaignId,
    path: Annotated[str, typer.Argument(metavar="PATH", help="The axis, such as training.lr.")],
    values: Annotated[
        list[str], typer.Argument(metavar="VALUE...", help="The new values, JSON or text.")
    ],
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Add values to an axis of the matrix: jobs for the new cells alone."""
    with connect(url) as client, explained():
        found = client.campaigns.extend(campaign_id, path, [value_of(text) for text in values])
    _print_standing(found, is_json=is_json)


@app.command(epilog="Example: densearch campaigns delete 1")
def delete(
    campaign_id: CampaignId,
    has_jobs: Annotated[
        bool, typer.Option("--jobs", help="Delete its jobs, too, which have ended.")
    ] = False,
    is_sure: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Delete a campaign; its jobs stay, and go on, unless --jobs asks for theirs, too."""
    with connect(url) as client:
        if not is_sure:
            _confirm_deletion(client.campaigns.get(campaign_id), has_jobs=has_jobs)
        client.campaigns.delete(campaign_id, has_jobs=has_jobs)
    if is_json:
        print_document({"deleted": [campaign_id]})
        return
    echo(f"campaign {campaign_id} is deleted{' with its jobs' if has_jobs else ', its jobs stay'}")


def _confirm_deletion(found: Json, *, has_jobs: bool) -> None:
    from densearch.cli.campaign_tables import counts_text

    echo(f"campaign {found['id']}, {shown(found['name'])}: {counts_text(found)}", err=True)
    if has_jobs:
        confirm("Delete the campaign and its jobs for good, with all results?")
    else:
        confirm("Delete the campaign for good? Its jobs stay.")


def _print_standing(found: Json, *, is_json: bool) -> None:
    if is_json:
        print_document(found)
        return
    counts = ", ".join(f"{n:,} {state}" for state, n in found["counts"].items())
    echo(f"campaign {found['id']}: {counts}")
