"""The densities that the page of a job offers, a card for each study and group of layers."""

from __future__ import annotations

import re

from starlette.testclient import TestClient

from densearch.density import families
from service.states import Role
from service.storage import densities, studies
from service.storage.database import Database
from tests.support.simulation import finish_next
from tests.support.specs import PHOTOS, submit


def test_every_layer_of_a_learned_density_can_be_chosen(
    client: TestClient, sqlite_database: Database
) -> None:
    job_id = submit(client, {**PHOTOS, "samplers": ["gradient"], "controls": []})
    finish_next(sqlite_database)
    with sqlite_database.write() as session:
        (study,) = studies.of_job(session, job_id)
        (whole,) = densities.of_job(session, job_id)
        rows = []
        for layer, value in (("body.0", 0.6), ("body.2", 0.9)):
            made = families.build("symmetric", 3, [value]).to_dict()
            names = ("family", "kernel_size", "n_dims", "vector", "alpha", "beta", "phi", "den")
            row = {name: made[name] for name in names} | {"layer": layer, "provenance": {}}
            rows.append(row | {"job_id": job_id, "study_id": study.id, "trial_id": whole.trial_id})
        densities.put_all(session, study.id, rows)
        assert study.role is Role.SEARCH
        ids = {found.layer: found.id for found in densities.of_job(session, job_id)}
    page = client.get(f"/jobs/{job_id}").text
    options = dict(re.findall(r'<option value="(\d+)"(?: selected)?>([^<]*)<', page))
    assert options == {
        str(ids["body.0"]): "gradient, body.0",
        str(ids["body.2"]): "gradient, body.2",
    }
    for layer, value in (("body.0", 0.6), ("body.2", 0.9)):
        query = {"density": ids[layer]}
        figure = client.get(f"/jobs/{job_id}/figures/density", params=query).json()
        assert figure["data"][0]["z"][0][1] == value
        shown = client.get(f"/jobs/{job_id}", params=query).text
        assert f'<option value="{ids[layer]}" selected>' in shown
        assert f'href="../v1/densities/{ids[layer]}?format=csv"' in shown
