"""A death is a sentence with its figures, and a remedy for its kind."""

from __future__ import annotations

import re
import signal
from typing import get_args

import pytest

from densearch.answers import DeathAnswer, DeathCause
from service.death import Cause, Death, ending_of, remedy_of

GB = 10**9


def test_the_figures_stand_in_the_sentence() -> None:
    death = Death(
        cause=Cause.KERNEL_MEMORY,
        signal="SIGKILL",
        peak_memory_bytes=20 * GB,
        node_memory_bytes=24 * GB,
        node_used_bytes=23 * GB,
        is_own_need=True,
    )
    assert death.sentence == (
        "the kernel's out-of-memory killer killed the worker "
        "(it held at most 20 GB, 23 GB of 24 GB were in use on its node)"
    )


@pytest.mark.parametrize(
    ("death", "said"),
    [
        (Death(cause=Cause.SIGNAL, signal="SIGSEGV"), "died of SIGSEGV.*native code crashed"),
        (Death(cause=Cause.SIGNAL, signal="SIGBUS"), "died of SIGBUS.*/dev/shm"),
        (Death(cause=Cause.SIGNAL, signal="SIGKILL"), "died of SIGKILL.*dmesg"),
        (Death(cause=Cause.EXIT, exit_code=7), "exit code 7; .*plug-ins"),
        (Death(cause=Cause.NODE, detail="the node died"), "^the node died; .*preempted"),
        (Death(cause=Cause.RAY, detail="Ray lost it"), "^Ray lost it$"),
        (Death(cause=Cause.UNKNOWN), "of what is not known$"),
        (Death(cause=Cause.RAY_MEMORY, is_own_need=True), "monitor.*batch size.*pack_width"),
        (Death(cause=Cause.RAY_MEMORY, is_own_need=False), "other processes take.*fewer"),
        (Death(cause=Cause.CGROUP_MEMORY), "container.*batch size.*memory of other"),
        (Death(cause=Cause.FULL_MEMORY), "SIGKILL.*memory of its node was full"),
    ],
)
def test_each_kind_has_its_remedy(death: Death, said: str) -> None:
    assert re.search(said, death.text), death.text


def test_every_signal_that_ends_a_process_by_fault_has_a_remedy() -> None:
    names = ("SIGKILL", "SIGTERM", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGXCPU")
    assert all(remedy_of(name, None) for name in names)
    assert remedy_of("SIGWINCH", None) is None


def test_other_processes_die_in_the_same_words() -> None:
    assert ending_of(-signal.SIGSEGV).startswith("was ended by SIGSEGV; native code crashed")
    assert ending_of(3) == "ended with exit code 3"
    assert ending_of(-40) == "was ended by signal 40"


def test_what_is_stored_is_what_the_library_promises() -> None:
    assert Death(cause=Cause.UNKNOWN).to_json().keys() == DeathAnswer.__annotations__.keys()
    assert set(get_args(DeathCause)) == set(Cause)
