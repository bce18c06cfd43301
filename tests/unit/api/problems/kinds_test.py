"""The kinds of problems: short titles, remedies in sentences, a heading in docs/problems.md."""

from __future__ import annotations

import re

from api.problems.kinds import PROBLEMS
from tests.support.root import ROOT

DOCUMENT = ROOT / "docs" / "problems.md"


def test_the_document_has_a_heading_and_the_status_of_every_problem() -> None:
    text = DOCUMENT.read_text("utf-8")
    sections = dict(re.findall(r"^## (\S+)\n\nStatus (\d+)", text, flags=re.MULTILINE))
    assert sections == {slug: str(problem.status) for slug, problem in PROBLEMS.items()}
    assert text.count("\n## ") == len(sections)


def test_titles_are_short_and_remedies_are_sentences() -> None:
    for problem in PROBLEMS.values():
        assert len(problem.title) <= 60
        assert problem.remedy.endswith(".")
        assert 400 <= problem.status < 600
