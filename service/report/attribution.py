"""Attribution of a gain to the learning rate, the scale of the weights and the spatial shape.

A chain of arms leads from the plain convolution to the learned density, and each link changes one
more factor. The gain is the sum of the links because all arms are compared on the same seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from service.report import statistics

Losses = Mapping[int, float]

UNIFORM, FLAT = "uniform", "flat"
UNIFORM_TUNED, FLAT_TUNED, DENSITY_TUNED = "uniform_tuned", "flat_tuned", "density_tuned"
DEFAULT_INIT_TUNED = "default_init_tuned"

RATE, SCALE, SHAPE = "learning rate", "scale of the weights", "spatial shape"
INITIALISATION = "initialisation"
BEYOND = "beyond a tuned learning rate"

# The arms between uniform and the density, each with the factor that it adds.
TUNED_CHAIN = ((UNIFORM_TUNED, RATE), (FLAT_TUNED, SCALE))
FIXED_CHAIN = ((FLAT, SCALE),)


@dataclass(frozen=True, slots=True)
class Part:
    """Difference in test loss between two arms, on the same seeds.

    Attributes:
        names: Factors by which the two arms differ; several where arms between them are missing.
        arm: The arm with these factors.
        against: The arm without them.
        n: Number of seeds.
        difference: Mean loss saved, `against` - `arm`; negative where it costs.
        low: Lower end of Student's 95 % interval; None when n is 1.
        high: Upper end; None when n is 1.
        relative: `difference` over uniform's mean loss; None when that is 0.
        relative_low: `low` over uniform's mean loss.
        relative_high: `high` over uniform's mean loss.
        p: Paired t test of this part, uncorrected; None when n is 1.
    """

    names: tuple[str, ...]
    arm: str
    against: str
    n: int
    difference: float
    low: float | None
    high: float | None
    relative: float | None
    relative_low: float | None
    relative_high: float | None
    p: float | None

    @property
    def is_significant(self) -> bool:
        """Whether the interval excludes zero."""
        return self.low is not None and self.high is not None and self.low * self.high > 0.0


@dataclass(frozen=True, slots=True)
class Attribution:
    """A gain and its parts.

    Attributes:
        arm: The density's arm.
        is_rate_tuned: Whether the learning rate was searched for all arms except uniform.
        gain: `arm` against uniform.
        parts: In the order of the chain; their differences add up to the gain.
        beside: Comparisons outside the chain, where their arms were trained: the learning rate of
            the plain convolution, if the density's was not searched; `arm` against the plain
            convolution with a tuned rate; the initialisation. The name is a key of stored
            reports.
        missing: Arms that are needed to attribute the rest.
    """

    arm: str
    is_rate_tuned: bool
    gain: Part
    parts: tuple[Part, ...]
    beside: tuple[Part, ...]
    missing: tuple[str, ...]


def attribute(
    losses: Mapping[str, Losses], best: str, rate_tuned: str | None
) -> Attribution | None:
    """Attribute the gain of a learned density over uniform.

    Args:
        losses: Test losses of each arm by the index of their seed.
        best: The best search's arm.
        rate_tuned: The arm of the best density whose learning rate was searched too, if any; it
            separates the learning rate's part, together with the tuned controls.

    Returns:
        None if uniform and the density's arm share no seed.
    """
    trained = {name: known for name, known in losses.items() if known}
    is_rate_tuned = rate_tuned is not None and rate_tuned in trained
    arm = rate_tuned if rate_tuned is not None and is_rate_tuned else best
    if UNIFORM not in trained or arm not in trained:
        return None
    links = _links((*(TUNED_CHAIN if is_rate_tuned else FIXED_CHAIN), (arm, SHAPE)), trained)
    stops = [UNIFORM, *(name for name, _ in links)]
    seeds = _shared(trained, stops)
    if not seeds:
        return None
    gained = tuple(what for _, names in links for what in names)
    return Attribution(
        arm=arm,
        is_rate_tuned=is_rate_tuned,
        gain=_part(trained, gained, arm, UNIFORM, seeds),
        parts=tuple(
            _part(trained, names, after, before, seeds)
            for before, (after, names) in zip(stops, links, strict=False)
        ),
        beside=tuple(_outside_chain(trained, arm, is_rate_tuned=is_rate_tuned)),
        missing=_missing(trained, is_rate_tuned=is_rate_tuned),
    )


def _links(
    chain: Sequence[tuple[str, str]], trained: Mapping[str, Losses]
) -> list[tuple[str, tuple[str, ...]]]:
    """Return the trained arms, each with the factors that it adds.

    The factor of a missing arm is added to the next arm's.
    """
    links, pending = [], []
    for name, what in chain:
        pending.append(what)
        if name in trained:
            links.append((name, tuple(pending)))
            pending = []
    return links


def _shared(trained: Mapping[str, Losses], names: Sequence[str]) -> list[int]:
    return sorted(set.intersection(*(set(trained[name]) for name in names)))


def _outside_chain(
    trained: Mapping[str, Losses], arm: str, *, is_rate_tuned: bool
) -> Iterator[Part]:
    pairs = [] if is_rate_tuned else [(RATE, UNIFORM_TUNED, UNIFORM)]
    pairs.append((BEYOND, arm, UNIFORM_TUNED))
    pairs.append((INITIALISATION, DEFAULT_INIT_TUNED, UNIFORM_TUNED))
    for what, name, against in pairs:
        if name in trained and against in trained:
            seeds = _shared(trained, [UNIFORM, name, against])
            if seeds:
                yield _part(trained, (what,), name, against, seeds)


def _missing(trained: Mapping[str, Losses], *, is_rate_tuned: bool) -> tuple[str, ...]:
    wanted = [UNIFORM_TUNED, FLAT_TUNED, DEFAULT_INIT_TUNED]
    if not is_rate_tuned:
        wanted = [FLAT, DENSITY_TUNED, *wanted]
    return tuple(name for name in wanted if name not in trained)


def _part(
    trained: Mapping[str, Losses],
    names: tuple[str, ...],
    arm: str,
    against: str,
    seeds: Sequence[int],
) -> Part:
    ours, theirs = ([trained[name][seed] for seed in seeds] for name in (arm, against))
    saved = statistics.compare(theirs, ours)
    scale = float(np.mean([trained[UNIFORM][seed] for seed in seeds]))

    def relative(value: float | None) -> float | None:
        return value / scale if value is not None and scale else None

    return Part(
        names=names,
        arm=arm,
        against=against,
        n=saved.n,
        difference=saved.difference,
        low=saved.low,
        high=saved.high,
        relative=relative(saved.difference),
        relative_low=relative(saved.low),
        relative_high=relative(saved.high),
        p=saved.p,
    )
