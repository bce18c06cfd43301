"""Promotion and confirmation: the best trials of a study are trained again before one is chosen.

In full where the study searched with short trainings, and with further seeds where the spec has
several validation seeds.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

from sqlalchemy.orm import Session

from service import samplers
from service.orchestration import issue
from service.orchestration.run import Run
from service.records import Trial
from service.states import Phase, Role
from service.studies import audit, planning
from service.studies.finalists import best_finalist
from service.studies.resolved import ResolvedSpec, TrainingJob
from service.studies.study_run import StudyRun, best_of, better_speculation, is_result


def may_be_continued(resolved: ResolvedSpec, trial: Trial) -> bool:
    """Whether the training of a trial may be continued by the one that promotes it."""
    is_continued = isinstance(resolved, TrainingJob) and resolved.promotions_continue
    return trial.phase is Phase.SEARCH and is_continued


def promote(session: Session, run: Run, study: StudyRun) -> bool:
    """Issue some of the trainings of a study's best that are missing.

    Returns:
        Whether all of them have been issued and have ended; True where nothing is trained again.
    """
    seeds = _seed_indices(run, study)
    if not seeds:
        return True
    if study.chosen is None:
        study.chosen = finalists(run, study)
    wanted = list(product(seeds, range(len(study.chosen))))
    issued = [*study.promotions, *study.confirmations]
    missing = wanted[len(issued) : len(issued) + issue.MOST_AT_ONCE]
    if missing:
        issue.issue(session, run, [_again(run, study, index, rank) for index, rank in missing])
        study.is_dirty = True
        return False
    return all(run.log.trials[trial_id].state.is_final for trial_id in issued)


def _seed_indices(run: Run, study: StudyRun) -> range:
    """Return with which of the validation seeds the best of a study are trained again.

    A short training is repeated in full with the search's own seed. What a gradient training
    learns differs by seed, and a speculation is shown for one seed: both have no further ones.
    """
    first = 0 if run.spec.fidelity is not None else 1
    is_alone = study.record.role is Role.SPECULATION or samplers.is_learned(study.record.sampler)
    n_seeds = planning.validation_seeds_of(run.spec, study.record.name)
    return range(first, 1 if is_alone else n_seeds)


def finalists(run: Run, study: StudyRun) -> list[Trial]:
    """Return the best of a study's search, each training once: those that are trained again.

    After the best those that audit the short trainings, in the order of their short losses.
    """
    if study.record.role is Role.SPECULATION:
        found = speculation_of(run, study)
        return [found] if found is not None else []
    done = _results(run, study.log)
    by_digest: dict[str, Trial] = {}
    for trial in sorted(done, key=lambda t: (t.value, t.number, t.id)):
        by_digest.setdefault(trial.digest, trial)
    ranked, short = list(by_digest.values()), run.spec.fidelity
    if short is None:
        return ranked[: planning.N_FINALISTS]
    best, others = ranked[: short.promote], ranked[short.promote :]
    return [*best, *audit.drawn(study.record, others, short.audit)]


def _results(run: Run, ids: Iterable[int]) -> list[Trial]:
    found = (run.log.trials[trial_id] for trial_id in ids)
    return [t for t in found if is_result(t) and t.number is not None]


def _again(run: Run, study: StudyRun, seed_index: int, rank: int) -> dict[str, object]:
    chosen = study.chosen or []
    trial = chosen[rank]
    # A speculation's points are those of the study that it was run ahead of.
    source = run.log.study_of(trial)
    order = issue.order_of(run, source, trial.point, is_full=True, seed_index=seed_index)
    phase = Phase.PROMOTION if seed_index == 0 else Phase.CONFIRMATION
    number = max(seed_index - 1, 0) * len(chosen) + rank
    return issue.row_of(run, study, phase, order, trial.point, number)


def best_in_full(run: Run, study: StudyRun) -> Trial | None:
    """Return what a study is judged by: its best promotion, or the best of its search.

    Its value is the mean over the validation seeds. Of a `gradient` study the training itself; of
    a speculation the extra trial.
    """
    if not study.confirmations:
        return _best_of_one_seed(run, study)
    ids = study.promotions if run.spec.fidelity is not None else study.log
    again = [run.log.trials[trial_id] for trial_id in study.confirmations]
    points = {tuple(trial.point) for trial in again}
    firsts = [trial for trial in _results(run, ids) if tuple(trial.point) in points]
    return best_finalist(firsts, again, run.spec.diverged_value)


def _best_of_one_seed(run: Run, study: StudyRun) -> Trial | None:
    if run.spec.fidelity is not None:
        return best_of(run.log.trials[trial_id] for trial_id in study.promotions)
    if study.record.role is Role.SPECULATION:
        return speculation_of(run, study)
    if study.record.is_finished:
        # It is opened again: the pruning rule, which settles results one by one, is not applied.
        return best_of(run.log.trials[trial_id] for trial_id in study.log)
    return study.best


def speculation_of(run: Run, study: StudyRun) -> Trial | None:
    """Return the extra trial that a speculation study stands for, if one was better."""
    parent = run.study(study.waits_for[0])
    return better_speculation(parent, run.log.trials.values())
