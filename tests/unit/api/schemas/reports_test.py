"""The type of reports against those that versions of densearch have stored."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from api.schemas.reports import ProvenanceOut, ReportOut
from tests.assets.databases.loading import unpacked


def stored(folder: Path, revision: str, query: str) -> list[dict[str, Any]]:
    path = folder / "densearch.sqlite3"
    path.write_bytes(unpacked(f"{revision}.sqlite3"))
    connection = sqlite3.connect(path)
    found = [json.loads(row[0]) for row in connection.execute(query)]
    connection.close()
    return found


# Of the versions 2 and 3 of reports; what each lacked is optional.
@pytest.mark.parametrize("revision", ["0005", "0008"])
def test_stored_reports_and_densities_are_of_the_type(revision: str, tmp_path: Path) -> None:
    reports = stored(tmp_path, revision, "SELECT report FROM jobs WHERE report IS NOT NULL")
    assert len(reports) >= 19
    for report in reports:
        ReportOut.model_validate(report)
    origins = stored(tmp_path, revision, "SELECT provenance FROM densities")
    assert len(origins) >= 19
    for origin in origins:
        assert ProvenanceOut.model_validate(origin).model_dump(exclude_unset=True) == origin
