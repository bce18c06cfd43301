"""Commands about data sets."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from densearch.answers import LEFT_OUT
from densearch.cli.failures import USAGE, fail
from densearch.cli.jobs import Url, connect
from densearch.cli.json_documents import IsJson, print_document, print_items
from densearch.cli.spec_files import explained
from densearch.cli.terminal import console, echo
from densearch.names import decoded, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from densearch.answers import ImportAnswer, LeftOutAnswer
    from densearch.client.client import Json

app = typer.Typer(help="Store, list, show and delete data sets.", no_args_is_help=True)
DatasetId = Annotated[int, typer.Argument(metavar="ID", min=1, help="Number of the data set.")]
# A terminal is no place for the thousand classes of a large set.
CLASSES_SHOWN = 20
FILES_SHOWN = 5


class Storage(StrEnum):
    """How images are stored."""

    AUTO = "auto"
    VALUES = "values"
    ENCODED = "encoded"


class Conversion(StrEnum):
    """What images are converted to."""

    GREY = "grey"
    COLOUR = "colour"


@app.command(epilog="Example: densearch datasets add pets.zip --name pets --size-px 32")
def add(  # noqa: PLR0913 - a command's options
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="A .zip, .npz, .tar or .tar.gz to send."),
    ] = None,
    *,
    folder: Annotated[
        str | None, typer.Option(help="A folder on the server, instead of a file.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it; the file's name.")] = None,
    layout: Annotated[
        str, typer.Option("--format", help="How it is laid out, if the names do not show it.")
    ] = "auto",
    convert: Annotated[
        Conversion | None, typer.Option(help="Convert all images to grey or colour.")
    ] = None,
    size_px: Annotated[
        int | None, typer.Option(min=1, help="Scale and cut images to squares of this side.")
    ] = None,
    storage: Annotated[
        Storage, typer.Option(help="Images as values, or as the files that they come in.")
    ] = Storage.AUTO,
    encoding: Annotated[
        str | None, typer.Option(help="Of names and tables that do not say it, such as cp437.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Leave out files that cannot be read.")
    ] = False,
    n_dims: Annotated[
        int | None, typer.Option(min=1, max=3, help="Axes of a sample of a .npz.")
    ] = None,
    validation: Annotated[float, typer.Option(help="Share that guides the search.")] = 0.2,
    test: Annotated[float, typer.Option(help="Share that judges the result.")] = 0.2,
    split_seed: Annotated[int, typer.Option(min=0, help="Of the draw of the splits.")] = 0,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Store a data set, with bars while it is sent and read, and show what was found in it."""
    from densearch.cli.upload_bars import UploadBars  # rich takes a while to load

    options = {
        "format": str(layout),
        "convert": str(convert) if convert else None,
        "size_px": size_px,
        "storage": str(storage),
        "encoding": encoding,
        "skip_bad": skip_bad or None,
        "n_dims": n_dims,
        "validation": validation,
        "test": test,
        "split_seed": split_seed,
    }
    if (file is None) == (folder is None):
        fail("name a FILE to send, or a --folder on the server", USAGE)
    if file is not None and file.is_dir():
        fail(f"{file} is a folder: pack it as .zip, or name one on the server by --folder", USAGE)
    n_bytes = None if file is None else file.stat().st_size
    with connect(url) as client, explained(), UploadBars(n_bytes) as bars:
        if file is None:
            found = client.datasets.add_folder(
                decoded(str(folder)),
                name=decoded(name or Path(str(folder)).name),
                on_progress=bars.imported,
                **options,
            )
        else:
            found = client.datasets.add(
                file,
                name=decoded(name or file.stem),
                on_sent=bars.sent,
                on_progress=bars.imported,
                **options,
            )
    if is_json:
        print_document(found)
    else:
        _print(found)


@app.command(epilog="Example: densearch datasets imports --stop 3")
def imports(
    stop: Annotated[
        int | None, typer.Option(min=1, metavar="ID", help="Stop this import, or forget it.")
    ] = None,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """List the imports of the last week: how far each is, or how it ended."""
    from densearch.cli.tables import show_table  # rich takes a while to load

    with connect(url) as client:
        if stop is None:
            listed = list(client.datasets.imports())
            print_items(listed) if is_json else show_table(imports_table(listed))
            return
        found = client.datasets.stop_import(stop)
    if is_json:
        print_document(found)
    elif found["state"] == "RUNNING":
        echo(f"import {stop} is stopped: nothing is stored")
    else:
        stays = f"; {found['dataset']} stays" if found["dataset"] else ""
        echo(f"import {stop} had ended ({found['state']}) and is forgotten{stays}")


def imports_table(found: list[ImportAnswer]) -> Table:
    """Return a row for each import."""
    from rich.table import Table  # as above
    from rich.text import Text

    from densearch.cli.tables import moment
    from densearch.cli.upload_bars import STAGES, amount_of

    table = Table("import", "name", "state", "began", "", box=None, pad_edge=False)
    for one in found:
        words = str((one["problem"] or {}).get("detail") or one["dataset"] or "")
        if one["state"] == "RUNNING":
            amount = amount_of(one["n_done"], one["n_total"], one["unit"])
            words = f"{STAGES.get(one['stage'], one['stage'])} {amount}".strip()
        began = moment(one["created_at"])
        table.add_row(str(one["id"]), Text(one["name"]), one["state"], began, Text(words))
    return table


@app.command(name="list", epilog="Example: densearch datasets list")
def list_datasets(url: Url = None, is_json: IsJson = False) -> None:
    """List the data sets, stored and built in, by the name that a job's task calls them."""
    from densearch.cli.tables import show_table  # rich takes a while to load

    with connect(url) as client:
        stored, built_in = list(client.datasets.all()), client.datasets.built_in()
    if is_json:
        print_items(stored, built_in=built_in)
    else:
        show_table(datasets_table(stored, built_in))


def datasets_table(stored: Sequence[Json], built_in: Sequence[Json]) -> Table:
    """Return a row for each set."""
    from rich.table import Table  # as above
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for heading in [
        "dataset",
        "name",
        "kind",
        "samples",
        "axes",
        "channels",
        "size",
        "disk",
        "warnings",
    ]:
        # What a spec names is cut off last.
        table.add_column(heading, no_wrap=heading in {"dataset", "kind"})
    for found in stored:
        n_warnings = len(found["warnings"])
        warned = f"! {n_warnings}" if n_warnings else ""
        table.add_row(
            found["dataset"],
            Text(found["name"]),
            found["kind"],
            f"{found['n_samples']:,}",
            str(found["n_dims"]),
            str(found["n_channels"]),
            _size(found),
            _bytes(found["n_bytes"]),
            Text(warned, style="yellow"),
        )
    for found in built_in:
        side = "-" if found["size_px"] is None else str(found["size_px"])
        kind, axes, channels = found["task"], str(found["n_dims"]), str(found["n_channels"])
        table.add_row(found["dataset"], "(built in)", kind, "-", axes, channels, side, "-", "")
    return table


def _size(found: Json) -> str:
    least, most = found["size_px"], found["largest_px"]
    return str(least) if least == most else f"{least} to {most}"


def _bytes(n_bytes: int) -> str:
    from rich.filesize import decimal  # as above

    return decimal(n_bytes)


@app.command(epilog="Example: densearch datasets show 1 --preview sheet.png")
def show(
    dataset_id: DatasetId,
    preview: Annotated[
        Path | None, typer.Option(help="Write the sheet of samples to this file, as PNG.")
    ] = None,
    url: Url = None,
    is_json: IsJson = False,
) -> None:
    """Show a data set: its classes, its splits and its warnings."""
    with connect(url) as client:
        found = client.datasets.show(dataset_id)
        if preview is not None:
            preview.write_bytes(client.datasets.preview(dataset_id))
    if is_json:
        print_document(found)
        return
    _print(found)
    if preview is not None:
        rows = found.get("preview_rows") or []
        named = f" (a row each: {', '.join(map(shown, rows))})" if rows else ""
        echo(f"samples: {preview}{named}")


def _print(found: Json) -> None:
    from rich.text import Text  # rich takes a while to load

    from densearch.cli.tables import show_table

    out = console()
    out.print(Text(f"{found['dataset']}  {found['name']}", style="bold"))
    out.print(
        f"{found['n_samples']:,} samples ({found['kind']}, {found['format']}), "
        f"{found['n_dims']} axes of {_size(found)}, {found['n_channels']} channels, "
        f"{_bytes(found['n_bytes'])} on disk"
    )
    show_table(splits_table(found), out)
    for warning in found["warnings"]:
        out.print(Text(f"! {warning}", style="yellow"))
    for line in left_out_lines(found.get("left_out") or []):
        out.print(Text(line, style="dim"))


def left_out_lines(found: list[LeftOutAnswer]) -> list[str]:
    """Return what is not in a set: a line for each reason, and the first files with theirs."""
    lines = []
    for row in found:
        lines.append(f"left out, {LEFT_OUT[row['reason']]}: {row['n']:,}")
        files = [
            f"  {file['entry']}" + (f" {file['detail']}" if file["detail"] else "")
            for file in row["first"][:FILES_SHOWN]
        ]
        n_more = row["n"] - len(files)
        lines += [*files, f"  and {n_more:,} more"] if n_more > 0 else files
    return lines


def splits_table(found: Json) -> Table:
    """Return a row for each class, for all samples and for groups: their number in each split."""
    from rich.table import Table  # as above
    from rich.text import Text

    table = Table("", *found["counts"], box=None, pad_edge=False)
    counts = found["class_counts"] or {}
    # Samples with masks are not counted by class.
    classes = found["classes"] if counts else []
    for place, name in enumerate(classes[:CLASSES_SHOWN]):
        table.add_row(Text(name), *(f"{of_split[place]:,}" for of_split in counts.values()))
    n_more = len(classes) - CLASSES_SHOWN
    if n_more > 0:
        table.add_row(Text(f"and {n_more:,} more classes", style="dim"))
    table.add_row(Text("all", style="bold"), *(f"{n:,}" for n in found["counts"].values()))
    if groups := found.get("group_counts"):  # a server of an earlier version counts none
        table.add_row("groups", *(f"{n:,}" for n in groups.values()))
    return table


@app.command(epilog="Example: densearch datasets delete 1")
def delete(dataset_id: DatasetId, url: Url = None, is_json: IsJson = False) -> None:
    """Delete a stored data set, unless a job that has not ended names it."""
    with connect(url) as client:
        client.datasets.delete(dataset_id)
    if is_json:
        print_document({"deleted": [dataset_id]})
    else:
        echo(f"data set {dataset_id} is deleted")
