"""Errors of the client: what a request without an answer may have done."""

from __future__ import annotations

import httpx2
import pytest

from densearch.client import errors


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (httpx2.ConnectError("refused"), errors.UnreachableError, "no server answers at"),
        (httpx2.UnsupportedProtocol("no"), errors.AddressError, "is no address of a server"),
        (httpx2.ConnectTimeout("slow"), errors.UnreachableError, "no server answers at"),
        (httpx2.PoolTimeout("busy"), errors.UnreachableError, "no server answers at"),
        (httpx2.ReadTimeout("slow"), errors.AnswerTimeoutError, "may have done"),
        (httpx2.WriteTimeout("slow"), errors.AnswerTimeoutError, "may have done"),
        (httpx2.RemoteProtocolError("cut"), errors.AnswerLostError, "may have done"),
        (httpx2.ReadError("cut"), errors.AnswerLostError, "may have done"),
        (httpx2.WriteError(""), errors.AnswerLostError, "(WriteError)"),
    ],
)
def test_what_may_have_arrived_is_distinguished(
    error: httpx2.TransportError, kind: type[errors.UnreachableError], words: str
) -> None:
    found = errors.unanswered("http://server", error)
    assert type(found) is kind
    assert words in str(found)
    assert "http://server" in str(found)
    assert found.may_pass == (kind is not errors.AddressError)
    assert found.status == 0


@pytest.mark.parametrize(
    ("listed", "places"),
    [
        ("abc", []),
        ([1, {"a": 2}], [("", "is refused")]),
        ([{"pointer": "/a"}], [("/a", "is refused")]),
    ],
)
def test_a_problem_in_another_form_is_read_as_far_as_it_goes(
    listed: object, places: list[tuple[str, str]]
) -> None:
    found = errors.error_of({"title": None, "errors": listed, "n_errors": "x"}, 422)
    assert [(fault.pointer, fault.detail) for fault in found.faults] == places
    assert found.n_faults == len(places)
