"""The events of a job as a stream that is resumed where it broke."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx2

from densearch.client.transport import (
    N_TRIES,
    RETRY_S,
    Json,
    Transport,
    problem_of,
    unanswered,
)

# The server sends a comment every 10 s: a stream silent for longer is dead.
STREAM_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job; `kind` is job, study, trial or measurement."""

    id: int
    kind: str
    data: Json


def follow(
    transport: Transport, job_id: int, after: int, is_final: Callable[[], bool]
) -> Iterator[Event]:
    """Yield a job's events after the id `after`, until its state is final.

    Args:
        transport: The connection.
        job_id: Which job.
        after: Id of the last event that is known.
        is_final: Whether its state is; asked whenever a stream has ended.

    Raises:
        ClientError: There is no such job.
        UnreachableError: The server stayed away for several tries.
    """
    n_failures = 0
    while True:
        try:
            for event in _stream(transport, job_id, after):
                after, n_failures = event.id, 0
                yield event
            if is_final():
                return
        except httpx2.TransportError as error:
            n_failures += 1
            if n_failures >= N_TRIES:
                raise unanswered(transport.url, error) from error
        time.sleep(RETRY_S * 2**n_failures)


def _stream(transport: Transport, job_id: int, after: int) -> Iterator[Event]:
    headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
    path = f"/v1/jobs/{job_id}/events"
    timeout = httpx2.Timeout(STREAM_TIMEOUT_S)
    with transport.http.stream("GET", path, headers=headers, timeout=timeout) as answer:
        if answer.is_error:
            answer.read()
            raise problem_of(answer)
        for sent in httpx2.EventSource(answer):
            data = json.loads(sent.data) if sent.data else None
            if sent.id and isinstance(data, dict):
                yield Event(int(sent.id), sent.event, data)
