"""The same job to copy: for curl, for Python, as YAML, and for the command line."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pprint import pformat
from typing import Any

import yaml

from api.dashboard.json_text import json_text
from densearch.cli.server import DEFAULT_URL

WIDTH = 78
MOST_CHARS = 100_000
# Not as an argument of curl, which others on the machine can see.
_BY_CONFIG = ' \\\n  --config - <<TOKEN\nheader = "Authorization: Bearer $DENSEARCH_TOKEN"\nTOKEN'


@dataclass(frozen=True, slots=True)
class Snippet:
    """A text that submits a job, or says what it is; `title` names the language."""

    name: str
    title: str
    text: str


def snippets(
    spec: Mapping[str, Any], address: str, *, has_token: bool = False
) -> Sequence[Snippet]:
    """Return a job in several languages; nothing of a spec of more than `MOST_CHARS` as JSON.

    Args:
        spec: As it would be submitted.
        address: Of the server, with a slash at its end.
        has_token: Whether the server asks for one; the client and the command line then read it by
            themselves.
    """
    if len(json.dumps(spec, ensure_ascii=False)) > MOST_CHARS:
        return ()
    return (
        Snippet("shell", "densearch submit", _command(spec, address)),
        Snippet("curl", "curl", _curl(spec, address, has_token=has_token)),
        Snippet("python", "Python", _python(spec, address)),
        Snippet("yaml", "YAML", _yaml(spec)),
    )


def submit_command(address: str) -> str:
    """Return the command that submits a file to the server at an address."""
    url = address.rstrip("/")
    return "densearch submit job.json" + (
        "" if url == DEFAULT_URL else f" --url {shlex.quote(url)}"
    )


def _command(spec: Mapping[str, Any], address: str) -> str:
    # No line of JSON can be the word alone: texts in it have no line breaks.
    body = json_text(dict(spec), WIDTH)
    return f"densearch submit - --url {shlex.quote(address.rstrip('/'))} <<'JOB'\n{body}\nJOB\n"


def _curl(spec: Mapping[str, Any], address: str, *, has_token: bool) -> str:
    body = shlex.quote(json_text(dict(spec), WIDTH))
    command = (
        f"curl --fail-with-body {shlex.quote(address + 'v1/jobs')} \\\n"
        f"  --header 'Content-Type: application/json' \\\n  --data-binary {body}"
    )
    return f"{command}{_BY_CONFIG if has_token else ''}\n"


def _python(spec: Mapping[str, Any], address: str) -> str:
    body = pformat(dict(spec), width=WIDTH, sort_dicts=False)
    return (
        "from densearch import Client\n\n"
        f"spec = {body}\n\n"
        f"with Client({address.rstrip('/')!r}) as client:\n"
        '    job = client.submit(spec)\n    print(job["id"])\n'
    )


def _yaml(spec: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(
        dict(spec), allow_unicode=True, default_flow_style=None, sort_keys=False, width=WIDTH
    )
    return text
