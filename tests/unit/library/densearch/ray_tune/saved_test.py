"""What a saved searcher holds, and the files that are refused."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
from ray import tune

from densearch.ray_tune import DirectLSearch, SavedSearcherError

SPACE = {"density": {"alpha": tune.uniform(0.0, 2.0)}, "beta": tune.uniform(-1.0, 3.0)}


def made() -> DirectLSearch:
    return DirectLSearch(SPACE, "loss", "min")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"format": "pickle"}, "format"),
        ({"version": 2}, "version"),
        ({"question": 1}, "question"),
        ({"trials": {}}, "trials"),
        ({"trials": [1]}, r"trials\[0\]"),
        ({"trials": [{"id": "1", "point": [0.5], "value": None}]}, r"trials\[0\]\.point"),
        ({"trials": [{"id": "1", "point": [0.5, 2.0], "value": None}]}, r"trials\[0\]\.point"),
        ({"trials": [{"id": "1", "point": [0.5, 0.5], "value": "x"}]}, r"trials\[0\]\.value"),
        ({"trials": [{"id": "1", "point": [0.5, 0.5], "value": 10**400}]}, r"trials\[0\]\.value"),
        ({"others": [{"place": [1, True], "value": 1}]}, r"others\[0\]\.place"),
        ({"others": [{"place": [1, 2], "value": -(10**400)}]}, r"others\[0\]\.value"),
    ],
)
def test_a_file_that_is_something_else_is_refused(
    tmp_path: Path, change: dict[str, object], field: str
) -> None:
    path = tmp_path / "state"
    made().save(str(path))
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(SavedSearcherError, match=f"^{field}: "):
        made().restore(str(path))


def test_no_pickle_is_read_and_no_other_search(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_bytes(pickle.dumps({"trials": []}))
    with pytest.raises(SavedSearcherError, match="no JSON document"):
        made().restore(str(path))
    made().save(str(path))
    with pytest.raises(SavedSearcherError, match="mode: is 'min', and 'max' here"):
        DirectLSearch(SPACE, "loss", "max").restore(str(path))
    with pytest.raises(SavedSearcherError, match=r"^parameters: "):
        DirectLSearch({"beta": tune.uniform(0, 1)}, "loss", "min").restore(str(path))
