"""Everything that a job has produced, as files."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Literal

from densearch.answers import marked_arm
from densearch.client.client import Client, Json
from densearch.client.transport import ClientError

ITEM_LOSSES = "item-losses.npz"
NOT_FOUND = 404
FORMATS: tuple[Literal["json", "csv", "npz"], ...] = ("json", "csv", "npz")


# Of a bundle that was made while its job was at work.
_SO_FAR = re.compile(r"-so-far-[0-9a-f]{16}\.zip$")


def safe_name(text: str) -> str:
    """Return `text` as a file name: letters, digits, dot, dash, underscore; never hidden."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-.")[:100] or "unnamed"


def save_job(client: Client, job_id: int, out: Path) -> Iterator[Path]:
    """Write a job's files to `out`/job-ID and yield the path of each.

    There are job.json (with the spec), report.json once there is one, density-ARM.json, .csv and
    .npz for every arm that learned one (density-ARM-LAYER.* where it learned one for each layer),
    density-best.* for the arm that the report recommends (see `_best_arm`), item-losses.npz where
    losses of test items were kept, and the artifacts; of a job that has ended, no bundle that was
    made before its end.
    """
    job = client.job(job_id)
    folder = out / f"job-{job_id}"
    folder.mkdir(parents=True, exist_ok=True)
    yield _write_json(folder / "job.json", job)
    report = job.get("report")
    if report is not None:
        yield _write_json(folder / "report.json", report)
    taken = {"job.json", "report.json", ITEM_LOSSES}
    yield from _save_densities(client, job, folder, taken)
    yield from _save_item_losses(client, job_id, folder / ITEM_LOSSES)
    for artifact in client.artifacts(job_id):
        if job.get("finished_at") and _SO_FAR.search(artifact["name"]):
            continue
        path = folder / _free_name(artifact["name"], artifact["id"], taken)
        client.save_artifact(artifact["id"], path)
        yield path


def _save_item_losses(client: Client, job_id: int, path: Path) -> Iterator[Path]:
    """Write the losses of a job's test items and yield the path; neither where there are none."""
    try:
        client.save_item_losses(job_id, path)
    except ClientError as error:
        if error.status != NOT_FOUND:
            raise
    else:
        yield path


def _free_name(text: str, number: int, taken: set[str]) -> str:
    """Return a safe file name that is not taken; of two that are alike one gets its number."""
    name = safe_name(text)
    if name.lower() in taken:  # some file systems take capitals for small letters
        name = f"{number}-{name}"
    taken.add(name.lower())
    return name


def _save_densities(client: Client, job: Json, folder: Path, taken: set[str]) -> Iterator[Path]:
    found = client.densities(job["id"])
    best = _best_arm(job, {density["study"] for density in found})
    for density in found:
        arm, layer = density["study"], density["layer"]
        texts = [f"density-{arm}"] + ["density-best"] * (arm == best)
        texts = [f"{text}-{layer}" if layer else text for text in texts]
        stems = [_free_name(text, density["id"], taken) for text in texts]
        for form in FORMATS:
            content = client.density(density["id"], form)
            for stem in stems:
                path = folder / f"{stem}.{form}"
                path.write_bytes(content)
                yield path


def _best_arm(job: Json, kept: Collection[str]) -> str | None:
    """Return the arm whose density is the best: the recommended one, if it has a density.

    The plain convolution has none, nor has an open result a recommendation: then it is the best
    search's.
    """
    report = job.get("report")
    if report is None:
        return None
    marked = marked_arm(report, (job.get("decision") or {}).get("light"))
    return marked if marked in kept else report["best_arm"]


def _write_json(path: Path, value: Json) -> Path:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path
