"""How long it took to recover, by fault."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from tests.chaos.campaign import Strike


def recovery_table(strikes: Sequence[Strike]) -> str:
    """Return a table with a line for each fault: how often, and median and longest recovery."""
    by_name: dict[str, list[Strike]] = defaultdict(list)
    for strike in strikes:
        by_name[strike.fault.name].append(strike)
    lines = [
        f"{'fault':18} {'n':>4}  {'trial, s':>14}  {'ready, s':>14}",
        " " * 25 + "median  max",
    ]
    for name, found in sorted(by_name.items()):
        trials = [s.trial_s for s in found if s.trial_s is not None]
        lines.append(
            f"{name:18} {len(found):4}  {_pair(trials)}  {_pair([s.ready_s for s in found])}"
        )
    return "\n".join(lines)


def _pair(values: Sequence[float]) -> str:
    return f"{median(values):6.1f}  {max(values):6.1f}" if values else f"{'-':>6}  {'-':>6}"
