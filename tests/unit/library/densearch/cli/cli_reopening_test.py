"""What --set means, and what the table of samplers says."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from densearch.cli.reopening import patch_of
from densearch.cli.samplers import samplers_table
from service import samplers


@pytest.mark.parametrize(
    ("changes", "patch"),
    [
        ([], {}),
        (["seed=1"], {"seed": 1}),
        (["training.lr=0.1", "training.epochs=8"], {"training": {"lr": 0.1, "epochs": 8}}),
        (["density.bounds=null"], {"density": {"bounds": None}}),
        (['samplers=["tpe", "gp"]'], {"samplers": ["tpe", "gp"]}),
        (["use_speculation=true"], {"use_speculation": True}),
        (["name=two words = more"], {"name": "two words = more"}),
        (["name="], {"name": ""}),
        (["training.optimizer=adam"], {"training": {"optimizer": "adam"}}),
        (["seed=1", "seed=2"], {"seed": 2}),
    ],
)
def test_settings_become_a_merge_patch(changes: list[str], patch: dict[str, Any]) -> None:
    assert patch_of(changes) == patch


@pytest.mark.parametrize("change", ["seed", "=1", "training..lr=1", ".lr=1", ""])
def test_a_setting_that_cannot_be_read_is_explained(
    change: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        patch_of([change])
    assert ended.value.code == 2
    assert "PATH=VALUE" in capsys.readouterr().err


def test_settings_that_contradict_each_other_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        patch_of(["training=1", "training.lr=0.1"])
    assert "contradicts" in capsys.readouterr().err


def test_the_table_of_samplers_says_what_to_install() -> None:
    infos: list[dict[str, Any]] = [info.to_dict() for info in samplers.catalogue()]
    for info in infos:
        info["installed"] = info["name"] != "tune:ax"
    screen = Console(file=io.StringIO(), width=100)
    screen.print(samplers_table(infos))
    assert isinstance(screen.file, io.StringIO)
    lines = {line.split()[0]: line for line in screen.file.getvalue().splitlines()}
    assert lines.keys() == {"sampler", *(info["name"] for info in infos)}
    assert lines["tune:ax"].rstrip().endswith("no: pip install -e '.[ax]'")
    # DIRECT-L takes no categories and has no seed, but works in parallel.
    assert lines["direct_l"].split()[1:4] == ["-", "yes", "-"]
    assert lines["tpe"].split()[1] == "yes"
