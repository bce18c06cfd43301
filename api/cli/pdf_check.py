"""`densearch doctor` on PDFs of reports: an extra, with libraries of the system."""

from __future__ import annotations

from collections.abc import Iterator

from api.cli.findings import Finding
from service.settings import Settings

SAMPLE = "<!doctype html><html lang='en'><title>doctor</title><p>Report</p></html>"


def check_pdf(_settings: Settings) -> Iterator[Finding]:
    """Make a small PDF; an extra that is not installed is no fault, one that fails is."""
    from api.documents import pdf  # slow to load: only this check needs them
    from api.problems.handlers import ProblemError

    try:
        n_bytes = len(pdf.pdf_of(SAMPLE))
    except ProblemError as error:
        if error.detail.startswith(pdf.EXTRA):
            yield Finding("ok", "pdf", f"reports are HTML and Markdown: {pdf.EXTRA}")
            return
        remedy = "install what it names, or do without: reports are HTML and Markdown, too"
        yield Finding("warn", "pdf", error.detail, remedy)
        return
    yield Finding("ok", "pdf", f"reports can be PDF: a page of {n_bytes:,} bytes was made")
