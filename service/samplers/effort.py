"""Formulas of the built-in samplers' `densearch.sampler.Effort`, in terms of a study.

The costliest ask is the one that rebuilds the sampler from its log. Each formula was fitted to
measurements (benchmarks/ask_cost.py compares them) and is right within a factor of about three.
"""

from __future__ import annotations

import math
from typing import Any

from densearch.sampler import Effort, StudyPlan
from service.samplers.sections import TpeOptions

# The import of Optuna, of Optuna's Gaussian process with torch, of Ray Tune's searchers.
OPTUNA, OPTUNA_GP, TUNE = 1e6, 3e6, 3e6


def log_bytes(study: StudyPlan) -> float:
    """Memory of a sampler's copy of the log."""
    return study.n_trials * (400.0 + 40.0 * study.dimension)


def _round_of(study: StudyPlan) -> int:
    return min(study.batch_size, study.n_trials)


def _tpe_options(study: StudyPlan) -> TpeOptions:
    """Not validated: the limits on asks are sought by trying values (`ask_limits`)."""
    given: dict[str, Any] = dict(study.options)
    return TpeOptions.model_construct(**given)


def of_known(study: StudyPlan) -> Effort:
    """Points that are drawn one by one, 256 at a time."""
    return Effort(256 * (10.0 + 0.05 * study.dimension), log_bytes(study))


def of_sobol(study: StudyPlan) -> Effort:
    """As `of_known`; the generator holds a matrix of 64 numbers for each coordinate."""
    work = 256 * (40.0 + 0.2 * study.dimension) + 50.0 * study.dimension
    return Effort(work, log_bytes(study) + 1000.0 * study.dimension)


def of_grid(study: StudyPlan) -> Effort:
    """A grid is enumerated from its start, in exact fractions."""
    return Effort(study.n_trials * (2.0 + study.dimension), 2.0 * log_bytes(study))


def of_gradient(study: StudyPlan) -> Effort:
    """One training."""
    return Effort(study.n_trials * 1.0, log_bytes(study))


def of_direct(study: StudyPlan) -> Effort:
    """NLopt runs twice over all values; it holds the boxes, and the ledger the points' bytes."""
    n, d = study.n_trials, study.dimension
    return Effort(2.0 * n * (0.7 + 0.025 * d), log_bytes(study) + n * 40.0 * d)


def of_bobyqa(study: StudyPlan) -> Effort:
    """As `of_direct`, and a descent from its start: each step updates a (2d, d) matrix."""
    direct, n, d = of_direct(study), study.n_trials, study.dimension
    return Effort(direct.work + 0.1 * n * d * d, direct.memory_bytes + 200.0 * d * d)


def of_model(study: StudyPlan) -> Effort:
    """As `of_direct`, and a system of 251 + d equations for each model point."""
    direct, size = of_direct(study), 251.0 + study.dimension
    if study.dimension < 3:
        return direct
    return Effort(direct.work + 6000.0 + 3e-4 * size**3, direct.memory_bytes + 40.0 * size**2)


def of_tpe(study: StudyPlan) -> Effort:
    """Each proposal compares every candidate with every trial, coordinate by coordinate."""
    n, d = float(study.n_trials), float(study.dimension)
    options = _tpe_options(study)
    pairs = options.n_ei_candidates * n * d
    each = 500.0 + 20.0 * n + d * (1000.0 + 5.0 * n) + 0.08 * pairs
    whole = _round_of(study) * each * (1.0 if options.multivariate else 2.0)
    return Effort(OPTUNA + n * (30.0 + 5.0 * d) + whole, 3.0 * log_bytes(study) + 26.0 * pairs)


def of_gp(study: StudyPlan) -> Effort:
    """Each proposal fits n by n matrices again and again; the coordinates' distances are kept."""
    n, d = float(study.n_trials), float(study.dimension)
    each = (2e5 + 9.0 * n**2 + 3e-3 * n**3) * (1.0 + d / 20.0)
    memory = 1e8 + 30.0 * n**2 * max(d, 8.0)
    return Effort(OPTUNA_GP + _round_of(study) * each, 3.0 * log_bytes(study) + memory)


def of_cmaes(study: StudyPlan) -> Effort:
    """All generations are replayed; points outside the box are redrawn, 10 d times."""
    n, d = study.n_trials, study.dimension
    size = max(study.batch_size, 4 + math.floor(3 * math.log(d)))
    told = math.ceil(n / size) * 2e-3 * d**3 + n * (30.0 + 0.2 * d)
    drawn = min(size, n) * 10.0 * d * (10.0 + 8e-4 * d * d)
    return Effort(told + drawn, log_bytes(study) + 100.0 * d * d)


def of_hyperopt(study: StudyPlan) -> Effort:
    """Its searcher is replayed for the whole study; every proposal reads all trials."""
    n, d = float(study.n_trials), float(study.dimension)
    return Effort(TUNE + n * (2000.0 + d * (1000.0 + 4.0 * n)), 4.0 * log_bytes(study))


def of_bayesopt(study: StudyPlan) -> Effort:
    """A Gaussian process of scikit-learn, fitted to all trials."""
    n, d = float(study.n_trials), float(study.dimension)
    return Effort(TUNE + 1e6 + (4.0 * n**2 + 1e-3 * n**3) * (1.0 + d / 20.0), 200.0 * n**2 + 1e8)


def of_nevergrad(study: StudyPlan) -> Effort:
    """Its searcher is replayed for the whole study."""
    n, d = float(study.n_trials), float(study.dimension)
    return Effort(TUNE + n * (1000.0 + 50.0 * d), 10.0 * log_bytes(study))


def of_ax(study: StudyPlan) -> Effort:
    """Its searcher is replayed for the whole study, each time with a Gaussian process."""
    n, d = float(study.n_trials), float(study.dimension)
    return Effort(2.0 * TUNE + n * (1e5 + 2e4 * d), 5e8 + 30.0 * n**2 * max(d, 8.0))
