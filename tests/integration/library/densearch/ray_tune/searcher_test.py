"""A run of Ray Tune that dies half way and is restored, on a real Ray."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nlopt
import pytest

from tests.support.nlopt_runs import visited

N_TRIALS = 7


@pytest.mark.ray
@pytest.mark.filterwarnings("ignore")  # of Ray's own modules
def test_a_run_that_dies_and_is_restored_has_the_sequence_of_nlopt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ray
    from ray import tune

    from densearch.ray_tune import DirectLSearch

    monkeypatch.setenv("TUNE_GLOBAL_CHECKPOINT_S", "0")  # after every step
    monkeypatch.setenv("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")

    def objective(config: dict[str, Any]) -> dict[str, float]:
        return {"loss": (config["x"] - 1.3) ** 2 + 2.0 * (config["y"] - 0.2) ** 2}

    died = tmp_path / "died"

    class Death(tune.Callback):  # type: ignore[misc, unused-ignore]
        n_ended = 0

        def on_trial_complete(self, *_: object, **__: object) -> None:
            self.n_ended += 1
            if self.n_ended == N_TRIALS // 2 and not died.exists():
                died.touch()  # the restored run has this callback, too
                raise KeyboardInterrupt("dies here")

    space = {"x": tune.uniform(0.0, 2.0), "y": tune.uniform(-1.0, 3.0)}
    results = tmp_path / "results"
    # Two for the trials that the dead run leaves behind.
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
    try:
        tuner = tune.Tuner(
            objective,
            param_space=space,
            tune_config=tune.TuneConfig(
                metric="loss",
                mode="min",
                num_samples=-1,
                search_alg=DirectLSearch(n_trials=N_TRIALS),
                max_concurrent_trials=2,
            ),
            run_config=tune.RunConfig(
                name="run", storage_path=str(results), verbose=0, callbacks=[Death()]
            ),
        )
        with pytest.raises(BaseException, match="dies here"):
            tuner.fit()
        grid = tune.Tuner.restore(str(results / "run"), objective, param_space=space).fit()
    finally:
        ray.shutdown()
    configs: list[Any] = [grid[i].config for i in range(len(grid))]
    found = [(config["x"], config["y"]) for config in configs]
    run = visited(
        nlopt.GN_DIRECT_L,
        (0.5, 0.5),
        N_TRIALS,
        lambda p: (2.0 * p[0] - 1.3) ** 2 + 2.0 * (-1.0 + 4.0 * p[1] - 0.2) ** 2,
        magic_eps=1e-4,
    )
    assert set(found) >= {(0.0 + 2.0 * p[0], -1.0 + 4.0 * p[1]) for p in run[:N_TRIALS]}
    assert len(found) <= N_TRIALS + 3
