"""A problem's `type` leads to a page for people and to JSON for programs."""

from __future__ import annotations

from starlette.testclient import TestClient

from api.problems.kinds import PROBLEMS


def test_a_problems_type_leads_to_its_explanation(client: TestClient) -> None:
    for problem in PROBLEMS.values():
        page = client.get(problem.type, headers={"accept": "text/html,*/*"})
        assert page.headers["content-type"].startswith("text/html")
        assert problem.title.split("'")[0] in page.text
        answer = client.get(problem.type).json()
        assert answer["remedy"] == problem.remedy
        assert answer["status"] == problem.status
