"""Build the site: `python docs/build_site.py`, at once where the documents have not changed.

A running server sends the new pages with the next request.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from api.dashboard import built_site

DOCS = Path(__file__).parent
BUILD = DOCS.parent / "build"
# Nothing is fetched: with a proxy set, Sphinx would look for inventories of other projects.
SPHINX = ("-m", "sphinx", "-q", "-W", "--keep-going", "-b", "html")


def main() -> int:
    """Build where needed; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=BUILD / built_site.FOLDER)
    parser.add_argument("--doctrees", type=Path, default=BUILD / "doctrees")
    given = parser.parse_args()
    digest = built_site.digest_of(DOCS)
    if built_site.is_of(given.out, digest):
        return 0
    given.out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.out.parent) as made:
        pages = Path(made) / "pages"
        command = [sys.executable, *SPHINX, "-d", str(given.doctrees), str(DOCS), str(pages)]
        code = subprocess.run(command, check=False).returncode
        if code == 0:
            (pages / built_site.DIGEST).write_text(digest, "utf-8")
            _replace(given.out, pages)
    return code


def _replace(out: Path, pages: Path) -> None:
    old = pages.with_name("old")
    if out.exists():
        out.replace(old)
    pages.replace(out)
    shutil.rmtree(old, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
