"""What --set means."""

from __future__ import annotations

from typing import Any

import pytest
import typer

from densearch.cli.reopening import extend, patch_of


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


@pytest.mark.parametrize(("trials", "seeds"), [(None, None), (9, 5)])
def test_a_job_is_extended_by_trials_or_by_seeds(trials: int | None, seeds: int | None) -> None:
    with pytest.raises(typer.BadParameter, match="either --trials or --seeds"):
        extend(1, trials, seeds)
