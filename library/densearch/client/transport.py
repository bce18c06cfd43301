"""Requests to the REST API: retries, errors, and lists that come in pages."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx2

from densearch import bearer, redaction

Json = dict[str, Any]

N_TRIES = 4
RETRY_S = 0.25


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
    """

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        faults: tuple[FieldFault, ...] = (),
        n_faults: int | None = None,
    ) -> None:
        self.status, self.title, self.detail, self.faults = status, title, detail, faults
        self.n_faults = len(faults) if n_faults is None else n_faults
        super().__init__(detail or title)

    @property
    def may_pass(self) -> bool:
        """Whether a server that starts again, or gets its database back, may answer otherwise."""
        return self.status >= 500


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

    @property
    def may_pass(self) -> bool:
        """It may: a server may be starting."""
        return True


class Transport:
    """A connection to one server. Thread safety: share one instance among threads.

    Args:
        url: Address of the server.
        timeout_s: How long to wait for an answer.
        token: The server's; that of the environment (DENSEARCH_TOKEN) if None, none if "".
        transport: Replaces the network, for tests.

    Raises:
        ClientError: The token cannot be one; the message does not quote it.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8080",
        *,
        timeout_s: float = 30.0,
        token: str | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        try:
            self.http = httpx2.Client(
                base_url=self.url,
                timeout=timeout_s,
                headers=_headers(token),
                transport=transport,
                trust_env=False,
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
        self.http.close()

    def pages(self, path: str, params: Mapping[str, str | float | None]) -> Iterator[Json]:
        """Yield the items of a list, page by page; parameters that are None are left out."""
        query: dict[str, str | float] | None = {k: v for k, v in params.items() if v is not None}
        first = path
        while True:
            answer = self.answer("GET", path, params=query)
            yield from decoded(answer)["items"]
            following = answer.links.get("next", {}).get("url")
            if following is None:
                return
            # The path stays: below the prefix of a reverse proxy the link's may lack it.
            path, query = f"{first}?{httpx2.URL(following).query.decode()}", None

    def json(self, method: str, path: str, **request: Any) -> Json:
        """Send a request and return the JSON of its answer; see `answer`."""
        return decoded(self.answer(method, path, **request))

    def answer(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """Send a request and return its answer.

        Raises:
            ClientError: The server refused it.
            UnreachableError: No server answers.
        """
        answer = self.send(method, path, **request)
        if answer.is_error:
            raise problem_of(answer)
        return answer

    def send(
        self, method: str, path: str, *, n_tries: int = N_TRIES, **request: Any
    ) -> httpx2.Response:
        """Send a request, again if its answer is lost and repeating it is harmless."""
        for n_failures in range(1, n_tries + 1):
            try:
                return self.http.request(method, path, **request)
            except httpx2.ConnectError as error:
                raise UnreachableError(self.url, reason_of(error)) from error
            except httpx2.TransportError as error:
                if n_failures == n_tries or isinstance(error, httpx2.TimeoutException):
                    raise UnreachableError(self.url, reason_of(error)) from error
                time.sleep(RETRY_S * 2 ** (n_failures - 1))
            except httpx2.InvalidURL as error:
                raise UnreachableError(self.url, str(error)) from error
        raise AssertionError


def _headers(token: str | None) -> Mapping[str, str]:
    try:
        found = bearer.given(token)
    except ValueError as error:
        raise ClientError(0, "Unusable token", str(error)) from error
    if found is not None:
        redaction.learn(found)
    return bearer.headers(found)


def reason_of(error: Exception) -> str:
    """Return an error's message, its kind where it has none."""
    return str(error) or type(error).__name__


def decoded(answer: httpx2.Response) -> Json:
    """Return the JSON of an answer.

    Raises:
        ClientError: It is none.
    """
    try:
        found: Json = answer.json()
    except ValueError as error:
        raise problem_of(answer) from error
    return found


def problem_of(answer: httpx2.Response) -> ClientError:
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
    return error_of(body, answer.status_code, answer.reason_phrase)


def error_of(body: Mapping[str, Any], status: int, reason: str = "") -> ClientError:
    """Return the error of a problem document."""
    faults = tuple(
        FieldFault(_place(item), str(item["detail"]), is_file="entry" in item)
        for item in body.get("errors") or ()
    )
    title = str(body.get("title", reason))
    detail = str(body.get("detail") or title)
    return ClientError(status, title, detail, faults, body.get("n_errors"))


def _place(item: Mapping[str, object]) -> str:
    return str(item.get("pointer") or item.get("parameter") or item.get("entry") or "")


def json_request(body: Mapping[str, Any] | bytes) -> dict[str, Any]:
    """Return the arguments of a request with a JSON body, which may be a document's bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return {"content": content, "headers": {"Content-Type": "application/json"}}


def json_request_once(body: Mapping[str, Any] | bytes, key: str | None) -> dict[str, Any]:
    """Return those of a request that makes one thing however often it is sent.

    Args:
        body: As in `json_request`.
        key: Idempotency-Key; a new one if None.
    """
    request = json_request(body)
    request["headers"]["Idempotency-Key"] = key or uuid4().hex
    return request
