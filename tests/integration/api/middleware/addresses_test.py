"""Redirects and links hold wherever a reverse proxy publishes the server."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urljoin, urlsplit

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.support.pages import ADDRESS
from tests.support.specs import SPHERE, submit

PUBLIC = "https://lab.example.org/densearch"


@pytest.fixture
def published(settings: Settings, sqlite_database: Database) -> Iterator[TestClient]:
    settings = Settings(data_dir=settings.data_dir, public_url=PUBLIC)
    with TestClient(create_app(settings, sqlite_database), base_url=ADDRESS) as client:
        yield client


@pytest.mark.parametrize(
    "path", ["/v1/jobs/", "/v1/samplers/?a=b%20c", "/jobs/new/", "/healthz/", "/datasets/"]
)
@pytest.mark.parametrize("base", ["http://localhost:99", "https://lab.example.org/densearch"])
def test_a_redirect_holds_below_a_prefix_that_the_server_does_not_know(
    client: TestClient, path: str, base: str
) -> None:
    answer = client.get(path, headers={"host": "localhost:99"}, follow_redirects=False)
    assert answer.is_redirect
    location = answer.headers["location"]
    assert not urlsplit(location).netloc
    assert urljoin(base + path, location) == base + path.rstrip("/").replace("/?", "?")


def test_two_slashes_are_no_host(client: TestClient) -> None:
    assert client.get("//v1/jobs/", follow_redirects=False).status_code == 404


def test_links_and_created_resources_have_the_public_prefix(published: TestClient) -> None:
    first, second = submit(published), submit(published)
    answer = published.post("/v1/jobs", json=SPHERE)
    third = answer.json()["id"]
    assert answer.headers["location"] == f"/densearch/v1/jobs/{third}"
    found = []
    url = ADDRESS + "/v1/jobs?limit=1&state=QUEUED"
    while True:  # followed as RFC 3986 says, and directly: the server knows its prefix
        page = published.get(url)
        found += [job["id"] for job in page.json()["items"]]
        if "next" not in page.links:
            break
        assert page.links["next"]["url"].startswith("/densearch/v1/jobs?")
        url = urljoin(url, page.links["next"]["url"])
    assert found == [third, second, first]


@pytest.mark.parametrize("path", ["/", "/v1/jobs?limit=1", "/healthz", "/static/live.js"])
def test_a_proxy_may_leave_the_prefix_on(published: TestClient, path: str) -> None:
    direct, through = published.get(path), published.get("/densearch" + path)
    assert (through.status_code, through.content) == (200, direct.content)


def test_the_prefix_without_its_slash_leads_to_the_page(published: TestClient) -> None:
    answer = published.get("/densearch", follow_redirects=False)
    assert urljoin(PUBLIC, answer.headers["location"]) == PUBLIC + "/"
    assert published.get("/densearchx").status_code == 404


def test_a_prefix_that_is_also_a_path_is_taken_for_the_path(
    settings: Settings, sqlite_database: Database
) -> None:
    settings = Settings(data_dir=settings.data_dir, public_url="https://lab.example.org/jobs")
    with TestClient(create_app(settings, sqlite_database), base_url=ADDRESS) as client:
        job_id = submit(client)
        assert client.get(f"/jobs/{job_id}").status_code == 200


def test_a_prefix_with_the_name_of_the_documents_leaves_them_reachable(
    settings: Settings, sqlite_database: Database
) -> None:
    for name in ("openapi.json", "static-offline-docs"):
        found = settings.model_copy(update={"public_url": f"https://lab.example.org/{name}"})
        with TestClient(create_app(found, sqlite_database), base_url=ADDRESS) as client:
            assert client.get("/openapi.json", follow_redirects=False).status_code == 200
            page = client.get("/docs").text
            assert "static-offline-docs/swagger-ui.css" in page
            assert client.get("/static-offline-docs/swagger-ui.css").status_code == 200
