"""How much a job trains: its trainings by kind, and how many must follow one another."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

from service import samplers
from service.pruning_sections import MedianPruning, Pruning
from service.spec import Choices, Evaluation, JobSpec
from service.states import Role
from service.studies import halving, looks, planning
from service.studies.planning import PlannedStudy
from service.studies.resolved import FunctionJob, ResolvedSpec, TrainingJob
from service.studies.spaces import centre_of

SEARCH, TUNED, CONTROL, PROMOTION, CONFIRMATION, EVALUATION = (
    "search", "tuned", "control", "promotion", "confirmation", "evaluation"
)  # fmt: skip
KINDS = {Role.SEARCH: SEARCH, Role.TUNED: TUNED, Role.CONTROL: CONTROL}
# Dividing a box asks for two points at once, at least.
LEAST_DIVISION = 2


@dataclass(frozen=True, slots=True)
class Trainings:
    """Trainings of one kind.

    Attributes:
        kind: search, tuned, control, promotion, confirmation or evaluation.
        n: Their largest number: a training that is known, or occurs twice, is not repeated.
        n_least: Of these, how many are trained whatever the searches find, and however soon the
            looks of the evaluation decide.
        n_usual: How many there usually are.
        epochs: Of each: the least, the usual and the most.
        is_full: Whether they decide: all epochs, in full precision.
    """

    kind: str
    n: int
    n_least: int
    n_usual: int
    epochs: tuple[int, int, int]
    is_full: bool


def trainings_of(resolved: ResolvedSpec) -> list[Trainings]:
    """Count the trainings of a job, those kinds that it has."""
    spec, studies = resolved.spec, resolved.studies
    counted: Counter[str] = Counter()
    for study in studies:
        counted.update(_on_validation(spec, study))
    counted[EVALUATION] = spec.evaluation.n_seeds * len(studies)
    n_tuned, n_luck = (
        sum(study.role is role for study in studies) for role in (Role.TUNED, Role.SPECULATION)
    )
    least, usual = _seeds_of(spec.evaluation)
    # A tuned control's training at the job's own rate is that of its plain one.
    n_least = {
        TUNED: counted[TUNED] - n_tuned,
        PROMOTION: counted[PROMOTION] - n_tuned,
        CONFIRMATION: counted[CONFIRMATION] - n_tuned * (spec.validation_seeds - 1),
        EVALUATION: least * (len(studies) - n_tuned - n_luck),
    }
    epochs = {kind: epochs_of(resolved, is_full=False) for kind in KINDS.values()}
    decides = (PROMOTION, CONFIRMATION, EVALUATION)
    epochs |= dict.fromkeys(decides, epochs_of(resolved, is_full=True))
    epochs[PROMOTION] = _promoted(resolved)
    return [
        Trainings(
            kind,
            n,
            max(n_least.get(kind, n), 0),
            round(usual * len(studies)) if kind == EVALUATION else n,
            epochs[kind],
            kind in decides,
        )
        for kind, n in counted.items()
        if n
    ]


def share_of_controls(resolved: ResolvedSpec) -> float:
    """Return the usual share of a job's trainings that its controls take, in [0, 1]."""
    spec = resolved.spec
    _, n_seeds = _seeds_of(spec.evaluation)
    sizes = [(s.role, n_seeds + sum(_on_validation(spec, s).values())) for s in resolved.studies]
    of_controls = sum(n for role, n in sizes if role in (Role.CONTROL, Role.TUNED))
    return of_controls / max(sum(n for _, n in sizes), 1)


def _on_validation(spec: JobSpec, study: PlannedStudy) -> dict[str, int]:
    """Count a study's trainings before the evaluation, by kind: of its search, of its best again.

    A speculation has none of its own that are sure.
    """
    if study.role not in KINDS:
        return {}
    found = {KINDS[study.role]: study.n_trials}
    n_best = planning.n_finalists(spec, study.n_trials)
    if spec.fidelity is not None:
        found[PROMOTION] = n_best
    if not samplers.is_learned(study.sampler):
        n_seeds = planning.validation_seeds_of(spec, study.name)
        found[CONFIRMATION] = n_best * (n_seeds - 1)
    return found


def _seeds_of(evaluation: Evaluation) -> tuple[int, float]:
    """Return the least and the usual number of seeds of an evaluation in planned looks."""
    planned = tuple(evaluation.looks or ())
    if len(planned) < 2:
        return evaluation.n_seeds, evaluation.n_seeds
    return planned[0], looks.expected_seeds(planned)


def _promoted(resolved: ResolvedSpec) -> tuple[int, int, int]:
    """Return the epochs of a promotion: at most all, without those that it can continue from."""
    low, usual, high = epochs_of(resolved, is_full=True)
    fidelity = resolved.spec.fidelity
    is_continued = isinstance(resolved, TrainingJob) and resolved.promotions_continue
    if fidelity is None or not is_continued:
        return (low, usual, high)
    # The end of an audited training is not kept: it is not among the best.
    part = fidelity.search_fraction
    known = fidelity.promote / (fidelity.promote + fidelity.audit)
    low, usual = (n - round(known * planning.short_epochs(n, part)) for n in (low, usual))
    return (low, usual, high)


def epochs_of(resolved: ResolvedSpec, *, is_full: bool) -> tuple[int, int, int]:
    """Return the least, the usual and the most epochs of a training; 1 for a function's call."""
    if isinstance(resolved, FunctionJob):
        return (1, 1, 1)
    spec = resolved.spec
    low = usual = high = resolved.training.epochs
    wanted = spec.search.get("epochs")
    if isinstance(wanted, Choices):
        values = sorted(int(choice) for choice in wanted.choices)
        low, usual, high = values[0], values[len(values) // 2], values[-1]
    elif wanted is not None:
        low, high = int(wanted.low), int(wanted.high)
        usual = round(math.sqrt(low * high) if wanted.log else (low + high) / 2)
    if is_full:
        return (low, usual, high)
    if spec.fidelity is not None:
        part = spec.fidelity.search_fraction
        low, usual, high = (planning.short_epochs(n, part) for n in (low, usual, high))
    if spec.pruning is not None:
        low = min(low, _epochs_when_pruned(spec.pruning, low))
    return (low, usual, high)


def _epochs_when_pruned(pruning: Pruning, epochs: int) -> int:
    """Return the least mean number of epochs of a training, that of large rounds."""
    if isinstance(pruning, MedianPruning):
        # The rule stops what is above the median: half of them, soon at the best.
        return math.ceil((epochs + pruning.warmup_epochs + 1) / 2)
    mean, part, last = 0.0, 1.0, 0
    for rung in (*halving.rungs(pruning.eta, pruning.min_epochs, epochs), epochs):
        mean += part * (rung - last)
        part, last = part / pruning.eta, rung
    return math.ceil(mean)


def rounds_of(spec: JobSpec, study: PlannedStudy) -> tuple[int, int]:
    """Return how many trainings of a study follow one another, at least and at most.

    The least number needs enough workers, and all guesses of DIRECT to be right. The largest has
    every division of a box wait for the one before, each of the smallest size.
    """
    if study.role not in (Role.SEARCH, Role.TUNED):
        return (1, 1)
    info, n = samplers.describe(study.sampler), study.n_trials
    can = info.capabilities
    if not can.adaptive:
        return (1, 1)
    if not can.parallel:
        return (n, n)
    if can.speculative:
        return (1, n if info.has_local_phase else math.ceil(n / LEAST_DIVISION))
    n_rounds = math.ceil(n / planning.sampler_of(spec, study.sampler).batch_size)
    return (n_rounds, n_rounds)


def n_together(resolved: ResolvedSpec, trainings: Trainings, width: int, n_workers: int) -> float:
    """Return how many trainings of a kind usually share a worker, from 1 to `width`.

    Only trainings that wait at the same time can: those of one round of each search; in the
    evaluation those of all studies for one seed.
    """
    spec, studies = resolved.spec, resolved.studies
    if trainings.kind in (SEARCH, TUNED):
        rounds = [(s.n_trials, *rounds_of(spec, s)) for s in studies if _is_of(s, trainings.kind)]
        n_at_once = sum(n / math.sqrt(least * most) for n, least, most in rounds)
    else:
        n_at_once = trainings.n
    if trainings.kind == EVALUATION:
        width = min(width, len(studies))
    return min(max(n_at_once / n_workers, 1.0), width)


def _is_of(study: PlannedStudy, kind: str) -> bool:
    return KINDS.get(study.role) == kind


def chain_of(resolved: ResolvedSpec) -> tuple[int, int, int]:
    """Return the number of trainings that must follow one another before the evaluation.

    Returns:
        Trainings of a search, at least and at most, the one that it waits for and a control that
        waits for it included; and trainings of the best again.
    """
    spec = resolved.spec
    rounds = {study.name: rounds_of(spec, study) for study in resolved.studies}
    before = {name: source for name in rounds if (source := centre_of(spec, name)) is not None}
    for name, source in before.items():
        rounds[name] = (rounds[name][0] + rounds[source][0], rounds[name][1] + rounds[source][1])
    least, most = (max(ends) for ends in zip(*rounds.values(), strict=True))
    flat = planning.control_of(spec, "flat")
    n_after = int(flat is not None and flat.factor is None)
    is_chosen_again = spec.fidelity is not None or spec.validation_seeds > 1
    n_again = 1 + bool(before) + n_after if is_chosen_again else 0
    return least + n_after, most + n_after, n_again
