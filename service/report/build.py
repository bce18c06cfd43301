"""Build the report of a finished job: comparisons with uniform, findings and cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from statistics import fmean
from types import MappingProxyType
from typing import Any

from densearch.answers.compared_metric import ComparedMetric, compared_metric_of
from service import devices, samplers
from service.item_losses import ItemLosses
from service.records import Json, Trial
from service.report import fidelity, plateau, repeats
from service.report.answer import answer_of, looked_at
from service.report.attribution import DENSITY_TUNED, attribute
from service.report.causes import attribution_in_words
from service.report.continuation import continued_of
from service.report.item_scope import scope_of
from service.report.own_decision import decided_by_job
from service.report.primary import SIMPLER, SeedPlan
from service.report.rows import (
    ROLES,
    ArmTrials,
    arms_with_trials,
    compare_with_uniform,
    row_of,
)
from service.report.stopping import stopped_in_words, stopped_of
from service.report.timing import timing_of
from service.report.valley import valley_of
from service.states import TRAINED_AGAIN, Phase, Role, TrialState
from service.studies import gradient_settings
from service.studies.resolved import FunctionJob, ResolvedSpec, TrainingJob
from service.studies.study_run import StudyRun

VERSION = 3


def build_report(
    resolved: ResolvedSpec,
    arms: Sequence[StudyRun],
    trials: Iterable[Trial],
    kinds: Sequence[str] = (),
    items: Mapping[str, ItemLosses] = MappingProxyType({}),
) -> Json:
    """Compare the arms of a job whose trials have all ended.

    On one kind of device the report is a function of the spec, except for ids, times (their names
    end in ``_s``), the values under ``timing``, and arms of the role speculation. Where a limit on
    time or cost ended a search, it also depends on the number of trials in ``stopped``.

    Args:
        resolved: The job's resolved spec.
        arms: Its studies with their search spaces.
        trials: All trials of the job.
        kinds: Kinds of device that its trainings ran on.
        items: The losses of items that were kept of `trainings_in_question`, by digest.

    Returns:
        ``version``; ``arms`` (validation and test results, difference to uniform, plateau);
        ``best_arm`` (the search with the lowest validation loss: the test split selects nothing);
        ``answer`` (the question, its looks and the outcome, see `service.report.answer`);
        ``decision`` (what to do by this job alone, see `service.report.own_decision`);
        ``findings`` (the verdict in sentences) and ``verdict``, the same as one text; ``evidence``
        (lines for the person who checks it); ``attribution``; ``noise``; ``samplers`` (which is
        better, where searches were repeated); ``fidelity``; ``stopped`` (searches that ended
        early, after how many trials and why); ``devices`` (`kinds`); ``cost``; ``timing``.
    """
    every = list(trials)
    plan = SeedPlan.of(resolved.spec.evaluation)
    everything = arms_with_trials(arms, every)
    found, looks = looked_at(everything, plan)
    against = compare_with_uniform(found, plan.level)
    counted = [one for one in found if one.arm.record.role in ROLES]
    best = min(
        (one for one in found if one.arm.record.role is Role.SEARCH), key=_value, default=None
    )
    own = compared_metric_of(resolved.spec.task.model_dump())
    attribution = _attribution(counted, best, plan.level, own)
    asked_for = _asked_for(arms, every)
    noise = answer = decided = scope = continued = None
    if isinstance(resolved, TrainingJob):
        noise = plateau.noise_of([one.losses for one in counted])
        answer = answer_of(resolved, arms, counted, plan, looks, attribution)
        if answer is not None:
            question, beyond = answer.question, resolved.spec.evaluation.continued_to
            decided = decided_by_job(resolved, counted, answer, asked_for, noise)
            scope = scope_of(resolved, counted, question, plan.level, items)
            continued = continued_of(everything, question, looks[-1], beyond)
    savings = fidelity.savings_of(resolved, asked_for)
    compared = _samplers(counted)
    stopped = stopped_of(arms)
    findings = answer.findings if answer else _without_answer(resolved, best)
    findings += stopped_in_words(stopped)
    findings += _bounds_in_words(found)
    findings += devices.mixed_in_words(kinds)
    findings += [continued.in_words(own)] if continued else []
    evidence = [*answer.evidence] if answer else []
    evidence += scope.words if scope else []
    evidence += [attribution["words"]] if attribution else []
    return {
        "version": VERSION,
        "arms": [
            row_of(resolved, arms, one, against.get(one.name), noise)
            | {"valley": valley_of(resolved, one)}
            for one in found
        ],
        "best_arm": best.name if best else None,
        "n_seeds": max((len(one.tested) for one in found), default=0),
        "verdict": " ".join(findings),
        "findings": findings,
        "evidence": evidence,
        "answer": answer.to_dict()
        | {"items": scope and asdict(scope.effect), "continued": continued and asdict(continued)}
        if answer
        else None,
        "decision": decided,
        "attribution": attribution,
        "noise": asdict(noise) if noise else None,
        "samplers": asdict(compared) if compared else None,
        "fidelity": asdict(savings) if savings else None,
        "stopped": stopped,
        "devices": list(kinds),
        "cost": _cost(every, asked_for),
        "timing": timing_of(found, every),
    }


def _value(one: ArmTrials) -> float:
    return one.best.value if one.best.value is not None else float("inf")


def _asked_for(arms: Sequence[StudyRun], trials: Iterable[Trial]) -> list[Trial]:
    """Return the trials that the spec requires, without speculative ones."""
    ids = {arm.record.id for arm in arms if arm.record.role in ROLES}
    phases = (Phase.SEARCH, *TRAINED_AGAIN, Phase.EVALUATION)
    return [t for t in trials if t.study_id in ids and t.phase in phases and t.number is not None]


def _attribution(
    found: Sequence[ArmTrials], best: ArmTrials | None, level: float, own: ComparedMetric
) -> dict[str, Any] | None:
    if best is None:
        return None
    densities = [
        one
        for one in found
        if (one.arm.record.role is Role.SEARCH or one.name == DENSITY_TUNED)
        and one.arm.space.is_rate_tuned
    ]
    tuned = min(densities, key=_value, default=None)
    losses = {one.name: one.losses for one in found}
    parts = attribute(losses, best.name, tuned.name if tuned else None, level)
    return asdict(parts) | {"words": attribution_in_words(parts, own)} if parts else None


def _samplers(found: Sequence[ArmTrials]) -> repeats.SamplerComparison | None:
    """Compare samplers by the mean test losses over the seeds that all their searches share."""
    searches = [one for one in found if one.arm.record.role is Role.SEARCH]
    # A learned density has no budget of trials: its study runs one training.
    searches = [one for one in searches if not samplers.is_learned(one.arm.record.sampler)]
    seeds = set.intersection(*(set(one.losses) for one in searches)) if searches else set()
    values: dict[str, list[float]] = {one.arm.record.sampler: [] for one in searches}
    for one in searches:
        losses = [loss for seed, loss in one.losses.items() if seed in seeds]
        values[one.arm.record.sampler].append(fmean(losses) if losses else _value(one))
    seeded = {name: samplers.describe(name).capabilities.seeded for name in values}
    fixed = frozenset(name for name in seeded if not seeded[name])
    return repeats.compare_samplers(values, fixed, is_test=bool(seeds))


def _without_answer(resolved: ResolvedSpec, best: ArmTrials | None) -> list[str]:
    """Return why the job's question has no answer."""
    if best is None:
        return ["No search found a density that could be trained."]
    if isinstance(resolved, FunctionJob):
        return [f"The lowest value found is {best.best.value:.6g}, by {best.name}."]
    if not SeedPlan.of(resolved.spec.evaluation).looks:
        return ["No verdict: the job has no final trainings (n_seeds 0) to judge on a test split."]
    if all(control.name not in SIMPLER for control in resolved.spec.controls):
        why = "the job has no network without a density to compare with"
        return [f"No verdict: {why}.", "Add the controls uniform and uniform_tuned."]
    return ["No verdict: no training of a network without a density could be completed."]


def _bounds_in_words(found: Sequence[ArmTrials]) -> list[str]:
    sentences = [
        gradient_settings.bounds_in_words(one.name, one.best.learned)
        for one in found
        if one.best.learned is not None
    ]
    return [words for words in sentences if words is not None]


def _cost(every: Sequence[Trial], asked_for: Sequence[Trial]) -> Json:
    """Count each training once, even where several trials of the job share its result."""
    by_id = {trial.id: trial for trial in every}
    done = [trial for trial in asked_for if trial.state is TrialState.COMPLETED]
    n_trained = len({t.digest for t in done if _source(t, by_id).cached_from is None})
    return {
        "trained": n_trained,
        "cached": len(done) - n_trained,
        "failed": sum(trial.state is TrialState.FAILED for trial in asked_for),
        "pruned": sum(trial.state is TrialState.PRUNED for trial in asked_for),
        "training_s": sum(t.training_s or 0.0 for t in every if t.cached_from is None),
    }


def _source(trial: Trial, by_id: Mapping[int, Trial]) -> Trial:
    """Return the trial of this job that a result was copied from; another job may own it."""
    while trial.cached_from is not None and trial.cached_from in by_id:
        trial = by_id[trial.cached_from]
    return trial
