"""`python -m tests.support.peaks INDEX ...`: the peak memory of a step and an evaluation.

Each case runs in a separate process, forked before torch has computed anything, since an allocator
keeps freed memory.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import torch

from tests.support.trainings import DENOISING, PHI, SGD, TEXTURES
from workers.training.forward import PlainForward
from workers.training.machine import prepare_machine
from workers.training.memory import MemoryPeak
from workers.training.preparation import endless_batches, prepare
from workers.training.stepping import step
from workers.training.task import TrainingTask

_PATCHES = {**DENOISING, "patch_px": 40}
# Task, network and batch size; each keeps some 100 MB, or has as many weights.
CASES: tuple[tuple[dict[str, Any], dict[str, Any], int], ...] = (
    (TEXTURES, {"kind": "small_cnn", "depth": 2, "width": 64, "kernel_size": 3}, 512),
    (TEXTURES, {"kind": "vgg", "depth": 3, "n_stages": 2, "width": 32, "kernel_size": 3}, 256),
    (TEXTURES, {"kind": "vgg", "depth": 4, "n_stages": 4, "width": 128, "kernel_size": 3}, 2),
    (TEXTURES, {"kind": "resnet", "depth": 1, "n_stages": 2, "width": 32, "kernel_size": 3}, 256),
    (_PATCHES, {"kind": "dncnn", "depth": 4, "width": 32, "kernel_size": 3}, 128),
    (_PATCHES, {"kind": "unet", "depth": 1, "n_stages": 2, "width": 32, "kernel_size": 3}, 64),
    (_PATCHES, {"kind": "nafnet", "depth": 1, "n_stages": 2, "width": 16, "kernel_size": 3}, 48),
)


def peak_of(section: dict[str, Any], network: dict[str, Any], batch_size: int) -> int:
    """Return the peak resident bytes of this process over one step and one evaluation."""
    prepare_machine()
    training = {**SGD, "batch_size": batch_size}
    task = TrainingTask(task=section, network=network, training=training, phi=PHI, seed=0)
    peak = MemoryPeak(torch.device("cpu"))
    parts = prepare(task)
    forward = PlainForward([parts], "float32")
    step(forward, *next(endless_batches(parts, task)), 1)
    parts.objective.evaluate(parts.network.eval(), "validation", thorough=False)
    return peak.bytes()


def main() -> None:
    """Print the peaks of some cases as a JSON list."""
    found = []
    for case in [CASES[int(index)] for index in sys.argv[1:]]:
        reader, writer = os.pipe()
        if os.fork() == 0:
            os.write(writer, str(peak_of(*case)).encode())
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as told:
            found.append(int(told.read()))
        os.wait()
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
