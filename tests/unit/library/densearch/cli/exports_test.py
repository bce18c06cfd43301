"""Exports and bundles as files, against a client that notes what it is asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import pytest
from typer.testing import CliRunner

from densearch.cli import exports
from densearch.cli.application import build
from densearch.cli.server import WITHOUT_SERVER

app = build(WITHOUT_SERVER)
asked: list[tuple[Any, ...]] = []


class _Files:
    """Writes what was asked for into each file."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - any call
        return lambda *words, **more: asked.append((name, *map(str, words), *more.items()))


@pytest.fixture(autouse=True)
def _server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked.clear()
    monkeypatch.setattr(exports, "connect", lambda _url: _Files())
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ((), ("save_trials", "7", "job-7-trials.csv", "csv", ("phase", "all"))),
        (("--to", "a.parquet"), ("save_trials", "7", "a.parquet", "parquet", ("phase", "all"))),
        (("--to", "a.jsonl", "--measurements"), ("save_measurements", "7", "a.jsonl", "ndjson")),
        (("--format", "optuna"), ("save_optuna", "7", "job-7.db")),
        (("--to", "a.db"), ("save_optuna", "7", "a.db")),
    ],
)
def test_an_export_is_one_call(words: tuple[str, ...], call: tuple[Any, ...]) -> None:
    result = CliRunner().invoke(app, ["export", "7", *words])
    assert (result.exit_code, asked) == (0, [call])
    assert result.stdout.strip() == call[2]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("export", "7", "--format", "xls"), "--format xls is no format"),
        (("export", "7", "--to", "a.txt"), "the ending of a.txt is no format"),
        (("export", "7", "--format", "optuna", "--measurements"), "--measurements needs one of"),
        (("export", "7", "--to", "-", "--json"), "goes with neither --json nor mlflow"),
        (("export", "7", "--to", "-", "--format", "mlflow"), "goes with neither"),
        (("bundle", "7", "--out", "-", "--json"), "does not go with --json"),
        (("bundle", "7", "--norm", "none"), "neither kept nor folded"),
    ],
)
def test_what_there_is_not_is_refused(words: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, list(words))
    assert (result.exit_code, asked) == (2, [])
    assert said in result.stderr


def test_a_bundle_is_written_where_it_is_wanted() -> None:
    result = CliRunner().invoke(app, ["bundle", "7", "--norm", "folded", "--json"])
    assert json.loads(result.stdout) == {"job": 7, "path": "bundle-7.zip"}
    assert asked == [("save_bundle", "7", "bundle-7.zip", ("arm", None), ("folds_norms", True))]


@pytest.mark.parametrize("words", [("export", "7", "--to", "-"), ("bundle", "7", "--out", "-")])
def test_a_dash_is_stdout_and_prints_nothing_else(
    words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def write(_: object, _id: int, path: Path, *_form: str, **_more: object) -> None:
        path.write_bytes(b"whole\x00\xff")

    for name in ("save_trials", "save_bundle"):
        monkeypatch.setattr(_Files, name, write, raising=False)
    result = CliRunner().invoke(app, list(words))
    assert (result.exit_code, result.stdout_bytes) == (0, b"whole\x00\xff")
    assert list(tmp_path.iterdir()) == []
