"""`python -m service.samplers.optuna_export_process FILE`: writes a job as a database of Optuna.

A process of its own: Optuna takes seconds to load. It reads lines of JSON from stdin: first the
studies, then lists of trials as REST answers them, then `END`; without that line the input was cut
off, and the exit code is 1. The schema is Optuna's own; trials are inserted in bulk, since its
storage commits each of them, which takes minutes for 100,000.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    distribution_to_json,
)
from optuna.storages import RDBStorage
from optuna.storages._rdb import models

from service import process_bounds

END = b"null\n"
SEARCH = "search"
LIMIT_BYTES, LIMIT_CPU_S = 4 * 2**30, 600
# CANCELLED has no word in Optuna: such a trial has no value.
_STATES = {
    "WAITING": "WAITING",
    "RUNNING": "RUNNING",
    "COMPLETED": "COMPLETE",
    "PRUNED": "PRUNED",
    "FAILED": "FAIL",
    "CANCELLED": "FAIL",
}
# Of a trial, what Optuna has no column for.
_ATTRIBUTES = (
    *("id", "phase", "number", "certainty", "cached", "attempts", "device", "training_s"),
    *("peak_memory_bytes", "is_diverged", "state", "metrics", "error"),
)

# Trials that are inserted in one transaction.
TOGETHER = 2_000
_TABLES = (
    models.TrialModel,
    models.TrialValueModel,
    models.TrialParamModel,
    models.TrialIntermediateValueModel,
    models.TrialUserAttributeModel,
)

Trial = Mapping[str, Any]


def write(path: Path, studies: Iterable[Mapping[str, Any]], trials: Iterable[Trial]) -> None:
    """Write a database with a study for each search of a job, and for each later phase of its.

    Values of different phases are no competitors: short trainings and full ones, the validation
    split and the test split. In one study the best trial would be a lucky seed on the test split.

    Args:
        path: Of a new file.
        studies: Each with `name` (in the job), `title` (in Optuna), `direction` and `attributes`.
        trials: Of all of them, in the order of issue.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = RDBStorage(f"sqlite:///{path}")
    own: dict[str, dict[str, list[Trial]]] = {}
    for trial in trials:
        phases = own.setdefault(trial["study"], {})
        phases.setdefault(trial["phase"], []).append(trial)
    first = 1
    for study in studies:
        phases = own.get(study["name"], {})
        for phase in dict.fromkeys((SEARCH, *phases)):
            mine = phases.get(phase, [])
            title = study["title"] if phase == SEARCH else f"{study['title']}, {phase}"
            made = optuna.create_study(
                study_name=title, direction=study["direction"], storage=storage
            )
            for name, value in (study["attributes"] | {"densearch:phase": phase}).items():
                made.set_user_attr(name, value)
            _insert(storage, made._study_id, first, mine)  # noqa: SLF001 - no public name
            first += len(mine)
    storage.engine.dispose()


def _insert(storage: RDBStorage, study_id: int, first: int, trials: list[Trial]) -> None:
    known = _distributions(trials)
    texts = {name: distribution_to_json(kind) for name, kind in known.items()}
    for begin in range(0, len(trials), TOGETHER):
        rows: dict[Any, list[dict[str, Any]]] = {model: [] for model in _TABLES}
        for number, trial in enumerate(trials[begin : begin + TOGETHER], start=begin):
            for model, row in _rows(trial, first + number, number, study_id, known, texts):
                rows[model].append(row)
        with storage.engine.begin() as connection:
            for model, found in rows.items():
                if found:
                    connection.execute(model.__table__.insert(), found)


def _rows(
    trial: Trial,
    key: int,
    number: int,
    study_id: int,
    known: Mapping[str, BaseDistribution],
    texts: Mapping[str, str],
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Yield the rows of one trial with their tables."""
    value = None if trial["is_diverged"] else trial["value"]
    state = _STATES[trial["state"]]
    if state == "COMPLETE" and value is None:  # a diverged training: Optuna needs a value
        state = "FAIL"
    own = {"trial_id": key}
    times = {
        "datetime_start": _time(trial["started_at"]),
        "datetime_complete": _time(trial["finished_at"]),
    }
    yield (
        models.TrialModel,
        {**own, "number": number, "study_id": study_id, "state": state, **times},
    )
    if state == "COMPLETE":
        kind = models.TrialValueModel.TrialValueType.FINITE
        yield models.TrialValueModel, {**own, "objective": 0, "value": value, "value_type": kind}
    for name, param in _values(trial["params"]):
        inner = known[name].to_internal_repr(_category(param, known[name]))
        row = {"param_name": name, "param_value": inner, "distribution_json": texts[name]}
        yield models.TrialParamModel, {**own, **row}
    finite = models.TrialIntermediateValueModel.TrialIntermediateValueType.FINITE
    for step, loss in enumerate(trial["curve"] or (), start=1):
        row = {"intermediate_value": loss, "intermediate_value_type": finite}
        yield models.TrialIntermediateValueModel, {**own, "step": step, **row}
    for name in _ATTRIBUTES:
        if trial[name] is not None:
            row = {"key": name, "value_json": json.dumps(trial[name])}
            yield models.TrialUserAttributeModel, {**own, **row}


def _distributions(trials: Iterable[Trial]) -> dict[str, BaseDistribution]:
    """Return the kind of each param: numbers from the least to the greatest, or categories."""
    seen: dict[str, dict[Any, None]] = {}
    for trial in trials:
        for name, value in _values(trial["params"]):
            seen.setdefault(name, {})[_plain(value)] = None
    return {name: _distribution(list(values)) for name, values in seen.items()}


def _distribution(values: list[Any]) -> BaseDistribution:
    are_numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    if are_numbers:
        return FloatDistribution(float(min(values)), float(max(values)))
    return CategoricalDistribution(tuple(values))


def _category(value: Any, kind: BaseDistribution) -> Any:  # noqa: ANN401 - any JSON
    return _plain(value) if isinstance(kind, CategoricalDistribution) else float(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a value that Optuna takes as a category: what is none becomes JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else value


def _values(params: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in params.items():
        if isinstance(value, list):
            yield from ((f"{name}[{index}]", one) for index, one in enumerate(value))
        else:
            yield name, value


def _time(text: str | None) -> datetime | None:
    """Return a time as Optuna stores it: local, without a zone; ours is UTC."""
    return (
        None if text is None else datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    )


def _lines(first: Iterable[bytes]) -> Iterator[Trial]:
    for line in first:
        if line == END:
            return
        yield from json.loads(line)
    raise SystemExit(1)


def main() -> None:
    """Write the job on stdin to the file that the argument names."""
    process_bounds.bound(data_bytes=LIMIT_BYTES, cpu_s=LIMIT_CPU_S)
    lines = iter(sys.stdin.buffer)
    studies = json.loads(next(lines))
    write(Path(sys.argv[1]), studies, _lines(lines))


if __name__ == "__main__":
    main()
