"""docs/glossary.md against the code: its names exist, and the words that it rules out are gone."""

from __future__ import annotations

import ast
import re
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.support.root import ROOT

CODE = ("api", "library", "migrations", "service", "workers")
# Decisions stay as they were written.
HISTORY = ("docs/adr/", "docs/glossary.md")
# A stored key of reports.
STORED = ("beside", "service/report/attribution.py")
# Where samplers are asked and told: the words of the field.
ASK_AND_TELL = (
    "docs/own-samplers.md",
    "docs/samplers.md",
    "docs/user-guide.md",
    "library/densearch/direct_l/",
    "library/densearch/sampler/",
    "service/samplers/",
)


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the table under a heading."""
    _, _, rest = (ROOT / "docs" / "glossary.md").read_text().partition(f"\n## {heading}\n")
    table = rest.partition("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def sources(*suffixes: str) -> Iterator[Path]:
    """Yield the product's own files."""
    for folder in (*CODE, "docs"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in suffixes and "__pycache__" not in path.parts:
                yield path
    yield ROOT / "README.md"


def has_name(dotted: str) -> bool:
    """Whether a module, or a name at the top of a module, exists."""
    parts = dotted.split(".")
    for base in (ROOT, ROOT / "library"):
        whole, module = base.joinpath(*parts), base.joinpath(*parts[:-1]).with_suffix(".py")
        if whole.with_suffix(".py").exists() or (whole / "__init__.py").exists():
            return True
        if module.exists() and parts[-1] in defined(module):
            return True
    return False


def defined(path: Path) -> set[str]:
    """Return the names that a module defines at its top."""
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets += [node.target] if isinstance(node, ast.AnnAssign) else []
        found.update(target.id for target in targets if isinstance(target, ast.Name))
    return found


@pytest.mark.parametrize("row", rows("Words"), ids=lambda row: row[0])
def test_each_name_of_the_glossary_exists(row: list[str]) -> None:
    (name,) = re.findall(r"`([\w.]+)`", row[1])
    assert has_name(name)


def test_words_are_in_order_and_explained_once() -> None:
    words = [row[0] for row in rows("Words")]
    assert words == sorted(words, key=lambda word: word.partition(",")[0])
    assert len(set(words)) == len(words)


@cache
def prose() -> dict[str, list[tuple[int, str]]]:
    """Return the lines that people read, by file."""
    files = sources(".py", ".md", ".html", ".js")
    return {str(path.relative_to(ROOT)): list(prose_of(path)) for path in files}


def prose_of(path: Path) -> Iterator[tuple[int, str]]:
    """Yield a file's lines: of a module its comments and its strings of many words."""
    if path.suffix != ".py":
        yield from enumerate(path.read_text().splitlines(), 1)
        return
    with path.open("rb") as file:
        for token in tokenize.tokenize(file.readline):
            kind = tokenize.tok_name[token.type]
            is_text = kind in {"STRING", "FSTRING_MIDDLE"} and " " in token.string
            if kind == "COMMENT" or is_text:
                yield from enumerate(token.string.splitlines(), token.start[0])


@pytest.mark.parametrize("word", [row[0] for row in rows("Not used")])
def test_a_word_that_is_ruled_out_is_not_used(word: str) -> None:
    pattern = re.compile(rf"\b{word}\b", re.IGNORECASE)
    exempt = HISTORY + (ASK_AND_TELL if word == "told" else ())
    found = [
        f"{path}:{number}: {line.strip()}"
        for path, lines in prose().items()
        if not path.startswith(exempt)
        for number, line in lines
        if pattern.search(line) and (word, path) != STORED
    ]
    assert not found


def test_two_classes_never_share_a_name() -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for path in sources(".py"):
        if path.suffix == ".py":
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    homes[node.name].append(str(path.relative_to(ROOT)))
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}
