"""Peak memory while a job runs: python -m benchmarks.memory [--job examples/photos.json].

The highest resident set (VmHWM, shared pages included) of the API process, the dispatcher and each
Ray worker, read when the job has ended. One job on a fresh server: n is the number of processes.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from benchmarks.machine import describe, judge, spread
from benchmarks.serving import command_of, descendants_of, peak_bytes, serve
from densearch.client.client import Client

API_TARGET_MB, WORKER_TARGET_MB = 250.0, 700.0
MB = 1e6


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--job", type=Path, default=Path("examples/photos.json"))
    job_file: Path = parser.parse_args().job
    os.environ.setdefault("DENSEARCH_N_CPUS", "2")
    print(describe("torch", "ray", "fastapi"))
    with serve() as server, Client(server.url) as client:
        server.wait_until_ready()
        dispatcher = server.dispatcher_pid()
        job = client.submit(job_file.read_bytes())
        state = client.wait(job["id"])["state"]
        workers = [
            peak_bytes(pid) / MB
            for pid in descendants_of(dispatcher)
            if command_of(pid).startswith("ray::Worker")
        ]
        api, own = peak_bytes(server.pid) / MB, peak_bytes(dispatcher) / MB
    print(f"{job_file} ended {state}")
    print(f"API process  {api:.0f} MB  {judge(api, API_TARGET_MB, 'MB')}")
    print(f"dispatcher   {own:.0f} MB")
    line = f"Ray worker   {spread(workers, 'MB')}"
    print(f"{line}  {judge(max(workers), WORKER_TARGET_MB, 'MB')}")


if __name__ == "__main__":
    main()
