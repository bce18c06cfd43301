"""What the pages, the documents and the command line say alike of a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from densearch.plurals import counted

# How `waits_for` of a job begins where its dispatcher is started again and again, in vain.
FAILED_START = "no dispatcher is running, and the last start failed"


def earlier_looks_in_words(n_jobs: int) -> str:
    """Say how many jobs had judged on a job's test split before it."""
    if n_jobs == 0:
        return "No job has looked at this test split before."
    return f"This test split has been looked at by {counted(n_jobs, 'job')} before this one."


def marked_arm(report: Mapping[str, Any], light: str | None = None) -> str | None:
    """Return the arm that a report's table marks: the one that its result recommends.

    It is that of the decision, else that of the verdict. None where nothing is decided, where the
    density was not compared with a tuned learning rate, and where nothing is compared with it. Of
    a job without tests, and of a report from before there were answers, it is the search with the
    lowest value, unless a control had a lower test loss.

    Args:
        report: Of a job.
        light: Of its decision.
    """
    answer = report.get("answer")
    if not answer:
        is_open = "answer" in report and any(arm.get("test") for arm in report["arms"])
        return None if is_open else _best_search(report)
    question = answer["question"]
    if light != "leave out" and not question.get("is_rate_tuned", True):
        return None
    if light == "adopt" or (light != "leave out" and answer["outcome"] == "better"):
        return str(question["arm"])
    is_open = light != "leave out" and answer["outcome"] == "not decided"
    return None if is_open else str(question["against"])


def _best_search(report: Mapping[str, Any]) -> str | None:
    best = report["best_arm"]
    means = {arm["name"]: (arm.get("test") or {}).get("loss_mean") for arm in report["arms"]}
    controls = [arm["name"] for arm in report["arms"] if arm["role"] != "search"]
    own = means.get(best)
    lower = [n for n in controls if own is not None and (means[n] is not None and means[n] < own)]
    return None if lower else best
