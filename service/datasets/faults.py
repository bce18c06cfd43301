"""The faults of an upload's files: they are collected, so that all come in one answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from service.errors import InvalidDatasetError

# So many are named in an answer; all are counted.
MAX_NAMED = 50


T = TypeVar("T")


@dataclass
class FirstFew(Generic[T]):
    """Things of which there may be millions: all are counted, and the first are kept.

    Attributes:
        first: The first `MAX_NAMED`, in the order in which they were found.
        n: How many there are.
    """

    first: list[T] = field(default_factory=list)
    n: int = 0

    def add(self, one: T) -> None:
        """Take one down."""
        self.n += 1
        if len(self.first) < MAX_NAMED:
            self.first.append(one)


class Faults(FirstFew[InvalidDatasetError]):
    """What is wrong with single files; the import goes on to the next one."""

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
