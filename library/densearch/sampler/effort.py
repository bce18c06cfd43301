"""The cost of a sampler's costliest ask, and the limits by which a server places or refuses it.

Work is counted in operations; one operation takes about a microsecond on one core of 2024. The
count is the same on every machine, so that the same spec is accepted everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass

# Up to here an ask stays in the dispatcher's loop.
CHEAP_WORK = 20_000.0
# Up to here it may use the process that is reserved for short asks.
SHORT_WORK = 5e6
# Above these a study is refused.
MOST_WORK = 6e7
MOST_BYTES = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Effort:
    """The cost of one ask.

    Attributes:
        work: Operations, see the module.
        memory_bytes: In addition to the memory of the libraries.
    """

    work: float
    memory_bytes: float

    @property
    def is_cheap(self) -> bool:
        """Whether it is asked in the dispatcher's loop."""
        return self.work <= CHEAP_WORK

    @property
    def is_short(self) -> bool:
        """Whether it may use the process that is reserved for short asks."""
        return self.work <= SHORT_WORK

    @property
    def excess(self) -> float:
        """By which factor it exceeds the limits; at most 1 if it is allowed."""
        return max(self.work / MOST_WORK, self.memory_bytes / MOST_BYTES)
