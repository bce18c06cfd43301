"""What follows a search: its best in full (promotion), then with fresh seeds on the test split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from service.records import Trial
from service.samplers import Certainty
from service.spec import JobSpec, is_training
from service.states import JobState, Phase, Role
from service.storage import densities
from service.studies import payloads, planning
from service.studies.study_run import Arm, best_of, better_speculation, is_result

if TYPE_CHECKING:
    from service.orchestration.run import Run

MEDIA_TYPE = "application/vnd.safetensors"
# Trials stored at once: hundreds of arms with a hundred seeds each would block the database.
MOST_AT_ONCE = 50


def keeps_weights(spec: JobSpec, trial: Trial) -> bool:
    """Whether a trial's folded network is kept: that of each arm's first evaluation."""
    return is_training(spec) and trial.phase is Phase.EVALUATION and trial.number == 0


# Promotion


def may_be_continued(spec: JobSpec, trial: Trial) -> bool:
    """Whether the training of a trial may be continued by the one that promotes it."""
    return trial.phase is Phase.SEARCH and planning.promotions_continue(spec)


def promote(session: Session, run: Run, arm: Arm) -> bool:
    """Issue some of the full trainings of an arm's best that are missing.

    Returns:
        Whether all of them have been issued and have ended; True where nothing is promoted.
    """
    if run.spec.fidelity is None:
        return True
    if arm.chosen is None:
        arm.chosen = _chosen(run, arm)
    n_issued = len(arm.promotions)
    missing = arm.chosen[n_issued : n_issued + MOST_AT_ONCE]
    if missing:
        run.issue(session, [_promotion(run, arm, t, n) for n, t in enumerate(missing, n_issued)])
        arm.is_dirty = True
        return False
    return all(run.log.trials[trial_id].state.is_final for trial_id in arm.promotions)


def _chosen(run: Run, arm: Arm) -> list[Trial]:
    """Return the best of a search, each training once."""
    if arm.study.role is Role.SPECULATION:
        found = speculation_of(run, arm)
        return [found] if found is not None else []
    done = [run.log.trials[trial_id] for trial_id in arm.log]
    done = [t for t in done if is_result(t) and t.number is not None]
    by_digest: dict[str, Trial] = {}
    for trial in sorted(done, key=lambda t: (t.value, t.number, t.id)):
        by_digest.setdefault(trial.digest, trial)
    n = run.spec.fidelity.promote if run.spec.fidelity is not None else 0
    return list(by_digest.values())[:n]


def _promotion(run: Run, arm: Arm, trial: Trial, rank: int) -> dict[str, object]:
    # A speculation's points are those of the study that it was run ahead of.
    source = run.log.arm_of(trial)
    order = run.order(source, trial.point, is_full=True)
    row = run.row(arm.study, order, Phase.PROMOTION)
    return row | {"number": rank, "certainty": Certainty.CERTAIN, "point": trial.point}


def best_in_full(run: Run, arm: Arm) -> Trial | None:
    """Return what an arm is judged by: its best promotion, or the best of its search.

    Of a `gradient` study the training itself; of a speculation the extra trial.
    """
    if run.spec.fidelity is not None:
        return best_of(run.log.trials[trial_id] for trial_id in arm.promotions)
    return speculation_of(run, arm) if arm.study.role is Role.SPECULATION else arm.best


def speculation_of(run: Run, arm: Arm) -> Trial | None:
    """Return the extra trial that a speculation arm stands for, if one was better."""
    parent = next(other for other in run.arms if other.study.name in arm.waits_for)
    return better_speculation(parent, run.log.trials.values())


# Evaluation


def n_missing(run: Run) -> int:
    """Count the evaluation's trials that are not stored yet; 0 before it begins."""
    if run.job.state is not JobState.EVALUATING:
        return 0
    return max(0, run.spec.evaluation.n_seeds * len(_judged(run)) - run.log.n_evaluations)


def _judged(run: Run) -> list[Arm]:
    return [arm for arm in run.arms if arm.study.best_trial_id is not None]


def issue(session: Session, run: Run) -> bool:
    """Store some of the evaluation's missing trials: every arm is trained with the same seeds.

    They are issued in a fixed order, so that after a pause, or in another dispatcher, their number
    determines which are missing.

    Returns:
        Whether any was missing.
    """
    judged, n_issued = _judged(run), run.log.n_evaluations
    n_now = min(n_missing(run), MOST_AT_ONCE)
    if n_now == 0:
        return False
    rows, links = [], []
    for place in range(n_issued, n_issued + n_now):
        index, arm = place // len(judged), judged[place % len(judged)]
        rows.append(_evaluation(run, arm, index))
        links.append((arm.study.id, index))
    issued = run.issue(session, rows)
    densities.insert_evaluations(
        session,
        [
            {
                "job_id": run.job.id,
                "study_id": study_id,
                "seed_index": index,
                "trial_id": trial.id,
            }
            for (study_id, index), trial in zip(links, issued, strict=True)
        ],
    )
    return True


def _evaluation(run: Run, arm: Arm, index: int) -> dict[str, object]:
    best = run.log.trials[arm.study.best_trial_id or 0]
    order = payloads.evaluated(run.spec, best.params, best.payload, index, best.learned)
    row = run.row(arm.study, order, Phase.EVALUATION)
    return row | {"number": index, "certainty": Certainty.CERTAIN, "point": best.point}


def keep_artifact(session: Session, run: Run, trial: Trial, weights: tuple[str, int, str]) -> None:
    """Store the entry of a network's folded weights, whose file is already on disk."""
    path, n_bytes, sha256 = weights
    densities.put_artifact(
        session,
        {
            "job_id": run.job.id,
            "trial_id": trial.id,
            "name": f"{run.log.arm_of(trial).study.name}.safetensors",
            "media_type": MEDIA_TYPE,
            "path": path,
            "n_bytes": n_bytes,
            "sha256": sha256,
        },
    )


def share_artifact(session: Session, run: Run, trial: Trial, source: Trial) -> None:
    """Let a trial that took another's result point to the same file."""
    for artifact in densities.artifacts_of_trial(session, source.id):
        keep_artifact(session, run, trial, (artifact.path, artifact.n_bytes, artifact.sha256))
