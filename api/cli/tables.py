"""Tables and sentences on the terminal. Names are the users' own text: never read as markup."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from api.cli.failures import reason_of
from api.client import Json

STATE_STYLES = {
    "QUEUED": "dim",
    "RUNNING": "cyan",
    "PAUSED": "yellow",
    "EVALUATING": "cyan",
    "SUCCEEDED": "green",
    "FAILED": "red",
    "CANCELLED": "dim",
}
PIPE_WIDTH = 160
WIDE = 100


def console() -> Console:
    """Return a console on stdout; wide enough for every table when that is not a terminal."""
    made = Console(highlight=False)
    return made if made.is_terminal else Console(highlight=False, width=PIPE_WIDTH)


def show_table(table: RenderableType) -> None:
    """Print a table."""
    console().print(table)


def state_text(state: str) -> Text:
    """Return a state in its colour."""
    return Text(state, style=STATE_STYLES.get(state, ""))


def duration(seconds: float | None) -> str:
    """Return a time as 7 s, 3 min 05 s or 2 h 10 min; a dash if unknown."""
    if seconds is None:
        return "-"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def number(value: float | None, digits: int = 4) -> str:
    """Return a value with significant digits; a dash if there is none."""
    return "-" if value is None else f"{value:#.{digits}g}"


def jobs_table(jobs: Iterable[Json]) -> Table:
    """Return a row for each job."""
    table = Table("job", "state", "name", "done", "created", "waits for", box=None)
    for job in jobs:
        table.add_row(
            str(job["id"]),
            state_text(job["state"]),
            Text(job["name"]),
            f"{100 * job['fraction']:.0f} %",
            str(job["created_at"])[:19].replace("T", " "),
            Text(job.get("waits_for") or ""),
        )
    return table


def show_job(job: Json, studies: Sequence[Json]) -> None:
    """Print a job's state, its arms and, when it has ended, the comparison and the verdict."""
    screen = console()
    screen.print(Text.assemble(f"job {job['id']} ", state_text(job["state"]), f" {job['name']}"))
    if job.get("waits_for"):
        screen.print(Text(f"waits for: {job['waits_for']}"))
    if job.get("error"):
        screen.print(Text(reason_of(job["error"]), style="red"))
    if job.get("report"):
        show_report(job["report"], screen)
    else:
        screen.print(studies_table(studies))


def studies_table(studies: Iterable[Json]) -> Table:
    """Return a row for each arm of a job that has no report yet."""
    table = Table("arm", "sampler", "trials", "best", "finished", box=None, pad_edge=False)
    for study in studies:
        table.add_row(
            Text(study["name"]),
            study["sampler"],
            f"{study['n_finished']}/{study['n_trials']}",
            number(study["best_value"]),
            "yes" if study["is_finished"] else "no",
        )
    return table


def show_report(report: Json, screen: Console | None = None) -> None:
    """Print the table of arms and the verdict."""
    screen = screen or console()
    screen.print(arms_table(report, is_wide=screen.width >= WIDE))
    screen.print(Text(report["verdict"], style="bold"))


def arms_table(report: Json, *, is_wide: bool = True) -> Table:
    """Return a row for each arm, the best search in bold.

    Columns: arm, density, validation loss, test loss (with the standard deviation between seeds
    where there is room), PSNR, difference to uniform, training time. Those that no arm fills,
    such as the density of an analytic function, are left out.
    """
    arms = report["arms"]
    is_tested = any(arm.get("test") for arm in arms)
    columns: list[tuple[str, Callable[[Json], str]]] = []
    if any(arm.get("density") for arm in arms):
        columns.append(("density", lambda arm: density_text(arm.get("density"))))
    first = "validation loss" if is_tested else "best value"
    columns.append((first, lambda arm: number(arm["validation_loss"])))
    if is_tested:
        columns.append(("test loss", lambda arm: _test_loss(arm, is_wide=is_wide)))
        if any(_psnr(arm) != "-" for arm in arms):
            columns.append(("PSNR", _psnr))
        columns.append(("difference to uniform", lambda a: difference_text(a.get("vs_uniform"))))
        columns.append(("training", lambda arm: f"{arm['training_s']:.1f} s"))
    table = Table(box=None, pad_edge=False, padding=(0, 2 if is_wide else 1, 0, 0))
    table.add_column("arm")
    for title, _ in columns:
        side: Literal["left", "right"] = "left" if title == "density" else "right"
        table.add_column(title if is_wide else title.replace(" ", "\n", 1), justify=side)
    for arm in arms:
        style = "bold" if arm["name"] == report["best_arm"] else ""
        cells = [cell(arm) for _, cell in columns]
        table.add_row(Text(arm["name"], style=style), *cells)
    return table


def _test_loss(arm: Json, *, is_wide: bool) -> str:
    test = arm.get("test") or {}
    mean, deviation = number(test.get("loss_mean")), number(test.get("loss_sd"), 2)
    return f"{mean} ± {deviation}" if is_wide and deviation != "-" else mean


def _psnr(arm: Json) -> str:
    found = ((arm.get("test") or {}).get("metrics") or {}).get("psnr_db")
    return "-" if found is None else f"{found:.2f} dB"


def difference_text(versus: Json | None) -> str:
    """Return the relative difference to uniform with its interval, in percent of its loss.

    The report's `difference`, `low` and `high` are losses; `relative` is the first of them over
    uniform's loss, which gives the scale for the other two.
    """
    if versus is None or versus.get("difference") is None:
        return "-"
    relative = versus.get("relative")
    low, high = versus.get("low"), versus.get("high")
    if relative is None or versus["difference"] == 0:
        shown = number(versus["difference"], 3)
        return shown if low is None else f"{shown} [{number(low, 2)}, {number(high, 2)}]"
    scale = 100 * relative / versus["difference"]
    if low is None or high is None:
        return f"{100 * relative:+.1f} %"
    return f"{100 * relative:+.1f} % [{scale * low:+.1f}, {scale * high:+.1f}]"


def density_text(density: Json | None) -> str:
    """Return a density in a few characters: den, or its family and free values."""
    if density is None:
        return "-"
    if density.get("den") and density["family"] == "symmetric":
        return "den " + ", ".join(f"{value:.3g}" for value in density["den"])
    vector = density.get("vector") or []
    if 0 < len(vector) <= 4:
        return f"{density['family']} " + ", ".join(f"{value:.3g}" for value in vector)
    return str(density["family"])
