"""The command prints a row for each network."""

from __future__ import annotations

import pytest

from workers.training.overhead import __main__ as command


def test_the_command_prints_a_row_for_each_network(capsys: pytest.CaptureFixture[str]) -> None:
    name = "vgg 4x16, 3x3, 64 of 8 px"
    command.main(["--rounds", "2", "--network", "vgg"])
    *_, head, row = capsys.readouterr().out.splitlines()
    assert head.split() == [
        "network",
        "plain,",
        "ms",
        "master_weights",
        "scaled",
        "product",
        "unfold",
    ]
    assert row.startswith(name)
    assert row.count("[") == 4
