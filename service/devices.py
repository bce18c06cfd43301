"""The kinds of device that trainings ran on.

Two kinds of CPU, or of GPU, sum in other orders, so that results are equal bit for bit on one kind
alone. The kind is stored with an attempt, in the name of its worker.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

# Of the column: `service.storage.tables.AttemptRow.worker`.
MAX_CHARS = 100
_ON = " on "


def worker_text(worker: str | None, device: str | None) -> str | None:
    """Return the stored name of an attempt's worker: "worker-3 on AMD EPYC 7763 (AVX2)"."""
    return f"{worker}{_ON}{device}"[:MAX_CHARS] if worker and device else worker


def kinds_of(workers: Iterable[str | None]) -> list[str]:
    """Return the kinds of device in the stored names of workers, each once, sorted."""
    parts = (worker.partition(_ON)[2] for worker in workers if worker)
    return sorted({kind for kind in parts if kind})


def mixed_in_words(kinds: Sequence[str]) -> list[str]:
    """Return the report's finding where trainings ran on several kinds."""
    if len(kinds) < 2:
        return []
    sentence = (
        f"The trainings ran on {len(kinds)} kinds of device ({'; '.join(kinds)}), which round "
        "differently: repeating this job may give other values. On a single kind of device the "
        "results are identical."
    )
    return [sentence]
