"""The page of a job with the samples of its test split, and what the arms make of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from api.dashboard.figures.figure_request import FigureRequest
from api.dashboard.figures.item_figures import pairs_figure, shown_of, spread_figure
from api.dashboard.figures.themes import Figure
from api.dashboard.pages.item_pictures import has_set, pictures_of
from api.dashboard.pages.job_head import JobHead, head_of
from api.dashboard.pages.sheet_pictures import Sheets, is_there, sheets_of
from densearch.names import quoted
from service.jobs import item_standings, progress
from service.jobs.item_standings import ItemStandings
from service.records import Job, Study
from service.storage import densities, events, item_losses, jobs, studies
from service.storage.answers import answers_in
from service.tasks.registry import TASKS

# Tasks whose loss is the mean squared error of values in [0, 1].
PSNR_KINDS = frozenset(kind for kind, info in TASKS.items() if "psnr_clipped_db" in info.metrics)
N_HARDEST = 10
MOST_GROUPS = 20


@dataclass(frozen=True, slots=True)
class ItemRow:
    """An item, or a group of items, with its value under each arm, and a picture of the item."""

    name: str
    values: Sequence[float]
    picture: str | None = None


@dataclass(frozen=True, slots=True)
class SamplesTab:
    """What the page with the samples of its test split shows.

    Attributes:
        standings: None where no losses of items were kept.
        arm: The arm that is held against another one.
        against: That other one.
        sheets: What the networks of the arms make of a few samples.
        pictures: Of the hardest items, as addresses that hold them, by their place; of some of
            them where the set is not on this machine.
        faults: What is wrong with the address, as sentences.
    """

    head: JobHead
    standings: ItemStandings | None
    sheets: Sheets
    arm: str
    against: str
    pictures: Mapping[int, str]
    faults: Sequence[str]

    @property
    def is_psnr(self) -> bool:
        """Whether losses are shown as PSNR."""
        return is_psnr(self.head.job)

    @property
    def arms(self) -> Mapping[str, str]:
        """The arms that have losses of items, as choices."""
        own = self.standings.losses if self.standings is not None else {}
        return {arm: arm for arm in own}

    @property
    def hardest(self) -> list[ItemRow]:
        """The items with the greatest mean loss."""
        if self.standings is None:
            return []
        columns = [shown_of(own, is_psnr=self.is_psnr) for own in self.standings.losses.values()]
        return [
            ItemRow(
                str(number),
                [float(column[number]) for column in columns],
                self.pictures.get(number),
            )
            for number in self.standings.hardest(N_HARDEST)
        ]

    @property
    def groups(self) -> list[ItemRow]:
        """The mean loss of each group; empty without groups, or with many."""
        found = self.standings.of_groups() if self.standings is not None else {}
        if not 1 < len(found) <= MOST_GROUPS:
            return []
        return [ItemRow(str(group), list(own.values())) for group, own in found.items()]


def is_psnr(job: Job) -> bool:
    """Whether the losses of a job's items are shown as PSNR."""
    return job.spec["task"].get("kind") in PSNR_KINDS


def samples_tab(
    session: Session, job_id: int, data_dir: Path, query: Mapping[str, str] | None = None
) -> SamplesTab:
    """Read the page with the samples of its test split.

    Args:
        session: In a transaction.
        job_id: Which job.
        data_dir: Where the files of jobs lie.
        query: The selections in the address; a wrong one is said in the page.

    Raises:
        NotFoundError: There is no such job.
    """
    head = head_of(session, job_id)
    standings = _standings(session, head.job)
    arm, against, faults = _pair(head.job, head.studies, standings, query or {})
    order = _shown_first(head.job, head.studies, arm, against)
    sheets = sheets_of(densities.artifacts(session, job_id), order, data_dir)
    pictures: Mapping[int, str] = {}
    if standings is not None:
        hardest, n_items = standings.hardest(N_HARDEST), standings.n_items
        pictures = pictures_of(head.job, n_items, hardest, sheets.rows, data_dir)
    return SamplesTab(head, standings, sheets, arm, against, pictures, faults)


def depends_on(session: Session, job_id: int, data_dir: Path | None = None) -> object:
    """Return what the samples depend on besides the job's version.

    Losses of items are a function of the digest under which jobs share them. Files are named by
    their content, and may be gone.

    Args:
        session: In a transaction.
        job_id: Which job.
        data_dir: Where the files of jobs lie; None for the figures, which read none.
    """
    judged = item_losses.judged(session, job_id)
    if data_dir is None:
        return judged
    files = densities.artifacts(session, job_id)
    has_pictures = has_set(jobs.get(session, job_id), data_dir)
    return judged, [(one.path, is_there(one, data_dir)) for one in files], has_pictures


def _shown_first(job: Job, own: Sequence[Study], arm: str, against: str) -> list[str]:
    """Return the names of the arms: the two that are chosen, the best search, the others."""
    best = progress.leading(job, own)
    names = [against, arm, *([best.name] if best is not None else []), *(s.name for s in own)]
    return [name for name in dict.fromkeys(names) if name]


def _standings(session: Session, job: Job) -> ItemStandings | None:
    last_id = events.last_id(session, job.id)
    return answers_in(session).about(
        "items", job, last_id, lambda: item_standings.standings_of(session, job.id)
    )


def _pair(
    job: Job, own: Sequence[Study], standings: ItemStandings | None, query: Mapping[str, str]
) -> tuple[str, str, list[str]]:
    """Return the two arms of an address: the best search and uniform, unless it says others."""
    arms = list(standings.losses) if standings is not None else []
    if not arms:
        return "", "", []
    best = progress.leading(job, own)
    first = best.name if best is not None and best.name in arms else arms[0]
    defaults = {"arm": first, "against": "uniform" if "uniform" in arms else arms[-1]}
    faults = [
        f"No losses of items were kept of an arm {quoted(query[name])}."
        for name in defaults
        if query.get(name) and query[name] not in arms
    ]
    chosen = {
        name: query[name] if query.get(name) in arms else default
        for name, default in defaults.items()
    }
    return chosen["arm"], chosen["against"], faults


def draw_items(request: FigureRequest) -> Figure | None:
    """Return the figure of how the losses of the test items are distributed."""
    standings = _standings(request.session, request.job)
    if standings is None:
        return None
    return spread_figure(standings, request.theme, is_psnr=is_psnr(request.job))


def draw_pairs(request: FigureRequest) -> Figure | None:
    """Return the figure of each test item under two arms."""
    session, job = request.session, request.job
    standings = _standings(session, job)
    arm, against, _ = _pair(job, studies.of_job(session, job.id), standings, request.query)
    if standings is None:
        return None
    return pairs_figure(standings, arm, against, request.theme, is_psnr=is_psnr(job))
