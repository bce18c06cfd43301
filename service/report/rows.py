"""The report's row for each arm: its density, its losses, its difference to uniform."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from service.records import Json, Trial
from service.report import plateau, statistics
from service.report.attribution import UNIFORM
from service.report.effects import Effect, Losses, by_holm, effect_of, shared
from service.report.failures import Failures, failures_of, losses_of
from service.report.fitted_optimum import FittedOptimum, fitted_optimum
from service.report.joint_optimum import JointOptimum, joint_optimum
from service.report.metric_effects import interval_of_mean
from service.report.plateau import Noise
from service.report.statistics import Comparison
from service.states import Phase, Role
from service.studies import best_densities
from service.studies.edges import EdgeValue, at_edges
from service.studies.layer_groups import WHOLE
from service.studies.looks import ERROR_RATE
from service.studies.resolved import ResolvedSpec
from service.studies.search_space import Space
from service.studies.study_run import StudyRun, is_result
from service.tasks.metric_names import OF_THE_SPLIT, in_order

# Studies that depend on the spec alone. A speculation depends on which workers were idle: it is
# shown, but no other figure is computed from it.
ROLES = (Role.SEARCH, Role.CONTROL, Role.TUNED)
# Trainings with which a plateau in one dimension is shown; in d dimensions 3 d + 3.
LEAST_ON_A_LINE = 5

# How an optimum is fitted: of the space, the points, their losses and the noise.
_Fit = Callable[
    [Space, Sequence[Sequence[float]], Sequence[float], Noise], FittedOptimum | JointOptimum | None
]


@dataclass(frozen=True, slots=True)
class Against:
    """An arm compared with uniform.

    Attributes:
        comparison: The uncorrected comparison.
        p_holm: p after Holm's correction over all arms that depend on the spec alone; None for
            other arms, and with one seed.
        n_compared: Number of arms in the correction.
        effect: The same as a share of uniform's loss; its interval is at the level of its step in
            Holm's procedure, so that it excludes 0 where the arm differs.
    """

    comparison: Comparison
    p_holm: float | None
    n_compared: int
    effect: Effect

    def to_dict(self) -> Json:
        """Return all fields as one flat object."""
        corrected = {"p_holm": self.p_holm, "n_compared": self.n_compared}
        effect = {name: getattr(self.effect, name) for name in ("unit", "change", "level", "p")}
        ends = {"change_low": self.effect.low, "change_high": self.effect.high}
        return asdict(self.comparison) | corrected | effect | ends


@dataclass(frozen=True)
class ArmTrials:
    """An arm with its trials.

    Attributes:
        best: The trial that represents the arm; its value is the mean over the validation seeds.
        searched: The confirmed trials of its search, in the order of their numbers.
        promoted: Its best few, trained in full, where the search used short trainings.
        tested: Its final trainings on the test split.
    """

    arm: StudyRun
    best: Trial
    searched: list[Trial]
    promoted: list[Trial]
    tested: list[Trial]

    @property
    def name(self) -> str:
        """Name of the study."""
        return self.arm.record.name

    @property
    def losses(self) -> dict[int, float]:
        """Test losses of the trainings that count, by the index of their seed."""
        return losses_of(self.tested)

    @property
    def full_trainings(self) -> list[Trial]:
        """Its full trainings on the validation split that gave a value, with the search's seed."""
        return [trial for trial in self.promoted or self.searched if is_result(trial)]

    @property
    def has_own_best(self) -> bool:
        """Whether its best is one of its own trainings: a simpler arm's may represent it."""
        return any(trial.id == self.best.id for trial in (*self.searched, *self.promoted))

    @property
    def at_edges(self) -> list[EdgeValue]:
        """Its searched values at the edge of their range; none of another arm's best."""
        return at_edges(self.arm.space, self.best.point) if self.has_own_best else []

    def up_to(self, n_seeds: int) -> ArmTrials:
        """Return the arm without final trainings beyond so many seeds."""
        kept = [t for t in self.tested if t.number is not None and t.number < n_seeds]
        return replace(self, tested=kept)

    @property
    def failures(self) -> Failures:
        """Its final trainings that gave nothing."""
        return failures_of(self.tested)


def arms_with_trials(arms: Sequence[StudyRun], trials: Sequence[Trial]) -> list[ArmTrials]:
    """Return the arms that have a best trial, with their trials."""
    by_id = {trial.id: trial for trial in trials}
    by_study: dict[int, list[Trial]] = defaultdict(list)
    for trial in trials:
        by_study[trial.study_id].append(trial)
    found = []
    for arm in arms:
        own = by_study[arm.record.id]
        searched = [t for t in own if t.phase is Phase.SEARCH and t.number is not None]
        searched.sort(key=lambda trial: trial.number or 0)
        promoted = [trial for trial in own if trial.phase is Phase.PROMOTION]
        tested = [trial for trial in own if trial.phase is Phase.EVALUATION]
        if arm.record.best_trial_id is not None:
            best = replace(by_id[arm.record.best_trial_id], value=arm.record.best_value)
            found.append(ArmTrials(arm, best, searched, promoted, tested))
    return found


def compare_with_uniform(found: Sequence[ArmTrials], level: float = 0.05) -> dict[str, Against]:
    """Compare each arm with uniform on the seeds that both completed; by the arm's name.

    Args:
        found: The arms.
        level: Two-sided level of all comparisons together.
    """
    losses = {one.name: one.losses for one in found}
    uniform = losses.pop(UNIFORM, {})
    compared: dict[str, Comparison] = {}
    for name, own in losses.items():
        seeds = shared(own, uniform)
        if seeds:
            compared[name] = statistics.compare(
                [own[i] for i in seeds], [uniform[i] for i in seeds]
            )
    roles = {one.name: one.arm.record.role for one in found}
    firsts = {name: _effect(losses[name], uniform, level) for name in compared}
    ps = {n: e.p for n, e in firsts.items() if roles[n] in ROLES and e.p is not None}
    # p is compared with 5 %, at several looks with less: it is scaled to what 5 % means there.
    scaled = [min(1.0, p * ERROR_RATE / level) for p in ps.values()]
    corrected = dict(zip(ps, statistics.holm(scaled), strict=True))
    steps = dict(zip(ps, by_holm(list(ps.values()), level), strict=True))
    return {
        name: Against(
            comparison,
            corrected.get(name),
            len(ps),
            _effect(losses[name], uniform, steps.get(name, level)),
        )
        for name, comparison in compared.items()
    }


def _effect(own: Losses, uniform: Losses, level: float) -> Effect:
    found = effect_of(own, uniform, level)
    if found is None:
        raise ValueError("the arms share no seed")
    return found


def row_of(
    resolved: ResolvedSpec,
    arms: Sequence[StudyRun],
    one: ArmTrials,
    against: Against | None,
    noise: Noise | None,
) -> dict[str, Any]:
    """Return one arm's row; the user guide documents its fields."""
    study, best = one.arm.record, one.best
    times = [t.training_s for t in one.tested if t.training_s is not None]
    densities = best_densities.densities_of(resolved, arms, best)
    layers = best_densities.layers_of(resolved, best)
    groups = {n: d.to_dict() | {"layers": layers[n]} for n, d in densities.items() if n != WHOLE}
    whole = densities.get(WHOLE)
    return {
        "study_id": study.id,
        "name": study.name,
        "role": study.role.value,
        "sampler": study.sampler,
        "repeat": study.repeat,
        "trial_id": best.id,
        "params": best.params,
        "density": whole.to_dict() if whole is not None else None,
        "groups": groups or None,
        "chosen_from": study.chosen_from,
        "at_edges": [value.name for value in one.at_edges],
        "at_bounds": best.learned.get("at_bounds") if best.learned is not None else None,
        "validation_loss": best.value,
        "search_loss": _search_loss(one),
        "test": _test(one),
        "vs_uniform": against.to_dict() if against is not None else None,
        "plateau": _plateau(one, noise),
        "optimum": _optimum(one, noise, fitted_optimum),
        "joint_optimum": _optimum(one, noise, joint_optimum),
        "training_s": float(np.mean(times)) if times else best.training_s or 0.0,
    }


def _search_loss(one: ArmTrials) -> float | None:
    """Return the short training's loss, where the best was trained again in full."""
    if one.best.phase is not Phase.PROMOTION or one.arm.record.chosen_from is not None:
        return None
    alike = (t for t in one.searched if is_result(t) and t.point == one.best.point)
    return next((trial.value for trial in alike), None)


def _plateau(one: ArmTrials, noise: Noise | None) -> Json | None:
    """Return the plateau among full trainings: the noise of short ones is unknown.

    Of fewer trainings than a valley has to be drawn with, none is shown.
    """
    ended, d = one.full_trainings, one.arm.space.dimension
    n_least = LEAST_ON_A_LINE if d == 1 else 3 * d + 3
    if noise is None or not one.has_own_best or len(ended) < n_least:
        return None
    found = plateau.plateau_of(
        one.arm.space,
        [trial.point for trial in ended],
        [trial.value or 0.0 for trial in ended],
        one.best.point,
        noise,
    )
    return asdict(found) if found is not None else None


def _optimum(one: ArmTrials, noise: Noise | None, fit: _Fit) -> Json | None:
    """Return the optimum of a valley through the full trainings of a search."""
    if noise is None or not one.has_own_best:
        return None
    ended = one.full_trainings
    points, losses = [t.point for t in ended], [t.value or 0.0 for t in ended]
    found = fit(one.arm.space, points, losses, noise)
    return asdict(found) if found is not None else None


def _test(one: ArmTrials) -> Json | None:
    if not one.tested:
        return None
    losses = list(one.losses.values())
    counted = one.losses
    kept = [t.metrics for t in one.tested if t.metrics and t.number in counted]
    names = in_order(dict.fromkeys(name for metrics in kept for name in metrics))
    # A metric that is not finite for a seed is missing there.
    values = {name: [own[name] for own in kept if name in own] for name in names}
    summary = statistics.summarize(losses) if losses else None
    return {
        "n": len(losses),
        "n_diverged": one.failures.n_diverged,
        "n_collapsed": one.failures.n_collapsed,
        "n_failed": one.failures.n_failed,
        "losses": losses,
        "loss_mean": summary.mean if summary else None,
        "loss_sd": summary.sd if summary else None,
        "loss_low": summary.low if summary else None,
        "loss_high": summary.high if summary else None,
        "metrics": {name: float(np.mean(own)) for name, own in values.items()},
        "metric_intervals": {
            name: interval_of_mean(own) for name, own in values.items() if name not in OF_THE_SPLIT
        },
    }
