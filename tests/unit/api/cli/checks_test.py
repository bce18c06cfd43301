"""The doctor's lines of plug-ins: what works, what does not, and what nobody has asked for."""

from __future__ import annotations

import httpx2
import pytest
from pydantic import SecretStr

from api.cli import installed_plugins
from api.cli.checks import check_plugins, check_server
from api.cli.findings import Finding
from api.cli.installed_plugins import Listed
from densearch.client import client
from service.settings import Settings

LISTED = {
    Listed("network", "fine", "own 1.0", None, (), is_shadowed=False): (
        "ok", "network fine", "of own 1.0",
    ),
    Listed("data set", "rings", "own 1.0", "ImportError: no", (), is_shadowed=False): (
        "warn", "data set rings", "of own 1.0 cannot be used: ImportError: no",
    ),
    Listed("network", "vgg", "own 1.0", None, (), is_shadowed=True): (
        "warn", "network vgg", "of own 1.0 is never used",
    ),
    Listed("network", "timm", "densearch 1.0", "it needs timm", ("timm",), is_shadowed=False): (
        "ok", "network timm", "not usable: it needs timm",
    ),
}  # fmt: skip


@pytest.mark.parametrize("listed", LISTED, ids=lambda one: one.name)
def test_a_plug_in_has_its_line(listed: Listed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installed_plugins, "listed", lambda: iter([listed]))
    found: list[Finding] = list(check_plugins(Settings()))
    assert [(one.level, one.subject, one.detail) for one in found] == [LISTED[listed]]
    assert all(one.remedy for one in found if one.level == "warn")


@pytest.mark.parametrize(
    ("token", "status", "level", "said"),
    [
        (None, 200, "ok", "asks for none"),
        ("0123456789abcdef", 200, "ok", "takes it"),
        ("0123456789abcdef", 401, "fail", "another token"),
    ],
)
def test_the_token_has_a_line(
    token: str | None, status: int, level: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/readyz":
            return httpx2.Response(200, json={"ready": True, "checks": []})
        return httpx2.Response(status, json={"title": "no", "detail": "another token"})

    network = httpx2.MockTransport(answer)
    made = client.Client
    monkeypatch.setattr(client, "Client", lambda url, **_: made(url, transport=network))
    settings = Settings(token=None if token is None else SecretStr(token))
    server, access = check_server(settings)
    assert (server.level, access.subject, access.level) == ("ok", "token", level)
    assert said in access.detail
