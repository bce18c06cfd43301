"""The report of a finished job: each arm beside uniform, the cost, and one honest sentence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from service import density, payloads, statistics
from service.arms import Arm
from service.jobs import SEARCH
from service.records import Json, Trial
from service.rules import is_training, space_of
from service.spec import JobSpec
from service.states import Phase, TrialState

UNIFORM, FLAT = "uniform", "flat"


def build_report(spec: JobSpec, arms: Sequence[Arm], trials: Iterable[Trial]) -> Json:
    """Compare the arms of a job whose trials have all ended.

    Returns:
        ``arms`` (validation and test results, difference to uniform), ``best_arm`` (the search
        with the least validation loss: the test split chooses nothing), ``verdict``, ``cost``.
    """
    every = list(trials)
    by_study = {
        arm.study.id: [
            t for t in every if t.study_id == arm.study.id and t.phase is Phase.EVALUATION
        ]
        for arm in arms
    }
    tests = {arm.study.name: by_study[arm.study.id] for arm in arms}
    rows = [_arm(spec, arm, every, tests) for arm in arms if arm.study.best_trial_id is not None]
    best = min(
        (row for row in rows if row["role"] == SEARCH),
        key=lambda row: row["validation_loss"],
        default=None,
    )
    return {
        "arms": rows,
        "best_arm": best["name"] if best else None,
        "n_seeds": spec.evaluation.n_seeds,
        "verdict": _verdict(spec, best, tests),
        "cost": _cost(every),
    }


def _arm(
    spec: JobSpec, arm: Arm, trials: Sequence[Trial], tests: dict[str, list[Trial]]
) -> dict[str, Any]:
    study = arm.study
    best = next(t for t in trials if t.id == study.best_trial_id)
    own = tests[study.name]
    versus = _versus(tests, study.name, UNIFORM)
    times = [t.training_s for t in own if t.training_s is not None] or [best.training_s or 0.0]
    return {
        "study_id": study.id,
        "name": study.name,
        "role": study.role,
        "sampler": study.sampler,
        "trial_id": best.id,
        "params": best.params,
        "density": _density(spec, arm, best),
        "validation_loss": best.value,
        "test": _test(own),
        "vs_uniform": asdict(versus) if versus else None,
        "training_s": sum(times) / len(times),
    }


def _density(spec: JobSpec, arm: Arm, best: Trial) -> Json | None:
    if spec.density is None or spec.network is None:
        return None
    if arm.study.role == SEARCH:
        return payloads.density_of(spec, space_of(spec), best.point).to_dict()
    name, size = arm.study.name, spec.network.kernel_size
    (value,) = best.params.get("vector") or (None,)
    return density.control(
        name,
        size,
        sigma=value if name == "gaussian" else None,
        factor=value if name == FLAT else None,
    ).to_dict()


def _losses(trials: Sequence[Trial]) -> dict[int, float]:
    """Return the test losses by the index of their seed; only trainings that ended well."""
    return {
        int(t.number): t.value
        for t in trials
        if t.state is TrialState.COMPLETED
        and not t.is_diverged
        and t.number is not None
        and t.value is not None
    }


def _test(trials: Sequence[Trial]) -> Json | None:
    losses = list(_losses(trials).values())
    if not trials:
        return None
    kept = [t.metrics for t in trials if t.metrics and not t.is_diverged]
    names = sorted({name for metrics in kept for name in metrics})
    means = {
        # A metric that is not finite on one seed was left out there.
        name: statistics.summarize([m[name] for m in kept if name in m]).mean
        for name in names
    }
    summary = statistics.summarize(losses) if losses else None
    return {
        "n": len(losses),
        "n_diverged": sum(t.is_diverged for t in trials),
        "losses": losses,
        "loss_mean": summary.mean if summary else None,
        "loss_sd": summary.sd if summary else None,
        "metrics": means,
    }


def _pairs(
    tests: dict[str, list[Trial]], name: str, other: str
) -> tuple[list[float], list[float]]:
    """Return the losses of two arms on the seeds that both completed."""
    ours, theirs = _losses(tests.get(name, [])), _losses(tests.get(other, []))
    shared = sorted(ours.keys() & theirs.keys())
    return [ours[i] for i in shared], [theirs[i] for i in shared]


def _versus(tests: dict[str, list[Trial]], name: str, other: str) -> statistics.Comparison | None:
    ours, theirs = _pairs(tests, name, other)
    return statistics.compare(ours, theirs) if ours and name != other else None


def _verdict(spec: JobSpec, row: Json | None, tests: dict[str, list[Trial]]) -> str:
    if row is None:
        return "No search found a density that could be trained."
    best = str(row["name"])
    if not is_training(spec):
        return f"The least value found is {row['validation_loss']:.6g}, by {best}."
    to_uniform = _versus(tests, best, UNIFORM)
    if not tests[best] or not tests.get(UNIFORM):
        return "Not judged: the job has no uniform control or no final evaluation on a test split."
    if to_uniform is None:
        return f"Not judged: on no seed did the trainings of {best} and {UNIFORM} both end well."
    words = statistics.verdict(to_uniform, _versus(tests, best, FLAT))
    n_lost = sum(len(tests[name]) - len(_losses(tests[name])) for name in (best, UNIFORM))
    if n_lost:
        words += f" Left out: {n_lost} of their final trainings, which diverged or failed."
    return words


def _cost(trials: Sequence[Trial]) -> Json:
    trained = [t for t in trials if t.cached_from is None and t.state is TrialState.COMPLETED]
    return {
        "trained": len(trained),
        "cached": sum(t.cached_from is not None for t in trials),
        "failed": sum(t.state is TrialState.FAILED for t in trials),
        "training_s": sum(t.training_s or 0.0 for t in trained),
    }
