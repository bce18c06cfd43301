"""A file is answered as it is stored, but for its path on the server's disk."""

from __future__ import annotations

from api.schemas.artifacts import ArtifactOut
from service import clock
from service.records import Artifact
from tests.support.schemas import answered, known


def test_all_of_a_file_is_answered_but_its_path() -> None:
    assert answered(ArtifactOut) == known(Artifact) - {"path"}
    found = Artifact(1, 2, None, "net", "x/y", "artifacts/secret", 3, "0" * 64, clock.now())
    assert "secret" not in ArtifactOut.model_validate(found).model_dump_json()
