"""Campaigns are stored whole or not at all; jobs and data sets may go on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event

from service.campaigns import commands
from service.campaigns.request import Extension
from service.campaigns.standing import standings
from service.costs.prices import UNPRICED
from service.datasets import library
from service.errors import (
    DatasetInUseError,
    IdempotencyConflictError,
    InvalidSpecError,
    NotFoundError,
)
from service.jobs import commands as job_commands
from service.jobs import deletion
from service.settings import Settings
from service.states import JobState
from service.storage import campaigns, job_pages, jobs
from service.storage.campaigns import Campaign, CampaignCell
from service.storage.database import Database
from service.validation import parse
from tests.support.campaigns import SPHERES, TWO_PHOTOS, wanted
from tests.support.datasets.importing import add
from tests.support.datasets.jobs import spec_on


def cells(database: Database, campaign: Campaign) -> list[CampaignCell]:
    with database.read() as session:
        return campaigns.cells_of(session, campaign.id)


def n_jobs(database: Database) -> int:
    with database.read() as session:
        return len(job_pages.page(session, limit=2000))


def counts(database: Database, campaign: Campaign) -> dict[str, int]:
    with database.read() as session:
        return standings(session, [campaigns.get(session, campaign.id)])[0].counts


def faults_of(act: Callable[[], object]) -> dict[str, str]:
    with pytest.raises(InvalidSpecError) as refused:
        act()
    return {fault.pointer: fault.detail for fault in refused.value.faults}


def test_each_cell_is_a_job_with_its_settings(database: Database) -> None:
    made, is_new = commands.submit(database, wanted())
    assert is_new
    found = cells(database, made)
    assert [cell.settings for cell in found] == [
        {"task.dimension": d, "seed": s} for d in (2, 3) for s in (0, 1)
    ]
    assert [cell.index for cell in found] == [0, 1, 2, 3]
    with database.read() as session:
        own = [jobs.get(session, cell.job_id or 0) for cell in found]
    assert [(job.spec["task"]["dimension"], job.spec["seed"]) for job in own] == [
        (2, 0), (2, 1), (3, 0), (3, 1)
    ]  # fmt: skip
    assert own[3].name == "spheres: dimension 3, seed 1"
    assert {job.state for job in own} == {JobState.QUEUED}
    assert list(made.matrix) == ["task.dimension", "seed"]  # in the order in which it was sent


def test_a_cell_is_the_job_that_its_spec_makes_alone(database: Database) -> None:
    made, _ = commands.submit(database, wanted(TWO_PHOTOS))
    cell = cells(database, made)[1]
    with database.read() as session:
        job = jobs.get(session, cell.job_id or 0)
    body = {**TWO_PHOTOS["base"], "name": job.name}
    body["network"] = {**body["network"], "width": 16}
    alone, _ = job_commands.submit(database, parse.parse(body))
    assert alone.spec == job.spec


def test_one_refused_cell_stores_nothing(database: Database) -> None:
    body = wanted(matrix={"task.dimension": [2, 0, -1], "seed": [0, 1]})
    found = faults_of(lambda: commands.submit(database, body))
    assert found.keys() == {"/matrix/task.dimension/1", "/matrix/task.dimension/2"}
    assert found["/matrix/task.dimension/1"].startswith("cells 2 to 3 (the first: dimension 0")
    assert n_jobs(database) == 0
    with database.read() as session:
        assert campaigns.page(session, limit=10) == []


def test_faults_of_the_data_and_of_the_spec_are_listed_together(database: Database) -> None:
    matrix = {"task.dataset": ["photos", "stored:7"], "training.lr": [0.1, -1]}
    found = faults_of(lambda: commands.submit(database, wanted(TWO_PHOTOS, matrix=matrix)))
    # The cells that are wrong by themselves (1 and 3) are not looked up.
    assert found["/matrix/training.lr/1"].startswith("cells 1, 3")
    assert "there is no data set 7" in found["/matrix/task.dataset/1"]
    assert n_jobs(database) == 0


def test_too_many_cells_are_refused_before_any_is_validated(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parse, "parse", lambda _: pytest.fail("a cell was validated"))
    body = wanted(matrix={"seed": list(range(100)), "task.dimension": list(range(100))})
    found = faults_of(lambda: commands.submit(database, body))
    assert "10,000 cells: at most 1,000" in found["/matrix"]


def test_specs_that_are_large_together_are_refused(database: Database) -> None:
    base = {**SPHERES["base"], "warm_start": {"vectors": [[0.0] * 4096] * 10}}
    body = wanted(base=base, matrix={"seed": list(range(1000))})
    assert "exceed 64 MB" in faults_of(lambda: commands.submit(database, body))["/matrix"]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_number_that_is_not_finite_is_refused(database: Database, value: float) -> None:
    in_matrix = wanted(matrix={"seed": [0, value]})
    assert faults_of(lambda: commands.submit(database, in_matrix)).keys() == {"/matrix/seed/1"}
    in_base = wanted(base={**SPHERES["base"], "x": [value]})
    assert faults_of(lambda: commands.submit(database, in_base)).keys() == {"/base/x/0"}


def test_the_same_key_gives_the_same_campaign(database: Database) -> None:
    first, is_new = commands.submit(database, wanted(), "k")
    again, is_new_again = commands.submit(database, wanted(), "k")
    assert (first.id, is_new, is_new_again) == (again.id, True, False)
    assert n_jobs(database) == 4
    with pytest.raises(IdempotencyConflictError):
        commands.submit(database, wanted(name="another"), "k")


def test_a_cancelled_campaign_keeps_what_has_ended(database: Database) -> None:
    made, _ = commands.submit(database, wanted())
    first, second, *_ = (cell.job_id or 0 for cell in cells(database, made))
    with database.write() as session:
        for state in (JobState.RUNNING, JobState.EVALUATING, JobState.SUCCEEDED):
            jobs.set_state(session, first, state)
        jobs.set_state(session, second, JobState.RUNNING)
    commands.cancel(database, made.id)
    assert counts(database, made) == {"SUCCEEDED": 1, "CANCELLED": 3}
    commands.cancel(database, made.id)  # changes nothing
    assert counts(database, made) == {"SUCCEEDED": 1, "CANCELLED": 3}


def test_a_job_that_is_deleted_leaves_its_cell(database: Database) -> None:
    made, _ = commands.submit(database, wanted())
    job_id = cells(database, made)[2].job_id or 0
    job_commands.cancel(database, job_id)
    deletion.delete(database, job_id)
    cell = cells(database, made)[2]
    assert (cell.job_id, cell.state) == (None, None)
    assert cell.settings == {"task.dimension": 3, "seed": 0}
    assert counts(database, made) == {"QUEUED": 3, "DELETED": 1}


def test_an_axis_is_extended_by_the_new_cells_alone(database: Database) -> None:
    made, _ = commands.submit(database, wanted())
    before = cells(database, made)
    more = Extension(path="seed", values=[1, 2])
    extended = commands.extend(database, made.id, more)
    assert extended.matrix == {"task.dimension": [2, 3], "seed": [0, 1, 2]}
    found = cells(database, made)
    assert found[:4] == before
    assert [cell.settings for cell in found[4:]] == [
        {"task.dimension": 2, "seed": 2},
        {"task.dimension": 3, "seed": 2},
    ]
    assert commands.extend(database, made.id, more) == extended  # sent again
    assert len(cells(database, made)) == n_jobs(database) == 6


@pytest.mark.parametrize(
    ("path", "values", "pointer"),
    [
        ("training.lr", [1], "/path"),
        ("task.dimension", [4, 0], "/values/1"),
        ("seed", [float("nan")], "/values/0"),
        ("seed", list(range(600)), "/values"),
    ],
)
def test_an_extension_that_is_refused_stores_nothing(
    database: Database, path: str, values: list[Any], pointer: str
) -> None:
    made, _ = commands.submit(database, wanted())
    more = Extension.model_construct(path=path, values=values)
    assert faults_of(lambda: commands.extend(database, made.id, more)).keys() == {pointer}
    assert n_jobs(database) == 4
    with database.read() as session:
        assert campaigns.get(session, made.id) == made


def test_an_extension_follows_the_method_of_the_campaign(database: Database) -> None:
    base = {**SPHERES["base"], "method": 1}
    made, _ = commands.submit(database, wanted(base=base))
    commands.extend(database, made.id, Extension(path="seed", values=[9]))
    with database.read() as session:
        specs = [jobs.get(session, c.job_id or 0).spec for c in cells(database, made)]
    assert all("method" not in spec for spec in specs)  # as the first is stored


def test_a_data_set_may_be_deleted_on_the_way(database: Database, settings: Settings) -> None:
    """As for a job: what needs it is refused, and the cells that there are stay."""
    data = add(database, settings)
    base = {name: part for name, part in spec_on(f"stored:{data.id}").items() if name != "name"}
    made, _ = commands.submit(database, wanted(base=base, matrix={"seed": [0, 1]}))
    with pytest.raises(DatasetInUseError):
        library.delete(database, settings.data_dir, data.id)
    commands.cancel(database, made.id)
    library.delete(database, settings.data_dir, data.id)
    more = Extension(path="seed", values=[2])
    found = faults_of(lambda: commands.extend(database, made.id, more))
    assert "there is no data set" in found["/values"]
    assert counts(database, made) == {"CANCELLED": 2}


def test_many_cells_are_stored_and_cancelled_by_few_statements(
    sqlite_database: Database,
) -> None:
    """A request ends after some seconds: a statement or a transaction a cell would be too many."""
    statements: list[str] = []
    event.listen(
        sqlite_database.engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_: statements.append(statement),
    )
    few, _ = commands.submit(sqlite_database, wanted(matrix={"seed": [*range(10)]}))
    n_few = len(statements)
    statements.clear()
    made, _ = commands.submit(sqlite_database, wanted(matrix={"seed": [*range(10, 110)]}))
    assert len(statements) <= n_few + 100  # SQLite gives the keys of jobs one by one
    statements.clear()
    commands.cancel(sqlite_database, made.id)
    assert sum("UPDATE trials" in statement for statement in statements) == 4  # 25 jobs each
    assert counts(sqlite_database, few) == {"QUEUED": 10}
    assert counts(sqlite_database, made) == {"CANCELLED": 100}


def test_a_refused_extension_counts_its_cells_after_those_that_there_are(
    database: Database,
) -> None:
    made, _ = commands.submit(database, wanted())
    more = Extension(path="seed", values=[2, -1])
    (found,) = faults_of(lambda: commands.extend(database, made.id, more)).values()
    assert found.startswith("cells 5, 7 (the first: dimension 2, seed -1): ")


def test_there_is_no_other_campaign(database: Database) -> None:
    with pytest.raises(NotFoundError):
        commands.cancel(database, 1)
    with pytest.raises(NotFoundError):
        commands.extend(database, 1, Extension(path="seed", values=[1]))


def parsed_between(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let something happen once, after the cells were parsed and before they are stored."""
    real, left = commands._admitted, [act]

    def admitted(*args: Any) -> Any:  # noqa: ANN401
        found = real(*args)
        if left:
            left.pop()()
        return found

    monkeypatch.setattr(commands, "_admitted", admitted)


def test_an_extension_that_another_one_overtakes_has_no_cell_twice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cells are parsed without the lock on the database: what may have changed is looked at."""
    made, _ = commands.submit(database, wanted())
    other = Extension(path="seed", values=[2])
    parsed_between(monkeypatch, lambda: commands.extend(database, made.id, other))
    commands.extend(database, made.id, Extension(path="seed", values=[2, 3]))
    assert [cell.settings["seed"] for cell in cells(database, made)] == [0, 1, 0, 1, 2, 2, 3, 3]
    assert n_jobs(database) == 8


def test_a_data_set_that_is_deleted_while_cells_are_parsed_is_a_refusal(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = add(database, settings)
    base = {name: part for name, part in spec_on(f"stored:{data.id}").items() if name != "name"}
    parsed_between(monkeypatch, lambda: library.delete(database, settings.data_dir, data.id))
    found = faults_of(lambda: commands.submit(database, wanted(base=base, matrix={"seed": [0]})))
    assert "there is no data set" in found["/base/task/dataset"]
    assert n_jobs(database) == 0


def test_a_base_with_thousands_of_faults_is_not_judged_in_every_cell() -> None:
    base = {**SPHERES["base"], **{f"k{i}": 1 for i in range(4_000)}}
    cells = [{"seed": seed} for seed in range(50)]
    specs, faults = commands.specs_of("wide", base, cells, UNPRICED)
    assert specs == {}
    assert list(faults) == [0, 1, 2]
    assert faults[2][-1].detail == "the 47 cells after this one were not looked at"
