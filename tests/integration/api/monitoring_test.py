"""Alert rules and dashboard name metrics, labels and values that a running server has."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from service.jobs import leases
from service.storage.database import Database
from tests.support.root import ROOT
from tests.support.specs import submit

RULES: list[dict[str, Any]] = yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text())[
    "groups"
][0]["rules"]
BOARD: dict[str, Any] = json.loads((ROOT / "deploy/grafana/densearch.json").read_text())
PANELS: list[dict[str, Any]] = BOARD["panels"]
ALERTS = {rule["alert"]: rule["expr"] for rule in RULES}
QUERIES = {panel["title"]: [t["expr"] for t in panel["targets"]] for panel in PANELS}
# By suffix: the type of metric that has it.
SUFFIXES = {
    "_total": "counter",
    "_bucket": "histogram",
    "_sum": "histogram",
    "_count": "histogram",
}
# Functions that want a series that only grows, and those for one that goes up and down.
COUNTED, MEASURED = {"rate"}, {"delta", "predict_linear"}
GIVEN = {"job", "instance", "le"}  # by Prometheus itself


@pytest.fixture
def types(client: TestClient, sqlite_database: Database) -> dict[str, tuple[str, set[str]]]:
    """The type and the labels of every metric of /metrics, by name."""
    submit(client)
    leases.register(sqlite_database, 2, {})
    client.get("/v1/jobs/77")
    found: dict[str, tuple[str, set[str]]] = {}
    for family in text_string_to_metric_families(client.get("/metrics").text):
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                found[sample.name] = (family.type, set(sample.labels))
    return found


def expressions() -> Iterator[str]:
    yield from ALERTS.values()
    for found in QUERIES.values():
        yield from found


def selectors(expression: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Yield the function around each metric, its name, and its matchers."""
    for function, name, text in re.findall(
        r"(?:(\w+)\s*\(\s*)?\b(densearch_\w+)(?:\{([^}]*)\})?", expression
    ):
        yield function, name, dict(re.findall(r'(\w+)(?:=|=~|!=|!~)"([^"]*)"', text))


def test_every_metric_that_they_name_exists_with_its_labels_and_type(
    types: dict[str, tuple[str, set[str]]],
) -> None:
    n_found = 0
    for expression in expressions():
        for function, name, matchers in selectors(expression):
            kind, labels = types[name]
            assert matchers.keys() <= labels | GIVEN, expression
            ending = next((s for s in SUFFIXES if name.endswith(s)), None)
            assert kind == (SUFFIXES[ending] if ending else "gauge"), expression
            assert function not in (MEASURED if ending else COUNTED), expression
            n_found += 1
        grouped = re.findall(r"\bby \(([^)]*)\)", expression)
        by = {label for labels in grouped for label in re.split(r",\s*", labels)}
        known = {label for _, name, _ in selectors(expression) for label in types[name][1]}
        assert by <= known | GIVEN, expression
    assert n_found > 30


def test_the_values_that_they_match_exist(client: TestClient) -> None:
    lines = client.get("/metrics").text
    paths = set(client.get("/openapi.json").json()["paths"]) | {"/readyz"}
    for expression in expressions():
        for _, name, matchers in selectors(expression):
            for value in matchers.get("state", "").split("|"):
                assert not value or f'{name}{{state="{value}"}}' in lines
            if route := matchers.get("route"):
                assert any(re.fullmatch(route, path) for path in paths)


def test_every_alert_says_what_to_do() -> None:
    assert len(ALERTS) == len(RULES)
    for rule in RULES:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert {"summary", "description"} == rule["annotations"].keys()
    assert yaml.safe_load((ROOT / "deploy/prometheus/alerts.yml").read_text()).keys() == {"groups"}


def test_the_panels_lie_side_by_side_and_ask_the_chosen_source() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
        assert panel["datasource"]["uid"] == "${datasource}"
    variables = {variable["name"] for variable in BOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(PANELS)))
    assert used == variables == {"datasource", "instance"}
    assert len({panel["id"] for panel in PANELS}) == len(PANELS) == len(QUERIES)
