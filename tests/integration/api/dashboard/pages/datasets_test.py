"""The pages of data sets without a browser: what they say, and what they say of none."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from api.dashboard.pages import datasets
from tests.support.datasets import making


def _add(client: TestClient, name: str, content: bytes) -> int:
    answer = client.post("/v1/datasets", params={"name": name}, content=content)
    found: int = answer.json()["id"]
    return found


def test_without_a_set_the_list_says_how_to_store_one(client: TestClient) -> None:
    page = client.get("/datasets").text
    assert "densearch datasets add" in page
    assert "waveforms" in page


def test_the_list_pages(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets, "SETS_SHOWN", 2)
    content = making.zipped(making.class_files(5))
    ids = [_add(client, f"set {index}", content) for index in range(3)]
    first = client.get("/datasets").text
    assert "set 2" in first
    assert "set 0" not in first
    assert f"/datasets?before={ids[1]}" in first
    assert "set 0" in client.get("/datasets", params={"before": ids[1]}).text


def test_a_set_shows_its_warnings_and_a_job_for_it(client: TestClient) -> None:
    files = making.class_files(5) | {"NOTES.txt": b"x"}
    page = client.get(f"/datasets/{_add(client, 'pets', making.zipped(files))}").text
    assert "left out: NOTES.txt" in page
    assert "&#34;kind&#34;: &#34;classification&#34;" in page
    pairs = client.get(f"/datasets/{_add(client, 'p', making.zipped(making.pair_files()))}").text
    assert "image_to_image" in pairs


def test_a_set_that_no_job_fits_says_what_to_do_instead_of_offering_one(
    client: TestClient,
) -> None:
    files = {
        f"{name}/{side}.png": making.image(side, (side, side, 3))
        for name in ("cats", "dogs")
        for side in range(20, 32)
    }
    content = making.zipped(files)
    values = client.post("/v1/datasets?name=a&storage=values", content=content).json()["id"]
    page = client.get(f"/datasets/{values}").text
    assert "sides from 20 to 31 px" in page
    assert 'href="../datasets?name=a#upload"' in page
    assert 'href="../datasets?name=a&amp;size_px=20#upload"' in page
    form = client.get("/datasets", params={"name": '"><b>', "size_px": 20}).text
    assert 'value="&#34;&gt;&lt;b&gt;"' in form
    assert 'value="20"' in form
    assert client.get("/datasets", params={"size_px": "0"}).status_code == 422
    assert "New job with it" not in page
    assert "Train on the data set a" not in client.get("/jobs/new").text
    again = client.get(f"/datasets/{_add(client, 'b', content)}").text
    assert "New job with it" in again
    assert "&#34;size_px&#34;: 64" in again


def test_many_classes_are_cut(client: TestClient) -> None:
    page = client.get(f"/datasets/{_add(client, 'c', making.zipped(making.cifar100_files()))}")
    assert page.status_code == 200
    assert "and 50 more" in page.text


@pytest.mark.parametrize("path", ["/datasets/99", "/datasets/x", "/datasets/0"])
def test_what_is_not_there_is_told(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in {404, 422}
