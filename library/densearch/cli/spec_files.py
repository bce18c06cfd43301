"""A spec in a file or on stdin, as JSON or YAML; what is refused of it is named by its line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from densearch.cli.failures import REFUSED, USAGE, fail, problem_of
from densearch.cli.json_lines import Places, place_of, places_in
from densearch.extras import required

if TYPE_CHECKING:
    from densearch.client.client import ClientError

STDIN = "-"
# Some editors begin a file with it; JSON has none.
BOM = b"\xef\xbb\xbf"
BLANK = BOM + b" \t\r\n"
YAML_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class SpecFile:
    """A spec to send.

    Attributes:
        body: As JSON; of a JSON file its own bytes.
        places: Of its members in the file.
    """

    body: bytes
    places: Places


def read_spec(file: str) -> SpecFile:
    """Return a file's spec, stdin's for "-"; end the command when it cannot be read.

    A file's ending says what it is, else its first character: JSON begins with a brace.
    """
    content = _content(file)
    if not content.strip(BLANK):
        name = "stdin" if file == STDIN else file
        fail(f"{name} is empty: write into it what is to be sent, as JSON or YAML", USAGE)
    if _is_yaml(file, content):
        return _from_yaml(file, content)
    body = content.removeprefix(BOM)
    return SpecFile(body, places_in(body.decode("utf-8", "replace")))


def _content(file: str) -> bytes:
    if file == STDIN:
        return typer.get_binary_stream("stdin").read()
    try:
        return Path(file).read_bytes()
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}", USAGE)


def _is_yaml(file: str, content: bytes) -> bool:
    ending = Path(file).suffix.lower()
    if ending in {*YAML_ENDINGS, ".json"}:
        return ending != ".json"
    return not content.lstrip(BLANK).startswith(b"{")


def _from_yaml(file: str, content: bytes) -> SpecFile:
    with required("cli"):  # the parser takes a while to load
        from densearch.cli.yaml_text import YamlError, load

    try:
        value, places = load(content)
    except YamlError as error:
        name = "stdin" if file == STDIN else file
        place = "" if error.line is None else f", line {error.line}, column {error.column}"
        errors = [{"detail": str(error), "line": error.line, "column": error.column}]
        fail(f"{name}{place}: {error}", REFUSED, title="Invalid YAML", errors=errors)
    return SpecFile(json.dumps(value).encode(), places)


@contextmanager
def explained(spec: SpecFile | None = None) -> Iterator[None]:
    """Print a line for each field that the server refuses; end the command if there was one.

    Args:
        spec: What was sent, to name the lines of its fields.
    """
    from densearch.client.client import ClientError  # the HTTP library takes a while to load

    try:
        yield
    except ClientError as error:
        if not error.faults:
            raise
        _fail(error, spec.places if spec else {})


def _fail(error: ClientError, places: Places) -> NoReturn:
    lines, problem = [], problem_of(error)
    for fault, entry in zip(error.faults, problem["errors"], strict=True):
        place = place_of(places, fault.pointer)
        where = fault.pointer
        if place is not None:
            where = f"line {place[0]}, column {place[1]}, {where}"
            entry["line"], entry["column"] = place
        lines.append(f"  {where}: {fault.detail}" if where else f"  {fault.detail}")
    n_more = error.n_faults - len(error.faults)
    if n_more > 0:
        lines.append(f"  and {n_more:,} more")
    message = f"the server refused it: correct {_refused(error)}"
    fail(message, REFUSED, lines=lines, **problem)


def _refused(error: ClientError) -> str:
    """Return what is to be corrected, by its number."""
    if error.n_faults == 1:
        return "it, and send it again" if error.faults[0].is_file else "this field"
    if error.faults[0].is_file:
        return f"these {error.n_faults:,} files, or leave them out by --skip-bad"
    return f"these {error.n_faults:,} fields"
