"""The OpenAPI document: the spec, its example, and operations that clients are generated from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from starlette.testclient import TestClient

from api.app import create_app
from tests.support.specs import submit

PROBLEM = "application/problem+json"


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def test_the_openapi_document_shows_the_spec_and_its_example(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    body = document["paths"]["/v1/jobs"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/JobSpec"}
    spec = document["components"]["schemas"]["JobSpec"]
    assert set(spec["required"]) == {"name", "task", "budget"}
    assert spec["additionalProperties"] is False
    submit(client, body["example"])
    text = json.dumps(document)
    for reference in {part.split('"')[0] for part in text.split('"$ref": "#/')[1:]}:
        here = document
        for key in reference.split("/"):
            here = here[key]
    assert document["security"] == [{"token": []}, {}]
    assert document["components"]["securitySchemes"]["token"]["scheme"] == "bearer"


def test_each_operation_has_a_short_id_a_described_tag_and_one_media_type(
    client: TestClient,
) -> None:
    document = client.get("/openapi.json").json()
    found = list(operations(document))
    ids = [one["operationId"] for one in found]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch("[a-z]+(_[a-z]+)*", one) and len(one) <= 30 for one in ids), ids
    described = {tag["name"] for tag in document["tags"] if tag["description"].endswith(".")}
    assert described == {tag for one in found for tag in one["tags"]}
    assert all(len(one["tags"]) == 1 for one in found)
    for one in found:
        for status, answer in one["responses"].items():
            types = list(answer.get("content", {}))
            is_fault = status >= "4" and (status, one["operationId"]) != ("503", "readyz")
            assert types == [PROBLEM] if is_fault else len(types) <= 1, (one, status)


def test_the_document_is_the_same_each_time_it_is_made(client: TestClient) -> None:
    state = client.app.state  # type: ignore[attr-defined] # Starlette's own
    again = create_app(state.settings, state.database).openapi()
    assert client.get("/openapi.json").text == json.dumps(
        again, ensure_ascii=False, separators=(",", ":")
    )
