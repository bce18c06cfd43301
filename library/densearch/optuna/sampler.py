"""An Optuna sampler that visits what sequential NLopt visits, in any number of processes.

Nothing is kept but the study's trials: each process makes the search again from them, and a note
on a trial says which point it evaluates (`densearch.optuna.claims`). How trials count is the table
of `densearch.optuna.standing`.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from densearch.direct_l.arguments import finite, whole
from densearch.direct_l.box import Point
from densearch.direct_l.configurations import ConfigurationSearch, study_of
from densearch.direct_l.exact import MAGIC_EPS, MOST_TRIALS
from densearch.direct_l.parallel import FAILED_VALUE
from densearch.direct_l.parameters import Place, UnsearchableParameterError
from densearch.optuna.claims import Claim, StudySpace, is_ours, note
from densearch.optuna.distributions import digest_of, is_searchable, parameter_of, space_of
from densearch.optuna.standing import Rules, StudyValues, standing_of

N_ATTEMPTS = 3

# A trial that loses so many points to others takes the last one all the same.
MOST_CLAIMS = 100

_Search = ConfigurationSearch[Place]


class DirectLSampler(BaseSampler):
    """DIRECT-L for a study with one objective.

    The points are those that NLopt's GN_DIRECT_L visits when it runs alone, whatever the number of
    threads (`n_jobs`) and processes, the order in which trials end, and restarts. Trials that
    would idle get points that the sequence is likely to need. The coordinates are the parameters
    in the order of their names.

    Example:
        >>> import optuna
        >>> from optuna.distributions import FloatDistribution
        >>> optuna.logging.set_verbosity(optuna.logging.WARNING)
        >>> space = {"alpha": FloatDistribution(0, 2), "lr": FloatDistribution(1e-4, 1, log=True)}
        >>> study = optuna.create_study(sampler=DirectLSampler(space, n_trials=30))
        >>> study.optimize(lambda t: (t.suggest_float("alpha", 0, 2) - 1.3) ** 2
        ...                + t.suggest_float("lr", 1e-4, 1, log=True))
        >>> len(study.sampler.sequence(study))
        30

    Thread safety: one sampler may serve several threads and several studies.

    Args:
        search_space: A distribution for each parameter. By default those of the first trial that
            has ended: until then every trial evaluates the middle, so give it where several run
            at once.
        n_trials: Length of the sequence: `Study.optimize` ends with it. None for no end.
        magic_eps: Jones' epsilon, at least 0 and finite. NLopt's own default is 0.
        bound: A true bound of the objective, such as 0 of a loss that is minimised, or 1 of an
            accuracy that is maximised; None if none is known. It makes more points certain in few
            dimensions, and changes none.
        failed_value: What the search works with where a trial failed; finite, and worse than
            every value: of a study that maximises, its negative is.
        n_attempts: How many trials of a point must fail until it counts as failed, at least 1.
        independent_sampler: Draws parameters that the search space does not hold, such as
            categories. Without one they are an error. With one the search is over what is left:
            the drawn parameters are noise to it.

    Raises:
        UnsearchableParameterError: A distribution of `search_space` is categorical.
        ValueError: Another argument is outside its range, or `search_space` has nothing to search;
            the message names it.
        TypeError: An argument is of another kind; the message names it.

    Source: Gablonsky and Kelley (2001), as NLopt implements it. Checked against NLopt by
    tests/unit/library/densearch/optuna/sampler_test.py.
    """

    def __init__(
        self,
        search_space: Mapping[str, BaseDistribution] | None = None,
        *,
        n_trials: int | None = None,
        magic_eps: float = MAGIC_EPS,
        bound: float | None = None,
        failed_value: float = FAILED_VALUE,
        n_attempts: int = N_ATTEMPTS,
        independent_sampler: BaseSampler | None = None,
    ) -> None:
        self._space = None if search_space is None else dict(search_space)
        for name, distribution in (self._space or {}).items():
            parameter_of(name, distribution)
        if self._space is not None and not any(map(is_searchable, self._space.values())):
            raise ValueError(
                "search_space has nothing to search: name a parameter with more than one value, "
                "or leave search_space out"
            )
        length = MOST_TRIALS if n_trials is None else n_trials
        self._n_trials = whole("n_trials", length, most=MOST_TRIALS)
        self._magic_eps = finite("magic_eps", magic_eps, least=0.0)
        self._bound = None if bound is None else finite("bound", bound)
        self._failed_value = finite("failed_value", failed_value)
        self._n_attempts = whole("n_attempts", n_attempts)
        if not isinstance(independent_sampler, BaseSampler | None):
            raise TypeError(f"independent_sampler is no sampler: {independent_sampler!r:.100}")
        self._independent = independent_sampler
        self._kept: tuple[str, _Search] | None = None
        self._lock = Lock()

    def __getstate__(self) -> dict[str, object]:
        """Leave out what is made again: the lock, and the search that the trials determine."""
        return {**self.__dict__, "_lock": None, "_kept": None}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock = Lock()

    def reseed_rng(self) -> None:
        """See `BaseSampler`; DIRECT-L draws nothing."""
        if self._independent is not None:
            self._independent.reseed_rng()

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Refuse a study with several objectives, whatever its trials suggest."""
        del trial
        self._raise_error_if_multi_objective(study)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the parameters that are searched; none before a first trial has ended."""
        del trial
        self._raise_error_if_multi_objective(study)
        return self._searched(study.get_trials(deepcopy=False))

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the values of a point that no other trial has."""
        self._raise_error_if_multi_objective(study)
        if not search_space:
            return {}
        space = StudySpace(digest_of(search_space), space_of(search_space))
        place = space.parameters.place(self._point_for(study, trial, space))
        return dict(space.parameters.named(place))

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:  # noqa: ANN401 - as in BaseSampler
        """Return the middle while the search space is unknown; else ask the other sampler.

        Raises:
            UnsearchableParameterError: There is no `independent_sampler`.
        """
        self._raise_error_if_multi_objective(study)
        is_drawn = self._independent is not None and not is_searchable(param_distribution)
        if not is_drawn and not self._searched(study.get_trials(deepcopy=False)):
            return parameter_of(param_name, param_distribution).value(0.5)
        if self._independent is None:
            parameter_of(param_name, param_distribution)
            raise UnsearchableParameterError(
                param_name,
                "is not in the search space, or has other bounds there",
                "suggest the same parameters with the same bounds in every trial, name all of "
                "them in search_space, or give DirectLSampler an independent_sampler for the rest",
            )
        return self._independent.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """End `Study.optimize` with the sequence."""
        ended = copy.copy(trial)
        ended.state, ended.values = state, None if values is None else list(values)
        trials = [t for t in study.get_trials(deepcopy=False) if t.number != trial.number]
        if self._is_finished(study, [*trials, ended]):
            with suppress(RuntimeError):  # not inside Study.optimize
                study.stop()

    def is_finished(self, study: optuna.Study) -> bool:
        """Return whether every point of the sequence has a value."""
        return self._is_finished(study, study.get_trials(deepcopy=False))

    def sequence(self, study: optuna.Study) -> list[FrozenTrial]:
        """Return the trials in NLopt's order, as far as all of them have ended.

        A trial is there as often as NLopt visits its configuration; trials that ran ahead of the
        sequence, or were enqueued elsewhere, are not there.
        """
        trials = study.get_trials(deepcopy=True)
        space = self._space_of(trials)
        if space is None:
            return []
        with self._lock:
            standing = self._standing(study, trials, space)
            visits = self._search(study, space, standing).sequence
        return [standing.sources[place] for _, place in visits[: self._n_trials]]

    def _is_finished(self, study: optuna.Study, trials: Sequence[FrozenTrial]) -> bool:
        space = self._space_of(trials)
        if space is None:
            return False
        with self._lock:
            standing = self._standing(study, trials, space)
            return self._search(study, space, standing).is_finished

    def _searched(self, trials: Sequence[FrozenTrial]) -> dict[str, BaseDistribution]:
        given = self._space
        if given is None:
            ended = [t for t in trials if t.state in (TrialState.COMPLETE, TrialState.PRUNED)]
            first = min(ended, key=lambda trial: trial.number, default=None)
            given = {} if first is None else first.distributions
        return {name: given[name] for name in sorted(given) if self._is_searched(given[name])}

    def _is_searched(self, distribution: BaseDistribution) -> bool:
        if self._independent is None:
            return not distribution.single()
        return is_searchable(distribution)

    def _space_of(self, trials: Sequence[FrozenTrial]) -> StudySpace | None:
        searched = self._searched(trials)
        return StudySpace(digest_of(searched), space_of(searched)) if searched else None

    def _standing(
        self, study: optuna.Study, trials: Sequence[FrozenTrial], space: StudySpace
    ) -> StudyValues:
        return standing_of(
            trials, space, Rules(_sign(study), self._failed_value, self._n_attempts)
        )

    def _search(self, study: optuna.Study, space: StudySpace, standing: StudyValues) -> _Search:
        """Return the search, brought up to what is known; from the last one while that serves."""
        key = f"{space.digest} {_sign(study)}"
        if self._kept is None or self._kept[0] != key:
            plan = study_of(
                space.parameters.dimension,
                n_trials=self._n_trials,
                magic_eps=self._magic_eps,
                lower_bound=None if self._bound is None else _sign(study) * self._bound,
            )
            parameters = space.parameters
            made = ConfigurationSearch(plan, parameters.place, parameters.n_configurations)
            self._kept = key, made
        self._kept[1].update(standing.values, standing.points)
        return self._kept[1]

    def _point_for(self, study: optuna.Study, trial: FrozenTrial, space: StudySpace) -> Point:
        """Return the point of a trial: what it has noted already, else one that it claims."""
        noted = space.claim_of(trial)
        if noted is not None and noted.is_kept:
            return noted.point  # a trial that is tried again
        if "fixed_params" in trial.system_attrs:
            return _drawn(trial, space)
        with self._lock:
            return self._claimed(study, trial, space)

    def _claimed(self, study: optuna.Study, trial: FrozenTrial, space: StudySpace) -> Point:
        claim = Claim(space.digest, _drawn(trial, space))
        for _ in range(MOST_CLAIMS):
            trials = [t for t in study.get_trials(deepcopy=False) if t.number != trial.number]
            standing = self._standing(study, trials, space)
            search = self._search(study, space, standing)
            point = search.next_point(standing.held, len(standing.held))
            claim = Claim(space.digest, _drawn(trial, space) if point is None else point)
            note(study, trial, claim)
            if point is None or is_ours(study, trial, space, claim):
                break
        note(study, trial, Claim(space.digest, claim.point, is_kept=True))
        return claim.point


def _sign(study: optuna.Study) -> float:
    return 1.0 if study.direction == optuna.study.StudyDirection.MINIMIZE else -1.0


def _drawn(trial: FrozenTrial, space: StudySpace) -> Point:
    """Return a point for a trial that the sequence has none for: uniform, by its number."""
    generator = random.Random(f"{space.digest} {trial.number}")  # noqa: S311
    return tuple(generator.random() for _ in range(space.parameters.dimension))
