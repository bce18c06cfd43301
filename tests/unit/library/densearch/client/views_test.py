"""What a notebook shows of answers: well-formed, and every text escaped."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

from densearch.client.views import DensityView, JobView, TrialView, heat_map

HOSTILE = '<img src=x onerror="alert(1)">&'
PHI = [[0.25, 0.5, 0.25], [0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]


def cells(html: str) -> dict[str, str]:
    root = ET.fromstring(f"<div>{html}</div>")  # noqa: S314 - our own
    return {row[0].text or "": row[1].text or "" for row in root.iter("tr")}


def test_names_are_texts() -> None:
    job = JobView({"id": 1, "name": HOSTILE, "state": "RUNNING", "best": {"value": 0.123456789}})
    shown = cells(job._repr_html_())
    assert shown == {"id": "1", "name": HOSTILE, "state": "RUNNING", "best value": "0.123457"}
    trial = TrialView({"id": 2, "params": {HOSTILE: [0.5]}, "metrics": None, "value": 0.5})
    assert cells(trial._repr_html_())[f"params.{HOSTILE}"] == "[0.5]"
    assert json.loads(json.dumps(trial)) == dict(trial)


def test_a_density_has_a_cell_for_each_value() -> None:
    found = DensityView({"id": 3, "study": HOSTILE, "phi": PHI})._repr_html_()
    root = ET.fromstring(found)  # noqa: S314 - our own
    titles = [one.text for one in root.iter() if one.tag.endswith("title")]
    assert titles == ["Phi", *(f"{value:.6g}" for row in PHI for value in row)]
    assert cells(found)["study"] == HOSTILE


def test_signals_and_volumes_have_one_plane() -> None:
    assert heat_map([0.5, 1.0, 0.5]).count("<rect") == 3
    assert heat_map([PHI, PHI, PHI]).count("<rect") == 9
