"""What the service knows of a kind of task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from densearch.plugins.data_info import DataInfo
from densearch.plugins.sections import Section

# What a network answers: numbers for each sample, or values for each of its pixels.
Answer = Literal["classes", "image"]
# Of a stored set, see `service.datasets.store.writer`.
Manifest = Mapping[str, Any]


def of_classes(manifest: Manifest) -> int:
    """Return the number of a stored set's classes or labels."""
    return len(manifest["classes"])


def _nothing(manifest: Manifest) -> str | None:  # noqa: ARG001 - as all
    return None


@dataclass(frozen=True, slots=True)
class TaskInfo:
    """A kind of task. What workers need stands in `service.tasks.kinds`.

    Attributes:
        section: Its settings in a spec: a `PatchTask` or `LabelledTask` where it has data. Its
            field `kind` is the kind's name.
        answer: What its networks answer, which says which networks it takes; None without.
        network: The network of a spec that names none; the first that fits where this is None.
        takes: Kinds of stored data sets that it can be trained on.
        lacks: Returns why a set of these kinds does not suit the task, given its manifest; None if
            it does.
        n_outputs: Returns the number of classes, labels or channels of an answer, given the
            manifest.
        sets: The built-in data sets, the default one first.
        has_classes: Whether labels can be smoothed over classes.
        metrics: Those that are shown first, in this order.
        example: A spec to start from on the page of a new job, with its title; None without.
    """

    section: type[Section]
    answer: Answer | None = None
    network: str | None = None
    takes: tuple[str, ...] = ()
    lacks: Callable[[Manifest], str | None] = _nothing
    n_outputs: Callable[[Manifest], int] = of_classes
    sets: Mapping[str, DataInfo] = field(default_factory=dict)
    has_classes: bool = False
    metrics: Sequence[str] = ()
    example: tuple[str, Mapping[str, Any]] | None = None

    @property
    def name(self) -> str:
        """What a spec calls the kind."""
        (name,) = get_args(self.section.model_fields["kind"].annotation)
        return str(name)

    def misfit(self, manifest: Manifest) -> str | None:
        """Say why a stored set is not for this kind of task, as "is labelled: it needs pairs"."""
        if manifest["kind"] not in self.takes:
            return f"is {manifest['kind']}: {self.name} needs {' or '.join(self.takes)} samples"
        return self.lacks(manifest)
