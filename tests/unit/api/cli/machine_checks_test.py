"""The doctor's lines about the machine: it writes where data go, and says who may."""

from __future__ import annotations

import pwd
from pathlib import Path

import pytest

from api.cli.machine_checks import check_disk, check_gpu
from service.settings import Settings


def test_a_folder_that_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    found = list(check_disk(Settings(data_dir=tmp_path)))
    assert found[0].subject == "disk"
    assert "free at" in found[0].detail
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write anywhere but into a file.
    (tmp_path / "file").write_text("")
    (finding,) = check_disk(Settings(data_dir=tmp_path / "file" / "data"))
    assert (finding.level, finding.subject) == ("fail", "disk")
    assert "DENSEARCH_DATA_DIR" in finding.remedy
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # no user is known
    for home in (str(tmp_path / "nowhere"), "relative", "", None):
        if home is None:
            monkeypatch.delenv("HOME")
        else:
            monkeypatch.setenv("HOME", home)
        found = {one.subject: one for one in check_disk(Settings(data_dir=tmp_path))}
        assert found["home"].level == "warn"
        assert "HOME" in found["home"].remedy
        assert "disk" in found


def test_without_a_gpu_nothing_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    (finding,) = check_gpu(Settings())
    assert (finding.level, finding.detail[:4]) == ("ok", "none")
