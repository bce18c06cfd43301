"""A spec is JSON or YAML by its ending, else by its first character; faults name their line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from densearch.cli import json_documents
from densearch.cli.spec_files import explained, read_spec
from densearch.client.client import ClientError, FieldFault

FAULTS = (FieldFault("/training/lr", "is negative"), FieldFault("", "is odd"))


@pytest.fixture(autouse=True)
def _in_words_again() -> Iterator[None]:
    yield
    json_documents.use([])


@pytest.mark.parametrize(
    ("name", "content", "body"),
    [
        ("a.json", b'\xef\xbb\xbf {"a": 1}', b' {"a": 1}'),
        ("a.json", b"a: 1", b"a: 1"),  # the server says what is wrong with it
        ("a.YAML", b"a: 1", b'{"a": 1}'),
        ("a.yml", b'{"a": 1}', b'{"a": 1}'),
        ("a", b"# note\na: 1", b'{"a": 1}'),
        ("a", b' {"a" :1}', b' {"a" :1}'),
    ],
)
def test_the_form_is_seen(name: str, content: bytes, body: bytes, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert read_spec(str(file)).body == body


@pytest.mark.parametrize(
    ("name", "content", "where"),
    [
        ("a.json", '{\n  "training": {\n    "lr": -1}}', "line 3, column 5, /training/lr"),
        ("a.yaml", "training:\n  epochs: 1\n", "line 1, column 1, /training/lr"),
    ],
)
def test_a_refused_field_has_its_line(
    name: str, content: str, where: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / name
    file.write_text(content)
    with pytest.raises(SystemExit), explained(read_spec(str(file))):
        raise ClientError(422, "Invalid", "2 faults", FAULTS, 5)
    assert capsys.readouterr().err.splitlines() == [
        f"  {where}: is negative",
        "  is odd",
        "  and 3 more",
        "densearch: the server refused it: correct these 5 fields",
    ]


def test_a_problem_has_the_line_as_a_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    json_documents.use(["--json"])
    file = tmp_path / "a.yaml"
    file.write_text("training:\n  lr: -1")
    with pytest.raises(SystemExit), explained(read_spec(str(file))):
        raise ClientError(422, "Invalid", "2 faults", FAULTS)
    first, second = json.loads(capsys.readouterr().err)["errors"]
    assert (first["line"], first["column"]) == (2, 3)
    assert second == {"pointer": "", "detail": "is odd"}


def test_broken_yaml_is_refused_here(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("a: 1\na: 2")
    with pytest.raises(SystemExit) as ended:
        read_spec(str(file))
    assert ended.value.code == 1
    assert f"{file}, line 2, column 1: 'a' appears twice" in capsys.readouterr().err


def test_a_missing_file_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        read_spec("/nowhere.yaml")
    assert ended.value.code == 2
    assert "cannot read /nowhere.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b" \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_named(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(SystemExit) as ended:
        read_spec(str(file))
    assert ended.value.code == 2
    assert f"{file} is empty: write into it" in capsys.readouterr().err
