"""The causes of a gain as sentences: learning rate, scale of the weights, spatial shape."""

from __future__ import annotations

from dataclasses import replace

from densearch.answers.compared_metric import LOSS, ComparedMetric, negated
from densearch.plurals import noun
from service.report.attribution import (
    BEYOND,
    DEFAULT_INIT_TUNED,
    INITIALISATION,
    RATE,
    UNIFORM,
    Attribution,
    Part,
)
from service.report.phrases import count_of, joined


def attribution_in_words(found: Attribution, own: ComparedMetric = LOSS) -> str:
    """Return sentences on the causes of a gain, and on the controls that would separate more."""
    sentences = [_of_the_gain(found, own), *(_outside_chain(part, own) for part in found.beside)]
    wanted = [name for name in found.missing if name != DEFAULT_INIT_TUNED]
    if wanted:
        is_compared = any(part.names == (BEYOND,) for part in found.beside)
        is_split = found.is_rate_tuned or is_compared
        aim = (
            "split the gain further" if is_split else "compare the gain with a tuned learning rate"
        )
        controls = noun(len(wanted), "control")
        sentences.append(f"To {aim}, add the {controls} {joined(wanted)}.")
    return " ".join(sentences)


def _of_the_gain(found: Attribution, own: ComparedMetric) -> str:
    whole = f"{found.arm} {_against(found.gain, UNIFORM, own)}"
    seeds = count_of(found.gain.n, "seed")
    if len(found.parts) == 1:
        (part,) = found.parts
        return f"{whole} by the {_names(part)}, with {seeds}."
    parts = (f"{_names(part)} {_share(part)}{_ends(part)}" for part in found.parts)
    listed = ", ".join(parts)
    return f"{whole}. Each of the {own.name} of the arm before it, with {seeds}: {listed}."


def _outside_chain(part: Part, own: ComparedMetric) -> str:
    what = {
        BEYOND: part.arm,
        RATE: "A tuned learning rate of the plain convolution",
        INITIALISATION: "The framework's default initialisation, its learning rate tuned,",
    }[part.names[0]]
    return f"{what} {_against(part, part.against, own)}."


def _against(part: Part, name: str, own: ComparedMetric) -> str:
    """Return what an arm does to another's loss: sizes have no sign, the verb says which way."""
    is_better = part.relative >= 0.0
    if is_better and not own.is_maximized:
        return f"saves {_share(part)} of {name}'s {own.name}{_ends(part)}"
    shown = part if is_better else _turned(part)
    verb = "raises" if is_better == own.is_maximized else "lowers"
    return f"{verb} {name}'s {own.name} by {_share(shown)}{_ends(shown)}"


def _turned(part: Part) -> Part:
    """Return what costs as what saves."""
    low, high = negated(part.relative_high), negated(part.relative_low)
    return replace(part, relative=-part.relative, relative_low=low, relative_high=high)


def _names(part: Part) -> str:
    together = " together" if len(part.names) > 1 else ""
    return f"{joined(part.names)}{together}"


def _share(part: Part) -> str:
    if part.unit == "difference":
        return f"{part.relative:.3g}"
    return f"{100.0 * part.relative:z.1f} %"


def _ends(part: Part) -> str:
    low, high = part.relative_low, part.relative_high
    if low is None or high is None:
        return ""
    scale, digits = (1.0, ".3g") if part.unit == "difference" else (100.0, "z.1f")
    mark = "" if part.is_significant else ", not significant"
    return f" [{scale * low:{digits}}, {scale * high:{digits}}{mark}]"
