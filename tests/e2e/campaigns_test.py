"""Campaigns of real trainings that are cancelled or fail in part."""

from __future__ import annotations

import time
from typing import Any

import pytest

from densearch.client.client import Client
from tests.support.product import PATIENCE_S

pytestmark = pytest.mark.ray

BASE: dict[str, Any] = {
    "task": {"kind": "classification", "dataset": "digits", "n_train": 100},
    "network": {"kind": "small_cnn", "depth": 1, "width": 2, "kernel_size": 5},
    "training": {"steps": 10, "batch_size": 16, "lr": 0.05},
    "density": {"family": "gaussian", "bounds": [[0.5, 4.0]], "normalised": True},
    "samplers": ["grid"],
    "controls": ["uniform"],
    "budget": {"n_trials": 5},
    "evaluation": {"n_seeds": 0},
}


def campaign(matrix: dict[str, list[Any]], steps: int = 10) -> dict[str, Any]:
    base = BASE | {"training": BASE["training"] | {"steps": steps}}
    return {"name": "small", "base": base, "matrix": matrix}


def ended(client: Client, campaign_id: int, n_open: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Wait until so many jobs are left, and return the campaign."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := client.campaigns.get(campaign_id))["n_open"] > n_open:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return found


def results(client: Client, campaign_id: int) -> Any:  # noqa: ANN401 - JSON
    """The report without the ids of jobs."""
    report = client.campaigns.report(campaign_id)
    return report | {"cells": [cell | {"job_id": None} for cell in report["cells"]]}


def test_a_rate_that_diverges_fails_its_cells_and_the_report_says_why(client: Client) -> None:
    made = client.campaigns.submit(campaign({"training.lr": [0.05, 1000.0], "seed": [0, 1]}))
    assert ended(client, made["id"])["counts"] == {"SUCCEEDED": 2, "FAILED": 2}
    findings = client.campaigns.report(made["id"])["findings"]
    assert findings[-2:] == [
        "2 of 4 jobs have failed: the answers are without them.",
        "Why jobs failed: every training diverged: lower the learning rate (2 jobs).",
    ]
    assert any(sentence.startswith("For 1 of 2 settings ") for sentence in findings)


def test_a_cancelled_campaign_is_completed_by_submitting_it_again(client: Client) -> None:
    body = campaign({"seed": [*range(10, 18)]}, steps=60)
    first = client.campaigns.submit(body)
    ended(client, first["id"], n_open=7)
    client.campaigns.cancel(first["id"])
    stopped = ended(client, first["id"])
    assert stopped["counts"]["CANCELLED"] > 0
    again = client.campaigns.submit(body)
    assert ended(client, again["id"])["counts"] == {"SUCCEEDED": 8}
    whole, part = results(client, again["id"]), results(client, first["id"])
    assert "CANCELLED" not in " ".join(whole["findings"]).upper()
    for before, after in zip(stopped["cells"], again["cells"], strict=True):
        if before["state"] == "SUCCEEDED":
            index = before["index"]
            assert whole["cells"][index] == part["cells"][index]
            assert all(trial["cached"] for trial in client.trials(after["job_id"] or 0))


def test_an_extension_has_the_results_of_a_campaign_that_had_all_values(client: Client) -> None:
    first = client.campaigns.submit(campaign({"seed": [30]}))
    client.campaigns.extend(first["id"], "seed", [31])
    ended(client, first["id"])
    extended = results(client, first["id"])
    other = client.campaigns.submit(campaign({"seed": [30, 31]}))
    ended(client, other["id"])
    assert results(client, other["id"]) == extended
