"""`densearch delete` asks for confirmation; what commands say of a refusal and of an end."""

from __future__ import annotations

from typing import Any, Self

import pytest
from typer.testing import CliRunner

from api.cli.main import app
from densearch.cli import jobs
from densearch.cli.jobs import ending_of


class _Server:
    def __init__(self) -> None:
        self.deleted: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def job(self, job_id: int) -> dict[str, Any]:
        return {"id": job_id, "name": f"name {job_id}", "state": "SUCCEEDED"}

    def delete(self, job_id: int) -> None:
        self.deleted.append(job_id)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> _Server:
    found = _Server()
    monkeypatch.setattr(jobs, "connect", lambda _url: found)
    return found


def _run(*words: str, answer: str = "") -> Any:  # noqa: ANN401 - typer's Result
    return CliRunner().invoke(app, ["delete", *words], input=answer)


def test_yes_deletes_each_once_without_asking(server: _Server) -> None:
    result = _run("3", "2", "3", "--yes")
    assert (result.exit_code, server.deleted) == (0, [3, 2])
    assert result.stdout == "job 3 is deleted\njob 2 is deleted\n"


def test_without_a_terminal_nothing_is_deleted(server: _Server) -> None:
    result = _run("3")
    assert (result.exit_code, server.deleted) == (2, [])
    assert "--yes" in result.stderr


@pytest.mark.parametrize(("answer", "deleted"), [("y\n", [3]), ("n\n", []), ("\n", [])])
def test_a_person_is_asked(
    server: _Server, monkeypatch: pytest.MonkeyPatch, answer: str, deleted: list[int]
) -> None:
    monkeypatch.setattr(jobs, "is_interactive", lambda: True)
    result = _run("3", answer=answer)
    assert server.deleted == deleted
    assert "name 3" in result.stderr
    assert result.exit_code == (0 if deleted else 1)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, "job 1 ended CANCELLED"),
        ({"title": None, "detail": "why"}, "job 1 ended CANCELLED: why"),
        ({"title": "T", "detail": "why"}, "job 1 ended CANCELLED: T: why"),
    ],
)
def test_how_a_job_ended(error: dict[str, str | None] | None, expected: str) -> None:
    assert ending_of({"id": 1, "state": "CANCELLED", "error": error}) == expected
