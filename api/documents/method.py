"""How a job was done: its data, its task, its seeds, its statistics, and what they leave open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from api.dashboard.formats import count
from api.dashboard.pages.datasets import DatasetLine
from api.documents.blocks import (
    Block,
    DocumentSection,
    FactsBlock,
    ListBlock,
    TableBlock,
    TextBlock,
    columns,
)
from api.documents.source import DocumentSource
from api.documents.texts import value_text
from densearch.answers import LeftOutFile
from service.records import Json
from service.report.question_words import arm_in_words

SECTIONS = (
    ("task", "Task"),
    ("network", "Network"),
    ("training", "Training"),
    ("density", "Density"),
    ("search", "Searched settings"),
    ("fidelity", "Short trainings"),
    ("pruning", "Pruning"),
    ("budget", "Budget"),
    ("evaluation", "Evaluation"),
    ("resources", "Resources of a training"),
)
# How figures are made, by what the report holds. The verdict's sentences are the report's own.
STATISTICS: Mapping[str, str] = {
    "answer": (
        "One question: the density's arm against the best simpler arm, both chosen by their "
        "validation loss. Losses above zero are compared by the logarithm of their ratio, seed by "
        "seed, with Student's t. Each planned look has the same level, so that all looks together "
        "err in 5 % of jobs."
    ),
    "test": (
        "Each arm's best is trained again with fresh seeds and judged once on the whole test "
        "split, which selects nothing. Trainings that diverged, learned nothing or failed are "
        "counted and never averaged."
    ),
    "attribution": (
        "The parts of a gain compare each arm with the simpler one before it on the seeds that "
        "all of them share; their intervals hold together, by Holm's procedure."
    ),
    "noise": (
        "A plateau is where one training with one seed could not be distinguished from the best: "
        "its limit is made of the spread between the seeds of the final trainings."
    ),
    "fidelity": (
        "The searches trained short; the best few of each were trained in full before one of "
        "them was chosen."
    ),
    "samplers": "Samplers are compared over search seeds by the exact Mann-Whitney test.",
}
SEEDS = (
    "Every seed is a digest of names: of the job's seed, the study, the phase and an index. None "
    "comes from a clock or from the order in which trainings end."
)
LIMITS = (
    "The intervals are over seeds of training: they hold for these splits, not for other data.",
    "Times are wall-clock times of a machine on which other trainings may have run.",
)


def method_sections(source: DocumentSource) -> Iterator[DocumentSection]:
    """Yield the data, the method, the statistics and the limits."""
    if not source.is_function:
        yield DocumentSection("data", "Data", [*_data(source)])
    yield DocumentSection("method", "Method", _method(source))
    statistics = _statistics(source)
    if statistics:
        yield DocumentSection("statistics", "Statistics", [ListBlock(statistics)])
        yield DocumentSection("limits", "Limits", [ListBlock(LIMITS)])


def _data(source: DocumentSource) -> Iterator[Block]:
    task, dataset = source.task, source.dataset
    known: Json = task.get("data") or {}
    name = str(task.get("dataset") or task.get("kind") or "")
    if dataset is not None:
        yield from _stored(dataset)
        return
    words = f"The data set is {name}."
    if known.get("sha256"):
        words = f"The data set {name} was deleted since; its content has the SHA-256 below."
    yield TextBlock(words)
    rows = [
        (title, [value_text(known[key])]) for key, title in _KNOWN if known.get(key) is not None
    ]
    if rows:
        yield FactsBlock(rows)


_KNOWN = (
    ("sha256", "SHA-256"),
    ("n_training", "Training samples"),
    ("n_outputs", "Classes or outputs"),
    ("size_px", "Smallest side, pixels"),
    ("n_channels", "Channels"),
)


def _stored(dataset: DatasetLine) -> Iterator[Block]:
    record = dataset.record
    yield FactsBlock(
        [
            ("Data set", [f"{record.name} ({dataset.name})"]),
            ("Targets", [dataset.kind]),
            ("Samples", [f"{count(record.n_samples)}, each {dataset.samples}"]),
            ("SHA-256", [record.sha256]),
        ]
    )
    lines = dataset.class_lines
    titles = [f"#{split}" for split in dataset.counts]
    total = ["all", *(count(n) for n in dataset.counts.values())]
    rows = [total, *([name, *map(count, counts)] for name, counts in lines)]
    more = dataset.n_classes - len(lines)
    hidden = f"; {more} more classes are not shown" if more > 0 else ""
    caption = f"Samples of each split{hidden}."
    yield TableBlock(caption, columns("Class", *titles), rows)
    if dataset.warnings:
        yield TextBlock("Warnings about the data", "lead")
        yield ListBlock(dataset.warnings)
    if dataset.left_out:
        yield TextBlock("Left out of the upload", "lead")
        yield ListBlock([_left_out(*row) for row in dataset.left_out])


def _left_out(n: str, reason: str, first: Sequence[LeftOutFile]) -> str:
    named = ", ".join(str(file["entry"]) for file in first[:5])
    return f"{n} {reason}: {named}" if named else f"{n} {reason}"


def _method(source: DocumentSource) -> list[Block]:
    spec = source.job.spec
    rows = [(title, [_section(spec[key])]) for key, title in SECTIONS if spec.get(key)]
    rows.append(("Seed", [f"{spec.get('seed', 0)}. {SEEDS}"]))
    simple = [study.name for study in source.studies if arm_in_words(study.name) != study.name]
    if simple:
        named = [f"{name}: {arm_in_words(name)}" for name in simple]
        rows.append(("Arms without a shape", named))
    return [FactsBlock(rows)]


def _section(value: object) -> str:
    """Write a section of a spec: its fields that are set."""
    if not isinstance(value, Mapping):
        return value_text(value)
    kept = {
        name: own for name, own in value.items() if own not in (None, {}, []) and name != "data"
    }
    return "; ".join(f"{name} {value_text(own)}" for name, own in kept.items())


def _statistics(source: DocumentSource) -> list[str]:
    report = source.report
    held = {name for name in STATISTICS if report.get(name)}
    if any(arm.get("test") for arm in source.arms):
        held.add("test")
    return [words for name, words in STATISTICS.items() if name in held]
