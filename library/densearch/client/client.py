"""Python client of the REST API, version 1.

Example:
    >>> with Client("http://127.0.0.1:8080") as client:  # doctest: +SKIP
    ...     job = client.submit({"name": "f", "task": {...}, "samplers": ["random"], ...})
    ...     job = client.wait(job["id"])
    ...     best = job["best"]

Answers are the API's JSON as dictionaries; their fields are listed under /docs of the server.
Those of trials are typed, see `densearch.answers`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

import httpx2

from densearch.answers import MeasurementAnswer, TrialAnswer, TrialDetailAnswer
from densearch.client.campaigns import Campaigns
from densearch.client.datasets import Datasets
from densearch.client.transport import (
    N_TRIES,
    RETRY_S,
    ClientError,
    FieldFault,
    Json,
    Transport,
    UnreachableError,
    json_request,
    json_request_once,
    problem_of,
    reason_of,
)
from densearch.client.webhooks import Webhooks

__all__ = [
    "FINAL_STATES",
    "Client",
    "ClientError",
    "Event",
    "FieldFault",
    "Json",
    "UnreachableError",
]

FINAL_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")
# The server sends a comment every 10 s: a stream silent for longer is dead.
STREAM_TIMEOUT_S = 30.0
# A PDF takes a server up to 50 s.
DOCUMENT_TIMEOUT_S = 60.0
DocumentForm = Literal["html", "md", "pdf", "json"]
PAGE = 200


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job; `kind` is job, study, trial or measurement."""

    id: int
    kind: str
    data: Json


class Client(Transport):
    """A connection to one server. Thread safety: share one instance among threads.

    Args:
        url: Address of the server.
        timeout_s: How long to wait for an answer.
        token: As there.
        transport: Replaces the network, for tests.
    """

    @property
    def datasets(self) -> Datasets:
        """The calls about data sets."""
        return Datasets(self)

    @property
    def campaigns(self) -> Campaigns:
        """The calls about campaigns."""
        return Campaigns(self)

    @property
    def webhooks(self) -> Webhooks:
        """The calls about webhooks."""
        return Webhooks(self)

    # Jobs

    def submit(self, spec: Mapping[str, Any] | bytes, key: str | None = None) -> Json:
        """Submit a job, once, even when an answer is lost on the way.

        Args:
            spec: The job, as a mapping or as the bytes of a JSON document.
            key: Idempotency-Key: the same key and spec give the same job; a new one if None.

        Raises:
            ClientError: The spec is refused; `faults` names its fields.
            UnreachableError: No server answers.
        """
        return self.json("POST", "/v1/jobs", **json_request_once(spec, key))

    def estimate(self, spec: Mapping[str, Any] | bytes) -> Json:
        """Return what a job would cost; ask again while its `state` is ``measuring``.

        Args:
            spec: The job, as in `submit`; nothing is submitted.

        Raises:
            ClientError: The spec is refused; `faults` names its fields.
            UnreachableError: No server answers.
        """
        return self.json("POST", "/v1/jobs/estimate", **json_request(spec))

    def job(self, job_id: int) -> Json:
        """Return a job with its progress and its best so far."""
        return self.json("GET", f"/v1/jobs/{job_id}")

    def jobs(
        self,
        *,
        state: str | None = None,
        name: str | None = None,
        text: str | None = None,
        task: str | None = None,
        dataset: str | None = None,
        sampler: str | None = None,
        tag: str | None = None,
        sort: str = "newest",
    ) -> Iterator[Json]:
        """Yield the jobs that fit everything that is given, page by page.

        Args:
            state: Such as ``RUNNING``.
            name: The whole name.
            text: A part of the name, of the note or of a tag, or the number.
            task: Kind of task.
            dataset: As in the spec: a name, or ``stored:`` with a number.
            sampler: One of the job's samplers.
            tag: A whole tag.
            sort: ``newest``, ``oldest``, ``name`` or ``finished``.
        """
        given = {"state": state, "name": name, "text": text, "task": task, "dataset": dataset}
        rest = {"sampler": sampler, "tag": tag, "sort": sort, "limit": PAGE}
        return self.pages("/v1/jobs", {**given, **rest})

    def annotate(
        self, job_id: int, *, tags: Sequence[str] | None = None, note: str | None = None
    ) -> Json:
        """Replace a job's tags, its note, or both; what is None stays.

        Raises:
            ClientError: A tag or the note is refused; `faults` names it.
        """
        changes = {"tags": None if tags is None else list(tags), "note": note}
        body = {name: value for name, value in changes.items() if value is not None}
        return self.json("PATCH", f"/v1/jobs/{job_id}", json=body)

    def pause(self, job_id: int) -> Json:
        """Let running trials finish and start no more."""
        return self.json("POST", f"/v1/jobs/{job_id}/pause")

    def resume(self, job_id: int) -> Json:
        """Resume a paused job."""
        return self.json("POST", f"/v1/jobs/{job_id}/resume")

    def cancel(self, job_id: int) -> Json:
        """End a job; its running trainings stop within an epoch."""
        return self.json("POST", f"/v1/jobs/{job_id}/cancel")

    def delete(self, job_id: int) -> None:
        """Delete a job that has ended for good, with everything that no other job shares."""
        self.answer("DELETE", f"/v1/jobs/{job_id}", n_tries=1)

    def extend(
        self, job_id: int, n_trials: int | None = None, *, n_seeds: int | None = None
    ) -> Json:
        """Raise the budget of a job that succeeded, or its seeds; it continues from its log.

        Args:
            job_id: The job.
            n_trials: Trials of every search, those already spent included.
            n_seeds: Final trainings of each arm beyond the plan, those already done included;
                given instead of `n_trials`.
        """
        path = f"/v1/jobs/{job_id}/extend"
        given = {"n_trials": n_trials, "n_seeds": n_seeds}
        wanted = {name: value for name, value in given.items() if value is not None}
        # Sent once: a repetition would be refused, because the job is queued already.
        return self.json("POST", path, n_tries=1, json=wanted)

    def clone(
        self, job_id: int, changes: Mapping[str, Any] | bytes = b"{}", key: str | None = None
    ) -> Json:
        """Submit a job's spec again, once, and return the new job.

        Args:
            job_id: The old job, which stays as it is.
            changes: A JSON merge patch (RFC 7396) of its spec: None removes a field.
            key: Idempotency-Key, as in `submit`.

        Raises:
            ClientError: The changed spec is refused; `faults` names its fields.
        """
        return self.json("POST", f"/v1/jobs/{job_id}/clone", **json_request_once(changes, key))

    def retry_failed(self, job_id: int) -> Json:
        """Try the failed trials of a job that has ended again."""
        return self.json("POST", f"/v1/jobs/{job_id}/retry-failed", n_tries=1)

    def wait(self, job_id: int, timeout_s: float | None = None, poll_s: float = 0.5) -> Json:
        """Return the job once its state is final.

        Raises:
            TimeoutError: It was not within `timeout_s`.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            job = self.job(job_id)
            if job["state"] in FINAL_STATES:
                return job
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"job {job_id} is {job['state']} after {timeout_s} s")
            time.sleep(poll_s)

    # What belongs to a job

    def studies(self, job_id: int) -> list[Json]:
        """Return the arms of a job."""
        return list(self.pages(f"/v1/jobs/{job_id}/studies", {}))

    def trials(self, job_id: int, **filters: str | float | None) -> Iterator[TrialAnswer]:
        """Yield a job's trials, page by page.

        Args:
            job_id: Which job.
            filters: phase, study, sampler, state, min_value, max_value, text, sort, from_number,
                and params as ``**{"p.lr": "0.01..0.1"}`` (docs/rest.md).
        """
        found = self.pages(f"/v1/jobs/{job_id}/trials", {"limit": PAGE, **filters})
        return cast("Iterator[TrialAnswer]", found)

    def save_trials(self, job_id: int, path: Path, **filters: str | float | None) -> None:
        """Write a job's trials to `path` as CSV; filters as in `trials`."""
        given = {name: value for name, value in filters.items() if value is not None}
        query = httpx2.QueryParams({**given, "format": "csv"})
        self._save(f"/v1/jobs/{job_id}/trials?{query}", path)

    def trial(self, trial_id: int) -> TrialDetailAnswer:
        """Return a trial with the log of its attempts."""
        return cast("TrialDetailAnswer", self.json("GET", f"/v1/trials/{trial_id}"))

    def measurements(self, trial_id: int) -> list[MeasurementAnswer]:
        """Return a trial's metrics, an item for each epoch."""
        found = self.pages(f"/v1/trials/{trial_id}/measurements", {})
        return cast("list[MeasurementAnswer]", list(found))

    def report(self, job_id: int) -> Json:
        """Return the comparison of a finished job's arms."""
        return self.json("GET", f"/v1/jobs/{job_id}/report")

    def document(self, job_id: int, form: DocumentForm = "html") -> bytes:
        """Return a job's report as one document to hand around, whatever the job's state.

        Args:
            job_id: Which job.
            form: The format; "json" is the stored report, which only a finished job has.

        Raises:
            ClientError: There is no such job; or, for "pdf", the server cannot make PDFs, and
                `detail` says what is missing.
        """
        path, params = f"/v1/jobs/{job_id}/report", {"format": form}
        return self.answer("GET", path, params=params, timeout=DOCUMENT_TIMEOUT_S).content

    def decision(self, job_id: int, margin_percent: float | None = None) -> Json:
        """Return whether to adopt a finished job's density, and why.

        Args:
            job_id: Which job.
            margin_percent: The gain that matters; the spec's if None.
        """
        params = {} if margin_percent is None else {"margin_percent": margin_percent}
        return self.json("GET", f"/v1/jobs/{job_id}/decision", params=params)

    def densities(self, job_id: int) -> list[Json]:
        """Return the densities that a job has learned."""
        return list(self.pages(f"/v1/jobs/{job_id}/densities", {}))

    def artifacts(self, job_id: int) -> list[Json]:
        """Return the files that a job has made."""
        return list(self.pages(f"/v1/jobs/{job_id}/artifacts", {}))

    def density(self, density_id: int, form: Literal["json", "npz", "csv"] = "json") -> bytes:
        """Return the file of a density in one of three formats."""
        return self.answer("GET", f"/v1/densities/{density_id}", params={"format": form}).content

    def save_artifact(self, artifact_id: int, path: Path) -> None:
        """Write an artifact to `path`; a file cut off on the way is not left there."""
        self._save(f"/v1/artifacts/{artifact_id}", path)

    def save_item_losses(self, job_id: int, path: Path) -> None:
        """Write the test loss of each item, for all arms and seeds, to `path` (docs/rest.md).

        Raises:
            ClientError: There are none: of earlier versions, of objectives that give none.
        """
        self._save(f"/v1/jobs/{job_id}/item-losses", path)

    def _save(self, address: str, path: Path) -> None:
        part = path.with_name(path.name + ".part")
        try:
            with self.http.stream("GET", address) as answer:
                if answer.is_error:
                    answer.read()
                    raise problem_of(answer)
                with part.open("wb") as file:
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
            part.replace(path)
        except httpx2.TransportError as error:
            raise UnreachableError(self.url, reason_of(error)) from error
        finally:
            part.unlink(missing_ok=True)

    # The server

    def samplers(self) -> list[Json]:
        """Return the samplers that the server offers."""
        return list(self.pages("/v1/samplers", {}))

    def networks(self) -> list[Json]:
        """Return the networks that a spec may name."""
        return list(self.pages("/v1/networks", {}))

    def readiness(self) -> tuple[bool, Json]:
        """Return whether the server is ready, and each of its checks."""
        answer = self.send("GET", "/readyz")
        try:
            return answer.is_success, answer.json()
        except ValueError as error:
            raise problem_of(answer) from error

    # Events

    def events(self, job_id: int, after: int = 0) -> Iterator[Event]:
        """Yield a job's events after the id `after`, live, until its state is final.

        A stream that breaks is resumed after the last event seen.

        Raises:
            ClientError: There is no such job.
            UnreachableError: The server stayed away for several tries.
        """
        n_failures = 0
        while True:
            try:
                for event in self._stream(job_id, after):
                    after, n_failures = event.id, 0
                    yield event
                if self.job(job_id)["state"] in FINAL_STATES:
                    return
            except httpx2.TransportError as error:
                n_failures += 1
                if n_failures >= N_TRIES:
                    raise UnreachableError(self.url, reason_of(error)) from error
            time.sleep(RETRY_S * 2**n_failures)

    def _stream(self, job_id: int, after: int) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        path = f"/v1/jobs/{job_id}/events"
        timeout = httpx2.Timeout(STREAM_TIMEOUT_S)
        with self.http.stream("GET", path, headers=headers, timeout=timeout) as answer:
            if answer.is_error:
                answer.read()
                raise problem_of(answer)
            for sent in httpx2.EventSource(answer):
                data = json.loads(sent.data) if sent.data else None
                if sent.id and isinstance(data, dict):
                    yield Event(int(sent.id), sent.event, data)
