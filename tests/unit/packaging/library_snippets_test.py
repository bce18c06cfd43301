"""What the user guide shows of the library runs as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import densearch
from tests.support.snippets import snippet


def run(
    words: str, capsys: pytest.CaptureFixture[str], document: str = "user-guide.md"
) -> tuple[dict[str, Any], str]:
    names: dict[str, Any] = {}
    exec(snippet(document, words), names)  # noqa: S102 - the guide's own code
    return names, capsys.readouterr().out


def test_a_density_is_built(capsys: pytest.CaptureFixture[str]) -> None:
    names, shown = run("from densearch.density import", capsys)
    assert names["density"].den == [0.3, 0.8]
    assert "['den[0]', 'den[1]'] [(0.05, 1.0), (0.5, 1.5)]" in shown
    assert "(5, 5)" in shown


def test_a_function_is_minimised(capsys: pytest.CaptureFixture[str]) -> None:
    names, shown = run("ParallelDirectL(2, 40", capsys)
    assert len(names["search"].sequence) == 40
    point, value = names["search"].best
    assert value < 0.01
    assert str(point) in shown


def test_a_study_of_optuna_is_searched(capsys: pytest.CaptureFixture[str]) -> None:
    names, shown = run("study.optimize(objective, n_jobs=4)", capsys, "direct-l-elsewhere.md")
    assert shown.startswith("40 {'alpha': 1.")
    assert names["study"].best_value < 0.1


def test_jobs_are_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def jobs(_client: densearch.Client, *, state: str) -> Iterator[dict[str, object]]:
        yield {"id": 7, "name": state, "best": None}

    monkeypatch.setattr(densearch.Client, "jobs", jobs)
    assert run("client.jobs(", capsys)[1] == "7 SUCCEEDED None\n"
