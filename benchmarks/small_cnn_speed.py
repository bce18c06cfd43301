"""Samples per second of small networks on one core, against a plain eager loop.

Run: python -m benchmarks.small_cnn_speed [--rounds 30] [--case NAME]... [--width 4]

The plain loop is what a user would write by hand: float32, contiguous tensors in memory, batches
indexed by a fresh permutation each epoch (a DataLoader over them would only be slower), a layer
that multiplies W by Phi in its forward pass, torch's SGD as it comes; its process is set up as
ours is. Ours are the product's own steps: one training in float32 and in bfloat16, and packs of
candidates with a density each. A round takes one step in each form, in an order drawn anew; its
ratio to the plain step, in samples per second of process time and batches included, is one sample.
FLOP are those that torch's FlopCounterMode counts in a step of the plain loop, whatever a form
computes besides; the rate of matrix products is measured with 512 x 512 ones in float32.
"""

from __future__ import annotations

import argparse
import itertools
import random
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.machine import describe, spread
from densearch.nn.operator import apply_density
from workers.training.forward import PlainForward, Precision
from workers.training.fusion import FusedForward
from workers.training.generators import generator
from workers.training.machine import prepare_machine
from workers.training.preparation import prepare
from workers.training.stepping import step
from workers.training.task import TrainingTask

TARGET = 1.4
WARM_UP_ROUNDS = 3
PHI = ((0.5, 0.7, 0.5), (0.7, 1.0, 0.7), (0.5, 0.7, 0.5))
SGD = {
    "optimizer": "sgd", "lr": 1e-4, "momentum": 0.9, "nesterov": False, "weight_decay": 0.0,
    "epochs": 1,
}  # fmt: skip
DIGITS = {"kind": "classification", "dataset": "digits"}
TEXTURES = {"kind": "classification", "dataset": "textures"}
CASES: Mapping[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "small_cnn 2x16, digits": (DIGITS, {"kind": "small_cnn", "depth": 2, "width": 16}, 64),
    "small_cnn 3x32, digits": (DIGITS, {"kind": "small_cnn", "depth": 3, "width": 32}, 64),
    "small_cnn 2x16, textures": (TEXTURES, {"kind": "small_cnn", "depth": 2, "width": 16}, 64),
    "small_cnn 3x32, textures": (TEXTURES, {"kind": "small_cnn", "depth": 3, "width": 32}, 64),
}
Step = Callable[[], object]


def plain_step(task: TrainingTask) -> tuple[Step, nn.Module]:
    """Return a step of the plain loop, and its network."""
    objective = prepare(task).objective
    drawn = list(objective.batches(10**6, prepare(task).generators))
    images, labels = (torch.cat(part).contiguous() for part in zip(*drawn, strict=True))
    network = plain_network(task.network, objective.shape.size_px, objective.n_outputs)
    apply_density(network, PHI)
    optimizer = torch.optim.SGD(network.parameters(), lr=SGD["lr"], momentum=SGD["momentum"])  # type: ignore[arg-type]
    random, batch_size = generator(0), int(task.training["batch_size"])

    def epoch() -> Iterator[tuple[Tensor, Tensor]]:
        for rows in torch.split(torch.randperm(len(images), generator=random), batch_size):
            yield images[rows], labels[rows]

    batches = _endless(epoch)

    def take() -> None:
        inputs, targets = next(batches)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(network(inputs), targets)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return take, network


def plain_network(section: Mapping[str, Any], size_px: int, n_classes: int) -> nn.Module:
    """Return the small CNN as it is usually written: convolution, ReLU, pooling."""
    layers: list[nn.Module] = []
    n_in, width = 1, section["width"]
    for _ in range(section["depth"]):
        layers += [nn.Conv2d(n_in, width, section["kernel_size"], padding=1), nn.ReLU()]
        if size_px >= 4:
            layers.append(nn.MaxPool2d(2))
            size_px //= 2
        n_in = width
    return nn.Sequential(
        *layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(width, n_classes)
    )


def own_step(task: TrainingTask, n: int, precision: Precision) -> Step:
    """Return a step of the product's loop for one candidate, or for a pack of `n`."""
    candidates = [prepare(task) for _ in range(n)]
    forward = (PlainForward if n == 1 else FusedForward)(candidates, precision)
    first = candidates[0]
    batches = _endless(
        lambda: first.objective.batches(int(task.training["batch_size"]), first.generators)
    )
    # The loop looks at every loss, too.
    numbers = itertools.count(1)
    return lambda: [float(loss) for loss in step(forward, *next(batches), next(numbers))]


def _endless(epoch: Callable[[], Iterator[Any]]) -> Iterator[tuple[Tensor, Tensor]]:
    while True:
        yield from epoch()


def measure(
    steps: Mapping[str, tuple[Step, int]], n_rounds: int
) -> tuple[float, dict[str, list[float]]]:
    """Return the plain step's median in s, and each form's ratios in candidates' samples per s."""
    taken: dict[str, list[float]] = {form: [] for form in steps}
    shuffled = random.Random(0)  # noqa: S311 - in no order that favours a form
    for turn in range(-WARM_UP_ROUNDS, n_rounds):
        for form in shuffled.sample(list(steps), len(steps)):
            start = time.process_time()
            steps[form][0]()
            if turn >= 0:
                taken[form].append((time.process_time() - start) / steps[form][1])
    plain = np.array(taken.pop("plain"))
    return float(np.median(plain)), {form: list(plain / own) for form, own in taken.items()}


def flop_of(take: Step) -> int:
    """Return the floating-point operations of a step's products."""
    with FlopCounterMode(display=False) as counter:
        take()
    return int(counter.get_total_flops())


def product_rate() -> float:
    """Return the FLOP/s of a float32 matrix product, the median of 20."""
    a, b = torch.rand(512, 512), torch.rand(512, 512)
    times = []
    for _ in range(25):
        start = time.process_time()
        torch.mm(a, b)
        times.append(time.process_time() - start)
    return 2 * 512**3 / statistics.median(times[5:])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--width", type=int, default=4, help="candidates of a pack")
    parser.add_argument("--case", action="append", choices=[*CASES])
    asked = parser.parse_args()
    prepare_machine()
    rate = product_rate()
    print(describe("torch"))
    print(f"1 thread; matrix products at {rate / 1e9:.0f} GFLOP/s in float32")
    for name in asked.case or CASES:
        section, network, batch_size = CASES[name]
        task = TrainingTask(
            task=section,
            network={**network, "kernel_size": 3},
            training={**SGD, "batch_size": batch_size},
            phi=PHI,
            seed=0,
        )
        plain, _ = plain_step(task)
        n = asked.width
        plain_s, ratios = measure(
            {
                "plain": (plain, 1),
                "float32": (own_step(task, 1, "float32"), 1),
                "bfloat16": (own_step(task, 1, "bfloat16"), 1),
                f"pack of {n}, float32": (own_step(task, n, "float32"), n),
                f"pack of {n}, bfloat16": (own_step(task, n, "bfloat16"), n),
            },
            asked.rounds,
        )
        flop = flop_of(plain)
        samples = batch_size / plain_s
        done = flop / plain_s
        print(f"{name}: plain {samples:.0f} samples/s, {flop / 1e6:.1f} MFLOP a step, ", end="")
        print(f"{done / 1e9:.1f} GFLOP/s, {100 * done / rate:.0f} % of the products' rate")
        for form, own in ratios.items():
            middle = statistics.median(own)
            verdict = "reached" if middle >= TARGET else "missed"
            own_rate = done * middle
            print(f"  {form}: {spread(own, 'x')}, {own_rate / 1e9:.1f} GFLOP/s, ", end="")
            print(f"{100 * own_rate / rate:.0f} % of the rate; target {TARGET}: {verdict}")


if __name__ == "__main__":
    main()
