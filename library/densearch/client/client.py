"""Python client of the REST API, version 1.

Example:
    >>> with Client("http://127.0.0.1:8080") as client:  # doctest: +SKIP
    ...     job = client.submit({"name": "f", "task": {...}, "samplers": ["random"], ...})
    ...     job = client.wait(job["id"])
    ...     best = job["best"]

Answers are the API's JSON as typed dictionaries, see `densearch.answers`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from densearch.client import events
from densearch.client.campaigns import Campaigns
from densearch.client.datasets import Datasets
from densearch.client.events import Event
from densearch.client.results import PAGE, DocumentForm, ResultCalls
from densearch.client.transport import (
    RETRY_S,
    ClientError,
    FieldFault,
    Json,
    UnreachableError,
    json_request_once,
    problem_of,
)
from densearch.client.views import JobView
from densearch.client.webhooks import Webhooks
from densearch.client.work import Working

if TYPE_CHECKING:  # they cost an import, and nothing needs them at run time
    from densearch.answers import (
        EstimateAnswer,
        JobAnswer,
        JobSummaryAnswer,
        NetworkAnswer,
        ReadinessAnswer,
        SamplerAnswer,
    )

__all__ = [
    "FINAL_STATES",
    "Client",
    "ClientError",
    "DocumentForm",
    "Event",
    "FieldFault",
    "Json",
    "UnreachableError",
]

FINAL_STATES = ("SUCCEEDED", "FAILED", "CANCELLED")
# How long a server may be away while a job is waited for, such as to start again.
PATIENCE_S = 60.0


class Client(Working, ResultCalls):
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

    def submit(self, spec: Mapping[str, Any] | bytes, key: str | None = None) -> JobAnswer:
        """Submit a job, once, even when an answer is lost on the way.

        Args:
            spec: The job, as a mapping or as the bytes of a JSON document.
            key: Idempotency-Key: the same key and spec give the same job; a new one if None.

        Raises:
            ClientError: The spec is refused; `faults` names its fields.
            UnreachableError: No server answers.
        """
        return cast("JobAnswer", self.json("POST", "/v1/jobs", **json_request_once(spec, key)))

    def estimate(self, spec: Mapping[str, Any] | bytes, *, wait_s: float = 0.0) -> EstimateAnswer:
        """Return what a job would cost.

        Args:
            spec: The job, as in `submit`; nothing is submitted.
            wait_s: How long to ask again, as often as the server says, while some steps of its
                training are timed; after that its `state` is ``measuring`` still.

        Raises:
            ClientError: The spec is refused; `faults` names its fields.
            UnreachableError: No server answers.
        """
        return cast("EstimateAnswer", self.measured("/v1/jobs/estimate", spec, wait_s))

    def job(self, job_id: int) -> JobAnswer:
        """Return a job with its progress and its best so far."""
        found = self.json("GET", f"/v1/jobs/{job_id}", needs=("state",))
        return cast("JobAnswer", JobView(found))

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
    ) -> Iterator[JobSummaryAnswer]:
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
        return cast("Iterator[JobSummaryAnswer]", self.pages("/v1/jobs", {**given, **rest}))

    def annotate(
        self, job_id: int, *, tags: Sequence[str] | None = None, note: str | None = None
    ) -> JobAnswer:
        """Replace a job's tags, its note, or both; what is None stays.

        Raises:
            ClientError: A tag or the note is refused; `faults` names it.
        """
        changes = {"tags": None if tags is None else list(tags), "note": note}
        body = {name: value for name, value in changes.items() if value is not None}
        return cast("JobAnswer", self.json("PATCH", f"/v1/jobs/{job_id}", json=body))

    def pause(self, job_id: int) -> JobAnswer:
        """Let running trials finish and start no more."""
        return self._order(job_id, "pause")

    def resume(self, job_id: int) -> JobAnswer:
        """Resume a paused job."""
        return self._order(job_id, "resume")

    def cancel(self, job_id: int) -> JobAnswer:
        """End a job; its running trainings stop within an epoch."""
        return self._order(job_id, "cancel")

    def delete(self, job_id: int) -> None:
        """Delete a job that has ended for good, with everything that no other job shares."""
        self.answer("DELETE", f"/v1/jobs/{job_id}")

    def extend(
        self, job_id: int, n_trials: int | None = None, *, n_seeds: int | None = None
    ) -> JobAnswer:
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
        return cast("JobAnswer", self.json("POST", path, json=wanted))

    def clone(
        self, job_id: int, changes: Mapping[str, Any] | bytes = b"{}", key: str | None = None
    ) -> JobAnswer:
        """Submit a job's spec again, once, and return the new job.

        Args:
            job_id: The old job, which stays as it is.
            changes: A JSON merge patch (RFC 7396) of its spec: None removes a field.
            key: Idempotency-Key, as in `submit`.

        Raises:
            ClientError: The changed spec is refused; `faults` names its fields.
        """
        path = f"/v1/jobs/{job_id}/clone"
        return cast("JobAnswer", self.json("POST", path, **json_request_once(changes, key)))

    def retry_failed(self, job_id: int) -> JobAnswer:
        """Try the failed trials of a job that has ended again."""
        return self._order(job_id, "retry-failed")

    def _order(self, job_id: int, order: str) -> JobAnswer:
        # Sent once: a repetition would be refused where the first one was carried out.
        return cast("JobAnswer", self.json("POST", f"/v1/jobs/{job_id}/{order}"))

    def wait(self, job_id: int, timeout_s: float | None = None, poll_s: float = 0.5) -> JobAnswer:
        """Return the job once its state is final; the server may be away for a minute meanwhile.

        Raises:
            TimeoutError: It was not within `timeout_s`.
            ClientError: There is no such job.
            UnreachableError: The server stayed away.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            job = self._seen(job_id, deadline)
            if job["state"] in FINAL_STATES:
                return job
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"job {job_id} is {job['state']} after {timeout_s} s")
            time.sleep(poll_s)

    def _seen(self, job_id: int, deadline: float | None) -> JobAnswer:
        """Return the job, also where a look fails for a while."""
        until = time.monotonic() + PATIENCE_S
        until = until if deadline is None else min(until, deadline)
        while True:
            try:
                return self.job(job_id)
            except ClientError as error:
                if not error.may_pass or time.monotonic() > until:
                    raise
            time.sleep(RETRY_S)

    # The server

    def samplers(self) -> list[SamplerAnswer]:
        """Return the samplers that the server offers."""
        return cast("list[SamplerAnswer]", list(self.pages("/v1/samplers", {})))

    def networks(self) -> list[NetworkAnswer]:
        """Return the networks that a spec may name."""
        return cast("list[NetworkAnswer]", list(self.pages("/v1/networks", {})))

    def readiness(self) -> tuple[bool, ReadinessAnswer]:
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

        def is_final() -> bool:  # a stream may have ended because the server starts again
            return self._seen(job_id, None)["state"] in FINAL_STATES

        return events.follow(self, job_id, after, is_final)
