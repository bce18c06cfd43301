"""A database of Optuna, read back by Optuna: categories, diverged trials, open trials."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import optuna

from service.samplers.optuna_export_process import write


def trial(number: int, **changes: Any) -> dict[str, Any]:
    own = {
        "id": 10 + number,
        "study": "tpe",
        "phase": "search",
        "number": number,
        "state": "COMPLETED",
        "value": 0.5,
        "is_diverged": False,
        "metrics": {"loss": 0.5},
        "params": {"den": [0.25, 1.0], "act": "relu", "n": 3},
        "curve": [1.0, 0.5],
        "started_at": "2026-03-01T12:00:00+00:00",
        "finished_at": None,
        "error": None,
        "certainty": "certain",
        "cached": False,
        "attempts": 1,
        "device": "cpu",
        "training_s": 1.5,
        "peak_memory_bytes": None,
    }
    return own | changes


def test_trials_come_back_with_their_states_and_params(tmp_path: Path) -> None:
    rows = [
        trial(0),
        trial(1, value=1000.0, is_diverged=True),
        trial(2, state="WAITING", value=None, curve=None, started_at=None),
        trial(3, state="PRUNED", params={"den": [0.75, 0.5], "act": "gelu", "n": 4}),
        trial(0, id=20, study="random", params={"act": {"kind": "odd"}}),
    ]
    studies = [
        {"name": name, "title": name, "direction": direction, "attributes": {"job": 7}}
        for name, direction in (("tpe", "minimize"), ("random", "maximize"), ("none", "minimize"))
    ]
    write(tmp_path / "study.db", studies, rows)
    storage = f"sqlite:///{tmp_path}/study.db"
    tpe, random, none = (
        optuna.load_study(study_name=n, storage=storage) for n in ("tpe", "random", "none")
    )
    assert [t.state.name for t in tpe.trials] == ["COMPLETE", "FAIL", "WAITING", "PRUNED"]
    assert tpe.best_value == 0.5
    assert tpe.trials[3].params == {"den[0]": 0.75, "den[1]": 0.5, "act": "gelu", "n": 4.0}
    assert tpe.trials[0].intermediate_values == {1: 1.0, 2: 0.5}
    assert tpe.trials[0].user_attrs["id"] == 10
    assert random.direction == optuna.study.StudyDirection.MAXIMIZE
    assert random.trials[0].params == {"act": '{"kind": "odd"}'}
    assert (none.trials, none.user_attrs) == ([], {"job": 7, "densearch:phase": "search"})


def test_values_of_another_phase_are_no_competitors_of_the_search(tmp_path: Path) -> None:
    rows = [
        trial(0),
        trial(1, phase="promotion", value=0.4),
        trial(2, phase="evaluation", value=0.1),
        trial(3, phase="evaluation", value=0.2),
    ]
    study = {"name": "tpe", "title": "job 1: tpe", "direction": "minimize", "attributes": {}}
    write(tmp_path / "study.db", [study], rows)
    storage = f"sqlite:///{tmp_path}/study.db"
    best = {
        name: optuna.load_study(study_name=name, storage=storage).best_value
        for name in optuna.get_all_study_names(storage)
    }
    assert best == {
        "job 1: tpe": 0.5, "job 1: tpe, promotion": 0.4, "job 1: tpe, evaluation": 0.1
    }  # fmt: skip
