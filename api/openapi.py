"""The OpenAPI document: what FastAPI finds, plus the job's spec and the problem document.

It is a function of the code and the packages that are installed: no setting and no stored row is
in it. Its order is that of the routes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from api.formats import one_media_type
from api.schemas.problems import ProblemOut
from api.schemas.reports import CampaignReportOut, ProvenanceOut, ReportOut
from api.uploads import FolderImport
from service.campaigns.request import CampaignSpec, Extension
from service.spec import JobSpec
from service.webhooks.request import SecretRotation, WebhookSpec

# Bodies that are decoded here, and answers that are sent as they were stored.
ADDED = (
    *(JobSpec, CampaignSpec, Extension, FolderImport, WebhookSpec, SecretRotation),
    *(ProblemOut, ReportOut, CampaignReportOut, ProvenanceOut),
)
_REF = "#/components/schemas/{model}"
TAGS = [
    {"name": name, "description": text}
    for name, text in (
        ("jobs", "Searches for a density: estimate, submit, follow, continue, decide."),
        ("studies", "The arms of a job: each sampler's searches, and the controls."),
        ("trials", "Evaluations of single points, their attempts and their measurements."),
        ("trainers", "Programs of the user's own: ask for trials, report their values."),
        ("events", "What happens to a job, as a stream."),
        ("densities", "The densities that a job has learned."),
        ("artifacts", "Files that a job has made, such as trained networks."),
        ("campaigns", "Jobs that differ by the settings of a matrix."),
        ("webhooks", "Where events of jobs are sent, by Standard Webhooks."),
        ("datasets", "Data sets: built in, and stored by users."),
        ("samplers", "What can propose the points of a search."),
        ("networks", "What can be trained."),
        ("health", "For load balancers, probes and Prometheus."),
    )
]


def _schemas(*models: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schemas of these models and of all that they refer to, by name."""
    _, found = models_json_schema(
        [(model, "validation") for model in models],
        ref_template=_REF,
        schema_generator=GenerateJsonSchema,
    )
    definitions: dict[str, Any] = found["$defs"]
    return definitions


def operation_id(route: APIRoute) -> str:
    """Return the id of a route's operation: the name of its function, which no other has.

    Generated clients name their functions by it, so that it stays as it is.
    """
    return route.name


def document_of(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Return a replacement of `app.openapi` that adds the schemas of `ADDED`."""
    generate = app.openapi

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            found = generate()
            found["paths"] = one_media_type(found["paths"])
            schemas = found.setdefault("components", {}).setdefault("schemas", {})
            added = _schemas(*ADDED)
            added["Problem"] = added.pop("ProblemOut")
            for name, schema in added.items():
                schemas.setdefault(name, schema)
            # Either: not every server has a token.
            scheme = {"type": "http", "scheme": "bearer"}
            found["components"]["securitySchemes"] = {"token": scheme}
            found["security"] = [{"token": []}, {}]
            _make_choices_of_constants(found)
            app.openapi_schema = found
        return app.openapi_schema

    return document


def _make_choices_of_constants(part: Any) -> None:  # noqa: ANN401 - JSON
    """Write a constant among other types as a choice of one, which is the same.

    openapi-python-client takes a number for the constant where both are allowed.
    """
    if isinstance(part, dict):
        for one in part.get("anyOf", ()):
            if "const" in one:
                one["enum"] = [one.pop("const")]
    for inner in part.values() if isinstance(part, dict) else part:
        if isinstance(inner, dict | list):
            _make_choices_of_constants(inner)
