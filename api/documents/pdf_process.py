"""`python -m api.documents.pdf_process`: reads an HTML document and writes it as PDF.

A process of its own: WeasyPrint and its system libraries hold much memory, and may end it. It
loads nothing: an address in the document is refused.
"""

from __future__ import annotations

import hashlib
import sys
from typing import NoReturn

from service import process_bounds

LIMIT_BYTES = 2 * 2**30
LIMIT_CPU_S = 60
# Exit codes that say why there is no PDF; others are failures.
NOT_INSTALLED, NO_LIBRARIES = 81, 82


def main() -> None:
    """Write the PDF of the document on stdin to stdout; the exit code says what is missing."""
    process_bounds.bound(data_bytes=LIMIT_BYTES, cpu_s=LIMIT_CPU_S)
    try:
        import weasyprint  # an extra; its import loads system libraries
    except ImportError as error:
        _end(NOT_INSTALLED, str(error))
    except OSError as error:
        _end(NO_LIBRARIES, str(error))
    html = sys.stdin.buffer.read()
    # A document holds all that it shows: no address in it is opened.
    nothing = weasyprint.urls.URLFetcher(allowed_protocols=())
    page = weasyprint.HTML(string=html.decode("utf-8"), url_fetcher=nothing)
    identifier = hashlib.sha256(html).digest()[:16]  # the same document is the same file
    sys.stdout.buffer.write(page.write_pdf(pdf_identifier=identifier))


def _end(code: int, words: str) -> NoReturn:
    print(words.splitlines()[0] if words else "not known", file=sys.stderr)  # noqa: T201 - to its parent
    sys.exit(code)


if __name__ == "__main__":
    main()
