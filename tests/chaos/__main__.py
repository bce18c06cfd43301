"""`./run chaos`: inject every fault into running jobs, and check that no result changes."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.chaos import disks, services
from tests.chaos.campaign import Outcome, disturbed, undisturbed
from tests.chaos.deployment import Deployment, PostgresDeployment
from tests.chaos.faults.catalogue import FAULTS
from tests.chaos.in_process import trained_here
from tests.chaos.plan import rounds_of
from tests.chaos.specs import JOBS
from tests.chaos.tables import recovery_table

DEPLOYMENTS: dict[str, type[Deployment]] = {
    kind.database: kind for kind in (Deployment, PostgresDeployment)
}
# So many that the jobs of a round are nearly always disturbed.
PER_ROUND = 14


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="./run chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=10, metavar="N", help="how many faults")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="which, and when")
    parser.add_argument("--database", choices=DEPLOYMENTS, default="sqlite")
    parser.add_argument("--only", metavar="NAME,...", help="draw from these faults alone")
    parser.add_argument(
        "--jobs", default=",".join(JOBS), metavar="NAME,...", help="which jobs run (all of them)"
    )
    parser.add_argument(
        "--untimed", action="store_true", help="hold no recovery to its limit: others use the CPUs"
    )
    parser.add_argument(
        "--in-process",
        action="store_true",
        help="compare with jobs that are trained in this process, in wider packs",
    )
    parser.add_argument("--list", action="store_true", help="show the faults and end")
    return parser.parse_args(given)


def usable(deployment: type[Deployment], only: str | None) -> list[str]:
    """Return the names of the faults to draw from; print those that cannot strike, and why."""
    names = only.split(",") if only else list(FAULTS)
    if unknown := [name for name in names if name not in FAULTS]:
        raise SystemExit(f"unknown: {', '.join(unknown)}; known are {', '.join(FAULTS)}")
    lacks = {name: FAULTS[name].lack(deployment) for name in names}
    for name, lack in lacks.items():
        if lack is not None:
            say(f"left out: {name} {lack}")
    return [name for name, lack in lacks.items() if lack is None]


def jobs_of(names: str) -> list[dict[str, Any]]:
    """Return the specs of some jobs."""
    if unknown := [name for name in names.split(",") if name not in JOBS]:
        raise SystemExit(f"unknown: {', '.join(unknown)}; known are {', '.join(JOBS)}")
    return [JOBS[name] for name in names.split(",")]


def main(given: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 1 when any check fails."""
    args = arguments(given)
    deployment = DEPLOYMENTS[args.database]
    disks.may_mount()
    if args.list:
        for fault in FAULTS.values():
            say(f"{fault.name:18} {fault.lack(deployment) or ''}".rstrip())
        return 0
    names, specs = usable(deployment, args.only), jobs_of(args.jobs)
    services.adopt_orphans()
    # Both end the campaign as an exception does, so that started processes are ended.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.default_int_handler)
    folder = Path(tempfile.mkdtemp(prefix="densearch-chaos-"))
    load = os.getloadavg()[0] / (os.cpu_count() or 1)
    say(f"seed {args.seed}, {args.database}, load {load:.1f} a core, in {folder}")
    began = time.monotonic()
    outcomes = _run(args, deployment, names, specs, folder)
    return _conclude(outcomes, folder, time.monotonic() - began)


def _run(
    args: argparse.Namespace,
    deployment: type[Deployment],
    names: list[str],
    specs: list[dict[str, Any]],
    folder: Path,
) -> list[Outcome]:
    began = time.monotonic()
    # Always on SQLite: the result is a function of the spec.
    calm = folder / "undisturbed"
    if args.in_process:
        expected = trained_here(calm, specs)
    else:
        expected = undisturbed(Deployment, calm, say, specs)
    n_trials = sum(result["n_trials"] for result in expected)
    say(f"undisturbed: {len(expected)} jobs, {n_trials} trials, {time.monotonic() - began:.0f} s")
    outcomes: list[Outcome] = []
    plans = rounds_of(names, args.kills, PER_ROUND, n_trials, args.seed)
    for number, plan in enumerate(plans, start=1):
        n_left = args.kills - sum(len(outcome.strikes) for outcome in outcomes)
        if n_left <= 0:
            break
        began = time.monotonic()
        wanted = [(planned, FAULTS[planned.name]) for planned in plan[:n_left]]
        say(f"round {number}")
        outcome = disturbed(
            deployment,
            folder / f"round-{number}",
            say,
            wanted,
            expected,
            specs,
            is_timed=not args.untimed,
        )
        outcomes.append(outcome)
        say(
            f"  {outcome.n_equal} of {outcome.n_jobs} jobs equal, {time.monotonic() - began:.0f} s"
        )
        for line in outcome.wrong:
            say(f"  WRONG {line}")
        if outcome.wrong and not outcome.strikes:
            say("given up: nothing could be struck")
            break
    return outcomes


def _conclude(outcomes: Sequence[Outcome], folder: Path, took_s: float) -> int:
    strikes = [strike for outcome in outcomes for strike in outcome.strikes]
    wrong = [line for outcome in outcomes for line in outcome.wrong]
    say(recovery_table(strikes))
    n_equal = sum(outcome.n_equal for outcome in outcomes)
    n_jobs = sum(outcome.n_jobs for outcome in outcomes)
    say(f"{len(strikes)} faults, {n_equal} of {n_jobs} jobs equal, after {took_s:.0f} s")
    if wrong:
        say(f"{len(wrong)} things are wrong (above); data and logs of their rounds: {folder}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
