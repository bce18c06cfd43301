"""Rules of a spec's density: which layers share one, how many values it has, their bounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from densearch.density import families, ranges
from service import networks, samplers
from service.errors import Fault
from service.extensions.entry_points import PluginError
from service.networks import AnyNetwork, OwnNetwork
from service.spec import NESTED_SINCE, Choices, DensitySpec, JobSpec
from service.studies.external import is_external, network_of
from service.studies.layer_groups import Group, grouped, n_dims_of
from service.studies.spaces import POSITIVE_FAMILIES, has_factors

MAX_DIMENSION = 64


def filled(spec: JobSpec, network: AnyNetwork) -> JobSpec:
    """Fill in a range for each value of the search vector.

    Where only the values of one group are bounded, and all groups have as many, these bounds are
    everyone's; where none are, each group has the advised ranges. A vector that is too long is
    left as it is.

    Args:
        spec: Of a training job.
        network: Its network.
    """
    wanted = spec.density or DensitySpec()
    own = {} if is_external(spec) else {"network": network}
    spec = spec.model_copy(update={"density": wanted, **own})
    groups = _groups(spec, wanted, network)
    bounds = wanted.bounds
    if _n_values(spec, wanted, groups) > MAX_DIMENSION:
        return spec  # it is refused: millions of ranges would be no help
    if bounds is None:
        bounds = [
            list(pair)
            for group in groups
            for pair in _ranges_of(spec, wanted)(wanted.family, group.kernel_size, group.n_dims)
        ]
    elif {group.n_free(wanted.family) for group in groups} == {len(bounds)}:
        bounds = bounds * len(groups)
    return spec.model_copy(update={"density": wanted.model_copy(update={"bounds": bounds})})


def _ranges_of(spec: JobSpec, wanted: DensitySpec) -> Callable[[str, int, int], ranges.Bounds]:
    is_wide = wanted.ranges == "wide" or (wanted.ranges is None and spec.method >= NESTED_SINCE)
    return ranges.wide_bounds if is_wide else ranges.default_bounds


def n_factors(spec: JobSpec) -> int:
    """Return how many common factors the searches of a spec search, one for each group."""
    network = network_of(spec)
    if not has_factors(spec) or spec.density is None or network is None:
        return 0
    return len(_groups(spec, spec.density, network))


def pair_faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what is wrong with single bounds, at the fields where the user wrote them."""
    if spec.density is None:
        return
    family = spec.density.family
    for index, (low, high) in enumerate(spec.density.bounds or []):
        at = f"/density/bounds/{index}"
        if low >= high:
            yield Fault(at, f"the lower bound {low} is not below the upper {high}")
        elif max(abs(low), abs(high)) > families.MAX_VALUE:
            yield Fault(at, "a density beyond 1e6 cannot be trained")
        elif family in POSITIVE_FAMILIES and low <= 0:
            yield Fault(f"{at}/0", f"{family} needs values above 0")
    if spec.density.factor is not None:
        yield from _factor_faults(spec, *spec.density.factor)


def _factor_faults(spec: JobSpec, low: float, high: float) -> Iterator[Fault]:
    at = "/density/factor"
    if spec.method < NESTED_SINCE:
        yield Fault(at, f"is searched from method {NESTED_SINCE} on: leave it out")
    elif low <= 0:
        yield Fault(f"{at}/0", "a logarithmic range needs values above 0")
    elif low >= high:
        yield Fault(at, f"low {low} is not below high {high}")
    elif high > families.MAX_VALUE:
        yield Fault(f"{at}/1", "a factor beyond 1e6 cannot be trained")


def _normalised_faults(spec: JobSpec) -> Iterator[Fault]:
    at = "/density/normalised"
    if spec.method < NESTED_SINCE:
        yield Fault(at, f"is understood from method {NESTED_SINCE} on: leave it out")
    learned = [wanted.name for wanted in spec.samplers if samplers.is_learned(wanted.name)]
    if learned:
        detail = "learns its density at a scale of its own: leave the sampler or this field out"
        yield Fault(at, f"{learned[0]} {detail}")


def faults(spec: JobSpec) -> Iterator[Fault]:
    """Yield what is wrong with the density of a spec whose sections are filled."""
    network = network_of(spec)
    if spec.density is None or network is None:
        return
    yield from _scope_faults(spec, spec.density, network)
    if spec.density.normalised:
        yield from _normalised_faults(spec)
    groups = _groups(spec, spec.density, network)
    n_values = _n_values(spec, spec.density, groups)
    if n_values > MAX_DIMENSION:
        yield _too_long(spec, spec.density, n_values)
    elif spec.density.bounds is not None:
        yield from _length_faults(spec.density.family, groups, len(spec.density.bounds))


def _groups(spec: JobSpec, wanted: DensitySpec, network: AnyNetwork) -> list[Group]:
    return grouped(networks.layers_of(network), wanted.scope, n_dims_of(spec.task))


def _n_values(spec: JobSpec, wanted: DensitySpec, groups: Sequence[Group]) -> int:
    n_factors = len(groups) if has_factors(spec) else 0
    return sum(group.n_free(wanted.family) for group in groups) + n_factors + len(spec.search)


def _scope_faults(spec: JobSpec, wanted: DensitySpec, network: AnyNetwork) -> Iterator[Fault]:
    scope = wanted.scope
    if scope == "stage" and any(layer.stage is None for layer in networks.layers_of(network)):
        detail = f"{network.kind} has no stages: use network or layer"
        if is_external(spec):
            detail = "give each of task.layers its stage, or use network or layer"
        yield Fault("/density/scope", detail)
    if is_external(spec):
        return
    if scope == "layer" and "depth" in spec.search:
        reason = "a searched depth changes which layers there are"
        yield Fault("/density/scope", f"{reason}: use network or stage, or leave depth out")
    elif isinstance(network, OwnNetwork):
        yield from _moving_faults(spec, wanted, network)


def _moving_faults(spec: JobSpec, density: DensitySpec, network: OwnNetwork) -> Iterator[Fault]:
    """Yield searched settings at whose ends a package's network has other groups of layers."""
    groups = _marks(_groups(spec, density, network))
    for name in networks.SEARCHABLE:
        wanted = spec.search.get(name)
        if wanted is None or name not in type(network).model_fields:
            continue
        ends = wanted.choices if isinstance(wanted, Choices) else (wanted.low, wanted.high)
        for end in ends:
            moved = network.model_copy(update={name: end})
            try:
                is_same = _marks(_groups(spec, density, moved)) == groups
            except PluginError as error:
                yield Fault(f"/search/{name}", f"{name} {end}: {error}")
                break
            if not is_same:
                reason = f"{name} {end} changes which groups of layers there are"
                yield Fault(f"/search/{name}", f"{reason}: leave it out of search")
                break


def _marks(groups: Sequence[Group]) -> list[tuple[str, int]]:
    return [(group.name, group.kernel_size) for group in groups]


def _length_faults(family: str, groups: Sequence[Group], n_given: int) -> Iterator[Fault]:
    lengths = [group.n_free(family) for group in groups]
    if n_given == sum(lengths):
        return
    counts = [f"{group.title}: {n}" for group, n in zip(groups, lengths, strict=True)]
    detail = f"{family} has {sum(lengths)} free values ({', '.join(counts[:8])}"
    detail += ", ...)" if len(counts) > 8 else ")"
    remedy = ": give a pair for each, or leave bounds out"
    yield Fault("/density/bounds", f"{detail}, but bounds for {n_given} were given{remedy}")


def _too_long(spec: JobSpec, wanted: DensitySpec, n_values: int) -> Fault:
    reason = f"{n_values} values are too many (at most {MAX_DIMENSION})"
    remedy = "use a smaller kernel or the family symmetric, gaussian or power"
    remedy += ", or search fewer settings" if spec.search else ""
    if wanted.scope == "network":
        return Fault("/density/family", f"{reason}: {remedy}")
    return Fault("/density/scope", f"{reason}: let more layers share a density, or {remedy}")
