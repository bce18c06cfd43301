"""The sections of docs/regret.md: problems, and which samplers search how many shifts of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from benchmarks.recorded.tasks import TASKS as RECORDED_TASKS
from benchmarks.regret.problems import NOISY, RECORDED, ROTATED
from benchmarks.regret.searches import SCIPY
from workers.functions import FUNCTIONS

N_SHIFTS = 30
# Those whose search of 200 trials costs more than half a second search fewer shifts.
FEWER_SHIFTS: Mapping[str, int] = MappingProxyType(
    {"tpe": 3, "tune:hyperopt": 1, "tune:nevergrad": 1, "gp": 1}
)
# A search costs half a minute or more, and `gradient` learns inside a training.
NOT_MEASURED = frozenset({"gradient", "gp", "tune:bayesopt", "tune:ax"})
DIRECT = ("direct_l_rand", "direct_l_bobyqa", "direct_l_model", "direct_l")
# The samplers of the other sections: the families, one or two of each.
SOME = (*DIRECT, SCIPY, "cmaes", "random", "tpe")
TABLES = tuple(f"{RECORDED}{task}" for task in RECORDED_TASKS)
NOISY_FUNCTIONS = ("sphere", "ackley", "levy")
ROTATED_FUNCTIONS = ("ackley", "rastrigin", "levy", "rosenbrock")

# A function's name and a dimension.
Place = tuple[str, int]


@dataclass(frozen=True)
class Section:
    """Problems that are reported together.

    Attributes:
        places: Functions, each in its dimensions.
        samplers: That search them; all that are installed if empty.
        tables: What is printed: a heading, and the places that it is of.
    """

    places: tuple[Place, ...]
    samplers: tuple[str, ...]
    tables: Mapping[str, tuple[Place, ...]]


def _analytic(names: tuple[str, ...], dimensions: tuple[int, ...]) -> tuple[Place, ...]:
    """Return functions in those of the dimensions that they have; 6 is there for hartmann6."""
    return tuple(
        (name, d)
        for d in dimensions
        for name in names
        if d in FUNCTIONS[name.removeprefix(NOISY).removeprefix(ROTATED)].dimensions
        and (d != 6 or name == "hartmann6")
    )


def _in(places: tuple[Place, ...], dimension: int) -> tuple[Place, ...]:
    return tuple(place for place in places if place[1] == dimension)


def _of(places: tuple[Place, ...], name: str) -> tuple[Place, ...]:
    return tuple(place for place in places if place[0] == name)


def _sections() -> dict[str, Section]:
    functions = _analytic(tuple(FUNCTIONS), (2, 4, 6, 8))
    recorded = tuple((name, d) for d in (2, 3) for name in TABLES)
    plain = (*functions, *recorded)
    noisy_tables = tuple((NOISY + name, d) for name, d in recorded)
    noisy = _analytic(tuple(NOISY + name for name in NOISY_FUNCTIONS), (2, 4, 8))
    rotated = _analytic(tuple(ROTATED + name for name in ROTATED_FUNCTIONS), (2, 4, 8))
    by_dimension = {f"Analytic functions, {d} dimensions": _in(functions, d) for d in (2, 4, 8)}
    by_table = {name.capitalize(): _of(recorded, name) for name in TABLES}
    sixteen = _analytic(("sphere", "rosenbrock", "ackley", "levy", "rastrigin"), (16,))
    return {
        "plain": Section(plain, (), {"All functions": plain, **by_dimension, **by_table}),
        "noise": Section(
            (*noisy, *noisy_tables),
            SOME,
            {
                "With noise": (*noisy, *noisy_tables),
                "Analytic functions with noise": noisy,
                "Recorded tables with noise": noisy_tables,
            },
        ),
        "rotated": Section(rotated, SOME, {"Rotated functions": rotated}),
        "sixteen": Section(sixteen, SOME, {"Sixteen dimensions": sixteen}),
    }


SECTIONS: Mapping[str, Section] = MappingProxyType(_sections())


def n_shifts(sampler: str, most: int = N_SHIFTS) -> int:
    """Return how many shifts of each problem a sampler searches."""
    return min(FEWER_SHIFTS.get(sampler, most), most)
