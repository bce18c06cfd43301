"""Addresses with the suffix of a format, and their operations."""

from __future__ import annotations

from typing import Any

import pytest

from api.formats import FORMATS, MEDIA_TYPES, one_media_type, without_suffix


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("/v1/jobs/7/trials.csv", ("/v1/jobs/7/trials", "csv")),
        ("/v1/jobs/7/report.pdf", ("/v1/jobs/7/report", "pdf")),
        ("/v1/densities/12.npz", ("/v1/densities/12", "npz")),
        ("/v1/jobs/7/measurements.parquet", ("/v1/jobs/7/measurements", "parquet")),
        ("/v1/densities/.npz.npz", ("/v1/densities/.npz", "npz")),
        ("/v1/densities/12", None),
        ("/v1/densities/12.pdf", None),
        ("/v1/densities/12.npz/", None),
        ("/v1/densities/12/x.npz", None),
        ("/v1/jobs/7/trials.json", None),
        ("/v1/jobs/7/trialsxcsv", None),
        ("/v1/jobs/7/trials.csv\n", None),
        ("/v1/jobs.csv", None),
        ("/jobs/7/trials.csv", None),
    ],
)
def test_a_suffix_is_the_format_where_there_is_that_format(
    path: str, wanted: tuple[str, str] | None
) -> None:
    assert without_suffix(path) == wanted


def test_each_format_is_an_operation_of_one_media_type() -> None:
    path, forms = next(iter(FORMATS.items()))
    types = {MEDIA_TYPES[form]: {"schema": {"title": form}} for form in forms}
    own: dict[str, Any] = {
        "operationId": "show_it",
        "summary": "Show It",
        "parameters": [{"name": "format"}, {"name": "id"}],
        "responses": {"200": {"content": {"application/json": {"schema": {}}, **types}}},
    }
    found = one_media_type({path: {"get": own, "post": {}}, "/other": {"get": {}}})
    assert list(found) == [path, *(f"{path}.{form}" for form in forms), "/other"]
    assert found[path]["post"] == {}
    for form in forms:
        (operation,) = found[f"{path}.{form}"].values()
        assert operation["operationId"] == f"show_it_{form}"
        assert operation["parameters"] == [{"name": "id"}]
        assert operation["responses"]["200"]["content"] == {
            MEDIA_TYPES[form]: {"schema": {"title": form}}
        }
    assert list(found[path]["get"]["responses"]["200"]["content"]) == ["application/json"]
    assert len(own["responses"]["200"]["content"]) == 1 + len(forms)  # the argument stays
