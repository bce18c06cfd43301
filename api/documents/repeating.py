"""All that it takes to repeat a job: its spec, versions, devices, digests of its trainings."""

from __future__ import annotations

from api.dashboard.formats import count, duration, moment_text
from api.dashboard.json_text import json_text
from api.documents.blocks import (
    Block,
    CodeBlock,
    DocumentSection,
    FactsBlock,
    TableBlock,
    TextBlock,
    columns,
)
from api.documents.source import DocumentSource
from service.digest import versions

AGAIN = (
    "Saved as job.json, the spec is submitted by the command densearch submit job.json. With the "
    "same versions on one kind of device the result is the same: it does not depend on workers, "
    "on other jobs or on the order in which trainings end."
)
STORED = "The server that wrote this does not accept the spec any more; it is shown as stored."


def repeating_section(source: DocumentSource) -> DocumentSection:
    """Return the provenance and the spec."""
    blocks: list[Block] = [FactsBlock(_facts(source))]
    if source.best_digests:
        caption = "Digests of the trainings that represent the arms: of all that determines them."
        rows = [[name, digest] for name, digest in source.best_digests.items()]
        blocks.append(TableBlock(caption, columns("Arm", "Digest"), rows))
    blocks.append(TextBlock(AGAIN if source.is_repeatable else STORED))
    blocks.append(CodeBlock(json_text(source.submitted), "json"))
    return DocumentSection("repeat", "To repeat it", blocks)


def _facts(source: DocumentSource) -> list[tuple[str, list[str]]]:
    job, cost = source.job, source.report.get("cost") or {}
    rows = [("Job", [f"{job.id}, {job.state.value}"])]
    if source.campaign is not None:
        rows.append(("Campaign", [f"{source.campaign[1]} ({source.campaign[0]})"]))
    rows.append(("Created", [moment_text(job.created_at)]))
    if job.finished_at is not None:
        rows.append(("Ended", [moment_text(job.finished_at)]))
    if cost:
        cached = f", {count(cost['cached'])} taken from earlier results" if cost["cached"] else ""
        took = (
            f"{count(cost['trained'])} trained{cached}; {duration(cost['training_s'])} of training"
        )
        rows.append(("Trainings", [took]))
    if devices := source.report.get("devices"):
        rows.append(("Devices", list(devices)))
    named = ", ".join(f"{name} {number}" for name, number in versions().items())
    rows.append(("Versions of the server that wrote this", [named]))
    return rows
