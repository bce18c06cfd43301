"""The demo: a server on a free port, a job over REST, live bars, a table, files."""

from __future__ import annotations

import shutil
import threading
import time
from pathlib import Path

from api.cli.private_server import end_with_the_server, private_server
from densearch.cli.downloads import save_job
from densearch.cli.failures import REFUSED, fail
from densearch.cli.jobs import ending_of
from densearch.cli.progress_bars import follow
from densearch.cli.spec_files import read_spec
from densearch.cli.tables import duration
from densearch.cli.terminal import echo
from densearch.client.client import Client, Json

EXAMPLE = Path(__file__).parents[2] / "examples" / "demo.json"


def run(out: Path, job_file: Path | None, *, keep: bool, fresh: bool) -> None:
    """Run the demo. See `densearch demo --help`."""
    spec = read_spec(str(job_file or EXAMPLE))
    data_dir = out / "demo-data"
    if fresh:
        shutil.rmtree(data_dir, ignore_errors=True)
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    end_with_the_server()
    started = time.monotonic()
    with private_server(data_dir) as url, Client(url) as client:
        submitted = client.submit(spec.body)
        echo(f"dashboard: {url}/jobs/{submitted['id']}")
        job = follow(client, submitted["id"])
        if job["state"] != "SUCCEEDED":
            fail(f"{ending_of(job)}; the server's log is {data_dir / 'server.log'}", REFUSED)
        _conclude(client, job, out, time.monotonic() - started)
        if keep:
            echo(f"dashboard: {url}/jobs/{job['id']} (Ctrl-C ends the server)")
            _wait_for_ctrl_c()
    echo(f"to look at it again: densearch serve --data-dir {data_dir}")


def _conclude(client: Client, job: Json, out: Path, elapsed_s: float) -> None:
    cost = (job.get("report") or {}).get("cost", {})
    paths = list(save_job(client, job["id"], out))
    echo(
        f"{cost.get('trained', 0)} trainings, {cost.get('cached', 0)} known already, "
        f"{duration(elapsed_s)} in all"
    )
    echo(f"saved {len(paths)} files to {paths[0].parent}")


def _wait_for_ctrl_c() -> None:
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        echo("ending the server")
