"""density.json and the arrays of a bundle."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from workers.bundle.density_document import files_of, to_json

PHI = [[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]


def test_each_array_is_a_file_that_the_document_names() -> None:
    factors: dict[str, Any] = {
        "alpha": [0.5, 1.0, 0.5],
        "beta": [0.5, 1.0, 0.5],
        "gamma": None,
        "phi": PHI,
    }
    densities: list[dict[str, Any]] = [
        {"place": 0, "layer": "stem/../1", "layers": ["stem.1"], "den": [0.5], **factors},
        {"place": 1, "layer": "", "layers": [], "den": None, **factors},
    ]
    files = dict(files_of("tpe", densities))
    document = json.loads(files["density.json"])
    assert (document["format"], document["version"], document["arm"]) == (
        "densearch-density",
        1,
        "tpe",
    )
    first, second = document["densities"]
    assert first["arrays"]["phi"] == "arrays/0-stem----1-phi.npy"
    assert second["arrays"] == {name: f"arrays/{name}.npy" for name in ("phi", "alpha", "beta")}
    for own in (first, second):
        for name, path in own["arrays"].items():
            array = np.load(io.BytesIO(files[path]), allow_pickle=False)
            assert array.tolist() == factors[name]
            assert array.dtype == np.float64


def test_json_is_the_same_whatever_the_order() -> None:
    assert to_json({"b": 1, "a": "ü"}) == to_json({"a": "ü", "b": 1})
