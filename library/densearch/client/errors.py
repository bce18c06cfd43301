"""What can be wrong with a request: a refusal, no server, no answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

from densearch.client.retries import retry_after_of


@dataclass(frozen=True, slots=True)
class FieldFault:
    """A refused field or file: its place, and what is wrong.

    Attributes:
        pointer: JSON pointer, parameter, or name of a file or array of a data set.
        detail: What is wrong and what to do about it.
        is_file: Whether it is of a data set.
    """

    pointer: str
    detail: str
    is_file: bool = False


class ClientError(Exception):
    """The server answered with a problem; nothing was changed by the request.

    Attributes:
        status: HTTP status, 4xx or 5xx.
        title: Kind of the problem.
        detail: What is wrong and what to do about it.
        faults: Every field that was refused, for an invalid spec; of a data set the first files.
        n_faults: How many were refused, named or not.
        retry_after_s: In how many seconds the server asks for another try, if it does.
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        faults: tuple[FieldFault, ...] = (),
        n_faults: int | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        self.status, self.title, self.detail, self.faults = status, title, detail, faults
        self.n_faults = len(faults) if n_faults is None else n_faults
        self.retry_after_s = retry_after_s
        super().__init__(detail or title)

    @property
    def may_pass(self) -> bool:
        """Whether a server that starts again, or gets its database back, may answer otherwise."""
        return self.status >= 500


class UnreachableError(ClientError):
    """No server answered at the URL; the request has not arrived."""

    def __init__(self, url: str, reason: str) -> None:
        self.url = url
        super().__init__(0, *self._words(reason))

    def _words(self, reason: str) -> tuple[str, str]:
        detail = (
            f"no server answers at {self.url} ({reason}): start one with `densearch serve`, "
            "or name another with --url"
        )
        return "No server", detail

    @property
    def may_pass(self) -> bool:
        """It may: a server may be starting."""
        return True


class AddressError(UnreachableError):
    """The URL is none that a server can have; nothing was sent."""

    def _words(self, reason: str) -> tuple[str, str]:
        detail = (
            f"{self.url!r} is no address of a server ({reason.rstrip('.')}): write it as in "
            "http://127.0.0.1:8080"
        )
        return "No address", detail

    @property
    def may_pass(self) -> bool:
        """It stays wrong."""
        return False


class AnswerTimeoutError(UnreachableError):
    """The server has the request, or a part of it, and did not answer in time."""

    def _words(self, reason: str) -> tuple[str, str]:
        detail = (
            f"{self.url} did not answer in time ({reason}): it may be busy, and may have done "
            "what was asked for; look before you ask again"
        )
        return "No answer in time", detail


class AnswerLostError(UnreachableError):
    """The connection broke after the request was sent, or a part of it."""

    def _words(self, reason: str) -> tuple[str, str]:
        detail = (
            f"the connection to {self.url} broke before the answer ({reason}); the server may "
            "have done what was asked for: look before you ask again"
        )
        return "Answer lost", detail


def unanswered(url: str, error: httpx2.RequestError) -> UnreachableError:
    """Return the error of a request without an answer, by whether it may have arrived."""
    if isinstance(error, httpx2.UnsupportedProtocol):
        return AddressError(url, reason_of(error))
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout):
        return UnreachableError(url, reason_of(error))
    kind = AnswerTimeoutError if isinstance(error, httpx2.TimeoutException) else AnswerLostError
    return kind(url, reason_of(error))


def reason_of(error: Exception) -> str:
    """Return an error's message, its kind where it has none."""
    return str(error) or type(error).__name__


def problem_of(answer: httpx2.Response) -> ClientError:
    """Read RFC 9457 problem+json; another body becomes a plain sentence."""
    try:
        body = answer.json()
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        return foreign(answer)
    return error_of(body, answer.status_code, answer.reason_phrase, retry_after_of(answer.headers))


def foreign(answer: httpx2.Response) -> ClientError:
    """Return the error of an answer that this API does not give."""
    detail = f"{answer.url} answered {answer.status_code}"
    if answer.is_redirect:
        detail += f" and leads to {answer.headers.get('location', '')[:500]}: name that address"
    else:
        what = "as nothing of this API does" if answer.is_success else "without problem+json"
        detail += f" {what}: is it a densearch server?"
    return ClientError(answer.status_code, "Not this API", detail)


def error_of(
    body: Mapping[str, Any], status: int, reason: str = "", retry_after_s: float | None = None
) -> ClientError:
    """Return the error of a problem document."""
    listed, n_faults = body.get("errors"), body.get("n_errors")
    faults = tuple(
        FieldFault(_place(item), str(item.get("detail", "is refused")), is_file="entry" in item)
        for item in (listed if isinstance(listed, list) else ())
        if isinstance(item, Mapping)
    )
    title = str(body.get("title") or reason)
    detail = str(body.get("detail") or title)
    n_known = n_faults if isinstance(n_faults, int) else None
    return ClientError(status, title, detail, faults, n_known, retry_after_s)


def _place(item: Mapping[str, object]) -> str:
    return str(item.get("pointer") or item.get("parameter") or item.get("entry") or "")
