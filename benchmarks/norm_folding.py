"""What batch normalisation costs at inference, and what folding it would save in a training.

Run: python -m benchmarks.norm_folding [--rounds 21] [--case NAME]...

Each network is judged as it is and with its norms folded into its convolutions
(`workers.training.norm_folding`), on one core in float32; A and B alternate, and the ratio of each
pair's process times is one sample. The control compares the network with itself.

In a training each epoch is judged. Folding there would need a copy of the network each time, with
its layers traced once: the last line is what an epoch would gain by that, in percent of its steps
and judgement as they are; less than 1 % is not worth other bits in every validation loss.
"""

from __future__ import annotations

import argparse
import copy
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.machine import describe
from densearch.nn.memory_format import lay_out
from workers.training.forward import PlainForward
from workers.training.machine import prepare_machine
from workers.training.norm_folding import fold_batch_norm
from workers.training.preparation import Prepared, endless_batches, prepare
from workers.training.stepping import step
from workers.training.task import TrainingTask

SGD = {
    "optimizer": "sgd", "lr": 1e-4, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0,
    "batch_size": 64, "epochs": 1,
}  # fmt: skip
PHOTOS = {
    "kind": "denoising", "dataset": "photos", "noise_sigma": 25.0, "patch_px": 40,
    "n_patches": 1024,
}  # fmt: skip
CASES: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "resnet, digits": (
        {"kind": "classification", "dataset": "digits"},
        {"kind": "resnet", "depth": 1, "n_stages": 3, "width": 16, "kernel_size": 3},
    ),
    "dncnn, photos": (PHOTOS, {"kind": "dncnn", "depth": 5, "width": 16, "kernel_size": 3}),
    "vgg, faces": (
        {"kind": "classification", "dataset": "faces"},
        {"kind": "vgg", "depth": 4, "n_stages": 2, "width": 16, "kernel_size": 3},
    ),
    "unet, photos": (
        PHOTOS, {"kind": "unet", "depth": 1, "n_stages": 3, "width": 16, "kernel_size": 3},
    ),
}  # fmt: skip
# Samples between two looks at the clock.
AT_ONCE = 64
Timed = Callable[[], object]


def seconds(timed: Timed) -> float:
    """Return the process time that a call takes."""
    start = time.process_time()
    timed()
    return time.process_time() - start


def paired(first: Timed, second: Timed, n_rounds: int) -> tuple[list[float], list[float]]:
    """Return the ratios second / first of calls in turn, and the seconds of the first."""
    first(), second()
    ratios, taken = [], []
    for turn in range(n_rounds):
        calls = (first, second) if turn % 2 else (second, first)
        by_call = {call: seconds(call) for call in calls}
        ratios.append(by_call[second] / by_call[first])
        taken.append(by_call[first])
    return ratios, taken


def quartiles(values: list[float]) -> str:
    """Return the median with the quartiles and n."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return f"{middle:.3f} [{low:.3f}, {high:.3f}], n = {len(values)}"


def trained(task: TrainingTask) -> Prepared:
    """Return what a task trains after an epoch, with statistics of its data."""
    parts = prepare(task)
    forward = PlainForward([parts], "float32")
    batches = endless_batches(parts, task)
    for number in range(1, parts.objective.n_batches(64) + 1):
        step(forward, *next(batches), number)
    parts.network.eval()
    return parts


def inference(network: nn.Module, samples: Tensor) -> Timed:
    """Return passes without gradients, as many as take a while."""

    def infer() -> None:
        with torch.inference_mode():
            for _ in range(AT_ONCE // len(samples)):
                network(samples)

    return infer


def epoch_s(parts: Prepared, task: TrainingTask) -> float:
    """Return the seconds of an epoch's steps, by the median of ten."""
    batches = endless_batches(parts, task)
    forward = PlainForward([parts], "float32")
    steps = [seconds(lambda: step(forward, *next(batches), 10**6)) for _ in range(10)]
    parts.network.eval()
    return float(np.median(steps)) * parts.objective.n_batches(64)


def report(name: str, n_rounds: int) -> None:
    """Print the figures of a network."""
    section, network = CASES[name]
    task = TrainingTask(task=section, network=network, training=SGD, phi=None, seed=0)
    parts = trained(task)
    plain, folded, control = (copy.deepcopy(parts.network) for _ in range(3))
    n_norms = len(fold_batch_norm(folded))
    samples = lay_out(next(endless_batches(parts, task))[0])
    with torch.inference_mode():
        expected, found = plain(samples), folded(samples)
    difference = float((found - expected).abs().max() / expected.abs().max())
    print(f"{name}: {n_norms} norms, largest difference {difference:.1e} of the largest output")
    for n in (1, len(samples)):
        some = lay_out(samples[:n])
        infer = inference(plain, some)
        ratios, _ = paired(infer, inference(folded, some), n_rounds)
        same, _ = paired(infer, inference(control, some), n_rounds)
        print(f"  inference of {n}, folded / as it is: {quartiles(ratios)}")
        print(f"  inference of {n}, the control: {quartiles(same)}")

    def judged(own: nn.Module) -> Timed:
        return lambda: parts.objective.evaluate(own, "validation", thorough=False)

    ratios, taken = paired(judged(plain), judged(folded), n_rounds)
    judge_s, steps_s = float(np.median(taken)), epoch_s(parts, task)
    copied_s = float(np.median([seconds(lambda: copy.deepcopy(plain)) for _ in range(n_rounds)]))
    saved_s = judge_s * (1 - float(np.median(ratios))) - copied_s
    print(f"  judgement, folded / as it is: {quartiles(ratios)}")
    print(
        f"  an epoch: {steps_s:.3f} s of steps, {judge_s:.4f} s of judgement, "
        f"{copied_s:.4f} s for a copy: folding there would save "
        f"{100 * saved_s / (steps_s + judge_s):.2f} %"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--case", action="append", choices=[*CASES])
    asked = parser.parse_args()
    prepare_machine()
    print(describe("torch"))
    for name in asked.case or CASES:
        report(name, asked.rounds)


if __name__ == "__main__":
    main()
