"""The pages of data sets as plain values, read in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from api.dashboard.json_text import json_text
from densearch.answers import LEFT_OUT, LeftOutAnswer, LeftOutFile
from densearch.plugins.data_info import DataInfo
from densearch.plurals import counted
from service import clock
from service.datasets import preview
from service.datasets.formats.registry import FORMATS, Format
from service.datasets.store.encoded import is_encoded
from service.datasets.store.group_files import COUNTS
from service.datasets.store.reader import SPLITS
from service.records import STORED, Dataset, Json
from service.storage import datasets
from service.tasks import registry
from service.tasks.families import LabelledTask

SETS_SHOWN = 25
CLASSES_SHOWN = 50
KIND_NAMES = {
    "labelled": "labelled",
    "multilabel": "several labels",
    "pairs": "pairs",
    "unlabelled": "unlabelled",
}
AXES = {1: "signals", 2: "images", 3: "volumes"}
EXAMPLE_PX = 64
# Smaller ones are of no use to a network.
LEAST_SIDE_PX = 8


@dataclass(frozen=True, slots=True)
class DatasetLine:
    """A stored set, with its details as text."""

    record: Dataset

    @property
    def name(self) -> str:
        """Its name in a job's task."""
        return f"{STORED}:{self.record.id}"

    @property
    def kind(self) -> str:
        """The kind of its targets, as text."""
        return KIND_NAMES[self.record.kind]

    @property
    def samples(self) -> str:
        """The shape of its samples: axes, sides and channels."""
        manifest = self.record.details["manifest"]
        least, most = manifest["size_px"], manifest["largest_px"]
        sides = str(least) if least == most else f"{least} to {most}"
        return _shape(manifest["n_dims"], sides, manifest["n_channels"])

    @property
    def warnings(self) -> list[str]:
        """What the user should check."""
        found: list[str] = self.record.details["warnings"]
        return found

    @property
    def left_out(self) -> list[tuple[str, str, list[LeftOutFile]]]:
        """What of the upload is not in it: the number, the reason, and the first files."""
        found: list[LeftOutAnswer] = self.record.details.get("left_out") or []
        return [(f"{row['n']:,}", LEFT_OUT[row["reason"]], row["first"]) for row in found]

    @property
    def rows(self) -> list[str]:
        """The class of each row of its preview."""
        details = self.record.details
        return preview.row_names(details["manifest"], details["class_counts"])

    @property
    def counts(self) -> dict[str, int]:
        """Samples of each split."""
        found: dict[str, int] = self.record.details["manifest"]["counts"]
        return found

    @property
    def group_counts(self) -> dict[str, int] | None:
        """Groups of each split; None where samples have none."""
        found: dict[str, int] | None = self.record.details["manifest"].get(COUNTS)
        return found

    @property
    def class_lines(self) -> list[tuple[str, list[int]]]:
        """The first classes by name, each with its number of samples in every split.

        Empty where samples are not counted by class.
        """
        counts = self.record.details["class_counts"]
        if counts is None:
            return []
        classes = self.record.details["manifest"]["classes"][:CLASSES_SHOWN]
        return [(name, [counts[s][i] for s in SPLITS]) for i, name in enumerate(classes)]

    @property
    def n_classes(self) -> int:
        """Number of classes or labels by which samples are counted."""
        return len((self.record.details["class_counts"] or {}).get(SPLITS[0], []))

    @property
    def obstacle(self) -> str | None:
        """Why no classification can be trained on it as it is stored; None where one can."""
        manifest = self.record.details["manifest"]
        task = registry.TASKS[registry.kind_for(manifest)].section
        if manifest["is_uniform"] or is_encoded(manifest) or not issubclass(task, LabelledTask):
            return None
        return (
            f"Its samples have sides from {manifest['size_px']} to {manifest['largest_px']} px, "
            "and are stored as values: a job with classes or labels needs one size. Store the "
            "files again: images of different sizes are then kept as they came, and a job says at "
            "which side it trains. To scale all now instead, fill in “Side, px”."
        )

    @property
    def least_px(self) -> int:
        """The side to which all samples can be scaled down, px."""
        return max(int(self.record.details["manifest"]["size_px"]), LEAST_SIDE_PX)

    @property
    def job(self) -> Json:
        """The spec of an example job on it."""
        manifest = self.record.details["manifest"]
        kind = registry.kind_for(manifest)
        task: Json = {"kind": kind, "dataset": self.name}
        if is_encoded(manifest) and issubclass(registry.TASKS[kind].section, LabelledTask):
            task["size_px"] = EXAMPLE_PX
        return {"name": self.record.name, "task": task, "budget": {"n_trials": 30}}

    @property
    def example(self) -> str:
        """That spec, as JSON."""
        return json_text(self.job)


@dataclass(frozen=True, slots=True)
class BuiltInLine:
    """A built-in set."""

    task: str
    name: str
    info: DataInfo

    @property
    def samples(self) -> str:
        """The shape of its samples."""
        side = "" if self.info.size_px is None else str(self.info.size_px)
        return _shape(self.info.n_dims, side, self.info.n_channels)


@dataclass(frozen=True, slots=True)
class DatasetList:
    """A page of the stored sets; `older` is the id to go on below, None on the last page."""

    lines: Sequence[DatasetLine]
    built_in: Sequence[BuiltInLine]
    formats: Sequence[Format]
    older: int | None
    is_first: bool
    now: datetime


def _shape(n_dims: int, sides: str, n_channels: int) -> str:
    channels = counted(n_channels, "channel")
    wide = f" of {sides} px" if sides and n_dims > 1 else f" of {sides}" if sides else ""
    return f"{AXES[n_dims]}{wide}, {channels}"


def dataset_list(session: Session, before: int | None) -> DatasetList:
    """Read a page of the stored sets, the newest first, and all built-in ones."""
    found = datasets.page(session, limit=SETS_SHOWN + 1, before=before)
    shown = found[:SETS_SHOWN]
    built_in = [BuiltInLine(task, name, info) for task, name, info in registry.built_in_sets()]
    return DatasetList(
        lines=[DatasetLine(record) for record in shown],
        built_in=built_in,
        formats=list(FORMATS.values()),
        older=shown[-1].id if len(found) > SETS_SHOWN else None,
        is_first=before is None,
        now=clock.now(),
    )


def dataset_line(session: Session, dataset_id: int) -> DatasetLine:
    """Read a stored set.

    Raises:
        NotFoundError: There is none.
    """
    return DatasetLine(datasets.get(session, dataset_id))
