"""Runs the jobs of `specs.py` on a server, each to its kind of end, and the paused ones on."""

from __future__ import annotations

import io
import json
import tempfile
import time
import zipfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sqlalchemy import create_engine

from densearch.client.client import Client
from tests.assets.databases import results, specs
from tests.support.killing import kill_worker, named
from tests.support.product import Server

PATIENCE_S = 900.0
FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
PACKAGES = ("torch", "numpy", "nlopt", "optuna", "scipy", "scikit-image", "scikit-learn")
PAUSED = (specs.PAUSED_FUNCTION["name"], specs.PAUSED_TRAINING["name"])
Json = dict[str, Any]


def settings(url: str) -> dict[str, str]:
    """Return the settings of a server on this database."""
    return {
        "DENSEARCH_DATABASE_URL": url,
        "DENSEARCH_N_CPUS": "2",
        "DENSEARCH_LOG_LEVEL": "WARNING",
    }


def run(url: str, folder: Path) -> None:
    """Let the real server run jobs until each kind of end has occurred."""
    serve(Server(folder, {**settings(url), "DENSEARCH_MAX_ATTEMPTS": "1"}), fail)
    serve(Server(folder, settings(url)), work)
    serve(Server(folder, settings(url), role="api"), leave)


def serve(server: Server, use: Callable[[Server, Client], None]) -> None:
    """Start a server, use it and stop it."""
    server.start()
    try:
        with Client(server.url) as client:
            use(server, client)
    except BaseException:
        print(server.log_path.read_text()[-4000:])  # noqa: T201 - a script
        raise
    finally:
        server.stop()


def fail(server: Server, client: Client) -> None:
    """Kill workers: a job fails; another one's trial does, and is tried again."""
    until(lambda: client.readiness()[0])
    failed = client.submit(specs.function("failed", sleep_s=60.0, budget={"n_trials": 1}))["id"]
    kill_until_ended(server, client, failed)
    retried = client.submit(specs.function("retried", sleep_s=8.0, budget={"n_trials": 2}))["id"]
    kill_until_ended(server, client, retried)
    if not any(trial["state"] == "FAILED" for trial in client.trials(retried)):
        raise RuntimeError("no trial failed")
    client.retry_failed(retried)
    end(client, retried)


def kill_until_ended(server: Server, client: Client, job_id: int) -> None:
    """Kill the workers that a job's trials run on."""
    until(lambda: any(t["state"] == "RUNNING" for t in client.trials(job_id)))
    while client.job(job_id)["state"] not in FINAL:
        if named(server, "ray::Worker"):
            kill_worker(server)
        time.sleep(2)


def work(_: Server, client: Client) -> None:
    """Run jobs of every kind to their end, and pause, cancel, extend and delete some."""
    until(lambda: client.readiness()[0])
    pause(client, specs.PAUSED_FUNCTION, 40)
    pause(client, specs.PAUSED_TRAINING, 7)
    spec = specs.function("cancelled", sleep_s=0.2, budget={"n_trials": 40})
    cancelled = client.submit(spec)["id"]
    until(lambda: count(client, cancelled, "COMPLETED") > 0)
    client.cancel(cancelled)
    sets = [store(client, name, content) for name, content in data().items()]
    jobs = (*specs.FINISHED, specs.SPECULATING, *specs.on_stored(*sets))
    ids = {spec["name"]: client.submit(spec)["id"] for spec in jobs}
    for job_id in ids.values():
        end(client, job_id)
    density = client.densities(ids["pruned by the median"])[0]
    end(client, client.submit(specs.warm(density["id"]))["id"])
    client.extend(ids["repeats"], 5)
    client.extend(ids["stored arrays"], 3)
    client.extend(ids["planned looks"], n_seeds=5)
    for name in ("repeats", "stored arrays", "planned looks"):
        end(client, ids[name])
    client.annotate(ids["repeats"], tags=["kept", "für später"], note="Three samplers, twice.")
    for cell in client.campaigns.submit(specs.CAMPAIGN)["cells"]:
        assert cell["job_id"] is not None
        end(client, cell["job_id"])
    swept = client.submit(specs.function("swept", seed=1))["id"]
    end(client, swept)
    client.delete(swept)


def leave(_: Server, client: Client) -> None:
    """Leave a job queued, and another deleted whose rows nobody has removed yet."""
    client.submit(specs.function("queued"), "a key")
    deleted = next(job for job in client.jobs() if job["name"] == "cancelled")
    clone = client.clone(deleted["id"], {"name": "deleted"})["id"]
    client.cancel(clone)
    client.delete(clone)
    print(json.dumps({job["name"]: job["state"] for job in client.jobs()}))  # noqa: T201 - a script


def pause(client: Client, spec: specs.Spec, n_trials: int) -> None:
    """Submit a job and pause it once so many of its trials have ended."""
    job_id = client.submit(spec)["id"]
    until(lambda: count(client, job_id, "COMPLETED") >= n_trials)
    client.pause(job_id)
    until(lambda: count(client, job_id, "RUNNING") == 0)
    if count(client, job_id, "WAITING") == 0 or client.job(job_id)["state"] != "PAUSED":
        raise RuntimeError(f"{spec['name']} was not paused in the middle")


def count(client: Client, job_id: int, state: str) -> int:
    """Count a job's trials in a state."""
    return sum(1 for _ in client.trials(job_id, phase="all", state=state))


def end(client: Client, job_id: int) -> None:
    """Wait until a job has succeeded."""
    job = client.wait(job_id, PATIENCE_S)
    if job["state"] != "SUCCEEDED":
        raise RuntimeError(f"job {job['name']} is {job['state']}: {job['error']}")


def until(holds: Callable[[], bool]) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.05)


# Data


def data() -> dict[str, bytes]:
    """Return the files of the stored sets: arrays of images and of signals, image files."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (24, 8, 8)).astype(np.uint8)
    signals = random.random((24, 32)).astype(np.float32)
    return {
        "arrays.npz": arrays(inputs=images, labels=np.arange(24) % 2),
        "pairs.npz": arrays(inputs=signals, targets=signals**2),
        "images.zip": files(random),
    }


def arrays(**named: Any) -> bytes:
    """Return arrays as a file."""
    file = io.BytesIO()
    np.savez_compressed(file, **named)
    return file.getvalue()


def files(random: np.random.Generator) -> bytes:
    """Return images of two classes in as many sizes as there are images."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for i in range(24):
            sides = (16 + i, 40 - i)
            values = np.full((*sides, 3), random.integers(0, 128, 3), np.uint8) + 120 * (i % 2)
            image = io.BytesIO()
            Image.fromarray(values.astype(np.uint8)).save(image, "PNG")
            archive.writestr(f"{('dark', 'bright')[i % 2]}/{i}.png", image.getvalue())
    return file.getvalue()


def store(client: Client, name: str, content: bytes) -> int:
    """Store a set and return its number."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        number: int = client.datasets.add(path, name=path.stem)["id"]
    return number


# What the paused jobs give


def go_on(url: str, folder: Path) -> Json:
    """Resume the paused jobs; return what comes of them, and on what it was computed."""
    devices: set[str] = set()

    def resume(_: Server, client: Client) -> None:
        until(lambda: client.readiness()[0])
        paused = [job["id"] for job in client.jobs(state="PAUSED")]
        for job_id in paused:
            client.resume(job_id)
        for job_id in paused:
            end(client, job_id)
            for trial in client.trials(job_id, phase="all"):
                log = client.trial(trial["id"])["attempt_log"]
                devices.update((one["worker"] or "").partition(" on ")[2] for one in log)

    serve(Server(folder, settings(url)), resume)
    engine = create_engine(url)
    with engine.connect() as connection:
        jobs = {name: results.result_of(connection, name) for name in PAUSED}
    engine.dispose()
    return {
        "devices": sorted(devices - {""}),
        "packages": {name: version(name) for name in PACKAGES},
        "jobs": jobs,
    }
