"""The command line with the server's commands, for ``python -m api.cli.main``.

The command `densearch` comes with the library, which finds these commands by their entry point.
"""

from __future__ import annotations

from api.cli.commands import SERVER
from densearch.cli import server
from densearch.cli.application import build
from densearch.cli.main import run

server.use(SERVER)
app = build(SERVER)


def main() -> None:
    """Run the command line; every error becomes a sentence and an exit code."""
    run(app)


if __name__ == "__main__":
    main()
