"""Streams of server-sent events, read as the HTML standard says, as far as this server uses it."""

from __future__ import annotations

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Received:
    """An event of a job."""

    id: int
    kind: str
    data: dict[str, object]


def parse_events(text: str) -> list[Received]:
    """Return the events of a stream; comments and the time to reconnect are left out."""
    found = []
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line[:1] != ":")
        if "data" in fields:
            found.append(Received(int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found
