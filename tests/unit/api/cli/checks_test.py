"""The doctor's lines of plug-ins: what works, what does not, and what nobody has asked for."""

from __future__ import annotations

import pytest

from api.cli import installed_plugins
from api.cli.checks import check_plugins
from api.cli.findings import Finding
from api.cli.installed_plugins import Listed
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
