"""A job's document, put together from its sections."""

from __future__ import annotations

from api.dashboard.formats import moment_text
from api.documents.blocks import JobDocument
from api.documents.densities import density_sections
from api.documents.first_page import first_page
from api.documents.method import method_sections
from api.documents.repeating import repeating_section
from api.documents.results import result_sections
from api.documents.searches import search_sections
from api.documents.source import DocumentSource


def document_of(source: DocumentSource) -> JobDocument:
    """Return a job as a document, whatever its state.

    It is a function of the source alone: the same job gives the same document until it changes.
    """
    job = source.job
    state = job.state.value.capitalize()
    return JobDocument(
        title=job.name,
        subtitle=f"Report of job {job.id} \N{MIDDLE DOT} {state} \N{MIDDLE DOT} "
        f"{moment_text(source.as_of)}",
        first_page=first_page(source),
        sections=[
            *result_sections(source),
            *search_sections(source),
            *density_sections(source),
            *method_sections(source),
            repeating_section(source),
        ],
    )
