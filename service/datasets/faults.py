"""The faults of an upload's files: they are collected, so that all come in one answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from service.errors import InvalidDatasetError

# So many are named in an answer; all are counted.
MAX_NAMED = 50


@dataclass
class Faults:
    """What is wrong with single files; the import goes on to the next one.

    Attributes:
        first: The first `MAX_NAMED`, in the order in which they were found.
        n: How many there are.
    """

    first: list[InvalidDatasetError] = field(default_factory=list)
    n: int = 0

    def add(self, error: InvalidDatasetError) -> None:
        """Take a fault down."""
        self.n += 1
        if len(self.first) < MAX_NAMED:
            self.first.append(error)

    @contextmanager
    def of_one(self) -> Iterator[None]:
        """Take the fault of one file down, in place of raising it."""
        try:
            yield
        except InvalidDatasetError as error:
            self.add(error)

    def copy(self) -> Faults:
        """Return a collection that begins with these."""
        return Faults(list(self.first), self.n)

    def refuse(self) -> None:
        """End the import if there is a fault.

        Raises:
            InvalidDatasetError: It names the first `MAX_NAMED` and counts the others.
        """
        if self.first:
            named = [(error.entry, error.detail) for error in self.first]
            entry, detail = named[0]
            raise InvalidDatasetError(entry, detail, named[1:], self.n) from self.first[0]
