"""The commands that `./run containers` takes from docs/operations.md."""

from __future__ import annotations

import pytest
import yaml

from tests.containers.documented import block
from tests.containers.images import base_name, postgres_name
from tests.support.root import ROOT

OURS = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"].keys() - {"postgres"}


def test_what_is_run_stands_on_the_page() -> None:
    assert "pg_dump" in block("### Back up the containers")
    assert "pg_restore" in block("### Restore the containers")
    assert "git pull" in block("### Upgrade the containers")


def test_the_tags_whose_digests_are_printed_are_those_in_use() -> None:
    shown = block("### Base images by digest")
    assert base_name() in shown
    assert postgres_name() in shown


def test_every_role_is_hardened() -> None:
    shown = yaml.safe_load(block("### Any user, and a read-only root", "yaml"))
    assert shown["services"].keys() == OURS - {"ray-worker-gpu"}
    assert all(service["read_only"] for service in shown["services"].values())
    assert len({service["user"] for service in shown["services"].values()}) == 1


def test_a_block_that_is_not_there_is_no_empty_block() -> None:
    with pytest.raises(LookupError):
        block("### Back up the containers", "yaml")
    with pytest.raises(LookupError):
        block("### Nothing of the kind")
