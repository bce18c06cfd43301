"""What the terminal shows of a report."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from densearch.cli import reports
from tests.support.screens import Screen, printed

METRICS = {"psnr_clipped_db": 27.1234, "psnr_db": 26.9}


def arm(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "role": "search",
        "density": {"family": "symmetric", "den": [0.8494406]},
        "validation_loss": 0.00977967,
        "test": {"loss_mean": 0.0095, "loss_sd": 4.5e-5, "metrics": METRICS},
        "vs_uniform": {"difference": 1e-4, "low": -2e-4, "high": 4e-4, "relative": 0.01},
        "training_s": 6.25,
        **changes,
    }


REPORT = {
    "arms": [
        arm("direct_l"),
        arm("uniform", density={"family": "uniform", "phi": [[1.0]]}, vs_uniform=None),
    ],
    "best_arm": "direct_l",
    "verdict": "It helped.",
}


class TestArmsTable:
    def test_shows_what_the_demo_promises(self) -> None:
        lines = printed(reports.arms_table(REPORT)).splitlines()
        assert lines[0].split("  ")[0] == "arm"
        for title in ("density", "validation loss", "test loss", "PSNR", "training"):
            assert title in lines[0]
        # The interval is on the loss: 0.0001 is 1 % of uniform's, so its ends are -2 % and +4 %.
        for cell in ("den 0.849", "0.009780", "27.12 dB", "+1.0 % [-2.0, +4.0]", "6.2 s"):
            assert cell in lines[1]
        assert "%" not in lines[2], "uniform is not compared with itself"

    def test_a_report_of_an_earlier_version_has_its_own_psnr(self) -> None:
        old = arm("direct_l", test={"loss_mean": 0.0095, "metrics": {"psnr_db": 26.9}})
        assert "26.90 dB" in printed(reports.arms_table(REPORT | {"arms": [old]}))

    def test_classes_have_an_accuracy(self) -> None:
        test = {"loss_mean": 0.2, "metrics": {"accuracy": 0.9731, "accuracy_top5": 0.99}}
        lines = printed(reports.arms_table(REPORT | {"arms": [arm("random", test=test)]}))
        assert lines.index("accuracy") < lines.index("validation loss")
        assert "97.31 %" in lines
        known = arm("random", test={**test, "metric_intervals": {"accuracy": [0.97, 0.976]}})
        report = REPORT | {"arms": [known]}
        assert "97.31 % [97.00, 97.60]" in printed(reports.arms_table(report))
        assert "[97.00" not in printed(reports.arms_table(report, width=120))
        assert "PSNR" not in lines

    def test_segmentations_have_iou_and_dice(self) -> None:
        metrics = {"iou": 0.71234, "dice": 0.8, "pixel_accuracy": 0.9}
        arms = [
            arm("direct_l", test={"loss_mean": 0.2, "metrics": metrics}),
            arm("tpe", test={"loss_mean": None, "metrics": {}}),
        ]
        head, first, second = printed(reports.arms_table(REPORT | {"arms": arms})).splitlines()
        assert head.index("IoU") < head.index("Dice") < head.index("test loss")
        assert cells(first)[2:4] == ["0.7123", "0.8000"]
        assert cells(second)[2:4] == ["-", "-"]

    def test_metrics_of_a_package_give_the_first_of_them(self) -> None:
        test = {"loss_mean": 0.2, "metrics": {"miscounted": 0.125, "other": 3.0}}
        report = REPORT | {"arms": [arm("tpe", test=test)]}
        head, line = printed(reports.arms_table(report)).splitlines()
        assert "miscounted" in head
        assert "other" not in head
        assert "0.1250" in cells(line)

    def test_fits_80_columns_with_a_line_for_each_arm(self) -> None:
        text = printed(reports.arms_table(REPORT, width=80), width=80)
        assert sum("dB" in line and " s" in line for line in text.splitlines()) == 2
        assert "+1.0 % [-2.0, +4.0]" in text

    def test_a_job_that_trains_nothing_has_values_alone(self) -> None:
        bare = arm("random", density=None, test=None, vs_uniform=None)
        text = printed(reports.arms_table({**REPORT, "arms": [bare]}))
        assert text.split() == ["arm", "best", "value", "random", "0.009780"]

    def test_an_arm_whose_every_seed_diverged_is_shown(self) -> None:
        lost = arm("tpe", test={"loss_mean": None, "loss_sd": None, "metrics": {}})
        assert "tpe" in printed(reports.arms_table({**REPORT, "arms": [lost]}))


def attributed() -> dict[str, Any]:
    part = {
        "arm": "flat",
        "against": "uniform",
        "n": 5,
        "relative": 0.105,
        "relative_low": 0.08,
        "relative_high": 0.13,
    }
    return {
        "arm": "tpe",
        "gain": {**part, "names": ["scale of the weights", "spatial shape"], "relative": 0.12},
        "parts": [
            {**part, "names": ["scale of the weights"]},
            {**part, "names": ["spatial shape"], "relative": -0.015, "relative_low": None},
        ],
        "beside": [{**part, "names": ["learning rate"], "arm": "uniform_tuned", "n": 4}],
    }


def job_of(report: dict[str, Any]) -> dict[str, Any]:
    return {"spec": {"task": {"kind": "classification"}}, "report": report}


def shown(width: int = 160, **parts: Any) -> str:
    screen = Screen(width)
    reports.show_report(job_of({**REPORT, **parts}), screen.console)
    return screen.text


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("  ") if cell.strip()]


class TestReport:
    def test_one_of_an_earlier_version_is_its_table_and_its_verdict(self) -> None:
        assert shown().rstrip().splitlines()[3:] == ["", "It helped."]

    def test_the_parts_of_the_gain(self) -> None:
        found = [cells(line) for line in shown(attribution=attributed()).splitlines()]
        assert ["due to", "change, %", "interval", "n"] in found
        assert ["scale of the weights", "-10.5", "-13.0 to -8.0", "5"] in found
        assert ["spatial shape", "+1.5", "-", "5"] in found
        assert ["all of tpe", "-12.0", "-13.0 to -8.0", "5"] in found
        assert ["(learning rate: uniform_tuned)", "-10.5", "-13.0 to -8.0", "4"] in found

    def test_fitted_optima_where_there_are(self) -> None:
        axes = [{"axis": "lr", "text": "0.03 to 0.05"}]
        plateau = {"n_trials": 4, "n_compared": 9, "axes": axes}
        optimum = {"axis": "lr", "value": 0.0412, "low": 0.031, "high": 0.052, "n": 9}
        arms = [arm("tpe", plateau=plateau, optimum=optimum), arm("random", plateau=plateau)]
        noise = {"relative": 0.01, "limit": 0.0213, "n_arms": 5, "n_seeds": 3}
        found = [cells(line) for line in shown(arms=arms, noise=noise).splitlines()]
        assert ["tpe", "4 of 9", "lr", "0.03 to 0.05", "0.041 (0.031 to 0.052)"] in found
        assert ["random", "4 of 9", "lr", "0.03 to 0.05", "-"] in found

    def test_a_fitted_optimum_of_several_values_has_a_line_for_each(self) -> None:
        axes = [{"axis": "factor", "text": "0.8 to 1.1"}, {"axis": "lr", "text": "0.03 to 0.05"}]
        plateau = {"n_trials": 4, "n_compared": 16, "axes": axes}
        fitted = [{"axis": "factor", "value": 0.93, "low": 0.71, "high": 1.2},
                  {"axis": "lr", "value": 0.0412, "low": 0.031, "high": 0.052}]  # fmt: skip
        none = {"axes": [], "n": 0, "reason": "the losses near the best form no valley"}
        arms = [
            arm("tpe", plateau=plateau, joint_optimum={"axes": fitted, "n": 14, "reason": None}),
            arm("random", plateau=plateau, joint_optimum=none),
        ]
        noise = {"relative": 0.01, "limit": 0.0213, "n_arms": 5, "n_seeds": 3}
        found = [cells(line) for line in shown(arms=arms, noise=noise).splitlines()]
        assert ["tpe", "4 of 16", "factor", "0.8 to 1.1", "0.93 (0.71 to 1.2)"] in found
        assert ["lr", "0.03 to 0.05", "0.041 (0.031 to 0.052)"] in found
        assert ["random", "4 of 16", "factor", "0.8 to 1.1", "-"] in found

    def test_plateaus_with_their_noise(self) -> None:
        axes = [
            {"axis": "den[0]", "best": 0.8494406, "text": "0.81 to 0.87"},
            {"axis": "lr", "best": 0.0312, "text": "0.03"},
        ]
        arms = [
            arm("direct_l", plateau={"n_trials": 4, "n_compared": 9, "axes": axes}),
            arm("uniform"),
        ]
        noise = {"relative": 0.01, "limit": 0.0213, "n_arms": 5, "n_seeds": 3}
        found = [cells(line) for line in shown(arms=arms, noise=noise).splitlines()]
        assert ["plateau (within 2.1 % of the best, 3 seeds)", "trials", "best"] in found
        assert ["direct_l", "4 of 9", "den[0]", "0.81 to 0.87"] in found
        # Digits that the plateau denies are not shown beside it.
        assert any(line[:2] == ["direct_l", "den 0.85"] for line in found)
        assert any(line[:2] == ["uniform", "den 0.849"] for line in found)
        assert ["lr", "0.03"] in found

    def test_samplers_and_sentences(self) -> None:
        row = {"sampler": "tpe", "n": 3, "is_deterministic": False, "mean": 0.5, "least": 0.25}
        lone = {**row, "sampler": "direct_l", "n": 1, "is_deterministic": True, "sd": None}
        text = shown(
            samplers={"samplers": [{**row, "sd": 0.125}, lone], "words": "No winner."},
            fidelity={"words": "Half the epochs."},
            timing={"overhead": {"words": "Twice as long."}, "speculation": None},
        )
        found = [cells(line) for line in text.splitlines()]
        assert ["tpe", "3", "0.5000", "0.12", "0.2500"] in found
        assert ["direct_l", "1 (deterministic)", "0.5000", "-", "0.2500"] in found
        for words in ("No winner.", "Half the epochs.", "Twice as long.", "It helped."):
            assert [words] in found

    def test_a_short_training_has_its_column_where_there_is_room(self) -> None:
        arms = [arm("tpe", search_loss=0.0123)]
        head, line = shown(arms=arms).splitlines()[:2]
        assert "short training" in head
        assert "0.01230" in line
        assert "short training" not in shown(80, arms=arms)

    def test_shares_of_uniform_s_loss_are_shown_as_they_are(self) -> None:
        versus = {"difference": -3.0, "relative": -9.0, "low": -4.0, "high": -2.0}
        shares = {"unit": "ratio", "change": -0.1, "change_low": -0.2, "change_high": -0.05}
        assert reports.difference_text(versus | shares) == "-10.0 % [-20.0, -5.0]"
        assert reports.difference_text(versus | shares | {"change_low": None}) == "-10.0 %"

    def test_the_verdict_comes_first_and_its_evidence_last(self) -> None:
        made = shown(findings=["Use it.", "More."], evidence=["a / b = 0.9"])
        assert made.startswith("Use it.\nMore.\n\n")
        assert made.rstrip().endswith("How we know\n  a / b = 0.9")
        assert "How we know" not in shown(findings=["No verdict."], evidence=[])

    def test_what_does_not_fit_a_line_goes_on_further_in(self) -> None:
        made = shown(40, findings=["Use it."], evidence=["ten_of_ten " * 5, "five"])
        lines = [line.rstrip() for line in made.rstrip().splitlines()]
        assert lines[lines.index("How we know") + 1 :] == [
            "  ten_of_ten ten_of_ten ten_of_ten",
            "    ten_of_ten ten_of_ten",
            "  five",
        ]


class TestJob:
    def test_one_without_a_report_has_its_studies(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        job = {"id": 1, "state": "RUNNING", "name": "a", "error": {"title": "t", "detail": "no"}}
        study = {"name": "tpe", "sampler": "tpe", "n_finished": 2, "n_trials": 9,
                 "best_value": 0.5, "is_finished": False}  # fmt: skip
        reports.show_job({**job, "waits_for": "workers", "report": None}, [study])
        out = capsys.readouterr().out
        for words in ("job 1 RUNNING a", "waits for: workers", "no", "2/9"):
            assert words in out

    def test_one_with_a_report_has_its_verdict(self, capsys: pytest.CaptureFixture[str]) -> None:
        spec = {"task": {"kind": "classification"}}
        job = {"id": 1, "state": "SUCCEEDED", "name": "a", "report": REPORT, "spec": spec}
        reports.show_job(job, [])
        assert "It helped." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("versus", "shown"),
    [
        (None, "-"),
        ({"difference": None}, "-"),
        ({"difference": 0.0, "low": 0.0, "high": 0.0, "relative": 0.0}, "0.00 [0.0, 0.0]"),
        ({"difference": -0.5, "low": None, "high": None, "relative": -0.25}, "-25.0 %"),
        ({"difference": -0.5, "low": -1.0, "high": 0.1, "relative": None}, "-0.500 [-1.0, 0.10]"),
    ],
)
def test_difference(versus: dict[str, Any] | None, shown: str) -> None:
    assert reports.difference_text(versus) == shown


@pytest.mark.parametrize(
    ("density", "shown"),
    [
        (None, "-"),
        ({"family": "symmetric", "den": [0.5, 1.25]}, "den 0.5, 1.25"),
        ({"family": "gaussian", "den": None, "vector": [1.5]}, "gaussian 1.5"),
        ({"family": "full", "den": None, "vector": [1.0] * 8}, "full"),
    ],
)
def test_density(density: dict[str, Any] | None, shown: str) -> None:
    assert reports.density_text(density) == shown


class TestDecision:
    DECISION: ClassVar[dict[str, Any]] = {
        "light": "adopt",
        "words": ["Adopt the density. It is likely.", "The search took 9 trainings."],
        "chance": 0.97,
        "chance_alone": 0.99,
        "earlier": [{"job_id": 3, "name": "faces", "n": 5, "change": -0.021}],
    }

    def test_comes_first(self) -> None:
        screen = Screen(160)
        reports.show_report(job_of(REPORT) | {"decision": self.DECISION}, screen.console)
        lines = screen.text.splitlines()
        assert lines[0] == "Adopt the density. It is likely."
        assert lines[1] == "The search took 9 trainings."
        assert "Earlier jobs: 3 faces (-2.1 %)." in lines[2]

    def test_needs_no_earlier_jobs(self) -> None:
        lines = list(reports.decision_lines(self.DECISION | {"earlier": [], "light": "new"}))
        assert [line.plain for line in lines] == [*self.DECISION["words"], ""]

    def test_may_be_missing(self) -> None:
        assert list(reports.decision_lines(None)) == []
