"""The question of a job in words, with and without an answer."""

from __future__ import annotations

from service.report.question_words import CHOSEN, OF_DENSITY, OF_FUNCTION, question_of_report

ANSWER = {"question": {"arm": "density_tuned", "against": "uniform_tuned"}}


def test_the_two_arms_are_named_as_the_verdict_names_them() -> None:
    words = question_of_report({"answer": ANSWER}, is_function=False)
    question = (
        "Is the test loss with a density (density_tuned) lower than that of the plain network at "
        "its best learning rate?"
    )
    assert words == [question, CHOSEN]


def test_without_an_answer_it_is_the_job_s_purpose() -> None:
    for report in (None, {}, {"answer": None}):
        assert question_of_report(report, is_function=False) == [OF_DENSITY]
    assert question_of_report(None, is_function=True) == [OF_FUNCTION]
