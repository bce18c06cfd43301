"""Trials that readers name as the table shows them: numbers, studies with numbers, ids."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from service.states import Phase
from service.storage import studies, trials
from service.storage.database import Database
from tests.support import seeding


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
def test_the_curves_page_takes_what_the_table_of_trials_shows(
    client: TestClient, database: Database
) -> None:
    job = seeding.running(database)
    with database.read() as session:
        own = {study.id: study.name for study in studies.of_job(session, job.id)}
        trained = [
            trial
            for trial in trials.of_job(session, job.id)
            if trial.phase is Phase.SEARCH and trial.curve and trial.number is not None
        ]
    one = trained[-1]
    name, at = own[one.study_id], f"/jobs/{job.id}/figures/curves?trial="
    at_page = f"/jobs/{job.id}/curves"
    alike = {t.id for t in trained if t.number == one.number}

    def thick(words: str) -> set[int]:
        data = client.get(f"{at}{words}").json()["data"]
        return {t["customdata"][0][0] for t in data if t["legendgroup"].startswith("trial-")}

    assert thick(f"{name} {one.number}") == thick(f"id {one.id}") == {one.id}
    assert thick(str(one.number)) == alike
    page = client.get(f"/jobs/{job.id}/curves?trial=no+such 3, {name} 9999, {name} {one.number}")
    assert "no study &#39;no such&#39;" in page.text
    assert f"no training &#39;{name} 9999&#39;" in page.text
    assert len(re.findall('<p class="notice">', page.text.partition('id="faults"')[2])) == 2
    # No column of numbers holds such a one.
    assert "no training &#39;4000000000&#39;" in client.get(f"{at_page}?trial=4000000000").text
    # Longer than any name: matching it would take minutes.
    assert "names no trial" in client.get(at_page, params={"trial": f"a{' ' * 30_000}x"}).text
    beyond = client.get(f"/jobs/{job.id}/trials?from_number=4000000000")
    assert "No trial fits this" in beyond.text
    table = client.get(f"/jobs/{job.id}/trials").text
    assert f'aria-label="{name}, trial {one.number}"' in table
