"""What the commands about data sets print, and what they refuse before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from densearch.cli.datasets import CLASSES_SHOWN, app, datasets_table, imports_table, splits_table
from tests.support.screens import printed

STORED: dict[str, Any] = {
    "dataset": "stored:7", "name": "[b]pets", "kind": "labelled", "n_samples": 12345, "n_dims": 2,
    "n_channels": 3, "size_px": 20, "largest_px": 32, "n_bytes": 2_500_000, "warnings": ["w"],
}  # fmt: skip
BUILT_IN = {"dataset": "digits", "task": "classification", "n_dims": 2, "n_channels": 1}


def rows_of(text: str) -> list[list[str]]:
    return [
        [cell.strip() for cell in line.split("  ") if cell.strip()] for line in text.splitlines()
    ]


def test_a_stored_set_shows_its_sizes_its_disk_and_its_warnings() -> None:
    even = STORED | {"dataset": "stored:8", "largest_px": 20, "warnings": []}
    _, first, second = printed(datasets_table([STORED, even], [])).splitlines()
    for cell in ("stored:7", "[b]pets", "12,345", "20 to 32", "2.5 MB", "! 1"):
        assert cell in first
    assert "20 to" not in second
    assert "!" not in second


def test_a_built_in_set_has_no_samples_to_count() -> None:
    sets = [BUILT_IN | {"size_px": 8}, BUILT_IN | {"dataset": "waves", "size_px": None}]
    _, first, second = rows_of(printed(datasets_table([], sets)))
    assert first == ["digits", "(built in)", "classification", "-", "2", "1", "8", "-"]
    assert second == ["waves", "(built in)", "classification", "-", "2", "1", "-", "-"]


def test_classes_are_counted_by_split() -> None:
    found = {
        "counts": {"train": 1200, "test": 3},
        "class_counts": {"train": [1000, 200], "test": [1, 2]},
        "classes": ["cat", "[i]dog"],
    }
    assert rows_of(printed(splits_table(found))) == [
        ["train", "test"],
        ["cat", "1,000", "1"],
        ["[i]dog", "200", "2"],
        ["all", "1,200", "3"],
    ]


def test_groups_are_counted_by_split() -> None:
    found: dict[str, Any] = {
        "counts": {"train": 6, "test": 3},
        "class_counts": None,
        "classes": [],
        "group_counts": {"train": 2, "test": 1},
    }
    assert rows_of(printed(splits_table(found)))[1:] == [["all", "6", "3"], ["groups", "2", "1"]]


def test_a_thousand_classes_are_cut_and_those_of_masks_are_not_counted() -> None:
    many = [f"c{i}" for i in range(CLASSES_SHOWN + 980)]
    found = {"counts": {"train": 9}, "class_counts": {"train": [1] * 1000}, "classes": many}
    rows = rows_of(printed(splits_table(found)))
    assert len(rows) == CLASSES_SHOWN + 3
    assert rows[-2] == ["and 980 more classes"]
    masks = found | {"class_counts": None}
    assert rows_of(printed(splits_table(masks))) == [["train"], ["all", "9"]]


def test_an_import_shows_how_far_it_is_or_how_it_ended() -> None:
    base = {
        "id": 3, "name": "[b]pets", "state": "RUNNING", "stage": "reading", "n_done": 1200,
        "n_total": 5000, "unit": "samples", "problem": None, "dataset": None,
        "created_at": "2026-11-29T15:00:00+00:00",
    }  # fmt: skip
    found: list[Any] = [
        base,
        base | {"stage": "resting"},  # of a server that is newer than this command
        base | {"state": "SUCCEEDED", "dataset": "stored:7"},
        base | {"state": "FAILED", "problem": {"detail": "it is empty: no bytes came"}},
    ]
    rows = rows_of(printed(imports_table(found)))[1:]
    assert [row[2] for row in rows] == ["RUNNING", "RUNNING", "SUCCEEDED", "FAILED"]
    assert rows[0][:2] == ["3", "[b]pets"]
    ends = [row[-1] for row in rows]
    amount = "1,200 of 5,000 samples"
    assert ends[:2] == [f"reading {amount}", f"resting {amount}"]
    assert ends[2:] == ["stored:7", "it is empty: no bytes came"]


@pytest.mark.parametrize("words", [[], ["a.zip", "--folder", "/data"]])
def test_one_source_is_named(words: list[str]) -> None:
    ended = CliRunner().invoke(app, ["add", *words])
    assert ended.exit_code == 2
    assert "name a FILE to send, or a --folder on the server" in ended.stderr


def test_a_folder_of_this_machine_is_packed_first(tmp_path: Path) -> None:
    ended = CliRunner().invoke(app, ["add", str(tmp_path)])
    assert ended.exit_code == 2
    assert "is a folder: pack it as .zip" in ended.stderr
