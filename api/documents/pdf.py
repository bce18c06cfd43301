"""PDFs of documents, made in a short-lived process with limits on time and memory."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping

from api.documents.pdf_process import NO_LIBRARIES, NOT_INSTALLED
from api.problems.handlers import ProblemError
from api.short_process import reason_of, run_module
from api.turns import Turns

# With the wait for a turn: below the usual time-out of proxies, which is 60 s.
LIMIT_S = 50.0
EXTRA = "the extra is not installed: pip install -e '.[pdf]'"
LIBRARIES = (
    "its system libraries are missing (Debian: apt install libpango-1.0-0 libpangoft2-1.0-0 "
    "libharfbuzz-subset0 fonts-dejavu-core)"
)
LACKS: Mapping[int, str] = {NOT_INSTALLED: EXTRA, NO_LIBRARIES: LIBRARIES}
_INSTEAD = "format=html has the same content, and a browser prints it"
# One at a time, for a PDF takes a core for a second or two.
_TURNS = Turns(1, "pdf-failed", f"other PDFs are being made; {_INSTEAD}")


def pdf_of(html: str, limit_s: float = LIMIT_S) -> bytes:
    """Return an HTML document as PDF.

    Args:
        html: The whole document.
        limit_s: Seconds until its process is killed, those until its turn included.

    Raises:
        ProblemError: WeasyPrint or its libraries are missing here, or it failed or took too long.
    """
    with _TURNS.taken(limit_s / 2):
        return _made(html, limit_s / 2)


def _made(html: str, limit_s: float) -> bytes:
    done = _run(html, limit_s)
    if (lack := LACKS.get(done.returncode)) is not None:
        raise ProblemError("pdf-unavailable", f"{lack}; {_INSTEAD}")
    if done.returncode != 0 or not done.stdout.startswith(b"%PDF-"):
        raise ProblemError("pdf-failed", f"WeasyPrint failed ({reason_of(done)}); {_INSTEAD}")
    return done.stdout


def _run(html: str, limit_s: float) -> subprocess.CompletedProcess[bytes]:
    try:
        return run_module("api.documents.pdf_process", html.encode("utf-8"), limit_s)
    except subprocess.TimeoutExpired as error:
        detail = f"its process took over {limit_s:g} s; {_INSTEAD}"
        raise ProblemError("pdf-failed", detail) from error
    except OSError as error:
        detail = f"no process could be started ({error}); {_INSTEAD}"
        raise ProblemError("pdf-failed", detail) from error
