"""The results that must be a function of the spec alone, and how two runs of one spec differ."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from densearch.answers import TrialAnswer
from densearch.client.client import Client

Json = Any

# Not compared: times, row numbers, workers, numbers of attempts, and use of the cache.
TRIAL_FIELDS = (
    *("study", "sampler", "phase", "number", "point", "params"),
    *("value", "state", "metrics", "curve", "learned", "is_diverged"),
)
DENSITY_FIELDS = ("layer", "family", "kernel_size", "vector", "alpha", "beta", "phi", "den")
CHANCE = frozenset({"study_id", "trial_id", "job_id", "training_s", "core_s", "timing"})


def results_of(client: Client, job_ids: Sequence[int]) -> list[Json]:
    """Return all data of ended jobs that crashes must not change.

    Trials without a number were speculative, and depend on timing.
    """
    return [plain(_result_of(client, job_id)) for job_id in job_ids]


def _chosen(trial: TrialAnswer) -> Json:
    shown = dict(trial)
    return {name: shown[name] for name in TRIAL_FIELDS}


def _result_of(client: Client, job_id: int) -> Json:
    job, report = client.job(job_id), client.report(job_id)
    numbered = [t for t in client.trials(job_id, phase="all") if t["number"] is not None]
    trials = {
        f"{t['study']} {t['phase']} {t['number']} {t['params']}": _chosen(t) for t in numbered
    }
    assert len(trials) == len(numbered)  # else the names above would hide some
    return {
        "name": job["name"],
        "state": job["state"],
        "n_trials": len(trials),
        "trials": trials,
        "densities": [{k: dict(d)[k] for k in DENSITY_FIELDS} for d in client.densities(job_id)],
        "artifacts": {a["name"]: a["sha256"] for a in client.artifacts(job_id)},
        "report": without_chance(report),
    }


def plain(value: Json) -> Json:
    """Return a value as it is read back from a file: exact, floats included."""
    return json.loads(json.dumps(value))


def without_chance(value: Json) -> Json:
    if isinstance(value, Mapping):
        return {k: without_chance(v) for k, v in value.items() if k not in CHANCE}
    if isinstance(value, list):
        return [without_chance(item) for item in value]
    return value


def differences(expected: Json, found: Json, path: str = "") -> Iterator[str]:
    """Yield a line for each place at which two results are not exactly equal."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            yield from differences(
                expected.get(key, "(absent)"), found.get(key, "(absent)"), f"{path}/{key}"
            )
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, pair in enumerate(zip(expected, found, strict=True)):
            yield from differences(*pair, f"{path}/{index}")
    elif type(expected) is not type(found) or expected != found:
        yield f"{path or '/'}: {_short(expected)} undisturbed, {_short(found)} here"


def _short(value: Json) -> str:
    return json.dumps(value)[:200]
