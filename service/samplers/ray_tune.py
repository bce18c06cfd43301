"""Search algorithms of Ray Tune behind our contract, without Ray: no cluster, no Tune experiment.

A searcher is asked (`suggest`) and told (`on_trial_complete`) as Tune would, a round at a time. It
is rebuilt by the same calls in the same order. Ray's modules are imported when one is made.
"""

from __future__ import annotations

import logging
import math
import random
import sys
import warnings
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from densearch.sampler import Entry, Point, Rounds, StudyPlan
from densearch.sampler.axes import middle, snapped
from densearch.sampler.penalties import softened
from densearch.seeds import derive
from service.samplers.round_sizes import of_one
from service.samplers.sections import BayesOptOptions, HyperOptOptions

METRIC = "value"
MODE = "min"

Config = Mapping[str, float | int]


class TuneSearcher(Rounds):
    """A searcher of `ray.tune.search`, seeded by the study.

    Where it has nothing to suggest, a random point is tried.
    """

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        with quiet(), seeded(derive(study.seed, "searcher")):
            self._searcher = self._make()
            self._searcher.set_search_properties(METRIC, MODE, self._space())
        self._n_rounds = 0
        self._pending: list[Point] = []
        self._replaced: set[int] = set()

    @abstractmethod
    def _make(self) -> Any:  # noqa: ANN401 - ray.tune.search.Searcher, which is untyped
        """Return Ray's searcher; one without a space yet is given `_space`."""

    def _space(self) -> dict[str, Any]:
        """The axes in Tune's terms; one that has a single value is no question."""
        from ray import tune

        space: dict[str, Any] = {}
        for i, axis in enumerate(self._axes):
            if axis.n_values is None:
                space[f"x{i}"] = tune.uniform(0.0, 1.0)
            elif axis.n_values > 1 and axis.is_ordered:
                space[f"x{i}"] = tune.randint(0, axis.n_values)
            elif axis.n_values > 1:
                space[f"x{i}"] = tune.choice(list(range(axis.n_values)))
        return space or {"idle": tune.uniform(0.0, 1.0)}

    def ask_round(self, told: Sequence[Entry], index: int, size: int) -> list[Point]:
        """See `Rounds`."""
        with quiet():
            while self._n_rounds < index:
                start = self._n_rounds * self.round_size
                if not self._pending:
                    self._ask(self._n_rounds, self.round_size)
                self._tell(told[: start + self.round_size], start)
            self._ask(index, size)
        return self._pending

    def _ask(self, index: int, size: int) -> None:
        start = index * self.round_size
        with seeded(self.seed_of(index)):
            for number in range(start, start + size):
                config = self._searcher.suggest(str(number))
                if isinstance(config, Mapping):
                    self._pending.append(snapped(self._point(config), self._axes))
                else:
                    self._replaced.add(number)
                    self._pending.append(snapped(random_point(self.study, number), self._axes))

    def _point(self, config: Config) -> Point:
        return tuple(
            float(config.get(f"x{i}", 0.5))
            if axis.n_values is None
            else middle(int(config.get(f"x{i}", 0)), axis.n_values)
            for i, axis in enumerate(self._axes)
        )

    def _tell(self, told: Sequence[Entry], start: int) -> None:
        """Tell the round that begins at a number; `told` ends with it."""
        if [entry.point for entry in told[start:]] != self._pending:
            raise RuntimeError(
                "the log holds other points than this searcher suggests: its library, or Ray, "
                "has another version than the one this study began with"
            )
        with seeded(self.seed_of(self._n_rounds) ^ 1):
            self._complete(told, [n for n in range(start, len(told)) if n not in self._replaced])
        self._n_rounds += 1
        self._pending = []

    def _complete(self, told: Sequence[Entry], new: Sequence[int]) -> None:
        """Tell the searcher the values of some trials; `told` ends with them."""
        for number in new:
            self._searcher.on_trial_complete(str(number), {METRIC: told[number].value})


class HyperOpt(TuneSearcher):
    """The first implementation of TPE (Bergstra et al. 2013), of the package hyperopt."""

    def _make(self) -> Any:  # noqa: ANN401
        from ray.tune.search import create_searcher

        return create_searcher(
            "hyperopt",
            n_initial_points=HyperOptOptions.of(self.study).n_initial_points,
            random_state_seed=derive(self.study.seed, "searcher"),
        )


class BayesOpt(Rounds):
    """Gaussian process with an upper confidence bound, of the package bayesian-optimization.

    It has no notion of a trial that is still running: in a round of several it would suggest one
    point again and again. So its rounds are single trials. Its model is made from the log for
    each, which costs little against the search for the best point of the model.
    """

    models_values = True

    def __init__(self, study: StudyPlan) -> None:
        super().__init__(study)
        self.round_size = of_one(study)
        self._n_random = BayesOptOptions.of(study).random_search_steps

    def ask_round(self, told: Sequence[Entry], index: int, size: int) -> list[Point]:
        """See `Rounds`."""
        del size
        if index < self._n_random:
            return [random_point(self.study, index)]
        with quiet():
            point = snapped(self._suggest(told, self.seed_of(index)), self._axes)
        # It has converged: a random point adds more than the same point again.
        is_known = any(entry.point == point for entry in told)
        return [random_point(self.study, index) if is_known else point]

    def _suggest(self, told: Sequence[Entry], seed: int) -> Point:
        from ray.tune.search import create_searcher

        names = [f"x{i}" for i in range(self.study.dimension)]
        searcher = create_searcher(
            "bayesopt",
            space=dict.fromkeys(names, (0.0, 1.0)),
            metric=METRIC,
            mode=MODE,
            random_state=seed,
            random_search_steps=0,
        )
        values = {entry.point: _value(entry) for entry in told}  # it refuses a point it knows
        for point, value in values.items():
            searcher.optimizer.register(dict(zip(names, point, strict=True)), -value)
        config = searcher.suggest("0")
        return tuple(float(config[name]) for name in names)


class Nevergrad(TuneSearcher):
    """The (1+1) evolution strategy of the package nevergrad, which Ray's documentation uses.

    Its default NGOpt runs optimizers in threads of their own, and one fails with numpy 2.4.
    """

    def _make(self) -> Any:  # noqa: ANN401
        import nevergrad
        from ray.tune.search import create_searcher
        from ray.tune.search.nevergrad import NevergradSearch

        space: Any = NevergradSearch.convert_search_space(self._space())
        space.random_state = np.random.RandomState(derive(self.study.seed, "searcher"))
        return create_searcher(
            "nevergrad",
            optimizer=nevergrad.optimizers.OnePlusOne,
            optimizer_kwargs={
                "budget": self.study.first_budget,
                "num_workers": self.study.batch_size,
            },
            space=space,
            metric=METRIC,
            mode=MODE,
        )


class Ax(TuneSearcher):
    """Bayesian optimization of Ax: Sobol points, then a Gaussian process of BoTorch.

    It models values. Its searcher is told once and for all, so what it was told of a trial that
    diverged is corrected when a round changes it: a replay of the rounds does the same.
    """

    def __init__(self, study: StudyPlan) -> None:
        self._indices: dict[int, int] = {}  # of Ax's trials, by their number here
        self._told: dict[int, float] = {}
        super().__init__(study)

    def _complete(self, told: Sequence[Entry], new: Sequence[int]) -> None:
        values = softened([_value(entry) for entry in told], self.study.penalty)
        for number, before in self._told.items():
            if values[number] != before:
                data = {METRIC: (values[number], None)}
                self._client.get_trial(self._indices[number]).update_trial_data(raw_data=data)
        for number in new:
            indices = self._searcher._live_trial_mapping  # noqa: SLF001 - Ray gives no other way
            self._indices[number] = indices[str(number)]
            self._searcher.on_trial_complete(str(number), {METRIC: values[number]})
        self._told = {number: values[number] for number in [*self._told, *new]}

    def _make(self) -> Any:  # noqa: ANN401
        # It would say at import that it wants an older SQLAlchemy, for a storage unused here.
        logging.getLogger("ax.storage.sqa_store.with_db_settings_base").disabled = True
        from ax.service.ax_client import AxClient
        from ax.service.utils.instantiation import ObjectiveProperties
        from ax.utils.common.logger import set_stderr_log_level
        from ray.tune.search import create_searcher
        from ray.tune.search.ax import AxSearch

        set_stderr_log_level(logging.ERROR)  # it logs every step
        self._client = client = AxClient(
            # Otherwise it lets no more than three trials run at once, whatever the round needs.
            enforce_sequential_optimization=False,
            random_seed=derive(self.study.seed, "searcher"),
            verbose_logging=False,
        )
        client.create_experiment(
            parameters=AxSearch.convert_search_space(self._space()),
            objectives={METRIC: ObjectiveProperties(minimize=True)},
        )
        return create_searcher("ax", ax_client=client)


def random_point(study: StudyPlan, number: int) -> Point:
    """Return a uniform point of the cube that belongs to a trial's number."""
    generator = np.random.default_rng(derive(study.seed, "random", number))
    return tuple(generator.random(study.dimension).tolist())


def _value(entry: Entry) -> float:
    return math.nan if entry.value is None else entry.value


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the libraries' warnings (missing plots, deprecations among themselves) from our log."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed the global generators that some libraries draw from, and put back what was there."""
    states = random.getstate(), np.random.get_state()  # noqa: NPY002 - what they use
    torch = sys.modules.get("torch")
    torch_state = torch.get_rng_state() if torch else None
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    if torch:
        torch.manual_seed(seed)
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        if torch:
            torch.set_rng_state(torch_state)
