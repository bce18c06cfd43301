"""The problem document (RFC 9457)."""

from __future__ import annotations

from pydantic import Field

from api.schemas.base import Out


class FaultOut(Out):
    """One fault: a `pointer` into the body, a `parameter` and its place (`in`), or `entry`."""

    pointer: str | None = None
    entry: str | None = Field(default=None, description="File or array of a refused data set.")
    parameter: str | None = None
    in_: str | None = Field(default=None, alias="in")
    detail: str


class ProblemOut(Out):
    """A refusal (RFC 9457). `type` is an address on this server that explains it."""

    type: str
    title: str
    status: int
    detail: str
    pointer: str | None = Field(
        default=None, description="JSON pointer to the first field that is wrong."
    )
    errors: list[FaultOut] | None = None
    n_errors: int | None = Field(
        default=None,
        description="How many faults there are, where `errors` has the first of them alone; "
        "always of the files of a data set.",
    )
