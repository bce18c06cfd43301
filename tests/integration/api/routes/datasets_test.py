"""Data sets over HTTP: what is sent is stored or refused, and what is stored is shown."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from service.storage.tables import DatasetRow
from tests.support.datasets import making
from tests.support.datasets.uploading import add, folders
from tests.support.specs import submit

CLASSIFY = {
    "name": "pets",
    "task": {"kind": "classification", "dataset": "stored:1"},
    "network": {"kind": "small_cnn"},
    "samplers": ["random"],
    "budget": {"n_trials": 2},
}


def test_a_set_is_stored_listed_shown_and_deleted(both: TestClient, settings: Settings) -> None:
    answer = add(both)
    assert answer.status_code == 201, answer.text
    found = answer.json()
    assert answer.headers["location"] == f"/v1/datasets/{found['id']}"
    assert found["dataset"] == f"stored:{found['id']}"
    assert found["counts"] == {"train": 6, "validation": 2, "test": 2}
    assert found["class_counts"]["train"] == [3, 3]
    assert found["group_counts"] is None
    assert found["preview_rows"] == ["cat", "dog"]
    assert found["left_out"] == []
    assert both.get(answer.headers["location"]).json() == found
    listed = both.get("/v1/datasets").json()
    assert listed["items"] == [found]
    assert {"dataset": "digits", "task": "classification"}.items() <= next(
        one for one in listed["built_in"] if one["dataset"] == "digits"
    ).items()
    sheet = both.get(f"/v1/datasets/{found['id']}/preview")
    assert sheet.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(sheet.content)).format == "PNG"
    assert both.delete(f"/v1/datasets/{found['id']}").status_code == 204
    assert both.get(f"/v1/datasets/{found['id']}").status_code == 404
    assert both.get(f"/v1/datasets/{found['id']}/preview").status_code == 404
    assert folders(settings) == []


def test_groups_are_counted_by_split(client: TestClient) -> None:
    files = making.class_files(10)
    rows = "".join(f"{name},{name[:3]} {int(name[4:6]) // 2}\n" for name in files)
    found = add(
        client, making.zipped(files | {"groups.csv": f"name,group\n{rows}".encode()})
    ).json()
    assert found["group_counts"] == {"train": 6, "validation": 2, "test": 2}
    assert "The test split has 4 samples of 2 groups" in " ".join(found["warnings"])
    row = '<th scope="row">Groups</th><td class="num">6</td><td class="num">2</td>'
    assert row in client.get(f"/datasets/{found['id']}").text


def test_what_was_left_out_is_shown(client: TestClient, sqlite_database: Database) -> None:
    files = making.class_files(5) | {"README.md": b"x", "cat/<b>.png": b""}
    found = add(client, making.zipped(files), skip_bad=True).json()
    assert [(row["reason"], row["n"]) for row in found["left_out"]] == [
        ("refused", 1),
        ("other", 1),
    ]
    page = client.get("/datasets/1").text
    assert "Left out" in page
    assert "cat/&lt;b&gt;.png is empty: replace or remove it" in page
    assert "README.md" in page
    with sqlite_database.write() as session:  # as earlier versions stored it
        row = session.get_one(DatasetRow, 1)
        row.details = {name: row.details[name] for name in row.details if name != "left_out"}
    assert client.get("/v1/datasets/1").json()["left_out"] is None
    assert "Left out" not in client.get("/datasets/1").text


def test_pages_of_sets(client: TestClient) -> None:
    ids = [add(client, name=f"n{index}").json()["id"] for index in range(3)]
    first = client.get("/v1/datasets", params={"limit": 2})
    second = client.get(first.links["next"]["url"])
    found = [one["id"] for page in (first, second) for one in page.json()["items"]]
    assert found == sorted(ids, reverse=True)
    assert "next" not in second.links


def test_a_refusal_names_the_file(client: TestClient, settings: Settings) -> None:
    answer = add(client, making.zipped(making.class_files(5) | {"cat/x.png": b"broken"}))
    assert answer.status_code == 422
    body = answer.json()
    assert body["type"] == "/problems/invalid-dataset"
    assert body["errors"][0]["entry"] == "cat/x.png"
    assert client.get("/v1/datasets").json()["items"] == []
    assert folders(settings) == []


def test_a_folder_is_stored_by_name(
    settings: Settings, sqlite_database: Database, tmp_path: Path
) -> None:
    root = tmp_path / "sets"
    for name, content in making.cifar10_files().items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    rooted = settings.model_copy(update={"dataset_roots": (root,)})
    with TestClient(create_app(rooted, sqlite_database), base_url="http://127.0.0.1") as client:
        good = client.post("/v1/datasets", json={"name": "c", "folder": "cifar-10-batches-bin"})
        assert good.status_code == 201
        assert good.json()["format"] == "cifar"
        for body, pointer in (
            ({"name": "c"}, "/folder"),
            ({"name": "c", "folder": "x", "sede": 1}, "/sede"),
            ([], ""),
        ):
            wrong = client.post("/v1/datasets", json=body)
            assert wrong.status_code == 422
            assert wrong.json()["errors"][0]["pointer"] == pointer
        outside = client.post("/v1/datasets", json={"name": "c", "folder": "/etc"})
        assert outside.json()["errors"][0]["entry"] == "folder"
        both = client.post("/v1/datasets?name=c", json={"name": "c", "folder": "x"})
        assert both.json()["errors"][0]["parameter"] == "name"


def test_a_set_in_use_is_not_deleted(client: TestClient) -> None:
    add(client)
    job_id = submit(client, CLASSIFY)
    answer = client.delete("/v1/datasets/1")
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/dataset-in-use"
    assert str(job_id) in answer.json()["detail"]
    client.post(f"/v1/jobs/{job_id}/cancel")
    assert client.delete("/v1/datasets/1").status_code == 204
    again = client.post(f"/v1/jobs/{job_id}/clone", json={})
    assert again.status_code == 422
    assert again.json()["errors"][0]["pointer"] == "/task/dataset"
