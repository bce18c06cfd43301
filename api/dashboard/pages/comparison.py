"""Two to eight jobs side by side as plain values, read in one transaction."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from api.dashboard.figures.heatmaps import plane, spread_of
from api.dashboard.formats import NONE
from api.dashboard.pages.density_cards import DensityCard, cards_of, chosen, shown_first
from api.dashboard.pages.spec_text import task_text
from densearch.answers.compared_metric import compared_metric_of
from densearch.names import quoted
from densearch.plurals import counted
from service.errors import DensearchError
from service.jobs import progress
from service.records import Job, Json, Study
from service.report.stored_answer import answer_in, effect_in, outcome_in
from service.storage import jobs, studies
from service.studies.test_splits import split_named
from service.tasks import kinds
from service.tasks.metric_names import in_order

LEAST_JOBS, MOST_JOBS = 2, 8
# Fields of a task that say what is trained on, not what is judged.
OF_TRAINING = frozenset({"n_train", "patch_px", "n_patches"})
# What the noisy images have is the task's, not the arm's.
OF_THE_TASK = frozenset({"loss", "noisy_psnr_db", "input_psnr_db", "constant_loss"})


class NotComparableError(DensearchError):
    """Too few or too many jobs were named."""


@dataclass(frozen=True, slots=True)
class JudgedArm:
    """An arm's test loss, its mean with a 95 % interval over its seeds, and its metrics.

    Attributes:
        is_cut: Whether the interval reached below 0, where this task has no loss: it begins at 0.
    """

    name: str
    n_seeds: int
    loss: float
    low: float | None
    high: float | None
    metrics: Mapping[str, float]
    is_cut: bool


@dataclass(frozen=True, slots=True)
class ComparedJob:
    """A job with what the page shows of it.

    Attributes:
        best: The arm with the lowest validation loss.
        card: The density that its page shows first; None where it has none.
        judged: The density's arm, the best simpler one and `uniform`, as far as they were judged.
        n_others: Further arms that were judged and are not shown.
        measure: What its test losses are losses of; None where it judges nothing.
    """

    job: Job
    best: Study | None
    card: DensityCard | None
    judged: Sequence[JudgedArm]
    n_others: int
    measure: str | None

    @property
    def task(self) -> str:
        """The task and the network in a few words."""
        return task_text(self.job.spec)

    @property
    def outcome(self) -> str | None:
        """The answer of its report."""
        return outcome_in(self.job.report)

    @property
    def effect(self) -> Json | None:
        """By how much its density changes what is compared, as the report has it."""
        return effect_in(_report_of(self.job))

    @property
    def phi(self) -> list[list[float]] | None:
        """Its density as rows."""
        return plane(self.card.density) if self.card is not None else None


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Jobs side by side.

    Attributes:
        differences: Path of a field of the specs, and its value in each job, as text.
        spread: How far the densities lie from 1 at most: the ends of their common scale.
    """

    jobs: Sequence[ComparedJob]
    differences: Sequence[tuple[str, Sequence[str]]]
    spread: float

    @property
    def is_comparable(self) -> bool:
        """Whether all losses are losses of the same thing."""
        return len({one.measure for one in self.jobs if one.measure is not None}) <= 1

    @property
    def ids(self) -> str:
        """The jobs as an address names them."""
        return ",".join(str(one.job.id) for one in self.jobs)


def ids_in(texts: Sequence[str]) -> list[int]:
    """Return the numbers of the jobs that an address names, each once.

    Args:
        texts: One number each, or several with commas between them.

    Raises:
        NotComparableError: Fewer than two or more than eight, or what is no number.
    """
    words = [word.strip() for text in texts for word in text.split(",") if word.strip()]
    odd = [word for word in words if not _is_id(word)]
    found = [] if odd else list(dict.fromkeys(map(int, words)))
    if not LEAST_JOBS <= len(found) <= MOST_JOBS:
        what = (
            f"{quoted(odd[0], 40)} is no number of a job"
            if odd
            else f"it names {counted(len(found), 'job')}"
        )
        raise NotComparableError(
            f"{what}: give the numbers of {LEAST_JOBS} to {MOST_JOBS} jobs, such as "
            "compare?jobs=1,2, or tick them in the list of jobs"
        )
    return found


def _is_id(word: str) -> bool:
    return word.isascii() and word.isdecimal() and len(word) < 19 and int(word) > 0


def comparison(session: Session, ids: Sequence[int]) -> SideBySide:
    """Read the page.

    Raises:
        NotFoundError: One of the jobs is not there.
    """
    found = [_compared(session, job_id) for job_id in ids]
    return SideBySide(
        jobs=found,
        differences=list(differences([one.job.spec for one in found])),
        spread=spread_of(one.phi for one in found if one.phi is not None),
    )


def _compared(session: Session, job_id: int) -> ComparedJob:
    job, own = jobs.get(session, job_id), studies.of_job(session, job_id)
    judged = list(_judged(job))
    return ComparedJob(
        job=job,
        best=progress.lowest(job, own),
        card=chosen(cards_of(session, job_id, own), None, shown_first(job, own)),
        judged=judged,
        n_others=len(_tested(job)) - len(judged),
        measure=_measure(job.spec),
    )


def _measure(spec: Json) -> str | None:
    """Return what a job's losses are losses of: its test split, and what the task asks of it."""
    split = split_named(spec)
    task = {name: value for name, value in spec["task"].items() if name not in OF_TRAINING}
    return None if split is None else json.dumps([split, task], sort_keys=True)


def _report_of(job: Job) -> Json:
    """Return a job's report in the user's metric, empty without one."""
    return compared_metric_of(job.spec["task"]).report(job.report)


def _judged(job: Job) -> Iterator[JudgedArm]:
    report = _report_of(job)
    question = answer_in(report).get("question") or {}
    first = question.get("arm") or report.get("best_arm")
    names = dict.fromkeys(name for name in (first, question.get("against"), "uniform") if name)
    # Plugged-in kinds may have losses below 0.
    least = 0.0 if job.spec["task"]["kind"] in kinds.NAMES else None
    tested = _tested(job)
    yield from (_arm(name, tested[name], least) for name in names if name in tested)


def _tested(job: Job) -> dict[str, Json]:
    """Return what the report has of the test split, by the arms that were judged on it."""
    tests = {arm["name"]: arm.get("test") or {} for arm in _report_of(job).get("arms", ())}
    return {name: test for name, test in tests.items() if test.get("loss_mean") is not None}


def _arm(name: str, test: Json, least: float | None) -> JudgedArm:
    mean, spread, n = test["loss_mean"], test.get("loss_sd"), test.get("n") or 0
    half = None
    if spread is not None and n > 1:
        from scipy.special import stdtrit  # late: the API starts without it

        half = float(stdtrit(n - 1, 0.975)) * spread / math.sqrt(n)
    low = None if half is None else mean - half
    is_cut = low is not None and least is not None and low < least <= mean
    metrics = in_order(test.get("metrics") or {})
    return JudgedArm(
        name=name,
        n_seeds=n,
        loss=mean,
        low=least if is_cut else low,
        high=None if half is None else mean + half,
        metrics={key: value for key, value in metrics.items() if key not in OF_THE_TASK},
        is_cut=is_cut,
    )


def differences(specs: Sequence[Json]) -> Iterator[tuple[str, list[str]]]:
    """Yield each path whose values are not the same in all specs, with them; never the name."""
    flat = [dict(_leaves(spec, "")) for spec in specs]
    for path in dict.fromkeys(path for one in flat for path in one):
        values = [one.get(path, NONE) for one in flat]
        if path != "name" and len(set(values)) > 1:
            yield path, values


def _leaves(value: Any, at: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    """Yield the values of a spec by their paths, as text; a list of plain values is one."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, f"{at}.{key}" if at else key)
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        for item in value:
            name = item.get("name", value.index(item)) if isinstance(item, Mapping) else item
            yield from _leaves(item, f"{at}.{name}")
    elif value is not None:
        yield at, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
