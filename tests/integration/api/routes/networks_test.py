"""GET /v1/networks: what it lists can be submitted."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import httpx2
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from starlette.testclient import TestClient

from densearch.client.client import Client
from tests.support.root import ROOT
from tests.support.specs import PHOTOS, submit

TASKS: dict[str, dict[str, Any]] = {
    "denoising": {"kind": "denoising"},
    "image_to_image": {"kind": "image_to_image"},
    "classification": {"kind": "classification", "dataset": "textures"},
    "multilabel": {"kind": "multilabel"},
    "segmentation": {"kind": "segmentation"},
}


def _listed(client: TestClient) -> dict[str, dict[str, Any]]:
    answer = client.get("/v1/networks")
    assert answer.status_code == 200
    return {info["name"]: info for info in answer.json()["items"]}


def test_the_networks_are_listed_with_their_tasks(client: TestClient) -> None:
    fits = {name: (info["tasks"], info["n_dims"]) for name, info in _listed(client).items()}
    classify = ["classification", "multilabel"]
    restore = ["denoising", "image_to_image", "segmentation"]
    built_in = {
        "small_cnn": (classify, [1, 2, 3]), "vgg": (classify, [2]), "resnet": (classify, [2]),
        "dncnn": (restore, [1, 2, 3]), "unet": (restore, [2]), "nafnet": (restore, [2]),
    }  # fmt: skip
    # Beside what packages bring that are installed here.
    assert {name: fits[name] for name in built_in} == built_in


def test_a_job_with_each_network_is_completed_as_its_schema_says(client: TestClient) -> None:
    built_in = {name: i for name, i in _listed(client).items() if i["package"] is None}
    for name, info in built_in.items():
        accepts = Draft202012Validator(info["section"])
        for task in info["tasks"]:
            job = {**PHOTOS, "task": TASKS[task], "network": {"kind": name}}
            network = client.get(f"/v1/jobs/{submit(client, job)}").json()["spec"]["network"]
            assert accepts.is_valid(network)
            defaults = info["section"]["properties"]
            assert network == {"kind": name} | {
                field: defaults[field]["default"] for field in network if field != "kind"
            }


@pytest.mark.parametrize(
    ("network", "pointer", "remedy"),
    [
        ({"kind": "vgg"}, "/network/kind", "use dncnn, unet, nafnet"),
        ({"kind": "unet", "n_stages": 6}, "/network/n_stages", "use at most 5, or patch_px of"),
        ({"kind": "unet", "n_stages": 0}, "/network/n_stages", "greater than or equal to 1"),
        ({"kind": "nafnet", "kernel_size": 4}, "/network/kernel_size", "3 or 5"),
        ({"kind": "nafnet", "colour": 1}, "/network/colour", "no such field"),
        ({"kind": "dncnn", "n_stages": 2}, "/network/n_stages", "no such field"),
    ],
)
def test_what_does_not_fit_is_refused(
    client: TestClient, network: dict[str, Any], pointer: str, remedy: str
) -> None:
    answer = client.post("/v1/jobs", json={**PHOTOS, "network": network})
    assert answer.status_code == 422
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == pointer
    assert remedy in fault["detail"]
    assert client.get("/v1/jobs").json() == {"items": []}


def test_the_client_lists_what_the_server_does(client: TestClient) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        found = client.get(request.url.raw_path.decode())
        return httpx2.Response(found.status_code, content=found.content)

    with Client("http://server", transport=httpx2.MockTransport(answer)) as asking:
        assert {info["name"]: info for info in asking.networks()} == _listed(client)


def test_the_list_needs_no_torch() -> None:
    script = (
        "import sys, api.routes.networks as n; n.list_networks(); print('torch' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "False"
