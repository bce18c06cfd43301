"""The answer in a report: its question, its looks, its warnings."""

from __future__ import annotations

import json

from tests.support.built_reports import report_of, row_of
from tests.support.report_records import Log, spec_of
from tests.support.verdict_cases import TUNED, judged

EFFECTS = {
    "random": -0.05, "uniform": 0.0, "uniform_tuned": -0.07, "flat_tuned": -0.06,
    "density_tuned": -0.13,
}  # fmt: skip


def test_holds_all_that_its_sentences_say() -> None:
    report = judged(EFFECTS, n=10, looks=[5, 10], accuracy=True)
    answer = report["answer"]
    assert json.loads(json.dumps(answer)) == answer
    assert answer["outcome"] == answer["looks"][-1]["outcome"] == "better"
    assert answer["question"]["arm"] == "density_tuned"
    assert answer["question"]["against"] == "uniform_tuned"
    assert answer["plan"]["looks"] == [5, 10]
    assert answer["looks"][0]["effect"]["n"] == 5
    assert 0.9 < answer["chance"] <= 1.0
    assert [one["name"] for one in answer["metrics"]] == ["accuracy"]
    evidence = " ".join(report["evidence"])
    assert "look 1 of 2" in evidence
    assert "By this job alone the gain is above 1 % with a probability of over 99 %." in evidence


def test_a_job_without_a_question_has_no_answer() -> None:
    log = Log(spec_of(controls=[]))
    log.judge("random", 1.0, 0.5, 0.6)
    assert report_of(log)["answer"] is None


def test_a_best_value_at_the_edge_of_its_range_is_a_warning() -> None:
    log = Log(spec_of(controls=list(TUNED), evaluation={"n_seeds": 2}))
    for place, (name, effect) in enumerate(EFFECTS.items()):
        dimension = log.resolved.spaces.of(name).dimension
        u = 0.95 if name == "density_tuned" else 0.5
        log.best[name] = log.trial(name, 0, 1.0 + effect, point=[u] * dimension)
        log.tests(name, 1.0 + effect, 1.01 + effect + 0.001 * place)
    report = report_of(log)
    edges = row_of(report, "density_tuned")["at_edges"]
    assert "lr" in edges
    assert len(edges) > 1
    assert row_of(report, "uniform_tuned")["at_edges"] == []
    warned = [words for words in report["findings"] if "widen this range" in words]
    assert len(warned) == len(edges)
    assert all(
        words.startswith(f"The best {name} of density_tuned, ")
        for words, name in zip(warned, edges, strict=True)
    )


def test_a_training_of_a_simpler_arm_is_no_point_of_the_arm() -> None:
    log = Log(spec_of(controls=list(TUNED), evaluation={"n_seeds": 2}))
    for name, effect in EFFECTS.items():
        log.judge(name, 1.0 + effect, 1.0, 1.01)
    log.best["density_tuned"] = log.best["uniform_tuned"]
    report = report_of(log)
    assert row_of(report, "density_tuned")["at_edges"] == []
    assert report["answer"]["outcome"] == "none found"
    assert report["answer"]["question"]["is_same_training"]
