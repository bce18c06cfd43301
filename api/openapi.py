"""The OpenAPI document: what FastAPI finds, plus the job's spec and the problem document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from api.schemas.problems import ProblemOut
from api.uploads import FolderImport
from service.campaigns.request import CampaignSpec, Extension
from service.spec import JobSpec

_REF = "#/components/schemas/{model}"


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schemas of these models and of all that they refer to, by name."""
    _, found = models_json_schema(
        [(model, "validation") for model in models],
        ref_template=_REF,
        schema_generator=GenerateJsonSchema,
    )
    definitions: dict[str, Any] = found["$defs"]
    return definitions


def document_of(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return a replacement of `app.openapi` that adds the schemas of bodies decoded here."""
    generate = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = generate()
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            added = _schemas(JobSpec, CampaignSpec, Extension, ProblemOut, FolderImport)
            added["Problem"] = added.pop("ProblemOut")
            for name, schema in added.items():
                schemas.setdefault(name, schema)
            app.openapi_schema = found
        return app.openapi_schema

    return document
