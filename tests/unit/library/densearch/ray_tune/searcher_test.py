"""The searcher against NLopt itself, without a cluster: asked and told as Tune does it."""

from __future__ import annotations

import math
import pickle
import random
from pathlib import Path
from typing import Any

import nlopt
import pytest
from ray import tune
from ray.tune.search import Searcher

from densearch.ray_tune import DirectLSearch, UnsearchableParameterError
from tests.support.nlopt_runs import visited

SPACE = {"density": {"alpha": tune.uniform(0.0, 2.0)}, "beta": tune.uniform(-1.0, 3.0), "k": 5}


def valley(config: dict[str, Any]) -> float:
    return float((config["density"]["alpha"] - 1.3) ** 2 + 2.0 * (config["beta"] - 0.2) ** 2)


def box(point: tuple[float, ...]) -> dict[str, Any]:
    # In the order of the names: beta, then density/alpha.
    return {"density": {"alpha": 0.0 + point[1] * 2.0}, "beta": -1.0 + point[0] * 4.0}


def visits(n_trials: int) -> list[dict[str, Any]]:
    run = visited(
        nlopt.GN_DIRECT_L, (0.5, 0.5), n_trials, lambda p: valley(box(p)), magic_eps=1e-4
    )
    return [box(point) for point in run[:n_trials]]


def made(**options: Any) -> DirectLSearch:
    return DirectLSearch(SPACE, "loss", "min", **options)


def run_on(
    searcher: DirectLSearch, width: int, n_trials: int = 1000, sign: float = 1.0
) -> DirectLSearch:
    """Run trials, `width` at a time, in any order, until the searcher ends or so many have."""
    drawn, running = random.Random(width), dict[str, dict[str, Any]]()
    for number in range(n_trials):
        while len(running) < width:
            name = f"{id(searcher)} {number} {len(running)}"
            config = searcher.suggest(name)
            if config is None or config == Searcher.FINISHED:
                break
            running[name] = config
        if not running:
            break
        ended = drawn.choice(sorted(running))
        searcher.on_trial_complete(ended, {"loss": sign * valley(running.pop(ended))})
    return searcher


@pytest.mark.parametrize("width", [1, 4])
def test_the_configurations_are_those_of_nlopt(width: int) -> None:
    searcher = run_on(made(n_trials=40, bound=0.0), width)
    assert [config for config, _ in searcher.sequence] == visits(40)
    assert [value for _, value in searcher.sequence] == [valley(c) for c in visits(40)]
    assert searcher.suggest("another") == Searcher.FINISHED


def test_what_is_maximised_takes_the_same_way() -> None:
    searcher = DirectLSearch(metric="loss", mode="max", n_trials=20)
    assert searcher.set_search_properties(None, None, SPACE)
    assert not searcher.set_search_properties("loss", "max", SPACE)
    run_on(searcher, 3, sign=-1.0)
    assert [config for config, _ in searcher.sequence] == visits(20)


def test_saved_half_way_and_restored_it_continues(tmp_path: Path) -> None:
    first, path = run_on(made(n_trials=40), 4, n_trials=17), str(tmp_path / "state")
    first.save(path)
    again = made(n_trials=40)
    again.restore(path)
    copied = pickle.loads(pickle.dumps(again))  # noqa: S301 - as Ray does with a Tuner
    # The trials that ran are Tune's: it runs them again, and gives their values.
    for name, trial in copied._trials.items():
        if trial.value is None:
            copied.on_trial_complete(name, {"loss": valley(copied.suggest(name))})
    run_on(copied, 3)
    assert [config for config, _ in copied.sequence] == visits(40)


def test_a_trial_of_after_the_save_counts_by_its_configuration(tmp_path: Path) -> None:
    searcher = made(n_trials=5)
    config = visits(3)[2]
    searcher.on_trial_complete("unknown", {"loss": 7.0, "config": {**config, "k": 5}})
    searcher.on_trial_complete("stranger", {"loss": 7.0, "config": {"other": 1}})
    searcher.save(str(tmp_path / "state"))
    again = made(n_trials=5)
    again.restore(str(tmp_path / "state"))
    run_on(again, 1)
    assert again.sequence[2] == (config, 7.0)
    assert len(again._trials) == 4


def test_errors_count_as_failed_and_trials_without_a_value_are_suggested_again() -> None:
    searcher = made(n_trials=20, failed_value=50.0)
    centre = searcher.suggest("1")
    searcher.on_trial_complete("1")
    assert searcher.suggest("2") == centre
    searcher.on_trial_complete("2", None, error=True)
    searcher.suggest("3")
    searcher.on_trial_complete("3", {"loss": math.nan})
    searcher.on_trial_complete("nobody")
    run_on(searcher, 1)
    wrong = visits(2)

    def patched(point: tuple[float, ...]) -> float:
        return 50.0 if box(point) in wrong else valley(box(point))

    run = visited(nlopt.GN_DIRECT_L, (0.5, 0.5), 20, patched, magic_eps=1e-4)
    assert [config for config, _ in searcher.sequence] == [box(point) for point in run[:20]]


def test_points_evaluated_elsewhere_are_not_suggested() -> None:
    searcher = made(n_trials=20)
    for config in visits(4):
        searcher.add_evaluated_point(config, valley(config))
    searcher.add_evaluated_point({"density": {"alpha": 0.111}, "beta": 0.5}, 1.0)
    run_on(searcher, 2)
    assert [config for config, _ in searcher.sequence] == visits(20)
    assert all(box(t.point) not in visits(4) for t in searcher._trials.values())


def test_what_is_missing_is_said() -> None:
    with pytest.raises(ValueError, match="param_space"):
        DirectLSearch(metric="loss", mode="min").suggest("1")
    with pytest.raises(ValueError, match=r"metric and mode are missing.*TuneConfig"):
        DirectLSearch(SPACE).suggest("1")
    with pytest.raises(ValueError, match="mode must be 'min' or 'max', not 'least'"):
        DirectLSearch(SPACE, "loss", "least")
    with pytest.raises(UnsearchableParameterError, match="'kind' is a choice"):
        DirectLSearch({"kind": tune.choice(["a", "b"])})


@pytest.mark.parametrize("value", ["x", [1.0]])
def test_a_metric_that_is_no_number_is_named(value: object) -> None:
    searcher = made()
    searcher.suggest("a")
    with pytest.raises(TypeError, match="must be a number, not "):
        searcher.on_trial_complete("a", {str(searcher.metric): value})
