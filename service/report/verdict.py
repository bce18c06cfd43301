"""The report's verdict as sentences: whether a density helps, and what causes its gain."""

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

INFERENCE = "Inference costs nothing more: the density is folded into the weights."


def outcome(comparison: Comparison, p_corrected: float | None) -> Outcome:
    """Decide by the interval and the corrected p together.

    Args:
        comparison: The density's arm against uniform.
        p_corrected: Its p after Holm's correction over all arms compared; None when n is 1.

    Returns:
        "helps" or "hurts" if the interval excludes zero and `p_corrected` is at most
        1 - confidence; "no difference" if both arms have the same loss on every seed; "unknown"
        otherwise.
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
    """Return a sentence on whether a learned density helped.

    Args:
        arm: The density's arm.
        comparison: That arm against uniform.
        p_corrected: See `outcome`.
        n_compared: Number of arms over which p was corrected.
    """
    found = outcome(comparison, p_corrected)
    seeds = count_of(comparison.n, "seed")
    if found == "no difference":
        return f"The learned density does not help: its test loss equals uniform's on {seeds}."
    if found == "unknown":
        return f"{_not_significant(arm, comparison, p_corrected, n_compared)}."
    helps = "helps" if found == "helps" else "does not help"
    return (
        f"The learned density {helps}: {_difference(arm, comparison)} "
        f"({_interval(comparison)}; {_test(p_corrected, n_compared)}; {seeds})."
    )


def _not_significant(
    arm: str, comparison: Comparison, p_corrected: float | None, n_compared: int
) -> str:
    seeds = count_of(comparison.n, "seed")
    words = f"No significant difference with {seeds}"
    if comparison.n == 1:
        return f"{words}: an interval needs at least 2"
    needed = statistics.seeds_needed(comparison, n_compared)
    many = f"more than {statistics.MAX_SEEDS_ADVISED}" if needed is None else f"about {needed}"
    return (
        f"{words}: {_difference(arm, comparison)} ({_interval(comparison)}; "
        f"{_test(p_corrected, n_compared)}); if that is the true difference, {many} seeds are "
        "needed to detect it"
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


# Causes of the gain


def attribution_in_words(found: Attribution) -> str:
    """Return sentences on the causes of a gain, and on the controls that would separate more."""
    sentences = [_of_the_gain(found), *(_outside_chain(part) for part in found.beside)]
    wanted = [name for name in found.missing if name != DEFAULT_INIT_TUNED]
    if wanted:
        what = "split" if found.is_rate_tuned else "compare"
        how = "further" if found.is_rate_tuned else "with a tuned learning rate"
        controls = "control" if len(wanted) == 1 else "controls"
        sentences.append(f"To {what} the gain {how}, add the {controls} {joined(wanted)}.")
    return " ".join(sentences)


def _of_the_gain(found: Attribution) -> str:
    seeds = count_of(found.gain.n, "seed")
    if found.gain.difference <= 0.0:
        return f"{found.arm} does not improve on {UNIFORM}: there is no gain to attribute."
    gain = f"{_share(found.gain)} % that {found.arm} gains over {UNIFORM}"
    if not found.gain.is_significant:
        return f"The {gain} are not significant with {seeds} ({_observed(found.parts)})."
    significant = [_cause(part) for part in found.parts if part.is_significant]
    rest = [part for part in found.parts if not part.is_significant]
    words = f"Of the {gain}, " + joined(significant or ["no part is significant"])
    if rest:
        what = joined([name for part in rest for name in part.names])
        words += f"; no significant effect of the {what} with {seeds} ({_observed(rest)})"
    return f"{words}."


def _cause(part: Part) -> str:
    together = " together" if len(part.names) > 1 else ""
    verb = "are due to" if part.difference > 0.0 else "are lost by"
    return f"{_share(part).lstrip('-')} points {verb} the {joined(part.names)}{together}"


def _observed(parts: Sequence[Part]) -> str:
    shares = (f"{joined(part.names)} {_share(part)} points" for part in parts)
    return f"observed: {', '.join(shares)}"


def _outside_chain(part: Part) -> str:
    if part.names == (BEYOND,):
        return _beyond(part)
    what = (
        "Tuning the learning rate of the plain convolution alone"
        if part.names == (RATE,)
        else "The framework's default initialisation, its learning rate tuned,"
    )
    seeds = count_of(part.n, "seed")
    gains = part.difference > 0.0
    preposition = "to" if not part.is_significant else "over" if gains else "against"
    than = "" if part.against == UNIFORM else f" {preposition} {part.against}"
    if not part.is_significant:
        observed = f"with {seeds} (observed: {_share(part)} %)"
        return f"{what} makes no significant difference{than} {observed}."
    return f"{what} {'gains' if gains else 'loses'} {_share(part).lstrip('-')} %{than}."


def _beyond(part: Part) -> str:
    plain = "the plain convolution with a tuned learning rate"
    if not part.is_significant:
        seeds = count_of(part.n, "seed")
        return (
            f"No significant difference between {part.arm} and {plain} with {seeds} "
            f"(observed: {_share(part)} points)."
        )
    better = "better" if part.difference > 0.0 else "worse"
    return f"{part.arm} performs {better} than {plain}, by {_share(part).lstrip('-')} points."


def _share(part: Part) -> str:
    return "0.0" if part.relative is None else f"{100.0 * part.relative:z.1f}"


def joined(words: Sequence[str]) -> str:
    """Join a list as text: "a, b and c"."""
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last


def count_of(n: int, what: str) -> str:
    """Return a number with its noun: "1 seed", "3 seeds"."""
    return f"{n} {what}" if n == 1 else f"{n} {what}s"
