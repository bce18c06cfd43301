"""What a process and its threads are set to before they train."""

from __future__ import annotations

import threading

import torch

from workers.training.machine import prepare_machine

# Above the least subnormal of float32, 1.4e-45, and below the least normal one, 1.2e-38.
SUBNORMAL = 1e-40


def smallest() -> float:
    return float((torch.tensor([1e-20]) * torch.tensor([1e-20]))[0])


def test_every_thread_that_trains_flushes_subnormals() -> None:
    """A thread has what it inherited until it asks itself, whatever the process did before."""
    prepare_machine()
    found: list[float] = []

    def work() -> None:
        torch.set_flush_denormal(False)
        found.append(smallest())
        prepare_machine()
        found.append(smallest())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert 0.9 * SUBNORMAL < found[0] < 1.1 * SUBNORMAL
    assert found[1] == 0.0
    assert smallest() == 0.0


def test_every_thread_that_trains_has_the_number_that_was_asked_for_last() -> None:
    """OpenMP's number belongs to a thread; a warm worker trains on any of a pool."""
    found: list[int] = []

    def work(n_threads: int) -> None:
        prepare_machine(n_threads)
        found.append(torch.get_num_threads())

    for n_threads in (2, 1, 3):
        thread = threading.Thread(target=work, args=(n_threads,))
        thread.start()
        thread.join()
        work(n_threads)
    prepare_machine()
    assert found == [2, 2, 1, 1, 3, 3]
    assert torch.get_num_threads() == 1


def test_trainings_are_deterministic_on_one_thread() -> None:
    prepare_machine()
    assert torch.get_num_threads() == 1
    assert torch.are_deterministic_algorithms_enabled()
    assert not torch.backends.cudnn.benchmark
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
