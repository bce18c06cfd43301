"""GET /v1/jobs/{id}/report: formats, states, hostile names, entity tags, and PDFs that fail."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from markdown_it import MarkdownIt
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from service.jobs import commands
from service.records import Job
from service.states import JobState
from service.storage import jobs
from service.storage.database import Database
from service.storage.tables import JobRow
from service.validation import parse
from tests.support import decided_jobs, seeding
from tests.support.root import ROOT

ODD = seeding.HOSTILE + "\u05d0\u05d1 \u0645\u0631 \U0001f389" + "[a](//e.example)" + "x" * 60
Html = Callable[[int], str]


@pytest.fixture
def html(client: TestClient) -> Html:
    def read(job_id: int) -> str:
        answer = client.get(f"/v1/jobs/{job_id}/report", params={"format": "html"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert "<script" not in answer.text
        text: str = answer.text
        return text

    return read


def failed(database: Database) -> Job:
    job = seeding.submit(database, "failed")
    error = {"title": "No worker", "detail": "the disk is <b>full</b>"}
    with database.write() as session:
        jobs.set_state(session, job.id, JobState.FAILED, error=error)
    return job


def cancelled(database: Database) -> Job:
    return commands.cancel(database, seeding.running(database, "cancelled").id)


def function(database: Database) -> Job:
    task = {"kind": "function", "name": "branin"}
    body = {"name": "f", "task": task, "samplers": ["random"], "budget": {"n_trials": 3}}
    return commands.submit(database, parse.parse(body))[0]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (seeding.succeeded, ["The density helped", "How to use the density", "Statistics"]),
        (seeding.running, ["Provisional: 31 of 40 trials", "out of memory", "Best so far"]),
        (lambda db: seeding.submit(db, "q"), ["is queued, and none of its trials has begun"]),
        (cancelled, ["The job was cancelled after 31 of 40", "What was found until then"]),
        (failed, ["The job failed after 0 of 40", "No worker. The disk is &lt;b&gt;full"]),
        (function, ["Where is the function&#39;s lowest value", "branin"]),
    ],
)
def test_each_state_has_a_document_in_words(
    sqlite_database: Database, html: Html, made: Callable[[Database], Job], words: list[str]
) -> None:
    page = html(made(sqlite_database).id)
    for wanted in (*words, "To repeat it", "Method"):
        assert wanted in page
    assert "None" not in page.replace("None comes from a clock", "")


def test_a_report_of_a_decision_alone_is_a_document(sqlite_database: Database, html: Html) -> None:
    page = html(decided_jobs.finished(sqlite_database, 1))
    assert "Adopt the density. The probability that its loss is lower" in page
    assert "No trial of a search has a value." in page


def test_every_sentence_of_a_real_report_is_in_the_document(
    client: TestClient, sqlite_database: Database, html: Html
) -> None:
    records = json.loads((ROOT / "docs" / "evidence" / "records.json").read_text())
    for record in [cell for cell in records["cells"] if cell["report"]]:
        job_id, report = _stored(sqlite_database, record), record["report"]
        page = re.sub(r"\s+", " ", unescape(html(job_id)))
        decision = client.get(f"/v1/jobs/{job_id}/decision").json()
        for sentence in (*report["findings"], *report["evidence"], *decision["words"]):
            assert sentence in page
        assert all(f"<bdi>{arm['name']}" in page for arm in report["arms"])


def _stored(database: Database, record: dict[str, Any]) -> int:
    """Store a job with a report that another server made; it has no trials here."""
    row = JobRow(
        name=record["name"],
        state=JobState.SUCCEEDED,
        spec=record["spec"],
        report=record["report"],
        lease_fence=0,
        created_at=decided_jobs.START,
        finished_at=decided_jobs.START,
    )
    with database.write() as session:
        session.add(row)
        session.flush()
        return row.id


def test_json_is_the_default_and_stays_as_it_was(
    client: TestClient, sqlite_database: Database
) -> None:
    job = seeding.succeeded(sqlite_database)
    with sqlite_database.read() as session:
        stored = jobs.get(session, job.id).report
    content = TypeAdapter(Any).dump_json(stored)
    for options in ({}, {"params": {"format": "json"}}, {"headers": {"accept": "image/png"}}):
        answer: Any = client.get(f"/v1/jobs/{job.id}/report", **options)  # type: ignore[arg-type] # of httpx2
        assert answer.content == content
        assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [("text/html,*/*;q=0.8", "text/html"), ("text/markdown", "text/markdown")],
)
def test_accept_chooses_where_there_is_no_parameter(
    client: TestClient, sqlite_database: Database, accept: str, media_type: str
) -> None:
    path = f"/v1/jobs/{seeding.submit(sqlite_database, 'a').id}/report"
    answer = client.get(path, headers={"accept": accept})
    assert answer.headers["content-type"] == f"{media_type}; charset=utf-8"
    assert answer.headers["vary"].lower().count("accept") >= 1
    named = client.get(path, params={"format": "md"}, headers={"accept": "text/html"})
    assert named.headers["content-type"].startswith("text/markdown")


def test_names_are_text_in_every_format(
    client: TestClient, sqlite_database: Database, html: Html
) -> None:
    job = seeding.succeeded(sqlite_database, ODD)
    page = html(job.id)
    assert "<img" not in page
    assert "<b>" not in page
    answer = client.get(f"/v1/jobs/{job.id}/report", params={"format": "md"})
    disposition = answer.headers["content-disposition"]
    assert disposition == f'attachment; filename="report-{job.id}.md"'
    tokens = MarkdownIt("commonmark").enable("table").parse(answer.text)
    kinds = {child.type for token in tokens for child in token.children or []}
    assert not {"html_inline", "link_open", "image"} & kinds
    title = "".join(child.content for child in tokens[1].children or [])
    assert title == ODD


def test_a_document_is_not_sent_again_until_the_job_changes(
    client: TestClient, sqlite_database: Database
) -> None:
    job = seeding.running(sqlite_database)
    path = f"/v1/jobs/{job.id}/report?format=html"
    first = client.get(path)
    tag = first.headers["etag"]
    again = client.get(path, headers={"if-none-match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    head = client.head(path)
    assert (head.status_code, head.content, head.headers["etag"]) == (200, b"", tag)
    commands.cancel(sqlite_database, job.id)
    changed = client.get(path, headers={"if-none-match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag


@pytest.mark.parametrize("form", ["json", "html", "md", "pdf"])
def test_a_job_that_is_not_there_is_a_problem(client: TestClient, form: str) -> None:
    answer = client.get("/v1/jobs/7/report", params={"format": form})
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/not-found")


def test_a_format_that_there_is_not_is_refused_with_the_choices(client: TestClient) -> None:
    answer = client.get("/v1/jobs/1/report", params={"format": "docx"})
    assert answer.status_code == 422
    assert "'html', 'md' or 'pdf'" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("code", "status", "slug"), [(81, 501, "unavailable"), (1, 503, "failed")]
)
def test_a_pdf_that_cannot_be_made_is_a_problem_and_no_html(
    client: TestClient,
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    status: int,
    slug: str,
) -> None:
    done = subprocess.CompletedProcess([], code, b"", b"")
    monkeypatch.setattr(subprocess, "run", lambda *_args, **_options: done)
    job = seeding.submit(sqlite_database, "a")
    answer = client.get(f"/v1/jobs/{job.id}/report", params={"format": "pdf"})
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/pdf-{slug}"


def test_the_job_page_leads_to_the_documents(
    client: TestClient, sqlite_database: Database
) -> None:
    job = seeding.succeeded(sqlite_database)
    page = client.get(f"/jobs/{job.id}").text
    for form in ("html", "pdf", "md"):
        assert f'v1/jobs/{job.id}/report?format={form}"' in page
