"""The cost of every GET with a large job: python -m benchmarks.page_cost [--trials 100000].

An ended job and a running one are written into a fresh database (SQLite, or that of DATABASE_URL,
which is filled if it is empty); each page is then requested in this process, without a network.
The first answer and the median of the later ones are printed. At last the trials are walked in
several orders, each window from the end of the one before.
"""

from __future__ import annotations

import argparse
import logging
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import structlog
from fastapi.testclient import TestClient

from api.app import create_app
from benchmarks.large_job import fill
from benchmarks.machine import describe
from service.settings import Settings
from service.storage import job_pages, schema, studies
from service.storage.database import Database

TARGET_MS = 150.0
BOTH = (False, True)
PATHS = (
    "/jobs/{job}",
    "/jobs/{job}/figures/convergence",
    "/jobs/{job}/figures/convergence?x=time",
    "/jobs/{job}/trials",
    "/jobs/{job}/trials/rows?cursor={middle}",
    "/jobs/{job}/trials/rows?sort=value",
    "/jobs/{job}/trials/rows?sort=value&cursor={middle},0.01",
    "/jobs/{job}/trials/rows?sort=number&from_number=12000",
    "/jobs/{job}/trials/rows?sort=-training&state=COMPLETED",
    "/jobs/{job}/trials/rows?min_value=0.01&max_value=0.0101",
    "/jobs/{job}/trials/rows?p.den[0]=0.5..0.501",
    "/jobs/{job}/trials/rows?text=memory",
    "/v1/jobs/{job}",
    "/v1/jobs/{job}/studies",
    "/v1/jobs/{job}/trials",
    "/v1/jobs/{job}/trials?cursor={middle}",
    "/v1/jobs/{job}/trials?phase=all&limit=1000",
    "/v1/jobs/{job}/trials?phase=evaluation",
    "/v1/jobs/{job}/trials?study=cmaes&cursor={middle}",
    "/v1/jobs/{job}/trials?study=cmaes&state=FAILED",
    "/v1/jobs/{job}/trials?state=FAILED",
    "/v1/jobs/{job}/trials?state=RUNNING",
    "/v1/jobs/{job}/trials?sampler=fixed",
    "/v1/jobs/{job}/densities",
    "/v1/jobs/{job}/artifacts",
    "/v1/jobs/{job}/report",
    "/v1/trials/{middle}",
    "/v1/trials/{middle}/measurements",
)
WINDOWS = (
    *("state=COMPLETED", "sort=value", "sort=-training&state=COMPLETED", "sort=state"),
    *("p.den[0]=0.2..0.9", "sort=value&p.den[0]=0.2..0.9", "text=memory"),
)
GENERAL = ("/", "/?state=RUNNING", "/v1/jobs", "/jobs/new", "/metrics", "/readyz")


def paths(database: Database, n_trials: int) -> Iterator[str]:
    """Fill the database, if it is empty, and yield the addresses to request."""
    with database.read() as session:
        known = [job.id for job in job_pages.page(session, limit=2)]
    made = known or [fill(database, n_trials, is_running=is_running).id for is_running in BOTH]
    for job_id in sorted(made):
        with database.read() as session:
            middle = studies.of_job(session, job_id)[0].best_trial_id
        yield from (path.format(job=job_id, middle=middle) for path in PATHS)
    yield from GENERAL


def measure(client: TestClient, path: str, n: int) -> tuple[list[float], list[float], str]:
    """Return the milliseconds of `n` answers, those of CPU time in this process, and the last."""
    times, used, answer = [], [], ""
    for _ in range(n):
        start, before = time.perf_counter(), time.process_time()
        found = client.get(path)
        used.append(1000 * (time.process_time() - before))
        times.append(1000 * (time.perf_counter() - start))
        answer = f"{found.status_code} {len(found.content):>9} B"
    return times, used, answer


def walk(client: TestClient, path: str, n: int) -> list[float]:
    """Return the milliseconds of the first windows of an order, each of 50 trials."""
    times, address = list[float](), path
    while address and len(times) <= n:
        start = time.perf_counter()
        found = client.get(address)
        times.append(1000 * (time.perf_counter() - start))
        address = found.links.get("next", {}).get("url", "")
    return times


def report_windows(client: TestClient, n: int) -> None:
    """Print what the windows of the job that has ended cost."""
    for query in WINDOWS:
        first, *others = walk(client, f"/v1/jobs/1/trials?limit=50&{query}", n)
        worst = max(others, default=0.0)
        shown = f"first {first:7.1f} ms  next up to {worst:7.1f} ms, n = {len(others)}"
        print(
            f"windows by {query:<41} {shown}{'' if worst <= TARGET_MS else '  SLOW'}", flush=True
        )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=100_000)
    parser.add_argument("--answers", type=int, default=6)
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(prefix="densearch-bench-") as folder:
        url = os.environ.get("DATABASE_URL", f"sqlite:///{folder}/densearch.sqlite3")
        database = Database(url)
        schema.upgrade(database)
        app = create_app(Settings(data_dir=Path(folder), port=0), database)
        print(describe("sqlalchemy", "fastapi"))
        print(f"{arguments.trials} trials, {database.url.get_backend_name()}")
        asked = list(paths(database, arguments.trials))
        with TestClient(app, base_url="http://127.0.0.1") as client:
            for path in asked:
                times, used, answer = measure(client, path, arguments.answers)
                middle, cpu = statistics.median(times[1:]), statistics.median(used[1:])
                first = f"first {times[0]:7.1f} ms (CPU {used[0]:7.1f})"
                then = f"then {middle:7.1f} ms (CPU {cpu:7.1f})"
                mark = "" if middle <= TARGET_MS else "  SLOW"
                print(f"{path:<52} {answer}  {first}  {then}{mark}", flush=True)
            report_windows(client, arguments.answers)
        database.close()


if __name__ == "__main__":
    main()
