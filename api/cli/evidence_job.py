"""Runs the protocol: a private server, its data sets and jobs, then the page and its files."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from api.cli import evidence_campaigns
from api.cli.private_server import end_with_the_server, private_server
from api.evidence import campaigns, protocol, records
from api.evidence.campaigns import CampaignRun, RegisteredCampaign
from api.evidence.page import (
    CAMPAIGNS,
    FIGURE,
    ITEMS,
    LOSSES,
    RECORDS,
    campaign_page,
    figure,
    page,
)
from api.evidence.protocol import Cell, Mode
from api.evidence.records import CellRecord, EvidenceRun
from api.evidence.sources import MissingDataError, Sources
from densearch.cli.failures import USAGE, fail
from densearch.cli.tables import duration
from densearch.cli.terminal import echo
from densearch.client.client import FINAL_STATES, Client, ClientError, Json
from densearch.plurals import counted
from service import digest
from service.processor import processor_name

POLL_S = 2.0
# A line where nothing is watched live.
LINE_EVERY_S = 60.0
PAGE = "README.md"
NOT_YET = "its job has not ended"


def run(mode: Mode | None, out: Path, aeon: Path | None, *, resume: bool) -> None:
    """Run a mode of the protocol, None for its campaigns: see `densearch evidence --help`."""
    cells = protocol.cells_of(mode) if mode is not None else []
    wanted = campaigns.registered() if mode != "quick" else []
    data_dir = out / "server"
    if not resume and (data_dir.exists() or (mode is not None and (out / RECORDS).exists())):
        fail(f"{out} has an earlier run: go on with --resume, or name another --out", USAGE)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    end_with_the_server()
    started = time.monotonic()
    with private_server(data_dir) as url, Client(url) as client:
        echo(f"{len(cells)} cells, {len(wanted)} campaigns; dashboard: {url}")
        sources = Sources(aeon)
        if mode is not None:
            run_cells(client, mode, cells, sources, out)
        if wanted:
            _save_campaigns(client, wanted, sources, out)
    echo(f"page: {out / PAGE}, after {duration(time.monotonic() - started)}")


def write(ended: EvidenceRun, out: Path) -> None:
    """Write the page of a run, its figure and its files, and copy the protocol next to them."""
    records.save(ended, out / RECORDS)
    records.save_losses(ended, out / LOSSES)
    write_page(out)


def _save_campaigns(
    client: Client, wanted: list[RegisteredCampaign], sources: Sources, out: Path
) -> None:
    """Run the campaigns, save what they gave, and write the page with it."""
    found = evidence_campaigns.records_of(
        client, wanted, lambda name: _stored(client, name, sources)
    )
    campaigns.save(CampaignRun(machine(), dict(digest.versions()), found), out / CAMPAIGNS)
    write_page(out)


def write_page(out: Path) -> None:
    """Write the page from the files of runs in a folder, those of its cells and of its campaigns.

    Raises:
        OSError: There is neither of them.
        ValueError: One is of another version.
    """
    radii = campaigns.load(out / CAMPAIGNS) if (out / CAMPAIGNS).exists() else None
    if radii is not None and not (out / RECORDS).exists():
        text = campaign_page(radii)
    else:
        ended = records.load(out / RECORDS)
        (out / FIGURE).write_text(figure(ended), encoding="utf-8")
        text = page(ended, radii)
    (out / PAGE).write_text(text, encoding="utf-8")
    if out.resolve() != protocol.FOLDER.resolve():
        shutil.copy(protocol.TEXT, out / protocol.TEXT.name)
        shutil.copytree(protocol.SPECS, out / protocol.SPECS.name, dirs_exist_ok=True)


def machine() -> str:
    """Name this machine's processor and its cores, for people; not its host."""
    system = f"{platform.system()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} x {processor_name()}, {system}"


def run_cells(
    client: Client, mode: Mode, cells: Sequence[Cell], sources: Sources, out: Path
) -> EvidenceRun:
    """Submit all cells, and write the page whenever the job of one has ended.

    Cells whose records are in ``out`` from an earlier run are not run again.
    """
    run = EvidenceRun(mode, machine(), dict(digest.versions()), [])
    by_name = {cell.name: cell for cell in cells}
    found = {name: records.skipped(cell, NOT_YET) for name, cell in by_name.items()}
    found |= {cell.name: cell for cell in records.kept(run, out / RECORDS)}
    jobs = _submitted(client, [cell for cell in cells if found[cell.name].report is None], sources)
    for name, job in _as_they_end(client, jobs):
        found[name] = _record(client, by_name[name], job, out / ITEMS)
        run = replace(run, cells=list(found.values()))
        write(run, out)
    echo(f"{len(run.ended)} of {len(cells)} cells")
    return run


def _submitted(client: Client, cells: Sequence[Cell], sources: Sources) -> dict[str, Json | str]:
    """Submit cells; return by name the job of each, or why it has none."""
    datasets: dict[str | None, int | str | None] = {None: None}
    jobs: dict[str, Json | str] = {}
    for cell in cells:
        if cell.data is not None and cell.data not in datasets:
            datasets[cell.data] = _stored(client, cell.data, sources)
        stored = datasets[cell.data]
        jobs[cell.name] = stored if isinstance(stored, str) else _job(client, cell, stored)
    return jobs


def _save_items(client: Client, job_id: int, path: Path) -> None:
    """Save the losses of a cell's test items by arm, seed and item."""
    path.parent.mkdir(exist_ok=True)
    try:
        client.save_item_losses(job_id, path)
    except ClientError as error:  # trainings of an earlier version have none
        echo(f"no losses of test items: {error}")


def _stored(client: Client, name: str, sources: Sources) -> int | str:
    """Store a data set, or take the one that is there; return its id, or why there is none."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            packed = sources.packed(name, Path(folder))
            found = client.datasets.add(packed.path, name=name, **packed.options)
        except (MissingDataError, ClientError) as error:
            return str(error)
    dataset_id: int = found["id"]
    return dataset_id


def _job(client: Client, cell: Cell, dataset_id: int | None) -> Json | str:
    """Submit a cell's job, or take the one of an earlier run with the same spec."""
    spec = cell.spec_on(dataset_id)
    try:
        return client.submit(spec, key=f"evidence-{digest.digest_of(spec)}")
    except ClientError as error:
        return f"the server refused it ({error})"


def _as_they_end(
    client: Client, jobs: Mapping[str, Json | str]
) -> Iterator[tuple[str, Json | str]]:
    """Yield each cell's job by name once its state is final, with a line now and then.

    Args:
        client: Of the server.
        jobs: By the name of their cell, as they were submitted, or why there is none.
    """
    yield from ((name, job) for name, job in jobs.items() if isinstance(job, str))
    open_ = {name: job for name, job in jobs.items() if not isinstance(job, str)}
    said_at = -LINE_EVERY_S
    while open_:
        for name, job in list(open_.items()):
            open_[name] = client.job(job["id"])
            if open_[name]["state"] in FINAL_STATES:
                yield name, open_.pop(name)
        if open_ and time.monotonic() - said_at >= LINE_EVERY_S:
            said_at = time.monotonic()
            done = sum(job["fraction"] for job in open_.values())
            n = counted(len(open_), "cell")
            echo(f"{n} at work, {done / len(open_):.0%} of their trainings have ended")
        time.sleep(POLL_S if open_ else 0.0)


def _record(client: Client, cell: Cell, job: Json | str, items: Path) -> CellRecord:
    """Return the record of a cell whose job has ended; save the losses of its items.

    Args:
        client: Of the server.
        cell: The cell.
        job: In its final state, or why there is none.
        items: Folder of the losses of test items.
    """
    if isinstance(job, str):
        echo(f"{cell.name}: left out, {job}")
        return records.skipped(cell, job)
    report = job["report"]
    if job["state"] != "SUCCEEDED" or not report:
        echo(f"{cell.name}: {job['state']}")
        return records.skipped(cell, f"its job ended {job['state']}", job["spec"])
    echo(f"{cell.name}: {report['findings'][0]}")
    _save_items(client, job["id"], items / f"{cell.name}.npz")
    return records.record_of(cell, job, client.trials(job["id"], phase="evaluation"))
