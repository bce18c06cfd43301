"""Which coordinates of a search matter: asked of a process of its own, and kept.

A request never waits for it: it gets what is known, and a thread asks the process, one search at a
time. A search that still runs is looked at again when it has a fifth more trials, and one whose
process failed after a minute.
"""

from __future__ import annotations

import json
import math
import subprocess
import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field

from api.dashboard.searches.search_view import SearchView
from api.short_process import run_module
from service.records import Job

LIMIT_S = 60.0
# After a failure it is asked again, when somebody looks: what failed may have passed.
RETRY_S = 60.0
# Trials of a search, of more an even sample; with fewer the best tenth is one of them or two.
FEWEST, MOST = 20, 1000
GROWTH = 1.2
MOST_KEPT = 200
MODULE = "service.samplers.importance_process"


@dataclass(frozen=True, slots=True)
class Importance:
    """Shares of the coordinates with their intervals, or why there are none."""

    shares: Sequence[float] = ()
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()
    fault: str | None = None


COMING = Importance(fault="It is being computed.")
FEW = Importance(fault=f"It takes {FEWEST} trials with a value.")


@dataclass(slots=True)
class _Entry:
    """What is known of one search: of which state of it, and whether a newer one is asked for.

    After a failure `retry_at` says from when on it is asked again.
    """

    version: Hashable = None
    found: Importance = COMING
    is_asked: bool = False
    retry_at: float | None = None

    def is_due(self, now: float) -> bool:
        """Whether it failed, and is to be asked again."""
        return self.retry_at is not None and now >= self.retry_at and not self.is_asked


@dataclass(slots=True)
class ImportanceRuns:
    """The importance of the searches that were looked at lately.

    Thread safety: all.
    """

    _entries: OrderedDict[Hashable, _Entry] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _n_answers: int = 0

    def of(self, job: Job, view: SearchView) -> Importance:
        """Return the importance of a search's coordinates as far as it is known.

        Args:
            job: Whose search.
            view: The search.
        """
        n = len(view.even_results())
        if n < FEWEST:
            return FEW
        n = max(n, view.n_trials)
        version = (job.state, n if job.state.is_final else round(math.log(n, GROWTH)))
        with self._lock:
            key = (job.created_at, view.study.id)
            entry = self._entries.setdefault(key, _Entry())
            self._entries.move_to_end(key)
            while len(self._entries) > MOST_KEPT:
                self._entries.popitem(last=False)
            is_new = entry.version != version and not entry.is_asked
            if is_new or entry.is_due(time.monotonic()):
                question = question_of(view)
                ask = threading.Thread(target=self._ask, args=(entry, version, question))
                ask.daemon = True  # a server that is stopped does not wait for it
                ask.start()  # where that fails, the next look asks
                entry.is_asked = True
            return entry.found

    def stamp(self) -> tuple[int, int]:
        """Return what changes when an answer arrives, or when a failed question is due again."""
        now = time.monotonic()
        with self._lock:
            return self._n_answers, sum(entry.is_due(now) for entry in self._entries.values())

    def _ask(self, entry: _Entry, version: Hashable, question: Mapping[str, object]) -> None:
        with self._turn:
            found = answer_to(question)
        with self._lock:
            entry.version, entry.found, entry.is_asked = version, found, False
            entry.retry_at = None if found.fault is None else time.monotonic() + RETRY_S
            self._n_answers += 1


def question_of(view: SearchView) -> dict[str, object]:
    """Return what the process is asked: an `ImportanceQuestion` of its module."""
    even = view.even_results()
    shown = even[:: -(-len(even) // MOST)] if even else []
    kinds = [axis.n_choices for axis in view.axes]
    return {
        "points": [
            [min(int(u * n), n - 1) if n else u for u, n in zip(p.point, kinds, strict=True)]
            for p in shown
        ],
        "values": [p.value for p in shown],
        "n_choices": kinds,
    }


def answer_to(question: Mapping[str, object]) -> Importance:
    """Ask the process; a failure is an answer, too."""
    try:
        done = run_module(MODULE, json.dumps(question).encode(), LIMIT_S)
        if done.returncode != 0:
            return Importance(fault=f"Its process {_end_of(done)}.")
        return Importance(**json.loads(done.stdout))
    except subprocess.TimeoutExpired:
        return Importance(fault=f"Its process took over {LIMIT_S:g} s.")
    except OSError as error:
        return Importance(fault=f"No process could be started ({error}).")
    except Exception as error:  # noqa: BLE001 - else the thread ends, and it is never asked again
        return Importance(fault=f"Its process gave no answer ({type(error).__name__}).")


def _end_of(done: subprocess.CompletedProcess[bytes]) -> str:
    """Say how a process ended that did not succeed."""
    if done.returncode < 0:
        return f"was killed (signal {-done.returncode})"
    said = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"failed ({said[-1][:200] if said else f'status {done.returncode}'})"


RUNS = ImportanceRuns()
