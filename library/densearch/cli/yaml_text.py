"""YAML for specs: the JSON that it stands for, and the place of each member.

Scalars are those of JSON, in the spelling of YAML 1.2: ``true`` and ``false`` alone are flags
(``yes``, ``no``, ``on``, ``off`` are words), ``1e-3`` is a number, a date is text. Anchors are
taken as long as the document stays small; tags, merge keys and keys that appear twice are faults.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from densearch.cli.json_lines import Places, pointer
from densearch.names import quoted, shown

# A spec has some hundred members; aliases make the same text more, deep nesting is none.
MOST_NODES = 50_000
MOST_DEPTH = 64
MOST_BYTES = 1_000_000
_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", "")),
}


class YamlError(ValueError):
    """A document that stands for no JSON.

    Attributes:
        line: From 1; None where no place is known.
        column: From 1.
    """

    def __init__(self, detail: str, line: int | None = None, column: int | None = None) -> None:
        self.line, self.column = line, column
        super().__init__(detail)


class _Composer(yaml.SafeLoader):
    """Reads the tree alone: no scalar has a type, and nothing is constructed."""

    yaml_implicit_resolvers: dict[Any, Any] = {}  # noqa: RUF012 - as the package declares it


def load(content: bytes) -> tuple[object, Places]:
    """Return the JSON value of a document, and the place of each member.

    Raises:
        YamlError: It is none, or not one document.
    """
    if len(content) > MOST_BYTES:
        raise YamlError(f"has {len(content):,} bytes: at most {MOST_BYTES:,} are taken")
    try:
        root = yaml.compose(content, Loader=_Composer)
    except yaml.MarkedYAMLError as error:
        raise _marked(error) from error
    except (yaml.YAMLError, UnicodeError, ValueError) as error:
        raise YamlError(f"is no text in UTF-8: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise YamlError(f"is nested deeper than {MOST_DEPTH} levels") from error
    if root is None:
        raise YamlError("is empty: write a spec")
    reader = _Reader()
    return reader.value(root, "", 0), reader.places


def _marked(error: yaml.MarkedYAMLError) -> YamlError:
    mark = error.problem_mark or error.context_mark
    detail = shown(f"{error.problem or error.context}")
    if "'\\t'" in detail:
        detail = "a tab cannot indent YAML: write blanks"
    elif "but found another document" in detail:
        detail = "a second document begins: write one spec"
    return YamlError(detail) if mark is None else YamlError(detail, mark.line + 1, mark.column + 1)


def _fault(node: yaml.Node, detail: str) -> YamlError:
    return YamlError(detail, node.start_mark.line + 1, node.start_mark.column + 1)


@dataclass(slots=True)
class _Reader:
    places: dict[str, tuple[int, int]] = field(default_factory=dict)
    n_nodes: int = 0

    def value(self, node: yaml.Node, base: str, depth: int) -> object:
        """Return the value of a node.

        Raises:
            YamlError: It stands for no JSON, or aliases make too much of it.
        """
        self.n_nodes += 1
        if self.n_nodes > MOST_NODES:
            raise _fault(node, f"has more than {MOST_NODES:,} values, aliases counted each time")
        if depth > MOST_DEPTH:
            raise _fault(node, f"is nested deeper than {MOST_DEPTH} levels, or holds itself")
        if node.tag not in _KNOWN_TAGS:
            raise _fault(node, f"has the tag {quoted(node.tag)}: a spec has none")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, base, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self._item(item, base, i, depth) for i, item in enumerate(node.value)]
        return _scalar(node)

    def _item(self, node: yaml.Node, base: str, index: int, depth: int) -> object:
        here = pointer(base, index)
        self.places[here] = (node.start_mark.line + 1, node.start_mark.column + 1)
        return self.value(node, here, depth + 1)

    def _mapping(self, node: yaml.MappingNode, base: str, depth: int) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in node.value:
            name = _name(key)
            here = pointer(base, name)
            if name in found:
                line, _ = self.places[here]
                raise _fault(key, f"{quoted(name)} appears twice, first in line {line}")
            self.places[here] = (key.start_mark.line + 1, key.start_mark.column + 1)
            found[name] = self.value(value, here, depth + 1)
        return found


_KNOWN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq")}


def _name(key: yaml.Node) -> str:
    """Return a key as text, as it is written: ``on`` and ``1`` are names as well."""
    if not isinstance(key, yaml.ScalarNode) or key.tag not in _KNOWN_TAGS:
        raise _fault(key, "a key is a plain word")
    if key.value == "<<" and key.style is None:
        raise _fault(key, "merge keys (<<) are not taken: write the members out")
    return str(key.value)


def _scalar(node: yaml.Node) -> object:
    text = str(node.value)
    if getattr(node, "style", None) is not None:  # quoted, or a block
        return text
    if text in _WORDS:
        return _WORDS[text]
    infinite = _INFINITE.fullmatch(text)
    if infinite:  # JSON has neither; the server refuses them by their pointer
        return math.nan if infinite[1] is None else float(f"{infinite[1]}inf")
    if _INTEGER.fullmatch(text) and len(text) < 400:
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
