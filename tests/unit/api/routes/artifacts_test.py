"""Paths of a job's files, as they leave the server."""

from __future__ import annotations

from pathlib import Path

from service.jobs.artifact_files import inside


def test_a_path_that_leaves_the_data_directory_leads_nowhere(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "homely").write_text("of another directory with the same beginning")
    (home / "net").write_text("weights")
    (home / "link").symlink_to(tmp_path / "homely")
    assert inside(home, "net") == home.resolve() / "net"
    for path in ("../homely", str(tmp_path / "homely"), "link", ".", "", "absent"):
        assert inside(home, path) is None, path
