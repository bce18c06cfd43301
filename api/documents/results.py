"""What a finished job found: the verdict and its evidence, the looks, the arms, the parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api.dashboard.figures.bars import bars
from api.dashboard.formats import NONE, change, duration, number, percent
from api.documents.blocks import (
    Block,
    DocumentSection,
    FigureBlock,
    ListBlock,
    TableBlock,
    TextBlock,
    columns,
)
from api.documents.figures.forest import ForestRow, forest
from api.documents.source import DocumentSource
from api.documents.texts import (
    effect_text,
    metric_interval,
    metric_title,
    metric_value,
    params_text,
    sentences,
    versus_text,
)
from densearch.answers import earlier_looks_in_words, marked_arm
from densearch.answers.compared_metric import ComparedMetric
from service.records import Json
from service.tasks.metric_names import OF_THE_SPLIT, in_order

# Shown of each arm; the others are in the stored report.
MOST_METRICS = 3
Arm = Mapping[str, Any]


def result_sections(source: DocumentSource) -> Iterator[DocumentSection]:
    """Yield the sections on what was found; none of a job without a report."""
    report = source.report
    if not report:
        return
    found = [*_verdict(source), *_looks(source.answer, source.own)]
    yield DocumentSection("result", "Result", found)
    yield DocumentSection("arms", "Arms", _arms(source))
    if report.get("attribution"):
        blocks = [_attribution(report["attribution"], source.own)]
        yield DocumentSection("attribution", "What the gain is due to", blocks)
    if report.get("samplers"):
        blocks = _samplers(report["samplers"], source.own)
        yield DocumentSection("samplers", "Which sampler is better", blocks)


def _verdict(source: DocumentSource) -> list[Block]:
    report, looks = source.report, source.earlier_looks
    findings = report.get("findings") or sentences([report.get("verdict")])
    blocks: list[Block] = [TextBlock(words) for words in findings]
    seen = earlier_looks_in_words(looks) if looks is not None else None
    evidence = sentences([*(report.get("evidence") or []), seen, *source.further_words])
    if evidence:
        blocks += [TextBlock("How we know", "lead"), ListBlock(evidence)]
    return [*blocks, *_earlier(source)]


def _earlier(source: DocumentSource) -> list[Block]:
    """Return the jobs before this one that the recommendation takes in."""
    earlier = (source.decision or {}).get("earlier") or []
    if not earlier:
        return []
    rows = [
        [one["name"], str(one["job_id"]), percent(source.own.change(one["change"])), str(one["n"])]
        for one in earlier
    ]
    caption = (
        "Earlier jobs that the recommendation takes in: the same kind of task and kernel size on "
        f"other test splits. The {source.own.name} with a density against the best simpler arm."
    )
    return [TableBlock(caption, columns("Job", "#Number", "#Difference", "#Seeds"), rows)]


def _looks(answer: Json | None, own: ComparedMetric) -> list[Block]:
    if answer is None:
        return []
    question, plan = answer["question"], answer["plan"]
    planned = ", ".join(map(str, plan["looks"]))
    caption = (
        f"{question['arm']} against {question['against']} after planned numbers of seeds "
        f"({planned}). All looks together err in 5 % of jobs. A difference below "
        f"{plan['margin_percent']:g} % does not matter."
    )
    titles = ("#Seeds", "#Pairs", "#Difference", "#Interval", "Answer")
    table = TableBlock(caption, columns(*titles), [_look(look) for look in answer["looks"]])
    figure = _looks_figure(answer, own)
    return [table, figure] if figure is not None else [table]


def _look(look: Arm) -> list[str]:
    effect = look["effect"]
    if effect is None:
        return [str(look["n_seeds"]), "0", NONE, NONE, look["outcome"]]
    ends = _ends(effect["low"], effect["high"], effect["unit"])
    size = change(effect["change"], effect["unit"])
    return [str(look["n_seeds"]), str(effect["n"]), size, ends, look["outcome"]]


def _ends(low: float | None, high: float | None, unit: str | None) -> str:
    if low is None or high is None:
        return NONE
    return f"{change(low, unit)} to {change(high, unit)}"


def _looks_figure(answer: Json, own: ComparedMetric) -> FigureBlock | None:
    """Return the ratio at each look; None where losses have none."""
    rows = []
    for look in answer["looks"]:
        effect = look["effect"]
        if effect is None or effect["unit"] != "ratio":
            return None
        low, high = (None if end is None else 1.0 + end for end in (effect["low"], effect["high"]))
        label = f"{look['n_seeds']} seeds: {look['outcome']}"
        ends = _ends(effect["low"], effect["high"], effect["unit"])
        words = effect_text(change(effect["change"], effect["unit"]), ends)
        rows.append(ForestRow(label, 1.0 + effect["change"], low, high, words))
    question, margin = answer["question"], answer["plan"]["margin_percent"]
    title = f"{own.title} of {question['arm']} / that of {question['against']}"
    caption = f"{title} at each look; the grey band is the margin of {margin:g} %."
    return FigureBlock(caption, forest(rows, title, margin / 100.0))


def _arms(source: DocumentSource) -> list[Block]:
    is_tested = any(arm.get("test") for arm in source.arms)
    chosen = _chosen_table(source, is_tested=is_tested)
    return [chosen, _tested_table(source)] if is_tested else [chosen]


def _chosen_table(source: DocumentSource, *, is_tested: bool) -> TableBlock:
    marked = marked_arm(source.report, (source.decision or {}).get("light"))
    why = " (recommended)" if is_tested else " (lowest value)"
    rows = [
        [
            arm["name"] + (why if arm["name"] == marked else ""),
            _role(arm),
            params_text(arm.get("params") or {}),
            number(arm["validation_loss"], 5),
            duration(arm["training_s"]),
        ]
        for arm in source.arms
    ]
    what = "#Value" if source.is_function else f"#Validation {source.own.name}"
    chosen = "" if source.is_function else ", as the validation split chose it"
    head = columns("Arm", "Role", "Point", what, "#Time")
    return TableBlock(f"The best of each arm{chosen}.", head, rows)


def _tested_table(source: DocumentSource) -> TableBlock:
    n_seeds, own = source.report.get("n_seeds") or 0, source.own
    caption = (
        f"Every arm is trained again with {n_seeds} fresh seeds and evaluated on the test split. "
        f"Against uniform: the relative difference of the {own.noun} with its interval over the "
        f"seeds, {own.better_change} is better; the intervals hold for all arms together, by "
        "Holm's procedure."
    )
    names = [name for name in _metric_names(source.arms) if name != own.name]
    titles = [*(f"#{metric_title(name)}" for name in names), f"#Test {own.name}"]
    head = columns("Arm", "#Seeds", *titles, "#Against uniform", "#Interval")
    return TableBlock(caption, head, [_tested(arm, names) for arm in source.arms])


def _role(arm: Arm) -> str:
    chosen = arm.get("chosen_from")
    return f"{arm['role']}; training of {chosen}" if chosen else str(arm["role"])


def _metric_names(arms: Sequence[Arm]) -> list[str]:
    held = {name: None for arm in arms for name in (arm.get("test") or {}).get("metrics") or {}}
    shown = [name for name in in_order(held) if name not in ("loss", *OF_THE_SPLIT)]
    titles = {metric_title(name): name for name in reversed(shown)}
    return [name for name in shown if name in titles.values()][:MOST_METRICS]


def _tested(arm: Arm, names: Sequence[str]) -> list[str]:
    test = arm.get("test") or {}
    mean, deviation = test.get("loss_mean"), test.get("loss_sd")
    loss = number(mean, 4) if deviation is None else f"{number(mean, 4)} ± {number(deviation, 2)}"
    metrics = test.get("metrics") or {}
    values = [metric_value(name, metrics.get(name)) for name in names]
    if ends := (test.get("metric_intervals") or {}).get(names[0]) if names else None:
        values[0] += f" ({metric_interval(names[0], ends)})"
    return [arm["name"], _seeds(test), *values, loss, *versus_text(arm.get("vs_uniform"))]


def _seeds(test: Arm) -> str:
    """Return how many trainings count, and how many gave nothing."""
    kinds = (
        ("n_diverged", "diverged"),
        ("n_collapsed", "learned nothing"),
        ("n_failed", "failed"),
    )
    lost = [f"{test[key]} {words}" for key, words in kinds if test.get(key)]
    return ", ".join([str(test.get("n", 0)), *lost])


def _attribution(attribution: Json, own: ComparedMetric) -> Block:
    caption = (
        f"Change of the {own.noun} on the seeds that all these arms share, {own.better_change} is "
        f"better, each in percent of the {own.name} of the arm that it is compared with: what "
        "remains multiplies. All intervals hold together at 95 %."
    )
    rows = [
        [
            f"not part of the gain: {bar.title}" if bar.kind == "separate" else bar.title,
            bar.arms,
            bar.size,
            bar.ends,
            str(bar.n),
        ]
        for bar in bars(attribution)
    ]
    return TableBlock(caption, columns("Due to", "Arms", "#Change", "#Interval", "#Seeds"), rows)


def _samplers(samplers: Json, own: ComparedMetric) -> list[Block]:
    is_test = samplers.get("is_test")
    what = f"mean {own.noun} of what each found" if is_test else "best value of each"
    caption = f"Searches with different seeds: {what}. Deterministic samplers have one run."
    rows = [
        [
            row["sampler"] + (" (deterministic)" if row["is_deterministic"] else ""),
            str(row["n"]),
            number(row["mean"], 5),
            number(row["sd"], 2),
            number(row["least"], 5),
        ]
        for row in samplers["samplers"]
    ]
    head = columns("Sampler", "#Runs", "#Mean", "#SD", "#Best")
    return [TextBlock(samplers["words"]), TableBlock(caption, head, rows)]
