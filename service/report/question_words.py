"""A job's question as a sentence, and its arms as noun phrases."""

from __future__ import annotations

from collections.abc import Mapping

from densearch.answers.compared_metric import LOSS, ComparedMetric
from service.records import Json
from service.report.verdict import PLAIN

OF_FUNCTION = "Where is the function's lowest value, and which search finds it?"
OF_DENSITY = "Is the network better with a density than without?"
CHOSEN = "Both were chosen on the validation split; the test split compares them."


def question_in_words(question: Mapping[str, object], own: ComparedMetric) -> str:
    """Return the question of a report, see `service.report.primary.PrimaryQuestion`."""
    arm, against = str(question["arm"]), arm_in_words(str(question["against"]))
    return f"Is the {own.noun} with a density ({arm}) {own.better} than that of {against}?"


def question_of_report(
    report: Json | None, *, is_function: bool, own: ComparedMetric = LOSS
) -> list[str]:
    """Return the question of a job, with or without a report that answers it."""
    if is_function:
        return [OF_FUNCTION]
    answer = (report or {}).get("answer")
    return [question_in_words(answer["question"], own), CHOSEN] if answer else [OF_DENSITY]


def arm_in_words(name: str) -> str:
    """Return what an arm without a density's shape is; its name for any other."""
    return PLAIN.get(name, name)
