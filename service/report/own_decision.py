"""The decision of a job's report: by its own trainings alone, so a function of its spec."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from densearch.answers.compared_metric import compared_metric_of
from service.records import Json, Trial
from service.report.answer import Answer
from service.report.decision import Basis, decide
from service.report.plateau import Noise
from service.report.rows import ArmTrials
from service.report.search_cost import search_cost_of
from service.studies.resolved import TrainingJob
from service.studies.test_splits import split_of


def decided_by_job(
    resolved: TrainingJob,
    found: Sequence[ArmTrials],
    answer: Answer,
    trials: Sequence[Trial],
    noise: Noise | None,
) -> Json | None:
    """Return the decision by a job alone, and its ``basis``: what is needed to make it again.

    Args:
        resolved: The job.
        found: Its arms that depend on the spec alone, with the trainings of the last look.
        answer: The job's.
        trials: The trials that the spec requires.
        noise: Of the job's arms.

    Returns:
        None where nothing was judged on a test split.
    """
    if resolved.spec.evaluation.n_seeds == 0:
        return None
    basis = _basis(resolved, found, answer, split_of(resolved.spec) or "", noise)
    cost = search_cost_of(resolved, trials)
    own = compared_metric_of(resolved.task.model_dump())
    decided = decide(basis, answer.plan.margin, cost, own=own)
    return decided.to_dict() | {"basis": asdict(basis)}


def _basis(
    resolved: TrainingJob,
    found: Sequence[ArmTrials],
    answer: Answer,
    split: str,
    noise: Noise | None,
) -> Basis:
    last, question = answer.looks[-1], answer.question
    effect = last.effect
    return Basis(
        task=resolved.task.kind,
        kernel_sizes=tuple(sorted({group.kernel_size for group in resolved.groups})),
        test_split=split,
        arm=question.arm,
        against=question.against,
        outcome=last.outcome,
        is_rate_tuned=question.is_rate_tuned,
        n=effect.n if effect is not None else 0,
        n_seeds=last.n_seeds,
        n_arms=len({one.best.digest for one in found if one.tested}),
        unit=effect.unit if effect is not None else "ratio",
        mean=effect.mean if effect is not None else None,
        spread=effect.spread if effect is not None else None,
        noise=noise.relative if noise is not None else None,
        n_lost=last.failures.of_training,
    )
