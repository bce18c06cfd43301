"""A searcher of Ray Tune that visits what sequential NLopt visits."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ray.tune.search import Searcher
from ray.tune.utils import flatten_dict
from ray.tune.utils.util import unflatten_dict  # type: ignore[attr-defined]

from densearch.direct_l.arguments import finite, whole
from densearch.direct_l.configurations import ConfigurationSearch, study_of
from densearch.direct_l.exact import MAGIC_EPS, MOST_TRIALS
from densearch.direct_l.ledger import held_value
from densearch.direct_l.parallel import FAILED_VALUE
from densearch.direct_l.parameters import Parameter, ParameterSpace, Place
from densearch.ray_tune.domains import parameters_of
from densearch.ray_tune.saved import SavedSearcher, SavedSearcherError, SearchedTrial, question_of


class DirectLSearch(Searcher):
    """DIRECT-L for an experiment of Ray Tune with one metric.

    The points are those that NLopt's GN_DIRECT_L visits when it runs alone, whatever the number of
    concurrent trials, the order in which they end, and restores. Slots that would idle get points
    that the sequence is likely to need. The coordinates are the parameters in the order of their
    names; those of nested spaces are called such as ``opt/lr``.

    Ranges count: `tune.uniform`, `quniform`, `loguniform`, `randint`, `qrandint`, `lograndint`.
    Of a trial that a scheduler stops counts the last value of the metric. A trial that ends with
    an error, or whose last value is no finite number, counts `failed_value`: Tune has tried it
    again by then, as often as `tune.FailureConfig` says.

    Example:
        >>> from ray import tune
        >>> searcher = DirectLSearch({"x": tune.uniform(0, 2)}, metric="loss", mode="min")
        >>> searcher.suggest("first")
        {'x': 1.0}
        >>> searcher.on_trial_complete("first", {"loss": 0.25})

    Thread safety: none; Tune calls it from one thread.

    Args:
        space: Of Ray Tune; by default the `param_space` of the `Tuner`.
        metric: What is minimised or maximised; by default that of the `TuneConfig`.
        mode: "min" or "max"; by default that of the `TuneConfig`.
        n_trials: Length of the sequence: the experiment ends with it, or with `num_samples`. None
            for no end.
        magic_eps: Jones' epsilon, at least 0 and finite. NLopt's own default is 0.
        bound: A true bound of the metric, such as 0 of a loss that is minimised, or 1 of an
            accuracy that is maximised; None if none is known. It changes no point of the sequence.
        failed_value: What the search works with where a trial failed; finite, and worse than
            every value: with "max", its negative is.

    Raises:
        UnsearchableParameterError: DIRECT-L cannot search a parameter of the space.
        ValueError: Another argument is outside its range; the message names it.

    Source: Gablonsky and Kelley (2001), as NLopt implements it. Checked against NLopt by
    tests/unit/library/densearch/ray_tune/searcher_test.py.
    """

    def __init__(
        self,
        space: Mapping[str, Any] | None = None,
        metric: str | None = None,
        mode: str | None = None,
        *,
        n_trials: int | None = None,
        magic_eps: float = MAGIC_EPS,
        bound: float | None = None,
        failed_value: float = FAILED_VALUE,
    ) -> None:
        if mode not in (None, "min", "max"):
            raise ValueError(f"mode must be 'min' or 'max', not {mode!r}")
        super().__init__(metric=metric, mode=mode)
        length = MOST_TRIALS if n_trials is None else n_trials
        self._n_trials = whole("n_trials", length, most=MOST_TRIALS)
        self._magic_eps = finite("magic_eps", magic_eps, least=0.0)
        self._bound = None if bound is None else finite("bound", bound)
        self._failed_value = finite("failed_value", failed_value)
        self._parameters: dict[str, Parameter] = {} if space is None else parameters_of(space)
        self._trials: dict[str, SearchedTrial] = {}
        self._others: dict[Place, float] = {}  # evaluated elsewhere
        self._kept: ConfigurationSearch[Place] | None = None

    def __getstate__(self) -> dict[str, object]:
        """Leave out the search, which the trials determine."""
        return {**self.__dict__, "_kept": None}

    def set_search_properties(
        self,
        metric: str | None,
        mode: str | None,
        config: dict[str, Any],
        **spec: Any,
    ) -> bool:
        """Take the space, the metric and the mode of the Tuner, where none were given."""
        del spec
        if self._parameters:
            return False
        self._parameters = parameters_of(config)
        self._metric, self._mode = self._metric or metric, self._mode or mode
        return True

    def suggest(self, trial_id: str) -> Any:  # noqa: ANN401 - Ray's type leaves FINISHED out
        """Return the configuration of a trial.

        Returns:
            None while the next point depends on trials that run; `Searcher.FINISHED` at the end of
            the sequence.

        Raises:
            ValueError: There is no space, no metric or no mode.
        """
        search = self._search()
        if trial_id not in self._trials:
            if search.is_finished:
                return str(Searcher.FINISHED)
            held = {self._place(t) for t in self._trials.values() if t.value is None}
            point = search.next_point(held, len(held))
            if point is None:
                return None
            self._trials[trial_id] = SearchedTrial(point)
        space = ParameterSpace(self._parameters)
        config: dict[str, Any] = unflatten_dict(space.named(self._place(self._trials[trial_id])))
        return config

    def on_trial_complete(
        self,
        trial_id: str,
        result: Mapping[str, Any] | None = None,
        error: bool = False,  # noqa: FBT001, FBT002 - as in Searcher
    ) -> None:
        """Take in the value of a trial.

        One that ends without an error and without the metric was not evaluated: its point is
        suggested again.
        """
        value = None if result is None else result.get(str(self._metric))
        if value is None and not error:
            self._trials.pop(trial_id, None)
            return
        held = self._failed_value if error or value is None else self._held(value)
        if trial_id in self._trials:
            self._trials[trial_id] = SearchedTrial(self._trials[trial_id].point, held)
        elif result is not None and isinstance(result.get("config"), Mapping):
            self._enter(result["config"], held)  # of a time after the searcher was saved

    def add_evaluated_point(
        self,
        parameters: Mapping[str, Any],
        value: float,
        error: bool = False,  # noqa: FBT001, FBT002 - as in Searcher
        pruned: bool = False,  # noqa: FBT001, FBT002
        intermediate_values: list[float] | None = None,
    ) -> None:
        """Take in a configuration that was evaluated elsewhere: it stands for a point there."""
        del pruned, intermediate_values
        self._enter(parameters, self._failed_value if error else self._held(value))

    def save(self, checkpoint_path: str) -> None:
        """Write all that the searcher knows, as JSON."""
        Path(checkpoint_path).write_text(
            SavedSearcher(self._question(), self._trials, self._others).to_json(), "utf-8"
        )

    def restore(self, checkpoint_path: str) -> None:
        """Continue from what `save` has written, as if the experiment had never stopped.

        Raises:
            SavedSearcherError: The file is something else, or of another search.
        """
        saved = SavedSearcher.read(Path(checkpoint_path).read_bytes())
        for name, mine in self._question().items():
            if saved.question.get(name) != mine:
                raise SavedSearcherError(
                    name, f"is {saved.question.get(name)!r:.200}, and {mine!r:.200} here"
                )
        self._trials, self._others = dict(saved.trials), dict(saved.others)
        self._kept = None

    @property
    def sequence(self) -> list[tuple[dict[str, Any], float]]:
        """Configurations and values of the metric in NLopt's order, as far as all have ended.

        The value of a trial that failed is `failed_value`, or its negative with "max".
        """
        space, values = ParameterSpace(self._parameters), self._values()
        visits = self._search().sequence[: self._n_trials]
        return [(unflatten_dict(space.named(p)), self._sign * values[p]) for _, p in visits]

    @property
    def _sign(self) -> float:
        return -1.0 if self._mode == "max" else 1.0

    def _question(self) -> dict[str, Any]:
        self._require_question()
        return question_of(self._parameters, str(self._metric), str(self._mode), self._magic_eps)

    def _require_question(self) -> None:
        if not self._parameters:
            raise ValueError(
                "there is no parameter to search: give DirectLSearch a space, or the Tuner a "
                "param_space, with tune.uniform or another range"
            )
        if not self._metric or not self._mode:
            raise ValueError(
                "metric and mode are missing: give them to DirectLSearch or to tune.TuneConfig"
            )

    def _search(self) -> ConfigurationSearch[Place]:
        """Return the search, brought up to what is known."""
        self._require_question()
        if self._kept is None:
            space = ParameterSpace(self._parameters)
            plan = study_of(
                space.dimension,
                n_trials=self._n_trials,
                magic_eps=self._magic_eps,
                lower_bound=None if self._bound is None else self._sign * self._bound,
            )
            self._kept = ConfigurationSearch(plan, space.place, space.n_configurations)
        ended = {self._place(t): t.point for t in self._trials.values() if t.value is not None}
        self._kept.update(self._values(), ended)
        return self._kept

    def _values(self) -> dict[Place, float]:
        """Return the values by place: of several trials at one the first counts."""
        values: dict[Place, float] = {}
        for trial in self._trials.values():
            if trial.value is not None:
                values.setdefault(self._place(trial), trial.value)
        return {**self._others, **values}

    def _place(self, trial: SearchedTrial) -> Place:
        return ParameterSpace(self._parameters).place(trial.point)

    def _enter(self, config: Mapping[str, Any], value: float) -> None:
        flat = flatten_dict(dict(config), prevent_delimiter=True)
        names = ParameterSpace(self._parameters).names
        if all(name in flat for name in names):
            self._others[tuple(flat[name] for name in names)] = value

    def _held(self, value: float) -> float:
        """Return what the sequence works with: minimised and finite.

        Raises:
            TypeError: It is no number.
        """
        try:
            return held_value(value, self._failed_value, self._sign)
        except (TypeError, ValueError) as error:
            raise TypeError(f"{self._metric!r} must be a number, not {value!r:.100}") from error
