"""The kinds of problems (RFC 9457): status, title and remedy of each.

docs/problems.md has a heading for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of refusal; `remedy` says what the reader can do about it."""

    slug: str
    status: int
    title: str
    remedy: str

    @property
    def type(self) -> str:
        """URI relative to the server; it leads to the explanation."""
        return f"/problems/{self.slug}"


UNAUTHORIZED = "unauthorized"

PROBLEMS: Mapping[str, Problem] = {
    problem.slug: problem
    for problem in (
        Problem(
            "malformed-body",
            400,
            "The body is not JSON",
            "Send one JSON value in UTF-8, each key of an object once.",
        ),
        Problem(
            "bad-request", 400, "The request cannot be understood", "See the detail of the answer."
        ),
        Problem(
            "digest-mismatch",
            400,
            "The received bytes differ from those that were sent",
            "Send the file again, with the SHA-256 of all its bytes in Content-Digest.",
        ),
        Problem(
            UNAUTHORIZED,
            401,
            "The server asks for its token",
            "Send `Authorization: Bearer` with the token (the client and the command line read "
            "DENSEARCH_TOKEN), or type it into the page.",
        ),
        Problem(
            "cross-site-request",
            403,
            "Another site's page sent this",
            "Use the dashboard of this server, the command line or a client outside a browser.",
        ),
        Problem(
            "unknown-token",
            403,
            "The token is of no attempt at this trial",
            "Send the token that came with the trial when it was asked for; that of a deleted job "
            "is unknown, too.",
        ),
        Problem("not-found", 404, "Not found", "Check the address and the id."),
        Problem(
            "no-decision",
            404,
            "There is no decision on the job",
            "A job decides on a density once it has succeeded: give it the control uniform and a "
            "final evaluation.",
        ),
        Problem(
            "no-bundle",
            404,
            "There is nothing to bundle",
            "A job has a bundle once it has learned a density; the detail says what it lacks.",
        ),
        Problem(
            "range-not-satisfiable",
            416,
            "The file has no such bytes",
            "Ask for a range that begins before the length in Content-Range, or for no range.",
        ),
        Problem("unknown-sampler", 404, "No such sampler", "GET /v1/samplers lists them."),
        Problem(
            "method-not-allowed",
            405,
            "The method is not allowed at this address",
            "The Allow header lists the methods that are allowed.",
        ),
        Problem(
            "request-timeout",
            408,
            "The request did not arrive in time",
            "Send it without pauses; a slow connection is fine as long as bytes keep arriving.",
        ),
        Problem(
            "illegal-transition",
            409,
            "The job's state does not allow this",
            "Look at the job's state; a job that has ended can be extended, cloned, deleted or "
            "its failed trials retried.",
        ),
        Problem(
            "not-external",
            409,
            "The job is trained by densearch's own workers",
            "Submit a job whose task.kind is external to train with a program of your own.",
        ),
        Problem(
            "other-report",
            409,
            "Something else was reported before",
            "Nothing to do: what was reported first stays.",
        ),
        Problem(
            "epoch-order",
            409,
            "An epoch before it is missing",
            "Report the epochs in order, from 1, each once.",
        ),
        Problem(
            "nothing-to-retry",
            409,
            "None of the job's trials has failed",
            "Nothing to do; extend the job for more trials, or clone it with changes.",
        ),
        Problem(
            "other-version",
            409,
            "The job was begun by another version of the training code",
            "Clone it, or install the earlier versions.",
        ),
        Problem(
            "idempotency-conflict",
            409,
            "The Idempotency-Key was used for another request",
            "Send the same body again, or choose a new key.",
        ),
        Problem(
            "dataset-in-use",
            409,
            "An unfinished job uses the data set",
            "Wait for the end of the jobs that the detail names, or cancel them.",
        ),
        Problem(
            "import-stopped",
            409,
            "The import of a data set was stopped",
            "Nothing to do; send the data again if the set is wanted after all.",
        ),
        Problem(
            "lease-lost",
            409,
            "Another dispatcher holds the job",
            "Nothing to do: that dispatcher continues the job.",
        ),
        Problem(
            "body-too-large",
            413,
            "The body is too large",
            "Send less, or raise DENSEARCH_MAX_BODY_BYTES (for data sets "
            "DENSEARCH_MAX_DATASET_BYTES).",
        ),
        Problem(
            "unsupported-media-type",
            415,
            "The body is declared as another type",
            "Send the header Content-Type that the detail names.",
        ),
        Problem(
            "unknown-host",
            421,
            "The Host header names another server",
            "Use localhost or an address of the machine; the operator adds other names to "
            "DENSEARCH_ALLOWED_HOSTS.",
        ),
        Problem(
            "invalid-spec",
            422,
            "The job's spec is refused",
            "Correct the fields that `errors` points to; nothing was stored.",
        ),
        Problem(
            "invalid-body",
            422,
            "The body is refused",
            "Correct the fields that `errors` points to; nothing was changed.",
        ),
        Problem(
            "invalid-dataset",
            422,
            "The data set is refused",
            "Correct the file, array or field that `errors` names; nothing was stored.",
        ),
        Problem(
            "invalid-parameter",
            422,
            "A parameter is refused",
            "Correct the parameters that `errors` names.",
        ),
        Problem(
            "internal-error",
            500,
            "The server failed",
            "Report it with the answer's X-Request-Id; the server's log has the details.",
        ),
        Problem(
            "misconfigured",
            500,
            "The server's configuration is wrong",
            "The operator finds the setting in the detail and in docs/settings.md.",
        ),
        Problem(
            "pdf-unavailable",
            501,
            "This server cannot make PDFs",
            "The operator installs what the detail names; format=html has the same content.",
        ),
        Problem(
            "pdf-failed",
            503,
            "The PDF could not be made",
            "Try again shortly; format=html has the same content, and a browser prints it.",
        ),
        Problem(
            "export-failed",
            503,
            "The file could not be made",
            "Try again shortly, or ask for another format.",
        ),
        Problem(
            "database-unavailable",
            503,
            "The database does not answer",
            "Try again shortly; the operator looks at /readyz.",
        ),
        Problem(
            "database-read-only",
            503,
            "The database takes no writes",
            "Try again later; the operator makes the database writable (see /readyz).",
        ),
        Problem(
            "database-full",
            503,
            "The database's disk is full",
            "Try again later; the operator frees some space.",
        ),
        Problem(
            "deadline-exceeded",
            503,
            "The answer took too long",
            "Try again shortly; the request may have taken effect: check before repeating it.",
        ),
        Problem(
            "too-many-connections",
            503,
            "The server has too many connections",
            "Close those that are not needed, and try again shortly.",
        ),
        Problem(
            "import-lost",
            503,
            "The import of a data set was lost",
            "Send the data again: nothing of the import was kept.",
        ),
        Problem(
            "schema-outdated",
            503,
            "The database has another schema",
            "The operator runs `densearch db upgrade`.",
        ),
        Problem(
            "storage-full",
            507,
            "The disk has no room for the data set",
            "Delete data sets that are no longer needed, or give the server a larger disk.",
        ),
    )
}
