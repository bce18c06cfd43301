"""A report on the terminal: its arms, the parts of the gain, the verdict.

What a report of an earlier version does not contain is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Literal

from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from densearch.answers import earlier_looks_in_words, marked_arm
from densearch.answers.compared_metric import LOSS, ComparedMetric, compared_metric_of
from densearch.cli.failures import reason_of
from densearch.cli.tables import (
    number,
    percent,
    show_table,
    state_text,
    studies_table,
    vector_table,
)
from densearch.cli.terminal import console
from densearch.client.client import Json
from densearch.metric_titles import METRIC_TITLES, MetricTitle
from densearch.vector_text import texts_within

# From so many characters on the table of arms has short trainings and deviations, then intervals.
WIDE, WIDEST = 100, 160
LIGHTS: Mapping[str, str] = MappingProxyType(
    {"adopt": "bold green", "leave out": "bold red", "more seeds": "bold yellow"}
)


def show_job(job: Json, studies: Sequence[Json]) -> None:
    """Print a job's state, what it searches, its arms and, once it has ended, the verdict."""
    screen = console()
    screen.print(Text.assemble(f"job {job['id']} ", state_text(job["state"]), f" {job['name']}"))
    if job.get("waits_for"):
        screen.print(Text(f"waits for: {job['waits_for']}"))
    if job.get("error"):
        screen.print(Text(reason_of(job["error"]), style="red"))
    if job.get("vector"):
        show_table(vector_table(job["vector"]), screen)
        screen.print()
    if job.get("report"):
        show_report(job, screen)
        if job.get("earlier_looks") is not None:
            screen.print(Text(earlier_looks_in_words(job["earlier_looks"])))
        for words in job.get("data_warnings") or ():
            screen.print(Text(f"The data: {words}", style="yellow"))
    else:
        show_table(studies_table(studies), screen)


def show_report(job: Json, screen: Console) -> None:
    """Print the decision of a job with a report, its verdict, arms and analyses."""
    own, decision = compared_metric_of(job["spec"]["task"]), job.get("decision")
    report = own.report(job["report"])
    for text in decision_lines(decision, own):
        screen.print(text)
    findings = report["findings"] if "evidence" in report else []
    for index, words in enumerate(findings):
        screen.print(Text(words, style="bold" if index == 0 else ""))
    if findings:
        screen.print()
    marked = marked_arm(report, (decision or {}).get("light"))
    show_table(arms_table(report, marked, own, width=screen.width), screen)
    for part in (*_attribution(report), *_plateaus(report), *_samplers(report, own)):
        screen.print()
        show_table(part, screen)
    for line in _lines(report):
        screen.print(Text(line))
    screen.print()
    if not findings:
        screen.print(Text(report["verdict"], style="bold"))
        return
    if report["evidence"]:
        screen.print(Text("How we know"))
    for words in report["evidence"]:
        for text in _hanging(words, screen):
            screen.print(text)


def _hanging(words: str, screen: Console) -> Iterator[Text]:
    """Yield a sentence's lines, those after the first further in: it is seen where one begins."""
    wrapped = Text(words).wrap(screen, max(screen.width - 4, 1))
    for index, line in enumerate(wrapped):
        line.rstrip()
        yield Text("    " if index else "  ").append_text(line)


def decision_lines(decision: Json | None, own: ComparedMetric = LOSS) -> Iterator[Text]:
    """Yield what to do with the density, why, and which earlier jobs that takes in."""
    if decision is None:
        return
    style = LIGHTS.get(decision["light"], "bold")
    for index, words in enumerate(decision["words"]):
        yield Text(words, style=style if index == 0 else "")
    if decision["earlier"]:
        jobs = ", ".join(
            f"{one['job_id']} {one['name']} ({percent(own.change(one['change']))})"
            for one in decision["earlier"]
        )
        yield Text(f"Earlier jobs: {jobs}.")
    yield Text("")


def arms_table(
    report: Json, marked: str | None = None, own: ComparedMetric = LOSS, *, width: int = WIDEST
) -> Table:
    """Return a row for each arm, the `marked` one in bold.

    Columns: arm, density, metrics (`METRIC_TITLES`) with their intervals, validation loss (of the
    short training too, where the search trained short), test loss with the standard deviation
    between seeds, difference to uniform, training time. Those that no arm fills, such as the
    density of an analytic function, are left out; so are intervals, deviations and short trainings
    where `width` has no room for them.
    """
    is_wide = width >= WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 2 if is_wide else 1, 0, 0))
    table.add_column("arm")
    columns = list(_columns(report["arms"], own, width))
    for title, _ in columns:
        side: Literal["left", "right"] = "left" if title == "density" else "right"
        table.add_column(title if is_wide else title.replace(" ", "\n", 1), justify=side)
    for arm in report["arms"]:
        style = "bold" if arm["name"] == marked else ""
        table.add_row(Text(arm["name"], style=style), *(cell(arm) for _, cell in columns))
    return table


def _columns(
    arms: Sequence[Json], own: ComparedMetric, width: int
) -> Iterator[tuple[str, Callable[[Json], str]]]:
    is_tested, is_wide = any(arm.get("test") for arm in arms), width >= WIDE
    if any(arm.get("density") or arm.get("groups") for arm in arms):
        yield "density", _density
    if is_tested:
        metrics = _metric_columns(arms, has_intervals=width >= WIDEST)
        yield from (column for column in metrics if column[0] != own.name)
    if is_wide and any(arm.get("search_loss") is not None for arm in arms):
        yield "short training", lambda arm: number(arm.get("search_loss"))
    first = f"validation {own.name}" if is_tested else "best value"
    yield first, lambda arm: number(arm["validation_loss"])
    if not is_tested:
        return
    yield f"test {own.name}", lambda arm: _test_loss(arm, is_wide=is_wide)
    yield "difference to uniform", lambda arm: difference_text(arm.get("vs_uniform"))
    yield "training", lambda arm: f"{arm['training_s']:.1f} s"


def _test_loss(arm: Json, *, is_wide: bool) -> str:
    test = arm.get("test") or {}
    mean, deviation = number(test.get("loss_mean")), number(test.get("loss_sd"), 2)
    return f"{mean} ± {deviation}" if is_wide and deviation != "-" else mean


def _metrics(arm: Json) -> Json:
    found: Json = (arm.get("test") or {}).get("metrics") or {}
    return found


def _metric_columns(
    arms: Sequence[Json], *, has_intervals: bool
) -> Iterator[tuple[str, Callable[[Json], str]]]:
    """Yield a column for each headline that the report holds, else one for its first metric."""
    held = dict.fromkeys(name for arm in arms for name in _metrics(arm))
    titles = dict.fromkeys(METRIC_TITLES[name].title for name in held if name in METRIC_TITLES)
    for title in titles or list(held)[:1]:
        yield title, partial(_metric, title, has_interval=has_intervals)


def _metric(title: str, arm: Json, *, has_interval: bool) -> str:
    metrics = _metrics(arm)
    titled = (name for name, shown in METRIC_TITLES.items() if shown.title == title)
    name = next((name for name in titled if metrics.get(name) is not None), title)
    if metrics.get(name) is None:
        return "-"
    shown = METRIC_TITLES.get(name, MetricTitle(title))

    def text(value: float) -> str:
        return f"{shown.factor * value:.2f}" if shown.unit else number(value)

    unit = f" {shown.unit}" if shown.unit else ""
    ends = (arm["test"].get("metric_intervals") or {}).get(name) if has_interval else None
    interval = f" [{text(ends[0])}, {text(ends[1])}]" if ends else ""
    return f"{text(metrics[name])}{unit}{interval}"


def difference_text(versus: Json | None) -> str:
    """Return the relative difference to uniform with its interval, in percent of its loss.

    Reports have shares of it since version 3. In earlier ones `difference`, `low` and `high` are
    losses; `relative` is the first of them over uniform's loss: the scale of the others.
    """
    if versus is None or versus.get("difference") is None:
        return "-"
    if versus.get("change") is not None and versus.get("unit") != "difference":
        low, high = versus["change_low"], versus["change_high"]
        whole = percent(versus["change"])
        return whole if low is None else f"{whole} [{100 * low:+z.1f}, {100 * high:+z.1f}]"
    relative = versus.get("relative")
    low, high = versus.get("low"), versus.get("high")
    if relative is None or versus["difference"] == 0:
        shown = number(versus["difference"], 3)
        return shown if low is None else f"{shown} [{number(low, 2)}, {number(high, 2)}]"
    scale = 100 * relative / versus["difference"]
    if low is None or high is None:
        return percent(relative)
    return f"{percent(relative)} [{scale * low:+z.1f}, {scale * high:+z.1f}]"


def _density(arm: Json) -> str:
    """Return an arm's density, or those of its groups of layers; as rounded as its plateau."""
    plateau = arm.get("plateau")
    groups: Json = arm.get("groups") or {}
    if not groups:
        return density_text(arm.get("density"), plateau)
    texts = {escape(name): density_text(own, plateau) for name, own in groups.items()}
    return "\n".join(f"{name}: {text}" for name, text in texts.items())


def density_text(density: Json | None, plateau: Json | None = None) -> str:
    """Return a density in a few characters: den, or its family and free values."""
    if density is None:
        return "-"
    if density.get("den") and density["family"] == "symmetric":
        return "den " + ", ".join(texts_within(density["den"], plateau))
    vector = density.get("vector") or []
    if 0 < len(vector) <= 4:
        return f"{density['family']} " + ", ".join(texts_within(vector, plateau))
    return str(density["family"])


_OWN_INTERVALS = (
    "Intervals are corrected for the comparisons of their own table: one change may have two."
)


def _attribution(report: Json) -> Iterator[RenderableType]:
    """Yield the parts of the gain, as changes in percent of the loss of the arm before."""
    found = report.get("attribution")
    if not found:
        return
    table = _table("due to", "change, %", "interval", "n")
    parts = [(" + ".join(part["names"]), part) for part in found["parts"]]
    beside = [(f"({' + '.join(p['names'])}: {p['arm']})", p) for p in found["beside"]]
    for title, part in [*parts, (f"all of {found['arm']}", found["gain"]), *beside]:
        style = "bold" if part is found["gain"] else ""
        low, high, share = (part[f"relative{end}"] for end in ("_high", "_low", ""))
        table.add_row(Text(title, style=style), _points(share), _ends(low, high), str(part["n"]))
    yield table
    yield Text(_OWN_INTERVALS, style="dim")


def _plateaus(report: Json) -> Iterator[RenderableType]:
    """Yield the ranges within which each search's best is not significantly better."""
    arms = [arm for arm in report["arms"] if arm.get("plateau")]
    if not arms:
        return
    noise = report["noise"]
    share, seeds = f"{round(100 * noise['limit'], 9):.2g} %", f"{noise['n_seeds']} seeds"
    title = f"plateau (within {share} of the best, {seeds})"
    optima = {arm["name"]: _optima(arm) for arm in arms}
    fitted = ["fitted optimum, 90 %"] if any(optima.values()) else []
    table = _table(title, "trials", "", "best", *fitted)
    for arm in arms:
        found = arm["plateau"]
        for index, axis in enumerate(found["axes"]):
            count = f"{found['n_trials']} of {found['n_compared']}"
            name, count = (arm["name"], count) if index == 0 else ("", "")
            own = [_fitted(optima[arm["name"]].get(axis["axis"]))] if fitted else []
            table.add_row(Text(name), count, axis["axis"], axis["text"], *own)
    yield table


def _optima(arm: Json) -> dict[str, Json]:
    """Return the fitted optimum of an arm by the searched value, where there is one."""
    one, joint = arm.get("optimum"), arm.get("joint_optimum") or {}
    found = [one] if one else joint.get("axes", [])
    return {each["axis"]: each for each in found}


def _fitted(optimum: Json | None) -> str:
    if optimum is None:
        return "-"
    return f"{optimum['value']:.2g} ({optimum['low']:.2g} to {optimum['high']:.2g})"


def _samplers(report: Json, own: ComparedMetric) -> Iterator[RenderableType]:
    """Yield what repeated searches found, and which sampler is better."""
    found = report.get("samplers")
    if not found:
        return
    mean = f"mean {own.noun}" if found.get("is_test") else "mean of the best"
    table = _table("sampler", "runs", mean, "sd", "best")
    for row in found["samplers"]:
        runs = f"{row['n']}" + (" (deterministic)" if row["is_deterministic"] else "")
        sd = number(row["sd"], 2)
        table.add_row(Text(row["sampler"]), runs, number(row["mean"]), sd, number(row["least"]))
    yield table
    yield Text(found["words"])


def _lines(report: Json) -> Iterator[str]:
    """Yield what short trainings saved and what training with a density takes, a line each."""
    saved, timing = report.get("fidelity"), report.get("timing") or {}
    if saved:
        yield ""
        yield saved["words"]
    if timing.get("overhead"):
        yield ""
        yield timing["overhead"]["words"]


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, title in enumerate(titles):
        table.add_column(title, justify="right" if index > 0 and title else "left")
    return table


def _points(saved: float | None) -> str:
    return "-" if saved is None else f"{-100 * saved:+z.1f}"


def _ends(most: float | None, least: float | None) -> str:
    return "-" if most is None or least is None else f"{_points(most)} to {_points(least)}"
