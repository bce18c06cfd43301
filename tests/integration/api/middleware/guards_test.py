"""Other sites' pages and foreign names are kept out; what breaks inside stays inside."""

from __future__ import annotations

from socket import gethostname

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from service.settings import Settings
from service.storage.database import Database
from tests.support.specs import SPHERE, submit


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"origin": "http://evil.example"},
        {"origin": "http://127.0.0.1:3000"},
        {"origin": "null"},
        {"origin": "http://["},
    ],
)
def test_another_sites_page_changes_nothing(client: TestClient, headers: dict[str, str]) -> None:
    job_id = submit(client)
    for path in ("/v1/jobs", f"/v1/jobs/{job_id}/cancel"):
        answer = client.post(path, json=SPHERE, headers=headers)
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
    (job,) = client.get("/v1/jobs", headers=headers).json()["items"]
    assert job["state"] == "QUEUED"


def test_the_dashboards_own_page_may(client: TestClient) -> None:
    headers = {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8080"}
    assert client.post("/v1/jobs", json=SPHERE, headers=headers).status_code == 202


FOREIGN = ("evil.example", "evil.example:8080", "localhost.evil.example", "[::", "a@localhost", "")
OWN = ("localhost:8080", "LOCALHOST.", "127.0.0.1", "127.8.8.8:1", "[::1]:8080", gethostname())


def refused(client: TestClient, host: str) -> None:
    answer = client.get("/v1/jobs", headers={"host": host})
    assert answer.status_code == 421, host
    assert answer.json()["type"] == "/problems/unknown-host"
    assert "DENSEARCH_ALLOWED_HOSTS" in answer.json()["detail"]
    origin = {"host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"}
    assert client.post("/v1/jobs", json=SPHERE, headers=origin).status_code == 421


@pytest.mark.parametrize("listening", ["127.0.0.1", "0.0.0.0", "192.0.2.1"])  # noqa: S104
def test_a_name_that_was_bent_to_this_machine_is_refused_wherever_it_listens(
    settings: Settings, sqlite_database: Database, listening: str
) -> None:
    settings = settings.model_copy(update={"host": listening, "allow_remote": True})
    with TestClient(create_app(settings, sqlite_database), base_url="http://localhost") as client:
        for host in FOREIGN:
            refused(client, host)
        for host in (*OWN, f"{listening}:8080"):
            assert client.get("/v1/jobs", headers={"host": host}).status_code == 200, host


def test_further_names_are_allowed_by_the_setting(
    settings: Settings, sqlite_database: Database
) -> None:
    hosts = ("lab.example", "*.wide.example")
    settings = settings.model_copy(update={"allowed_hosts": hosts})
    with TestClient(create_app(settings, sqlite_database), base_url="http://localhost") as client:
        for host in ("lab.example:8080", "LAB.example", "a.b.wide.example", *OWN):
            assert client.get("/v1/jobs", headers={"host": host}).status_code == 200
            headers = {"host": host, "origin": f"http://{host}"}
            assert client.post("/v1/jobs", json=SPHERE, headers=headers).status_code == 202
        for host in ("wide.example", "xwide.example", "lab.example.evil.example", *FOREIGN):
            refused(client, host)


def test_a_star_allows_every_name(settings: Settings, sqlite_database: Database) -> None:
    settings = settings.model_copy(update={"allowed_hosts": ("*",)})
    with TestClient(
        create_app(settings, sqlite_database), base_url="http://any.example"
    ) as client:
        assert client.get("/healthz").status_code == 200


def test_several_host_headers_are_a_bad_request(client: TestClient) -> None:
    answer = client.get("/v1/jobs", headers=[("host", "localhost"), ("host", "evil.example")])
    assert answer.status_code == 400


PUBLIC = "https://lab.example.org:8443"
BEHIND = (  # what proxies make of the Host header: the browser's, without its port, their own
    {"host": "lab.example.org:8443", "origin": PUBLIC},
    {"host": "lab.example.org", "origin": PUBLIC},
    {"host": "127.0.0.1:8080", "origin": PUBLIC},
    {"host": "127.0.0.1:8080", "origin": "http://127.0.0.1:8080"},  # without the proxy
    {"host": "lab.example.org:8080", "origin": "http://lab.example.org:8080"},
)
OTHERS = (
    *("http://lab.example.org:8443", "https://lab.example.org", "https://evil.example", "null"),
    *("https://lab.example.org:8443.evil.example", "https://sub.lab.example.org:8443", ""),
)


def test_a_page_of_the_public_url_may_and_every_other_origin_may_not(
    settings: Settings, sqlite_database: Database
) -> None:
    settings = Settings(data_dir=settings.data_dir, public_url=PUBLIC + "/densearch/")
    with TestClient(create_app(settings, sqlite_database), base_url="http://localhost") as client:
        for headers in BEHIND:
            answer = client.post("/v1/jobs", json=SPHERE, headers=headers)
            assert answer.status_code == 202, headers
        for origin in OTHERS:
            for host in ("lab.example.org:8443", "127.0.0.1:8080"):
                headers = {"host": host, "origin": origin}
                answer = client.post("/v1/jobs", json=SPHERE, headers=headers)
                assert answer.status_code == 403, headers
        # What a client says of itself changes nothing.
        forwarded = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https"}
        stranger = {"origin": "https://evil.example", **forwarded}
        assert client.post("/v1/jobs", json=SPHERE, headers=stranger).status_code == 403
        for host in ("sub.lab.example.org", *FOREIGN):
            refused(client, host)
        cross = {**BEHIND[0], "sec-fetch-site": "cross-site"}
        assert client.post("/v1/jobs", json=SPHERE, headers=cross).status_code == 403
