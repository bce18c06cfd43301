"""Where cuDNN has no deterministic kernel, an error names the remedy; others pass as they are."""

from __future__ import annotations

import pytest

from tests.support.trainings import SGD
from workers.training import precision
from workers.training.engines import NoEngineError
from workers.training.forward import Precision, products
from workers.training.task import TrainingTask

SAID = "GET was unable to find an engine to execute this computation"


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        ("bfloat16", "in bfloat16: set training.precision to float32"),
        ("tf32", "in tf32: set training.precision to float32"),
        ("float32", "in float32: take a smaller kernel_size or batch_size"),
    ],
)
def test_no_engine_is_explained(asked: Precision, remedy: str) -> None:
    with pytest.raises(NoEngineError, match=remedy), products(asked):
        raise RuntimeError(SAID)


def test_another_error_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match=r"^a wire is loose$"), products("float32"):
        raise RuntimeError("a wire is loose")


def test_auto_takes_float32_where_bfloat16_has_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def mean_loss(_task: TrainingTask, asked: Precision) -> float:
        if asked == "bfloat16":
            raise NoEngineError
        return 1.0

    monkeypatch.setattr(precision, "mean_loss", mean_loss)
    monkeypatch.setattr(precision, "has_fast_bfloat16", lambda _: True)
    training = {**SGD, "precision": "auto"}
    own = TrainingTask(task={"kind": "no engine"}, network={}, training=training, phi=None, seed=0)
    assert precision.precision_of(own) == "float32"
