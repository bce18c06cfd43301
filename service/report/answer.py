"""The answer to a job's question: which arms were compared, each look, the verdict in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from densearch.answers.compared_metric import compared_metric_of
from service.records import Json
from service.report.attribution import DEFAULT_INIT_TUNED, FLAT_TUNED, UNIFORM, UNIFORM_TUNED
from service.report.effects import chance_of, effect_of
from service.report.metric_effects import MetricEffect, metric_effects
from service.report.primary import (
    SIMPLER,
    Chosen,
    Look,
    PrimaryQuestion,
    SeedPlan,
    looks_at,
    question_of,
)
from service.report.rows import ROLES, ArmTrials
from service.report.verdict import Advice, VerdictCase, evidence, verdict
from service.states import Role
from service.studies import best_densities
from service.studies.layer_groups import WHOLE
from service.studies.resolved import ResolvedSpec, TrainingJob
from service.studies.study_run import StudyRun
from service.tasks.external import ExternalTask


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a job's question.

    Attributes:
        question: The two arms.
        plan: The looks and the margin.
        looks: What was seen at each look that was taken; the last one counts.
        metrics: The density's arm against the simpler one in the task's metrics.
        findings: Sentences for the person who decides.
        evidence: Lines for the person who checks.
    """

    question: PrimaryQuestion
    plan: SeedPlan
    looks: list[Look]
    metrics: list[MetricEffect]
    findings: list[str]
    evidence: list[str]

    def to_dict(self) -> Json:
        """Return the answer as plain values, without its sentences."""
        effect = self.looks[-1].effect
        return {
            "outcome": self.looks[-1].outcome,
            "chance": chance_of(effect, self.plan.margin) if effect is not None else None,
            "question": asdict(self.question),
            "plan": {
                "looks": list(self.plan.looks),
                "margin_percent": 100.0 * self.plan.margin,
                "level": self.plan.level,
            },
            "looks": [asdict(look) for look in self.looks],
            "metrics": [asdict(one) for one in self.metrics],
        }


def looked_at(found: Sequence[ArmTrials], plan: SeedPlan) -> tuple[list[ArmTrials], list[Look]]:
    """Take the looks, and leave out final trainings beyond the last of them.

    Whatever else was trained, the report depends on the seeds of that look alone.

    Returns:
        The arms, and the looks that were taken: none where there is no question.
    """
    question = question_in(found)
    if question is None:
        return list(found), []
    counted = [one for one in found if one.arm.record.role in ROLES]
    taken = looks_at(question, plan, {one.name: one.tested for one in counted})
    if not taken:
        return list(found), []
    n_seeds = taken[-1].n_seeds
    return [one.up_to(n_seeds) for one in found], taken


def question_in(found: Sequence[ArmTrials]) -> PrimaryQuestion | None:
    """Return the question of a job with these arms; None where there is none."""
    return question_of(
        [
            _chosen(one, one.best.value)
            for one in found
            if one.arm.record.role in ROLES and one.best.value is not None
        ]
    )


def _chosen(one: ArmTrials, value: float) -> Chosen:
    tunes_rate = one.arm.space.is_rate_tuned
    return Chosen(one.name, one.arm.record.role, value, one.best.digest, tunes_rate)


def answer_of(
    resolved: TrainingJob,
    arms: Sequence[StudyRun],
    found: Sequence[ArmTrials],
    plan: SeedPlan,
    looks: list[Look],
    attribution: Json | None,
) -> Answer | None:
    """Answer a job's question.

    Args:
        resolved: The job.
        arms: All its studies.
        found: Those that depend on the spec alone, with the trainings of the last look.
        plan: The looks and the margin.
        looks: Those that were taken.
        attribution: The report's, whose intervals say what a simpler arm gains over another.

    Returns:
        None where there is no density, no simpler arm, or no look was taken.
    """
    question = question_in(found)
    if question is None or not looks:
        return None
    by_name = {one.name: one for one in found}
    arm, against = by_name[question.arm], by_name[question.against]
    metrics = metric_effects(arm.tested, against.tested, plan.level)
    in_question = [one for one in found if one.name in (*SIMPLER, question.arm)]
    case = VerdictCase(
        question=question,
        plan=plan,
        look=looks[-1],
        n_looks=len(looks),
        metrics=metrics,
        n_searched={
            one.name: len(one.searched)
            for one in in_question
            if one.arm.record.role is not Role.CONTROL
        },
        failures={one.name: one.failures for one in found},
        rates={one.name: rate for one in found if (rate := _rate(one)) is not None},
        advice=_advice(resolved, arms, by_name, against, plan, attribution),
        measure=compared_metric_of(resolved.task.model_dump()),
    )
    findings = [*verdict(case), *_edges(arm, against)]
    return Answer(question, plan, looks, metrics, findings, evidence(case))


def _edges(*arms: ArmTrials) -> list[str]:
    """Warn where a best value is at the edge of its range: the optimum may lie beyond it."""
    return [
        f"The best {value.name} of {one.name}, {value}: widen this range."
        for one in arms
        for value in one.at_edges
    ]


def _advice(
    resolved: TrainingJob,
    arms: Sequence[StudyRun],
    by_name: Mapping[str, ArmTrials],
    against: ArmTrials,
    plan: SeedPlan,
    attribution: Json | None,
) -> Advice | None:
    """Return what is worth changing without a density: no more than what is established."""
    uniform, tuned = by_name.get(UNIFORM), by_name.get(UNIFORM_TUNED)
    is_richer = against.name in (FLAT_TUNED, DEFAULT_INIT_TUNED)
    if tuned is not None and is_richer and not _is_established(against.name, attribution):
        against = tuned
    if uniform is None or against.name == UNIFORM:
        return None
    effect = effect_of(against.losses, uniform.losses, plan.level)
    if effect is None:
        return None
    factor = _factor(resolved, arms, against)
    rate = _rate(against)
    if rate is not None and factor is not None:
        # Without the factor in the network, the same training has this rate (docs/densities.md).
        rate *= factor**2 if resolved.training.optimizer == "sgd" else factor
    if factor is not None and isinstance(resolved.task, ExternalTask):
        rate = None  # which rate that is depends on the trainer's optimizer
    return Advice(
        arm=against.name,
        effect=effect,
        metrics=metric_effects(against.tested, uniform.tested, plan.level),
        rate=rate,
        own_rate=resolved.training.lr,
        factor=factor,
    )


def _is_established(arm: str, attribution: Json | None) -> bool:
    """Whether an arm is better than the plain network at its best rate, as the table shows it."""
    parts = [*attribution["parts"], *attribution["beside"]] if attribution is not None else []
    return any(
        part["arm"] == arm
        and part["against"] == UNIFORM_TUNED
        and (part["relative_low"] or 0.0) > 0.0
        for part in parts
    )


def _rate(one: ArmTrials) -> float | None:
    rate = one.best.params.get("lr")
    return float(rate) if isinstance(rate, int | float) else None


def _factor(resolved: ResolvedSpec, arms: Sequence[StudyRun], one: ArmTrials) -> float | None:
    """Return the scale that an arm gives all weights, where its density has no shape."""
    density = best_densities.densities_of(resolved, arms, one.best).get(WHOLE)
    if density is None or np.ptp(density.phi) > 0.0:
        return None
    return float(np.ravel(density.phi)[0])
