"""Requests to the REST API: retries, errors, and lists that come in pages."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx2

from densearch import bearer, redaction
from densearch.client.errors import (
    AddressError,
    AnswerLostError,
    AnswerTimeoutError,
    ClientError,
    FieldFault,
    UnreachableError,
    error_of,
    foreign,
    problem_of,
    reason_of,
    unanswered,
)
from densearch.client.retries import N_TRIES, n_tries_of, pause_before_retry, retry_after_of

__all__ = [
    "N_TRIES",
    "RETRY_S",
    "AnswerLostError",
    "AnswerTimeoutError",
    "ClientError",
    "FieldFault",
    "Json",
    "Transport",
    "UnreachableError",
    "decoded",
    "error_of",
    "json_request",
    "json_request_once",
    "problem_of",
    "reason_of",
    "unanswered",
]

# An answer, or a part of one: a typed dictionary of `densearch.answers` is one.
Json = Mapping[str, Any]

URL_VARIABLE = "DENSEARCH_URL"
DEFAULT_URL = "http://127.0.0.1:8080"

RETRY_S = 0.25
# Between looks at a measurement, where the server does not say.
MEASURING_S = 1.0


class Transport:
    """A connection to one server. Thread safety: share one instance among threads.

    Args:
        url: Address of the server; that of the environment (DENSEARCH_URL), else the default
            one of `densearch serve`, if None or empty.
        timeout_s: How long to wait for an answer.
        token: The server's; that of the environment (DENSEARCH_TOKEN) if None, none if "".
        transport: Replaces the network, for tests.

    Raises:
        ClientError: The token cannot be one; the message does not quote it.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        timeout_s: float = 30.0,
        token: str | None = None,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self.url = (url or os.environ.get(URL_VARIABLE) or DEFAULT_URL).rstrip("/")
        try:
            self.http = httpx2.Client(
                base_url=self.url,
                timeout=timeout_s,
                headers=_headers(token),
                transport=transport,
                trust_env=False,
            )
        except httpx2.InvalidURL as error:
            raise AddressError(self.url, str(error)) from error

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
            yield from _items_of(answer)
            following = answer.links.get("next", {}).get("url")
            if following is None:
                return
            # The path stays: below the prefix of a reverse proxy the link's may lack it.
            path, query = f"{first}?{httpx2.URL(following).query.decode()}", None

    def json(self, method: str, path: str, *, needs: Collection[str] = (), **request: Any) -> Json:
        """Send a request and return its JSON, which has these fields; see `answer`."""
        return decoded(self.answer(method, path, **request), needs)

    def measured(self, path: str, body: Mapping[str, Any] | bytes, wait_s: float) -> Json:
        """Return an estimate, and ask again while it is being measured.

        Args:
            path: Where estimates are made; nothing is submitted there.
            body: What is estimated.
            wait_s: How long to ask again.
        """
        until = time.monotonic() + wait_s
        while True:
            answer = self.answer("POST", path, n_tries=N_TRIES, **json_request(body))
            found, pause_s = (
                decoded(answer, ("state",)),
                retry_after_of(answer.headers) or MEASURING_S,
            )
            if found["state"] != "measuring" or time.monotonic() + pause_s > until:
                return found
            time.sleep(pause_s)

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
        self, method: str, path: str, *, n_tries: int | None = None, **request: Any
    ) -> httpx2.Response:
        """Send a request, again after a while if that is harmless and may help.

        It may where the answer was lost on the way, and where the server says when to try again.

        Args:
            method: HTTP method.
            path: Below the server's URL.
            n_tries: How often it is sent at most; if None 4 times if it reads or has an
                Idempotency-Key, else once.
            request: As httpx2 takes it.

        Raises:
            ClientError: A parameter fits into no address, such as a text of 100,000 characters.
            UnreachableError: There is no answer.
        """
        most = n_tries or n_tries_of(method, request.get("headers"))
        for n_failures in range(1, most + 1):
            is_last = n_failures == most
            try:
                answer = self.http.request(method, path, **request)
            except httpx2.InvalidURL as error:
                detail = (
                    f"this cannot be asked for, and was not sent ({error}): shorten or correct it"
                )
                raise ClientError(0, "Unusable request", detail) from error
            except httpx2.RequestError as error:
                failure = unanswered(self.url, error)
                if is_last or not isinstance(failure, AnswerLostError):
                    raise failure from error
                pause_s = RETRY_S * 2 ** (n_failures - 1)
            else:
                asked_s = pause_before_retry(answer.status_code, answer.headers)
                if is_last or asked_s is None:
                    return answer
                pause_s = asked_s
            time.sleep(pause_s)
        raise AssertionError


def _headers(token: str | None) -> Mapping[str, str]:
    try:
        found = bearer.given(token)
    except ValueError as error:
        raise ClientError(0, "Unusable token", str(error)) from error
    if found is not None:
        redaction.learn(found)
    return bearer.headers(found)


def decoded(answer: httpx2.Response, needs: Collection[str] = ()) -> Json:
    """Return the JSON of an answer.

    Raises:
        ClientError: It is none, or no object, or has not all fields that it needs.
    """
    try:
        found = answer.json()
    except (ValueError, RecursionError) as error:
        raise foreign(answer) from error
    if not isinstance(found, dict) or not found.keys() >= set(needs):
        raise foreign(answer)
    return found


def _items_of(answer: httpx2.Response) -> list[Json]:
    found = decoded(answer).get("items")
    if not isinstance(found, list):
        raise foreign(answer)
    return found


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
