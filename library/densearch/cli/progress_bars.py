"""Following a job live: progress bars on a terminal, plain lines elsewhere.

Events make it fast, polling makes it reliable: behind a proxy that blocks the event stream the
bars still move once a second.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from densearch.answers import FAILED_START
from densearch.cli.failures import REFUSED, fail
from densearch.cli.job_progress import Bar, Watched
from densearch.cli.reports import show_report
from densearch.cli.tables import duration, number, state_text
from densearch.cli.terminal import console
from densearch.client.client import Client, ClientError, Event, Json

POLL_S = 1.0
REDRAWS_PER_S = 4
PATIENCE_S = 60.0
BAR_WIDTH = 20
# How a bar looks that was broken off, by the job's state: it goes no further.
BROKEN_OFF = {"FAILED": "red", "CANCELLED": "bright_black"}


def follow(client: Client, job_id: int) -> Json:
    """Show a job until its state is final; then print its report, and return it.

    Raises:
        ClientError: There is no such job.
        UnreachableError: There is no server, or it stayed away for a minute.
    """
    watched = Watched(client.job(job_id))
    watched.poll(watched.job, client.studies(job_id))
    screen = console()
    view = _LiveView(screen, client.url) if screen.is_terminal else _PlainView(screen)
    with view:
        _run(client, job_id, watched, view)
    if watched.job.get("report"):
        show_report(watched.job, screen)
    return watched.job


def _run(client: Client, job_id: int, watched: Watched, view: _LiveView | _PlainView) -> None:
    arriving: queue.Queue[Event] = queue.Queue()
    listener = threading.Thread(
        target=_listen, args=(client, job_id, arriving), name="events", daemon=True
    )
    listener.start()
    heard_at = moved_at = time.monotonic()
    while True:
        try:
            watched.poll(client.job(job_id), client.studies(job_id))
            heard_at = time.monotonic()
        except ClientError as error:
            if not error.may_pass or time.monotonic() - heard_at > PATIENCE_S:
                raise
        reason = str(watched.job.get("waits_for"))
        if not reason.startswith(FAILED_START):
            moved_at = time.monotonic()
        elif time.monotonic() - moved_at > PATIENCE_S:
            fail(f"job {job_id} cannot go on: {reason}", REFUSED)
        if watched.is_over:
            listener.join(2.0)
        _drain(arriving, watched, view, until=time.monotonic() + POLL_S)
        if watched.is_over and arriving.empty():
            watched.poll(client.job(job_id), client.studies(job_id))
            view.show(watched)
            return


def _listen(client: Client, job_id: int, arriving: queue.Queue[Event]) -> None:
    """Put events into the queue; when the stream fails for good, polling goes on alone."""
    after = 0
    with contextlib.suppress(ValueError, RuntimeError):  # no events, or the client was closed
        while True:
            try:
                for event in client.events(job_id, after):
                    after = event.id
                    arriving.put(event)
            except ClientError as error:
                if not error.may_pass:
                    return
                time.sleep(POLL_S)
            else:
                return


def _drain(
    arriving: queue.Queue[Event], watched: Watched, view: _LiveView | _PlainView, until: float
) -> None:
    """Take in events as they come, showing them a few times a second, for one polling interval."""
    while True:
        deadline = min(until, time.monotonic() + 1 / REDRAWS_PER_S)
        while (left := deadline - time.monotonic()) > 0:
            try:
                watched.take(arriving.get(timeout=left))
            except queue.Empty:
                break
        view.show(watched)
        if watched.is_over or watched.is_stale or time.monotonic() >= until:
            return


class _LiveView:
    """Redraws a block of bars in place."""

    def __init__(self, screen: Console, url: str) -> None:
        self._url = url
        self._live = Live(console=screen, auto_refresh=False)
        self._started = time.monotonic()

    def __enter__(self) -> _LiveView:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, watched: Watched) -> None:
        """Draw the job as it is known now."""
        self._live.update(render(watched, self._url), refresh=True)


class _PlainView:
    """Prints a line whenever something changed."""

    def __init__(self, screen: Console) -> None:
        self._screen = screen
        self._shown: dict[str, str] = {}

    def __enter__(self) -> _PlainView:
        return self

    def __exit__(self, *_: object) -> None:
        return

    def show(self, watched: Watched) -> None:
        """Print the lines that differ from those printed before."""
        job = watched.job
        lines = {"": f"job {job['id']} is {job['state']}"}
        if job.get("waits_for"):
            lines["waits"] = f"waits for: {job['waits_for']}"
        for bar in watched.bars():
            lines[f"bar {bar.name}"] = f"{bar.name}: {_counts(bar)}{_best(bar)}"
        for key, line in lines.items():
            if self._shown.get(key) != line:
                self._shown[key] = line
                self._screen.print(Text(line))


def _counts(bar: Bar) -> str:
    parts = [f"{bar.n_done}/{bar.n_total}"]
    if bar.hit_rate is not None:
        ahead = f" +{bar.n_ahead} ahead" if bar.n_ahead else ""
        parts = [f"{parts[0]}{ahead}", f"{100 * bar.hit_rate:.0f} % hit"]
    if bar.n_cached:
        parts.append(f"{bar.n_cached} known already")
    return ", ".join([*parts, bar.note] if bar.note else parts)


def _best(bar: Bar) -> str:
    return "" if bar.best is None else f", best {number(bar.best)}"


def render(watched: Watched, url: str) -> RenderableType:
    """Return the block that the terminal shows."""
    job = watched.job
    head = Text.assemble(
        f"job {job['id']} ", state_text(job["state"]), f" {job['name']}  {url}/jobs/{job['id']}"
    )
    parts: list[RenderableType] = [head]
    if job.get("waits_for"):
        parts.append(Text(f"waits for: {job['waits_for']}", style="yellow"))
    parts.append(_grid(watched.bars(), BROKEN_OFF.get(job["state"])))
    parts += [
        Text(line, style="dim", overflow="ellipsis", no_wrap=True) for line in _foot(watched)
    ]
    return Group(*parts)


def _grid(bars: list[Bar], broken_style: str | None) -> Table:
    style = broken_style or "bar.complete"
    grid = Table.grid(padding=(0, 2))
    for bar in bars:
        total = max(bar.n_total, 1)
        drawn = ProgressBar(total, bar.n_done, width=BAR_WIDTH, complete_style=style)
        grid.add_row(
            Text(bar.name),
            drawn,
            Text(_best(bar).removeprefix(", "), style="bold"),
            Text(_counts(bar)),
        )
    return grid


def _foot(watched: Watched) -> list[str]:
    lines = watched.running()
    best = watched.job.get("best")
    if best:
        when = "best" if watched.is_over else "best so far"
        lines.append(f"{when}: {number(best['value'])} by {best['study']}")
    ahead = watched.job.get("ahead")
    if ahead:
        lines.append(f"ahead of the sequence: {number(ahead['value'])} by {ahead['study']}")
    progress = watched.job.get("progress") or {}
    if not watched.is_over:
        lines.append(f"time left: {duration(progress.get('eta_s'))}")
    return lines
