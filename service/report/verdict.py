"""The verdict in plain words: whether a density helps, and what its gain is due to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from service.report import statistics
from service.report.attribution import (
    BEYOND,
    DEFAULT_INIT_TUNED,
    RATE,
    UNIFORM,
    Attribution,
    Part,
)
from service.report.statistics import Comparison

Outcome = Literal["helps", "hurts", "no difference", "unknown"]

INFERENCE = "At inference it costs nothing more: the density is folded into the weights."


def outcome(comparison: Comparison, p_corrected: float | None) -> Outcome:
    """Decide by the interval and the corrected p together.

    Args:
        comparison: The density's arm against uniform.
        p_corrected: Its p after Holm's correction over all arms compared; None when n is 1.

    Returns:
        "helps" or "hurts" where the interval lies on one side of zero and `p_corrected` is at most
        1 - confidence; "no difference" where every seed gave the same loss to both.
    """
    low, high = comparison.low, comparison.high
    if low is None or high is None or p_corrected is None:
        return "unknown"
    if low == high == 0.0:
        return "no difference"
    if p_corrected > 1.0 - comparison.confidence:
        return "unknown"
    if high < 0.0:
        return "helps"
    return "hurts" if low > 0.0 else "unknown"


def verdict(arm: str, comparison: Comparison, p_corrected: float | None, n_compared: int) -> str:
    """Say in plain words whether a learned density helped.

    Args:
        arm: Whose density it is.
        comparison: That arm against uniform.
        p_corrected: See `outcome`.
        n_compared: Arms over which p was corrected.
    """
    found = outcome(comparison, p_corrected)
    seeds = count_of(comparison.n, "seed")
    if found == "no difference":
        return f"The learned density does not help: its test loss equals uniform's on {seeds}."
    if found == "unknown":
        return f"{_cannot_be_told(arm, comparison, p_corrected, n_compared)}."
    helps = "helps" if found == "helps" else "does not help"
    return (
        f"The learned density {helps}: {_difference(arm, comparison)} "
        f"({_interval(comparison)}; {_test(p_corrected, n_compared)}; {seeds})."
    )


def _cannot_be_told(
    arm: str, comparison: Comparison, p_corrected: float | None, n_compared: int
) -> str:
    seeds = count_of(comparison.n, "seed")
    words = f"Whether the learned density helps cannot be told with {seeds}"
    if comparison.n == 1:
        return f"{words}: a difference needs at least 2 to have an interval"
    needed = statistics.seeds_needed(comparison, n_compared)
    many = f"more than {statistics.MAX_SEEDS_ADVISED}" if needed is None else f"about {needed}"
    return (
        f"{words}: {_difference(arm, comparison)} ({_interval(comparison)}; "
        f"{_test(p_corrected, n_compared)}); if that is the true size, {many} seeds would tell"
    )


def _difference(arm: str, comparison: Comparison) -> str:
    side = "lower" if comparison.difference < 0.0 else "higher"
    return f"{arm}'s test loss is {_percent(comparison)} {side} than uniform's"


def _percent(comparison: Comparison) -> str:
    if comparison.relative is None:
        return f"{abs(comparison.difference):.3g}"
    return f"{100.0 * abs(comparison.relative):.1f} %"


def _interval(comparison: Comparison) -> str:
    ends = f"{comparison.low:+.3g} to {comparison.high:+.3g}"
    level = f"{100.0 * comparison.confidence:g} % interval"
    return f"difference {comparison.difference:+.3g}, {level} {ends}"


def _test(p_corrected: float | None, n_compared: int) -> str:
    if p_corrected is None:
        return "no test"
    p = f"p {p_corrected:.2g}"
    return f"{p} after Holm's correction for {n_compared} arms" if n_compared > 1 else p


# What the gain is due to


def attribution_in_words(found: Attribution) -> str:
    """Say what a gain is due to, and what else would have to be trained to know."""
    sentences = [_of_the_gain(found), *(_beside(part) for part in found.beside)]
    wanted = [name for name in found.missing if name != DEFAULT_INIT_TUNED]
    if wanted:
        what = "parted further" if found.is_rate_tuned else "held against a tuned learning rate"
        sentences.append(f"For the gain to be {what}, the job needs {joined(wanted)}.")
    return " ".join(sentences)


def _of_the_gain(found: Attribution) -> str:
    seeds = count_of(found.gain.n, "seed")
    if found.gain.difference <= 0.0:
        return f"{found.arm} gains nothing over {UNIFORM} that could be attributed."
    gain = f"{_share(found.gain)} % that {found.arm} gains over {UNIFORM}"
    if not found.gain.is_told:
        return f"The {gain} cannot be told from nothing with {seeds} ({_seen(found.parts)})."
    told = [part for part in found.parts if part.is_told]
    rest = [part for part in found.parts if not part.is_told]
    words = f"Of the {gain}, " + joined([_told(part) for part in told] or ["no part stands out"])
    if rest:
        what = joined([name for part in rest for name in part.names])
        words += f"; nothing that {seeds} can tell is left for the {what} ({_seen(rest)})"
    return f"{words}."


def _told(part: Part) -> str:
    together = " together" if len(part.names) > 1 else ""
    verb = "are the" if part.difference > 0.0 else "are lost by the"
    return f"{_share(part).lstrip('-')} points {verb} {joined(part.names)}{together}"


def _seen(parts: Sequence[Part]) -> str:
    return "seen: " + ", ".join(f"{joined(part.names)} {_share(part)} points" for part in parts)


def _beside(part: Part) -> str:
    if part.names == (BEYOND,):
        return _beyond(part)
    what = (
        "Tuning the learning rate of the plain convolution alone"
        if part.names == (RATE,)
        else "The framework's default initialisation, its learning rate tuned,"
    )
    seeds = count_of(part.n, "seed")
    gains = part.difference > 0.0
    preposition = "to" if not part.is_told else "over" if gains else "against"
    than = "" if part.against == UNIFORM else f" {preposition} {part.against}"
    if not part.is_told:
        return f"{what} makes no difference{than} that {seeds} can tell (seen: {_share(part)} %)."
    return f"{what} {'gains' if gains else 'loses'} {_share(part).lstrip('-')} %{than}."


def _beyond(part: Part) -> str:
    plain = "the plain convolution with a tuned learning rate"
    if not part.is_told:
        seeds = count_of(part.n, "seed")
        return (
            f"Whether {part.arm} does better than {plain} cannot be told with {seeds} "
            f"(seen: {_share(part)} points)."
        )
    better = "better" if part.difference > 0.0 else "worse"
    return f"{part.arm} does {better} than {plain}, by {_share(part).lstrip('-')} points."


def _share(part: Part) -> str:
    return "0.0" if part.relative is None else f"{100.0 * part.relative:z.1f}"


def joined(words: Sequence[str]) -> str:
    """Write a list as people do: "a, b and c"."""
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last


def count_of(n: int, what: str) -> str:
    """Write a number with its noun: "1 seed", "3 seeds"."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
