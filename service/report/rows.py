"""The report's row for each arm: its density, its losses, its difference to uniform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from service.records import Json, Trial
from service.report import plateau, statistics
from service.report.attribution import UNIFORM
from service.report.plateau import Noise
from service.report.statistics import Comparison
from service.states import Phase, Role
from service.studies import best_densities
from service.studies.layer_groups import WHOLE
from service.studies.resolved import ResolvedSpec
from service.studies.study_run import StudyRun, is_result
from service.tasks.metric_names import in_order

# Studies that depend on the spec alone. A speculation depends on which workers were idle: it is
# shown, but no other figure is computed from it.
ROLES = (Role.SEARCH, Role.CONTROL, Role.TUNED)


@dataclass(frozen=True, slots=True)
class Against:
    """An arm compared with uniform.

    Attributes:
        comparison: The uncorrected comparison.
        p_holm: p after Holm's correction over all arms that depend on the spec alone; None for
            other arms, and with one seed.
        n_compared: Number of arms in the correction.
    """

    comparison: Comparison
    p_holm: float | None
    n_compared: int

    def to_dict(self) -> Json:
        """Return all fields as one flat object."""
        corrected = {"p_holm": self.p_holm, "n_compared": self.n_compared}
        return asdict(self.comparison) | corrected


@dataclass(frozen=True)
class ArmTrials:
    """An arm with its trials.

    Attributes:
        best: The trial that represents the arm.
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
        """Test losses of completed trainings by the index of their seed."""
        return {
            int(trial.number): trial.value
            for trial in self.tested
            if is_result(trial) and trial.number is not None and trial.value is not None
        }


def arms_with_trials(arms: Sequence[StudyRun], trials: Sequence[Trial]) -> list[ArmTrials]:
    """Return the arms that have a best trial, with their trials."""
    by_id = {trial.id: trial for trial in trials}
    found = []
    for arm in arms:
        own = [trial for trial in trials if trial.study_id == arm.record.id]
        searched = [t for t in own if t.phase is Phase.SEARCH and t.number is not None]
        searched.sort(key=lambda trial: trial.number or 0)
        promoted = [trial for trial in own if trial.phase is Phase.PROMOTION]
        tested = [trial for trial in own if trial.phase is Phase.EVALUATION]
        if arm.record.best_trial_id is not None:
            best = by_id[arm.record.best_trial_id]
            found.append(ArmTrials(arm, best, searched, promoted, tested))
    return found


def compare_with_uniform(found: Sequence[ArmTrials]) -> dict[str, Against]:
    """Compare each arm with uniform on the seeds that both completed; by the arm's name."""
    losses = {one.name: one.losses for one in found}
    uniform = losses.pop(UNIFORM, {})
    compared: dict[str, Comparison] = {}
    for name, own in losses.items():
        shared = sorted(own.keys() & uniform.keys())
        if shared:
            compared[name] = statistics.compare(
                [own[i] for i in shared], [uniform[i] for i in shared]
            )
    roles = {one.name: one.arm.record.role for one in found}
    ps = {n: c.p for n, c in compared.items() if roles[n] in ROLES and c.p is not None}
    corrected = dict(zip(ps, statistics.holm(list(ps.values())), strict=True))
    return {n: Against(c, corrected.get(n), len(ps)) for n, c in compared.items()}


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
    densities = best_densities.densities_of(resolved, arms, one.arm, best)
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
        "at_bounds": best.learned.get("at_bounds") if best.learned is not None else None,
        "validation_loss": best.value,
        "search_loss": _search_loss(one),
        "test": _test(one),
        "vs_uniform": against.to_dict() if against is not None else None,
        "plateau": _plateau(one, noise),
        "training_s": float(np.mean(times)) if times else best.training_s or 0.0,
    }


def _search_loss(one: ArmTrials) -> float | None:
    """Return the short training's loss, where the best was trained again in full."""
    if one.best.phase is not Phase.PROMOTION or one.arm.record.chosen_from is not None:
        return None
    alike = (t for t in one.searched if is_result(t) and t.point == one.best.point)
    return next((trial.value for trial in alike), None)


def _plateau(one: ArmTrials, noise: Noise | None) -> Json | None:
    """Return the plateau among full trainings: the noise of short ones is unknown."""
    ended = [trial for trial in one.promoted or one.searched if is_result(trial)]
    if noise is None or one.best not in ended:
        return None
    found = plateau.plateau_of(
        one.arm.space,
        [trial.point for trial in ended],
        [trial.value or 0.0 for trial in ended],
        one.best.point,
        noise,
    )
    return asdict(found) if found is not None else None


def _test(one: ArmTrials) -> Json | None:
    if not one.tested:
        return None
    losses = list(one.losses.values())
    kept = [trial.metrics for trial in one.tested if trial.metrics and not trial.is_diverged]
    summary = statistics.summarize(losses) if losses else None
    return {
        "n": len(losses),
        "n_diverged": sum(trial.is_diverged for trial in one.tested),
        "losses": losses,
        "loss_mean": summary.mean if summary else None,
        "loss_sd": summary.sd if summary else None,
        "loss_low": summary.low if summary else None,
        "loss_high": summary.high if summary else None,
        # A metric that is not finite for a seed is missing there.
        "metrics": in_order(
            {
                name: float(np.mean([metrics[name] for metrics in kept if name in metrics]))
                for name in {name for metrics in kept for name in metrics}
            }
        ),
    }
