"""A worker without Ray: assignments in, messages out."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
import torch

from service.orchestration.messages import Ended, Ending, Measured
from tests.support.assignments import assignment, packed, training
from workers.worker import MAX_ERROR_CHARS, Message, Worker


def function(name: str = "sphere", sleep_s: float = 0.0, point: object = (0.5, 0.5)) -> Any:  # noqa: ANN401 - JSON
    task = {"kind": "function", "name": name, "dimension": 2, "sleep_s": sleep_s}
    return {"task": task, "point": point, "seed": 0}


def last(messages: list[Message]) -> Ended:
    ended = messages[-1]
    assert isinstance(ended, tuple)
    return ended[0]


def test_a_function_is_evaluated_at_its_point() -> None:
    from workers.functions import evaluate

    worker = Worker(is_training=False)
    (message,) = worker.run([assignment(function("branin", point=[0.2, 0.7]))])
    ended = last([message])
    assert ended.ending is Ending.COMPLETED
    assert ended.value == evaluate("branin", 2, [0.2, 0.7])


def test_what_raises_ends_its_attempt_alone() -> None:
    worker = Worker(is_training=False)
    bad, good = function("no-such-function"), function()
    first, second = worker.run([assignment(bad, 1), assignment(good, 2)])
    assert last([first]).ending is Ending.ERROR
    assert "no-such-function" in str(last([first]).error)
    assert last([second]).ending is Ending.COMPLETED


def test_cancel_stops_a_running_function() -> None:
    worker = Worker(is_training=False)
    found: list[Message] = []
    start = time.monotonic()
    thread = threading.Thread(
        target=lambda: found.extend(worker.run([assignment(function(sleep_s=60.0))]))
    )
    thread.start()
    worker.cancel([1])
    thread.join(timeout=30)
    assert last(found).ending is Ending.CANCELLED
    assert time.monotonic() - start < 30


def test_a_training_streams_its_epochs_and_ends_with_a_loss() -> None:
    messages = list(Worker().run([assignment(training())]))
    epochs = [m.epoch for m in messages if isinstance(m, Measured)]
    ended = last(messages)
    assert epochs == [1, 2]
    assert ended.ending is Ending.COMPLETED
    assert ended.value == ended.metrics["loss"]  # type: ignore[index]


def test_a_curve_travels_with_the_end() -> None:
    messages = list(Worker().run([assignment(training())]))
    losses = tuple(m.metrics["val_loss"] for m in messages if isinstance(m, Measured))
    ended = last(messages)
    assert ended.curve == losses
    assert ended.value == losses[-1]
    assert ended.learned is None


def test_a_training_above_its_limit_is_pruned_after_that_epoch() -> None:
    messages = list(Worker().run([assignment(training(epochs=4), stop_above=(1e9, 1e-9))]))
    ended = last(messages)
    assert ended.ending is Ending.PRUNED
    assert ended.value == ended.curve[1] == ended.metrics["loss"]  # type: ignore[index]
    assert len(ended.curve) == len(messages) - 1 == 2


@pytest.mark.parametrize("is_packed", [False, True])
def test_an_attempt_ends_at_the_rung_of_its_trial(is_packed: bool) -> None:
    payload = training(epochs=3) | ({"packed": True} if is_packed else {})
    rungs = {1: 1, 2: 2, 3: None}
    messages = list(Worker().run([assignment(payload, n, rung=r) for n, r in rungs.items()]))
    ended = {m[0].attempt_id: m[0] for m in messages if isinstance(m, tuple)}
    assert {n: end.ending for n, end in ended.items()} == {
        1: Ending.AT_RUNG, 2: Ending.AT_RUNG, 3: Ending.COMPLETED,
    }  # fmt: skip
    whole = ended[3].curve
    assert [ended[n].curve for n in rungs] == [whole[:1], whole[:2], whole]
    assert ended[2].value == whole[1] == ended[2].metrics["loss"]  # type: ignore[index]


def test_a_density_that_is_learned_comes_back_as_plain_values() -> None:
    own = {"kernel_size": 3, "start": [1.5, 2.0], "bounds": [[0.5, 6.0], [0.5, 8.0]]}
    groups = [{"name": layer, "layers": [layer], **own} for layer in ("0", "2", "5")]
    learning = {"family": "power", "groups": groups, "lr_factor": 1.0}
    payload = {**training(), "phi": None, "gradient": learning}
    ended = last(list(Worker().run([assignment(payload)])))
    assert ended.ending is Ending.COMPLETED, ended.error
    assert ended.learned is not None
    assert json.loads(json.dumps(ended.learned)) == ended.learned
    assert [len(values) for values in ended.learned["groups"].values()] == [2, 2, 2]


def test_densities_may_differ_by_layer() -> None:
    phi = training()["phi"]
    payload = {**training(), "phi": {"0": phi, "2": phi, "5": phi}}
    by_layer, shared = (last(list(Worker().run([assignment(p)]))) for p in (payload, training()))
    assert by_layer.value == shared.value
    unknown = last(list(Worker().run([assignment({**training(), "phi": {"head": phi}})])))
    assert unknown.ending is Ending.ERROR
    assert "no layer 'head'" in str(unknown.error)


def test_an_error_is_a_sentence_before_the_place_where_it_was_raised() -> None:
    def told(**changes: object) -> list[str]:
        ended = last(list(Worker().run([assignment({**training(), **changes})])))
        assert ended.ending is Ending.ERROR
        return str(ended.error).split("\n\n")

    refusal, trace = told(phi=[[0.5] * 5] * 5)
    assert "has a kernel of shape" in refusal
    assert not refusal.startswith("DensityError")
    assert trace.startswith("Traceback")
    assert trace.rstrip().endswith(refusal)
    assert told(network={})[0] == "KeyError: 'kind'"
    long, *_ = told(task={"kind": "x" * 100_000})
    assert len(long) <= MAX_ERROR_CHARS // 4


def test_a_diverging_training_is_a_result() -> None:
    ended = last(list(Worker().run([assignment(training(lr=1e3))])))
    assert ended.ending is Ending.DIVERGED
    assert ended.value is None


def test_cancel_before_the_first_epoch_leaves_no_value() -> None:
    worker = Worker()
    worker.cancel([1])
    messages = list(worker.run([assignment(training(epochs=50))]))
    assert last(messages).ending is Ending.CANCELLED
    assert not any(isinstance(m, Measured) and m.epoch > 1 for m in messages)


def of(attempt_id: int, messages: list[Message]) -> list[Message]:
    ids = [m[0].attempt_id if isinstance(m, tuple) else m.attempt_id for m in messages]
    return [m for m, own in zip(messages, ids, strict=True) if own == attempt_id]


def test_a_pack_streams_each_ones_epochs_and_end() -> None:
    messages = list(Worker().run([packed(1), packed(2), packed(3)]))
    for number in (1, 2, 3):
        own = of(number, messages)
        assert [m.epoch for m in own if isinstance(m, Measured)] == [1, 2]
        ended = last(own)
        assert (ended.ending, ended.trial_id) == (Ending.COMPLETED, 10 + number)
        assert ended.peak_memory_bytes is not None
        alone = last(list(Worker().run([packed(number)])))
        assert (alone.value, alone.curve) == (ended.value, ended.curve)


def test_one_of_a_pack_can_be_cancelled_and_another_may_fail() -> None:
    worker = Worker()
    worker.cancel([2])
    misfit = packed(3, phi=[[0.5] * 5] * 5)
    messages = list(worker.run([packed(1), packed(2), misfit]))
    endings = [last(of(number, messages)).ending for number in (1, 2, 3)]
    assert endings == [Ending.COMPLETED, Ending.CANCELLED, Ending.ERROR]
    assert "has a kernel of shape" in str(last(of(3, messages)).error)
    again = list(worker.run([packed(2)]))
    assert last(again).ending is Ending.COMPLETED


def test_those_of_a_list_that_are_no_pack_have_their_turn() -> None:
    messages = list(Worker().run([assignment(training(), 1), assignment(function(), 2)]))
    assert [last(of(n, messages)).ending for n in (1, 2)] == [Ending.COMPLETED] * 2


def test_the_precision_is_told_where_another_was_allowed() -> None:
    quick = last(list(Worker().run([assignment(training(precision="bfloat16"))])))
    exact = last(list(Worker().run([assignment(training(precision="float32"))])))
    assert quick.metrics is not None
    assert exact.metrics is not None
    assert quick.metrics["precision_bits"] == 16
    assert "precision_bits" not in exact.metrics
    on_a_cpu = last(list(Worker().run([assignment(training(precision="tf32"))])))
    assert on_a_cpu.metrics == {**exact.metrics, "precision_bits": 32}


def test_a_training_names_its_kind_of_device_and_a_function_has_none() -> None:
    messages = Worker().run([assignment(training(epochs=1)), assignment(function(), 2)])
    *_, (trained, _), (called, _) = messages  # type: ignore[misc]
    capability = torch.backends.cpu.get_cpu_capability()
    name, _, instructions = str(trained.device).rpartition(" ")
    assert name
    assert instructions == f"({capability})"
    assert called.device is None


def test_a_worker_trains_with_the_threads_of_each_payload() -> None:
    worker, found = Worker(memory_bytes=2 * 10**9), []  # a team of threads fits below it
    for threads in ({"threads": 2}, {}):
        list(worker.run([assignment(training(epochs=1) | threads)]))
        found.append(torch.get_num_threads())
    assert found == [2, 1]


def test_a_worker_measures_what_a_training_costs() -> None:
    found = Worker().calibrate(training(), "cpu", (1, 2))
    assert found["n_steps"] == 2
    assert len(found["epoch_s"]) == 3
    assert found["pack_width"] == 1  # 4 channels: no pack


def test_a_training_beyond_its_workers_memory_ends_with_that_reason() -> None:
    worker = Worker(memory_bytes=900 * 10**6)
    vast = training(batch_size=4096)
    vast["task"] |= {"n_patches": 4096, "patch_px": 64}
    vast["network"] |= {"width": 64}  # a feature map of the batch: 4.3 GB
    large, small = list(worker.run([assignment(vast)])), worker.run([assignment(training(), 2)])
    ended = last(large)
    assert ended.ending is Ending.ERROR
    assert ended.error is not None
    assert ended.error.startswith("MemoryError: the training needs more memory than its worker")
    assert "900 MB" in ended.error
    assert "resources.cpus_per_trial" in ended.error
    assert last(list(small)).ending is Ending.COMPLETED


def test_a_measurement_beyond_its_workers_memory_says_so() -> None:
    vast = training(batch_size=4096)
    vast["task"] |= {"n_patches": 4096, "patch_px": 64}
    vast["network"] |= {"width": 64}
    with pytest.raises(MemoryError, match="lower the batch size"):
        Worker(memory_bytes=900 * 10**6).calibrate(vast, "cpu")


def test_a_limit_changes_no_value() -> None:
    free, limited = (
        last(list(Worker(memory_bytes=n_bytes).run([assignment(training())])))
        for n_bytes in (None, 2 * 10**9)
    )
    assert (free.value, free.curve) == (limited.value, limited.curve)
