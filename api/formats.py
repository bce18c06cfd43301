"""Answers in several formats: by `?format=csv`, and each at an address of its own, `....csv`.

A client that is generated from the OpenAPI document reads one media type of each operation. There,
an operation is hence an address with a suffix, and the address without one answers in JSON
(docs/adr/0067-typed-answers.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

JSON = "application/json"
MEDIA_TYPES: Mapping[str, str] = {
    "csv": "text/csv",
    "html": "text/html",
    "md": "text/markdown",
    "ndjson": "application/x-ndjson",
    "npz": "application/x-npz",
    "parquet": "application/vnd.apache.parquet",
    "png": "image/png",
    "safetensors": "application/vnd.safetensors",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
}
# By the address of the JSON; `api.middleware.suffixes` answers at all of these.
FORMATS: Mapping[str, tuple[str, ...]] = {
    "/v1/jobs/{job_id}/report": ("html", "md", "pdf"),
    "/v1/jobs/{job_id}/trials": ("csv", "ndjson", "parquet"),
    "/v1/jobs/{job_id}/measurements": ("csv", "ndjson", "parquet"),
    "/v1/densities/{density_id}": ("npz", "csv", "safetensors", "svg", "png"),
}
# What an address without a suffix answers in where that is not JSON.
_OTHERS: Mapping[str, str] = {"/v1/jobs/{job_id}/measurements": MEDIA_TYPES["ndjson"]}
_SUFFIXED = re.compile(
    "|".join(
        f"(?:{re.sub('{[a-z_]+}', '[^/]+', path)})\\.(?:{'|'.join(forms)})"
        for path, forms in FORMATS.items()
    )
)


def without_suffix(path: str) -> tuple[str, str] | None:
    """Return the address of a resource and the format that a path wants of it.

    Example:
        >>> without_suffix("/v1/jobs/7/trials.csv")
        ('/v1/jobs/7/trials', 'csv')
    """
    if _SUFFIXED.fullmatch(path) is None:
        return None
    resource, _, form = path.rpartition(".")
    return resource, form


def one_media_type(paths: Mapping[str, Any]) -> dict[str, Any]:
    """Return the paths of an OpenAPI document, each format as an operation of its own."""
    found: dict[str, Any] = {}
    for path, operations in paths.items():
        found[path] = operations
        for form in FORMATS.get(path, ()):
            found[f"{path}.{form}"] = {
                "get": _in_format(operations["get"], MEDIA_TYPES[form], form)
            }
        if path in FORMATS:
            found[path] = operations | {
                "get": _in_format(operations["get"], _OTHERS.get(path, JSON))
            }
    return found


def _in_format(
    operation: Mapping[str, Any], media_type: str, form: str | None = None
) -> dict[str, Any]:
    own: dict[str, Any] = deepcopy(dict(operation))
    own["parameters"] = [one for one in own["parameters"] if one["name"] != "format"]
    answer = own["responses"]["200"]
    answer["content"] = {media_type: answer["content"][media_type]}
    if form is not None:
        own["operationId"] += f"_{form}"
        own["summary"] += f" ({form})"
    return own
