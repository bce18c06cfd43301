"""Python client of the REST API, version 1.

Example:
    >>> with Client("http://127.0.0.1:8080") as client:  # doctest: +SKIP
    ...     job = client.submit({"name": "f", "task": {...}, "samplers": ["random"], ...})
    ...     job = client.wait(job["id"])
    ...     best = job["best"]

Answers are the API's JSON as dictionaries; their fields are listed under /docs of the server.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self
from uuid import uuid4

import httpx2

Json = dict[str, Any]

FINAL_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")
N_TRIES = 4
RETRY_S = 0.25
# The server sends a comment every 10 s: a stream silent for longer is dead.
STREAM_TIMEOUT_S = 30.0
PAGE = 200


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One field that the server refused: a JSON pointer into the body, or a parameter's name."""

    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job; `kind` is job, study, trial or measurement."""

    id: int
    kind: str
    data: Json


class ClientError(Exception):
    """The server answered with a problem; nothing was changed by the request.

    Attributes:
        status: HTTP status, 4xx or 5xx.
        title: Kind of the problem.
        detail: What is wrong and what to do about it.
        faults: Every field that was refused, for an invalid spec.
    """

    def __init__(
        self, status: int, title: str, detail: str, faults: tuple[FieldFault, ...] = ()
    ) -> None:
        self.status, self.title, self.detail, self.faults = status, title, detail, faults
        super().__init__(detail or title)


class UnreachableError(ClientError):
    """No server answered at the URL."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        super().__init__(
            0,
            "No server",
            f"no server answers at {url} ({reason}): start one with `densearch serve`, "
            "or name another with --url",
        )


class Client:
    """A connection to one server. Thread safety: share one instance among threads.

    Args:
        url: Address of the server.
        timeout_s: How long to wait for an answer.
        transport: Replaces the network, for tests.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        timeout_s: float = 30.0,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        try:
            self._http = httpx2.Client(
                base_url=self.url, timeout=timeout_s, transport=transport, trust_env=False
            )
        except httpx2.InvalidURL as error:
            raise UnreachableError(self.url, str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

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
        return self._json("POST", "/v1/jobs", **_once(spec, key))

    def job(self, job_id: int) -> Json:
        """Return a job with its progress and its best so far."""
        return self._json("GET", f"/v1/jobs/{job_id}")

    def jobs(self, *, state: str | None = None, name: str | None = None) -> Iterator[Json]:
        """Yield every job, the newest first, page by page."""
        return self._pages("/v1/jobs", {"state": state, "name": name, "limit": PAGE})

    def pause(self, job_id: int) -> Json:
        """Let running trials finish and start no more."""
        return self._json("POST", f"/v1/jobs/{job_id}/pause")

    def resume(self, job_id: int) -> Json:
        """Go on with a paused job."""
        return self._json("POST", f"/v1/jobs/{job_id}/resume")

    def cancel(self, job_id: int) -> Json:
        """End a job; its running trainings stop within an epoch."""
        return self._json("POST", f"/v1/jobs/{job_id}/cancel")

    def extend(self, job_id: int, n_trials: int) -> Json:
        """Raise the budget of every search of a job that succeeded; it goes on from its log."""
        path = f"/v1/jobs/{job_id}/extend"
        # Sent once: a repetition would be refused, the job being queued already.
        return self._json("POST", path, n_tries=1, json={"n_trials": n_trials})

    def clone(
        self, job_id: int, changes: Mapping[str, Any] | bytes = b"{}", key: str | None = None
    ) -> Json:
        """Submit a job's spec again, once, and return the new job.

        Args:
            job_id: The old job, which stays as it is.
            changes: A JSON merge patch (RFC 7396) of its spec: None takes a field away.
            key: Idempotency-Key, as in `submit`.

        Raises:
            ClientError: The changed spec is refused; `faults` names its fields.
        """
        return self._json("POST", f"/v1/jobs/{job_id}/clone", **_once(changes, key))

    def retry_failed(self, job_id: int) -> Json:
        """Try the failed trials of a job that has ended again."""
        return self._json("POST", f"/v1/jobs/{job_id}/retry-failed", n_tries=1)

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
        return list(self._pages(f"/v1/jobs/{job_id}/studies", {}))

    def trials(self, job_id: int, **filters: str | int | None) -> Iterator[Json]:
        """Yield a job's trials, page by page; filters: phase, study, sampler, state."""
        return self._pages(f"/v1/jobs/{job_id}/trials", {"limit": PAGE, **filters})

    def trial(self, trial_id: int) -> Json:
        """Return a trial with the log of its attempts."""
        return self._json("GET", f"/v1/trials/{trial_id}")

    def measurements(self, trial_id: int) -> list[Json]:
        """Return a trial's metrics, an item for each epoch."""
        return list(self._pages(f"/v1/trials/{trial_id}/measurements", {}))

    def report(self, job_id: int) -> Json:
        """Return the comparison of a finished job's arms."""
        return self._json("GET", f"/v1/jobs/{job_id}/report")

    def densities(self, job_id: int) -> list[Json]:
        """Return the densities that a job has learned."""
        return list(self._pages(f"/v1/jobs/{job_id}/densities", {}))

    def artifacts(self, job_id: int) -> list[Json]:
        """Return the files that a job has made."""
        return list(self._pages(f"/v1/jobs/{job_id}/artifacts", {}))

    def density(self, density_id: int, form: Literal["json", "npz", "csv"] = "json") -> bytes:
        """Return the file of a density in one of three formats."""
        return self._answer("GET", f"/v1/densities/{density_id}", params={"format": form}).content

    def save_artifact(self, artifact_id: int, path: Path) -> None:
        """Write an artifact to `path`; a file cut off on the way is not left there."""
        part = path.with_name(path.name + ".part")
        try:
            with self._http.stream("GET", f"/v1/artifacts/{artifact_id}") as answer:
                if answer.is_error:
                    answer.read()
                    raise _problem(answer)
                with part.open("wb") as file:
                    for chunk in answer.iter_bytes():
                        file.write(chunk)
            part.replace(path)
        except httpx2.TransportError as error:
            raise UnreachableError(self.url, _reason(error)) from error
        finally:
            part.unlink(missing_ok=True)

    # The server

    def samplers(self) -> list[Json]:
        """Return the samplers that the server offers."""
        return list(self._pages("/v1/samplers", {}))

    def networks(self) -> list[Json]:
        """Return the networks that a spec may name."""
        return list(self._pages("/v1/networks", {}))

    def readiness(self) -> tuple[bool, Json]:
        """Return whether the server is ready, and each of its checks."""
        answer = self._send("GET", "/readyz")
        try:
            return answer.is_success, answer.json()
        except ValueError as error:
            raise _problem(answer) from error

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
                    raise UnreachableError(self.url, _reason(error)) from error
            time.sleep(RETRY_S * 2**n_failures)

    def _stream(self, job_id: int, after: int) -> Iterator[Event]:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        path = f"/v1/jobs/{job_id}/events"
        timeout = httpx2.Timeout(STREAM_TIMEOUT_S)
        with self._http.stream("GET", path, headers=headers, timeout=timeout) as answer:
            if answer.is_error:
                answer.read()
                raise _problem(answer)
            for sent in httpx2.EventSource(answer):
                data = json.loads(sent.data) if sent.data else None
                if sent.id and isinstance(data, dict):
                    yield Event(int(sent.id), sent.event, data)

    # Requests

    def _pages(self, path: str, params: Mapping[str, str | int | None]) -> Iterator[Json]:
        query: dict[str, str | int] | None = {k: v for k, v in params.items() if v is not None}
        while True:
            answer = self._answer("GET", path, params=query)
            yield from _decoded(answer)["items"]
            following = answer.links.get("next", {}).get("url")
            if following is None:
                return
            path, query = following, None

    def _json(self, method: str, path: str, **request: Any) -> Json:
        return _decoded(self._answer(method, path, **request))

    def _answer(self, method: str, path: str, **request: Any) -> httpx2.Response:
        answer = self._send(method, path, **request)
        if answer.is_error:
            raise _problem(answer)
        return answer

    def _send(
        self, method: str, path: str, *, n_tries: int = N_TRIES, **request: Any
    ) -> httpx2.Response:
        """Send a request, again if its answer is lost and repeating it is harmless."""
        for n_failures in range(1, n_tries + 1):
            try:
                return self._http.request(method, path, **request)
            except httpx2.ConnectError as error:
                raise UnreachableError(self.url, _reason(error)) from error
            except httpx2.TransportError as error:
                if n_failures == n_tries or isinstance(error, httpx2.TimeoutException):
                    raise UnreachableError(self.url, _reason(error)) from error
                time.sleep(RETRY_S * 2 ** (n_failures - 1))
            except httpx2.InvalidURL as error:
                raise UnreachableError(self.url, str(error)) from error
        raise AssertionError


def _once(body: Mapping[str, Any] | bytes, key: str | None) -> Json:
    """Return the arguments of a request that makes one job however often it is sent."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Idempotency-Key": key or uuid4().hex}
    return {"content": content, "headers": headers}


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _decoded(answer: httpx2.Response) -> Json:
    try:
        decoded: Json = answer.json()
    except ValueError as error:
        raise _problem(answer) from error
    return decoded


def _problem(answer: httpx2.Response) -> ClientError:
    """Read RFC 9457 problem+json; another body becomes a plain sentence."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        detail = f"{answer.url} answered {answer.status_code} without problem+json"
        return ClientError(
            answer.status_code, "Not this API", f"{detail}: is it a densearch server?"
        )
    faults = tuple(
        FieldFault(str(item.get("pointer") or item.get("parameter") or ""), str(item["detail"]))
        for item in body.get("errors") or ()
    )
    title = str(body.get("title", answer.reason_phrase))
    return ClientError(answer.status_code, title, str(body.get("detail") or title), faults)
