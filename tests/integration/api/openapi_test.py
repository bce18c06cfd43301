"""The OpenAPI document: the spec, its example, and no dangling reference."""

from __future__ import annotations

import json

from starlette.testclient import TestClient

from tests.support.specs import submit


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
