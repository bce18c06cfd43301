"""Attribution of a gain to the learning rate, the scale of the weights and the spatial shape.

A chain of arms leads from the plain convolution to the learned density, and each link changes one
more factor. All arms are compared on the same seeds, so that the ratios of the links multiply to
that of the whole gain. The parts and the comparisons outside the chain are one family of tests:
each interval is at the level of its step in Holm's procedure, and a part counts where its interval
excludes zero.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from service.report.effects import Effect, Unit, by_holm, effect_of

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
        unit: What the shares below are, see `service.report.effects.Effect`.
        relative: Share of the loss of `against` that is saved; negative where it costs.
        relative_low: Lower end of its interval; None when n is 1.
        relative_high: Upper end.
        level: Two-sided level of the interval.
        p: Paired t test of this part, uncorrected; None when n is 1.
    """

    names: tuple[str, ...]
    arm: str
    against: str
    n: int
    unit: Unit
    relative: float
    relative_low: float | None
    relative_high: float | None
    level: float
    p: float | None

    @property
    def is_significant(self) -> bool:
        """Whether the interval excludes zero."""
        low, high = self.relative_low, self.relative_high
        return low is not None and high is not None and low * high > 0.0


@dataclass(frozen=True, slots=True)
class Attribution:
    """A gain and its parts.

    Attributes:
        arm: The density's arm.
        is_rate_tuned: Whether the learning rate was searched for all arms except uniform.
        gain: `arm` against uniform.
        parts: In the order of the chain.
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
    losses: Mapping[str, Losses], best: str, rate_tuned: str | None, level: float = 0.05
) -> Attribution | None:
    """Attribute the gain of a learned density over uniform.

    Args:
        losses: Test losses of each arm by the index of their seed.
        best: The best search's arm.
        rate_tuned: The arm of the best density whose learning rate was searched too, if any; it
            separates the learning rate's part, together with the tuned controls.
        level: Two-sided level of the whole family of comparisons.

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
    inside = [
        _Pair(names, after, before, seeds)
        for before, (after, names) in zip(stops, links, strict=False)
    ]
    outside = list(_outside_chain(trained, arm, is_rate_tuned=is_rate_tuned))
    parts = _parts(trained, [*inside, *outside], level)
    gained = tuple(what for _, names in links for what in names)
    return Attribution(
        arm=arm,
        is_rate_tuned=is_rate_tuned,
        gain=_part(trained, _Pair(gained, arm, UNIFORM, seeds), level),
        parts=tuple(parts[: len(inside)]),
        beside=tuple(parts[len(inside) :]),
        missing=_missing(trained, is_rate_tuned=is_rate_tuned),
    )


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two arms to compare, and the seeds that count."""

    names: tuple[str, ...]
    arm: str
    against: str
    seeds: Sequence[int]


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
) -> Iterator[_Pair]:
    pairs = [] if is_rate_tuned else [(RATE, UNIFORM_TUNED, UNIFORM)]
    pairs.append((BEYOND, arm, UNIFORM_TUNED))
    pairs.append((INITIALISATION, DEFAULT_INIT_TUNED, UNIFORM_TUNED))
    for what, name, against in pairs:
        if name in trained and against in trained:
            seeds = _shared(trained, [UNIFORM, name, against])
            if seeds:
                yield _Pair((what,), name, against, seeds)


def _missing(trained: Mapping[str, Losses], *, is_rate_tuned: bool) -> tuple[str, ...]:
    wanted = [UNIFORM_TUNED, FLAT_TUNED, DEFAULT_INIT_TUNED]
    if not is_rate_tuned:
        wanted = [FLAT, DENSITY_TUNED, *wanted]
    return tuple(name for name in wanted if name not in trained)


def _parts(trained: Mapping[str, Losses], pairs: Sequence[_Pair], level: float) -> list[Part]:
    """Compare pairs as one family, see the module."""
    ps = [_effect(trained, pair, level).p for pair in pairs]
    levels = by_holm(ps, level)
    return [_part(trained, pair, own) for pair, own in zip(pairs, levels, strict=True)]


def _effect(trained: Mapping[str, Losses], pair: _Pair, level: float) -> Effect:
    ours, theirs = (
        {seed: trained[name][seed] for seed in pair.seeds} for name in (pair.arm, pair.against)
    )
    found = effect_of(ours, theirs, level)
    if found is None:
        raise ValueError(f"{pair.arm} and {pair.against} share no seed")
    return found


def _part(trained: Mapping[str, Losses], pair: _Pair, level: float) -> Part:
    found = _effect(trained, pair, level)
    return Part(
        names=pair.names,
        arm=pair.arm,
        against=pair.against,
        n=found.n,
        unit=found.unit,
        relative=-found.change,
        relative_low=None if found.high is None else -found.high,
        relative_high=None if found.low is None else -found.low,
        level=level,
        p=found.p,
    )
