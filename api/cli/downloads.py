"""Everything that a job has produced, as files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from api.client import Client, Json

FORMATS: tuple[Literal["json", "csv", "npz"], ...] = ("json", "csv", "npz")


def safe_name(text: str) -> str:
    """Return `text` as a file name: letters, digits, dot, dash, underscore; never hidden."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:100] or "unnamed"


def save_job(client: Client, job_id: int, out: Path) -> Iterator[Path]:
    """Write a job's files to `out`/job-ID and yield the path of each.

    There are job.json (with the spec), report.json once there is one, density-ARM.json, .csv and
    .npz for every arm that learned one, density-best.* for the best search, and the artifacts.
    """
    job = client.job(job_id)
    folder = out / f"job-{job_id}"
    folder.mkdir(parents=True, exist_ok=True)
    yield _write_json(folder / "job.json", job)
    report = job.get("report")
    if report is not None:
        yield _write_json(folder / "report.json", report)
    yield from _save_densities(client, job, folder)
    taken: set[str] = set()
    for artifact in client.artifacts(job_id):
        name = safe_name(artifact["name"])
        if name in taken:
            name = f"{artifact['id']}-{name}"
        taken.add(name)
        client.save_artifact(artifact["id"], folder / name)
        yield folder / name


def _save_densities(client: Client, job: Json, folder: Path) -> Iterator[Path]:
    names = {study["id"]: study["name"] for study in client.studies(job["id"])}
    best = (job.get("report") or {}).get("best_arm")
    for density in client.densities(job["id"]):
        arm = names.get(density["study_id"], str(density["study_id"]))
        for form in FORMATS:
            content = client.density(density["id"], form)
            for stem in (arm, "best") if arm == best else (arm,):
                path = folder / f"density-{safe_name(stem)}.{form}"
                path.write_bytes(content)
                yield path


def _write_json(path: Path, value: Json) -> Path:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
