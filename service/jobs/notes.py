"""What users write about a job: tags and a note. Neither changes its result."""

from __future__ import annotations

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from densearch import names
from densearch.plugins.sections import Section
from service.storage import events, job_notes, jobs
from service.storage.database import Database

MOST_TAGS = 20
LONGEST_TAG = 50
LONGEST_NOTE = 4000
_KEPT = frozenset("\n\t")


def _checked_tag(tag: str) -> str:
    tag = unicodedata.normalize("NFC", tag)  # tags that look the same are one
    fault = names.fault_in(tag, LONGEST_TAG)
    if fault is not None:
        raise ValueError(fault)
    return tag


def _checked_note(note: str) -> str:
    for place, character in enumerate(note, start=1):
        if character not in _KEPT and not names.is_safe(character):
            fault = f"character {place} is U+{ord(character):04X}, which is not text: take it out"
            raise ValueError(fault)
    return note


Tag = Annotated[str, Field(min_length=1, max_length=LONGEST_TAG), AfterValidator(_checked_tag)]
Note = Annotated[str, Field(max_length=LONGEST_NOTE), AfterValidator(_checked_note)]


class JobNotes(Section):
    """What is to be changed about a job; what is left out stays."""

    tags: list[Tag] | None = Field(
        default=None, max_length=MOST_TAGS, description="All tags of the job; [] removes them."
    )
    note: Note | None = Field(
        default=None, description='Text of any number of lines; "" removes it.'
    )


def annotate(database: Database, job_id: int, wanted: JobNotes) -> None:
    """Change a job's tags and note; pages that show the job hear of it.

    Raises:
        NotFoundError: There is no such job.
    """
    with database.write() as session:
        job = jobs.lock(session, job_id)
        before = job.note, job_notes.tags_of(session, [job_id])[job_id]
        note = before[0] if wanted.note is None else wanted.note
        tags = before[1] if wanted.tags is None else sorted(set(wanted.tags))
        if (note, tags) != before:
            job_notes.set_tags(session, job_id, tags)
            job_notes.set_note(session, job_id, note)
            events.add(session, job_id, "job", {"state": job.state})
