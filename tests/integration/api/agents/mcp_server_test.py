"""The agents' door, opened by the package's own client: over stdio, and in memory."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client as McpClient
from mcp.client.stdio import StdioServerParameters
from mcp_types import CallToolResult, TextContent, TextResourceContents, ToolAnnotations

from api.agents.mcp_server import build
from densearch.client import Client
from service.jobs import commands
from service.storage.database import Database
from tests.support.jobs import SMALL, function_job, run_whole, submit
from tests.support.live_server import Server
from tests.support.root import ROOT

READING = {
    *("list_jobs", "show_job", "list_trials", "show_trial", "job_report", "list_options"),
    *("spec_guide", "estimate_job"),
}
SPEC = function_job(samplers=["random"], budget={"n_trials": 5})


@pytest.fixture
def server(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Server]:
    """One that asks for a token, which the client reads from the environment."""
    monkeypatch.setenv("DENSEARCH_TOKEN", "0123456789abcdef")
    made = Server(sqlite_database, tmp_path)
    made.start()
    yield made
    made.stop()


def talk(
    url: str, script: Callable[[McpClient], Awaitable[None]], *, allows_writes: bool = False
) -> None:
    async def run(client: Client) -> None:
        async with McpClient(build(client, allows_writes=allows_writes)) as agent:
            await script(agent)

    with Client(url) as client:
        asyncio.run(run(client))


def text_in(found: CallToolResult) -> str:
    (content,) = found.content
    assert isinstance(content, TextContent)
    return content.text


async def called(agent: McpClient, name: str, **arguments: Any) -> Any:  # noqa: ANN401 - JSON
    found = await agent.call_tool(name, arguments)
    assert not found.is_error, found.content
    return json.loads(text_in(found))


async def refused(agent: McpClient, name: str, **arguments: Any) -> str:
    found = await agent.call_tool(name, arguments)
    assert found.is_error
    return text_in(found)


def test_an_agent_reads_what_a_job_found(server: Server) -> None:
    job_id = run_whole(server.database, SMALL)

    async def script(agent: McpClient) -> None:
        assert {tool.name for tool in (await agent.list_tools()).tools} == READING
        (job,) = (await called(agent, "list_jobs", state="SUCCEEDED"))["items"]
        assert (job["id"], job["state"]) == (job_id, "SUCCEEDED")
        shown = await called(agent, "show_job", job_id=job_id)
        assert "report" not in shown
        found = await called(agent, "list_trials", job_id=job_id, sort="value", limit=2)
        trials = found["items"]
        assert len(trials) == 2
        one = await called(agent, "show_trial", trial_id=trials[0]["id"])
        assert one["id"] == trials[0]["id"]
        found = await called(agent, "job_report", job_id=job_id)
        assert "arms" in found["report"] or "_cut" in found
        assert (await called(agent, "list_options", of="samplers"))["items"]

    talk(server.url, script)


def test_a_fault_is_named_with_its_place_and_nothing_unknown_is_done(server: Server) -> None:
    submit(server.database, SPEC)

    async def script(agent: McpClient) -> None:
        wrong = {**SPEC, "samplers": ["nowhere"], "budget": {"n_trials": 0}}
        said = await refused(agent, "estimate_job", spec=wrong)
        assert "/budget/n_trials" in said
        assert "no job 99" in await refused(agent, "show_job", job_id=99)
        assert "choose from name" in await refused(agent, "spec_guide", section="netwrok")
        for name, arguments in (
            ("show_job", {"job_id": "../datasets"}),
            ("show_job", {"job_id": 0}),
            ("list_jobs", {"limit": 10_000}),
            ("list_options", {"of": "../jobs/1/cancel"}),
            ("submit_job", {"spec": SPEC}),
            ("cancel_job", {"job_id": 1}),
        ):
            await refused(agent, name, **arguments)

    talk(server.url, script)
    with Client(server.url) as client:
        assert [job["state"] for job in client.jobs()] == ["QUEUED"]


def test_jobs_are_submitted_and_cancelled_where_that_is_allowed(server: Server) -> None:
    async def script(agent: McpClient) -> None:
        tools = (await agent.list_tools()).tools
        assert {tool.name for tool in tools} == READING | {"submit_job", "cancel_job"}
        by_name = {tool.name: tool.annotations or ToolAnnotations() for tool in tools}
        assert all(by_name[name].read_only_hint for name in READING)
        assert by_name["cancel_job"].destructive_hint
        job = await called(agent, "submit_job", spec=SPEC)
        assert (await called(agent, "cancel_job", job_id=job["id"]))["state"] == "CANCELLED"
        assert (await called(agent, "cancel_job", job_id=job["id"]))["state"] == "CANCELLED"

    talk(server.url, script, allows_writes=True)


def test_the_guide_and_its_examples_are_what_the_server_takes(server: Server) -> None:
    async def script(agent: McpClient) -> None:
        guide = await called(agent, "spec_guide")
        assert set(guide["required"]) <= set(guide["fields"])
        for spec in guide["examples"].values():
            estimate = await called(agent, "estimate_job", spec=spec)
            assert estimate["state"] in {"ready", "measuring", "failed"}
        section = await called(agent, "spec_guide", section="training")
        assert "Training" in section["$defs"]
        for name in ("schema", "examples"):
            read = await agent.read_resource(f"densearch://spec/{name}")
            (content,) = read.contents
            assert isinstance(content, TextResourceContents)
            assert json.loads(content.text)

    talk(server.url, script)


def test_over_stdio_the_answers_alone_are_printed_and_the_token_comes_from_the_environment(
    server: Server,
) -> None:
    commands.cancel(server.database, submit(server.database, SPEC))
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "api.cli.main", "mcp", "--url", server.url],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'library'}:{ROOT}"},
    )

    async def run() -> None:
        async with McpClient(parameters, read_timeout_seconds=60) as agent:
            (job,) = (await called(agent, "list_jobs"))["items"]
            assert job["state"] == "CANCELLED"

    asyncio.run(run())
