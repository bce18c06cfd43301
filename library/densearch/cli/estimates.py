"""What a job would cost, on the terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from densearch.cli.failures import REFUSED, fail
from densearch.cli.json_documents import is_wanted
from densearch.cli.tables import duration, show_table
from densearch.cli.terminal import console, echo
from densearch.client.campaigns import Campaigns
from densearch.client.client import Client, Json
from densearch.plurals import counted

POLL_S = 1.0
# A measurement loads data and times some steps; it may wait for a place among trials.
PATIENCE_S = 600.0
MB = 10**6


def wait_for_estimate(client: Client | Campaigns, body: bytes, poll_s: float = POLL_S) -> Json:
    """Return an estimate of a job or a campaign once it is known; end the command without one.

    Raises:
        ClientError: The spec is refused.
    """
    deadline = time.monotonic() + PATIENCE_S
    found = client.estimate(body)
    if found["state"] == "measuring" and found["n_workers"] is not None and not is_wanted():
        echo(f"{found['detail']} ...", err=True)
    while found["state"] == "measuring" and found["n_workers"] is not None:
        if time.monotonic() > deadline:
            fail("the measurement takes too long: all workers are busy; try again later", REFUSED)
        time.sleep(poll_s)
        found = client.estimate(body)
    if found["state"] != "ready":
        counts: Json = found  # a campaign's has no epochs
        known = {name: counts[name] for name in ("n_trainings", "n_epochs") if counts.get(name)}
        lines = [f"  counted already: at most {_amount(known)}"] if known else []
        fail(f"cannot be estimated: {found['detail']}", REFUSED, lines=lines, **known)
    return found


def _amount(known: dict[str, int]) -> str:
    """Return counts in words, such as 68 trainings, 680 epochs."""
    words = {"n_trainings": "training", "n_epochs": "epoch"}
    return ", ".join(counted(n, words[name]) for name, n in known.items())


def show_estimate(found: Json) -> None:
    """Print an estimate as a table and some lines."""
    show_table(trainings_table(found))
    out = console()
    for line in lines_of(found):
        out.print(Text(line))
    for warning in found["warnings"]:
        out.print(Text(f"note: {warning}", style="yellow"))


def trainings_table(found: Json) -> Table:
    """Return a row for each kind of training."""
    table = Table("trainings", "at most", "epochs", "each takes", box=None, pad_edge=False)
    for kind in found["trainings"]:
        low, _, high = kind["epochs"]
        epochs = str(high) if low == high else f"{low} to {high}"
        table.add_row(kind["kind"], _counts(kind), epochs, _spread(kind["seconds"]))
    return table


def lines_of(found: Json) -> Iterator[str]:
    """Yield a sentence on each figure that is known."""
    if found.get("same_job") is not None:
        yield f"job {found['same_job']} has the same spec: its results are taken"
    yield f"an epoch takes {_short(found['epoch']['seconds']['expected'])}: {_source(found)}"
    if found["pack_width"] > 1:
        yield f"a worker trains {found['pack_width']} candidates at once"
    yield f"all trainings together: {_spread(found['work_s'])}"
    if found["time_s"] is not None:
        workers = counted(found["n_workers"], "worker")
        yield f"from start to end on {workers}: {_spread(found['time_s'])}"
    if found["memory"] is not None:
        yield f"memory of a worker's training: {found['memory']['worker_bytes'] / MB:.0f} MB"
    if found["money"] is not None:
        amount, currency = found["money"]["amount"], found["money"]["currency"]
        low, expected, high = (_money(amount[name]) for name in ("low", "expected", "high"))
        yield f"money: {expected} {currency} ({low} to {high})"


def _source(found: Json) -> str:
    epoch = found["epoch"]
    sources = {
        "calibration": f"some steps were timed on {epoch['device']}",
        "trials": f"the middle of {epoch['n']} earlier trainings",
        "spec": "as the spec says",
    }
    return sources[epoch["source"]]


def _counts(kind: Json) -> str:
    """Return the largest number, with the usual one where an evaluation may end earlier."""
    most, usual = kind["n"], kind.get("n_usual", kind["n"])
    return f"{kind['n_least']} to {most}, usually {usual}" if usual < most else str(most)


def _spread(interval: Json) -> str:
    low, expected, high = (_short(interval[name]) for name in ("low", "expected", "high"))
    return expected if low == high else f"{expected} ({low} to {high})"


def _money(amount: float) -> str:
    return f"{amount:.2f}" if amount >= 1 else f"{amount:.2g}"


def _short(seconds: float) -> str:
    return f"{seconds:#.2g} s" if seconds < 10 else duration(seconds)
