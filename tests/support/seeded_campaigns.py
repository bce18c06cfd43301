"""A campaign with cells in every state, for the pages: reports are written as jobs leave them."""

from __future__ import annotations

import math
import random
from typing import Any

from sqlalchemy import update

from service.campaigns import commands as campaign_commands
from service.campaigns.request import CampaignSpec
from service.jobs import commands, deletion
from service.states import JobState
from service.storage import campaigns, jobs
from service.storage.campaigns import Campaign
from service.storage.database import Database
from service.storage.tables import JobRow
from tests.support.campaign_cells import effect

WIDTHS = [0.5 * 8.0 ** (n / 8.0) for n in range(9)]


def submit(
    database: Database, name: str, base: dict[str, Any], matrix: dict[str, Any]
) -> Campaign:
    wanted = CampaignSpec.model_validate({"name": name, "base": base, "matrix": matrix})
    return campaign_commands.submit(database, wanted)[0]


def end(database: Database, job_id: int, report: dict[str, Any]) -> None:
    """Let a job succeed with a report."""
    with database.write() as session:
        for state in (JobState.RUNNING, JobState.EVALUATING):
            jobs.set_state(session, job_id, state)
        jobs.set_state(session, job_id, JobState.SUCCEEDED)
        session.execute(update(JobRow).where(JobRow.id == job_id).values(report=report))


def report(
    found: dict[str, Any] | None, outcome: str, valley: dict[str, Any] | None = None
) -> Any:  # noqa: ANN401 - JSON
    arm = {"name": "grid", "density": {"effective_radius": 1.3}, "valley": valley}
    return {
        "verdict": "",
        "arms": [arm],
        "best_arm": "grid",
        "answer": {
            "outcome": outcome,
            "question": {"arm": "grid", "against": "uniform"},
            "looks": [{"effect": found}],
        },
    }


def of_tasks(database: Database, name: str = "three tasks, two kernels") -> Campaign:
    """Six cells on three test splits: four have ended, one failed, one was deleted."""
    base: dict[str, Any] = {
        "task": {"kind": "classification"},
        "network": {"kind": "small_cnn"},
        "budget": {"n_trials": 4},
    }
    datasets = ["digits", "textures", "faces"]
    matrix = {"task.dataset": datasets, "network.kernel_size": [3, 5]}
    made = submit(database, name, base, matrix)
    with database.read() as session:
        ids = [cell.job_id or 0 for cell in campaigns.cells_of(session, made.id)]
    effects = [(-0.08, 0.02, "better"), (-0.12, 0.03, "better"), (0.01, 0.02, "not decided")]
    for job_id, (mean, error, outcome) in zip(ids, effects, strict=False):
        end(database, job_id, report(effect(mean, error), outcome))
    end(database, ids[4], report(effect(-0.03, 0.05), "not decided"))
    with database.write() as session:
        jobs.set_state(session, ids[3], JobState.FAILED, error={"detail": "no GPU is left"})
    commands.cancel(database, ids[5])
    deletion.delete(database, ids[5])
    return made


def of_radii(database: Database) -> Campaign:
    """The radius question, answered: sharper by a tenth for each doubling; one cell is flat."""
    base = {
        "task": {"kind": "classification"},
        "network": {"kind": "small_cnn", "kernel_size": 5},
        "density": {"family": "gaussian", "bounds": [[0.5, 4.0]], "normalised": True},
        "samplers": ["grid"],
        "tuned_rate": {"seed": 0},
        "controls": ["uniform_tuned"],
        "budget": {"n_trials": 9},
        "evaluation": {"n_seeds": 0},
    }
    sizes = [100, 200, 400, 800]
    matrix = {"task.n_train": sizes, "network.width": [4, 8], "seed": [0, 1, 2]}
    made = submit(database, "radius by data", base, matrix)
    noise = random.Random(3)
    with database.read() as session:
        cells = campaigns.cells_of(session, made.id)
    for cell in cells:
        size, width = cell.settings["task.n_train"], cell.settings["network.width"]
        at = 0.5 - 0.16 * math.log2(size / 100) - 0.01 * width + noise.gauss(0.0, 0.08)
        curvature = 0.0 if (size, width) == (100, 4) else 0.2
        losses = [
            0.3 * math.exp(curvature * (math.log(w) - at) ** 2 + noise.gauss(0.0, 0.005))
            for w in WIDTHS
        ]
        valley = {
            "widths": WIDTHS,
            "losses": losses,
            "kernel_size": 5,
            "n_dims": 2,
            "is_normalised": True,
            "lr": 0.1,
            "is_rate_tuned": True,
        }
        end(database, cell.job_id or 0, report(None, "not decided", valley))
    return made
