"""GET /v1/samplers lists what a spec may name."""

from __future__ import annotations

from starlette.testclient import TestClient

from tests.support.pages import items
from tests.support.specs import PHOTOS, SPHERE, submit


def test_the_samplers_are_those_that_a_spec_may_name(client: TestClient) -> None:
    infos = {info["name"]: info for info in items(client, "/v1/samplers")}
    assert {"direct_l", "tpe", "random"} <= set(infos)
    assert not infos["direct_l"]["capabilities"]["categorical"]
    assert infos["direct_l"]["installed"]
    for name, info in infos.items():
        if name == "gradient":  # a function has no density to learn
            submit(client, {**PHOTOS, "samplers": [name]})
        elif info["installed"]:
            submit(client, {**SPHERE, "samplers": [name]})
        else:
            refused = client.post("/v1/jobs", json={**SPHERE, "samplers": [name]}).json()
            remedy = f"pip install -e '.[{info['capabilities']['needs']}]'"
            assert remedy in refused["errors"][0]["detail"]
