"""The tools: what each does, for a model to read; answers are JSON of a bounded size."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Annotated, Any, Literal, ParamSpec

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from api.agents import bounded, spec_guide
from densearch.client import Client, ClientError

MOST_ITEMS = 50
MOST_FAULTS = 30
P = ParamSpec("P")
JobId = Annotated[int, Field(ge=1, description="Number of the job, from list_jobs.")]
Limit = Annotated[int, Field(ge=1, le=MOST_ITEMS, description="Most items.")]
Spec = Annotated[dict[str, Any], Field(description="A job's spec; see spec_guide.")]
State = Literal["QUEUED", "RUNNING", "PAUSED", "EVALUATING", "SUCCEEDED", "FAILED", "CANCELLED"]
Resource = Literal["samplers", "networks", "datasets"]


def answered(tool: Callable[P, object]) -> Callable[P, str]:
    """Make a tool's answer a text, and what the server refuses an error that a model can read."""

    @wraps(tool)
    def call(*args: P.args, **named: P.kwargs) -> str:
        try:
            return bounded.text_of(tool(*args, **named))
        except ClientError as error:
            raise ToolError(_words(error)) from error
        except ValueError as error:
            raise ToolError(str(error)) from error

    call.__annotations__ = {**tool.__annotations__, "return": str}
    return call


def _words(error: ClientError) -> str:
    """Return a refusal with all its faults, each at its place in the spec."""
    lines = [f"{fault.pointer or '/'}: {fault.detail}" for fault in error.faults[:MOST_FAULTS]]
    if error.n_faults > len(lines) > 0:
        lines.append(f"and {error.n_faults - len(lines)} more")
    return "\n".join([error.title, *(lines or [str(error)])])[: bounded.MOST_CHARS]


class JobTools:
    """The tools of one server. Thread safety: share one instance among threads.

    Args:
        client: Of the server.
    """

    def __init__(self, client: Client) -> None:
        self._client = client

    def list_jobs(
        self,
        state: State | None = None,
        text: Annotated[
            str | None, Field(description="A part of the name, the note or a tag.")
        ] = None,
        limit: Limit = 20,
    ) -> object:
        """List jobs, the newest first: number, name, state, progress, best value so far."""
        params = _given(state=state, text=text, limit=limit)
        found = self._client.json("GET", "/v1/jobs", params=params)
        return {"items": [_outline(job) for job in found["items"]]}

    def show_job(self, job_id: JobId) -> object:
        """Show a job: its completed spec, state, progress, best so far, why it waits or failed.

        Its report is left out: job_report has it.
        """
        job = self._client.json("GET", f"/v1/jobs/{job_id}")
        return {name: value for name, value in job.items() if name != "report"}

    def list_trials(
        self,
        job_id: JobId,
        state: Annotated[
            str | None, Field(description="WAITING, RUNNING, COMPLETED, PRUNED, FAILED ...")
        ] = None,
        sort: Annotated[
            str | None, Field(description='"value" for the best first; by number if left out.')
        ] = None,
        limit: Limit = 20,
    ) -> object:
        """List trials of a job: point, params, value, state. Losses: lower is better."""
        params = _given(state=state, sort=sort, limit=limit)
        return self._client.json("GET", f"/v1/jobs/{job_id}/trials", params=params)

    def show_trial(
        self, trial_id: Annotated[int, Field(ge=1, description="Its id, from list_trials.")]
    ) -> object:
        """Show a trial with its attempts, its metrics and its loss after each epoch."""
        return self._client.json("GET", f"/v1/trials/{trial_id}")

    def job_report(self, job_id: JobId) -> object:
        """Show what a job that succeeded found: the decision, then the comparison of its arms.

        `decision` says whether to adopt the density, and why; quote its sentences instead of
        comparing single values, which differ by chance.
        """
        job = self._client.json("GET", f"/v1/jobs/{job_id}")
        report = self._client.json("GET", f"/v1/jobs/{job_id}/report")
        return {"decision": job.get("decision"), "report": report}

    def list_options(self, of: Resource) -> object:
        """List what a spec may name: samplers, networks, or data sets."""
        return self._client.json("GET", f"/v1/{of}")

    def spec_guide(
        self,
        section: Annotated[
            str, Field(description='A field of the spec, such as "task"; "" for the overview.')
        ] = "",
    ) -> object:
        """Explain how a spec is written: all fields with examples, or a section's JSON schema."""
        return spec_guide.guide(section)

    def estimate_job(self, spec: Spec) -> object:
        """Check a spec and estimate its time and memory; nothing is submitted.

        Every fault is named with a JSON pointer. While `state` is "measuring", ask again after
        some seconds.
        """
        return self._client.estimate(spec)

    def submit_job(self, spec: Spec) -> object:
        """Submit a job, which uses the machines of the server. Estimate it first.

        For example {"name": "try", "task": {"kind": "function", "name": "branin", "dimension": 2},
        "samplers": ["direct_l"], "budget": {"n_trials": 40}}.
        """
        return _outline(self._client.submit(spec))

    def cancel_job(self, job_id: JobId) -> object:
        """Cancel a job for good; it cannot be resumed."""
        return _outline(self._client.cancel(job_id))


def _given(**params: str | int | None) -> dict[str, str | int]:
    return {name: value for name, value in params.items() if value is not None}


def _outline(job: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON of a job
    """Return what identifies a job and says where it stands."""
    names = ("id", "name", "state", "progress", "best", "waits_for", "error", "created_at", "tags")
    return {name: job[name] for name in names if name in job}


def schema_text() -> str:
    """Return the whole schema of a spec as JSON."""
    return json.dumps(spec_guide.schema())


def examples_text() -> str:
    """Return the examples of specs as JSON."""
    return json.dumps(dict(spec_guide.EXAMPLES))
