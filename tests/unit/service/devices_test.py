"""Kinds of device in what attempts keep of their workers."""

from __future__ import annotations

from service import devices

EPYC, XEON = "AMD EPYC 7763 64-Core Processor (AVX2)", "Intel(R) Xeon(R) CPU @ 2.20GHz (AVX512)"


def test_the_kinds_are_those_of_the_workers_that_trained() -> None:
    workers = [
        devices.worker_text("worker-1", XEON),
        devices.worker_text("worker-2", EPYC),
        devices.worker_text("worker-12", EPYC),
        devices.worker_text("worker-3", None),
        devices.worker_text(None, EPYC),
    ]
    assert workers[0] == f"worker-1 on {XEON}"
    assert workers[3:] == ["worker-3", None]
    assert devices.kinds_of(workers) == [EPYC, XEON]


def test_a_name_fits_its_column() -> None:
    text = devices.worker_text("worker-1", "x" * 300)
    assert text is not None
    assert len(text) == devices.MAX_CHARS


def test_several_kinds_are_a_finding_and_one_is_none() -> None:
    assert devices.mixed_in_words([]) == devices.mixed_in_words([EPYC]) == []
    (words,) = devices.mixed_in_words([EPYC, XEON])
    assert f"2 kinds of device ({EPYC}; {XEON})" in words
