"""The pictures of `ideas.md`: `python docs/pictures.py` draws them again, to the byte."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

import numpy as np

from densearch.density import build
from densearch.direct_l import ParallelDirectL

IMAGES = Path(__file__).parent / "images"
# Readable on white and on black.
INK, BLUE, ORANGE, GREY = "#7a7a7a", "#3b7dd8", "#d9822b", "#9a9a9a"
CELL = 26
N_WORKERS = 4


def text(x: float, y: float, words: str, anchor: str = "middle", size: int = 13) -> str:
    """Return words at a place."""
    style = f'font-size="{size}" fill="{INK}" text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(words)}</text>'


def rect(x: float, y: float, size: tuple[float, float], fill: str, more: str = "") -> str:
    """Return a box of (width, height)."""
    w, h = size
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="{fill}"{more}/>'


def svg(size: tuple[int, int], title: str, parts: Sequence[str]) -> str:
    """Return a whole picture."""
    width, height = size
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" role="img"><title>{escape(title)}</title>'
    )
    return "\n".join([head, *parts, "</svg>", ""])


def grid(x: float, y: float, values: np.ndarray) -> Iterator[str]:
    """Yield a square of cells: blue above zero, orange below, as strong as the value."""
    for (row, column), value in np.ndenumerate(values):
        strength = min(1.0, abs(float(value)) / 1.5)
        more = f' fill-opacity="{strength:.2f}" stroke="{GREY}" stroke-width="0.5"'
        colour = BLUE if value >= 0 else ORANGE
        yield rect(x + CELL * column, y + CELL * row, (CELL, CELL), colour, more)


def kernel() -> str:
    """Draw what a density does: the weights, Phi, and their product."""
    weights = np.random.default_rng(3).normal(0.0, 0.8, (5, 5))
    phi = np.asarray(build("symmetric", 5, [0.3, 0.8]).phi)
    parts: list[str] = []
    side = 5 * CELL
    names = ("W: the weights that train", "Phi: den = [0.3, 0.8]", "W * Phi: what convolves")
    for index, (name, values) in enumerate(zip(names, (weights, phi, weights * phi), strict=True)):
        x = 30 + index * (side + 70)
        parts += grid(x, 20, values)
        parts.append(text(x + side / 2, side + 42, name))
        if index:
            parts.append(text(x - 35, 25 + side / 2, "*" if index == 1 else "=", size=22))
    return svg((590, 190), "A density weights each tap of a kernel", parts)


def controls() -> str:
    """Draw why a search needs controls: most of a gain may be due to the learning rate."""
    rows = [
        ("plain network, default learning rate", 100, INK),
        ("plain network, its learning rate searched (uniform_tuned)", 84, INK),
        ("the same scale for all taps, searched (flat_tuned)", 81, INK),
        ("density and learning rate, searched", 78, BLUE),
    ]
    parts: list[str] = []
    for index, (name, loss, colour) in enumerate(rows):
        y = 16 + 44 * index
        parts.append(text(10, y + 8, name, "start"))
        parts.append(rect(10, y + 14, (4.6 * loss, 12), colour, ' rx="2"'))
        parts.append(text(16 + 4.6 * loss, y + 25, str(loss), "start"))
    parts.append(
        text(10, 200, "loss on the test split, drawn as an example, not measured", "start", 11)
    )
    return svg((590, 210), "A gain has parts, and controls tell them apart", parts)


@dataclass(frozen=True)
class DrawnTrial:
    """A point of the sequence, and when a worker trained it."""

    index: int
    point: Sequence[float]
    worker: int
    start: float
    end: float


def trials(n_trials: int) -> list[DrawnTrial]:
    """Run DIRECT-L on four workers whose trainings take different times."""
    random = np.random.default_rng(1)
    found: list[DrawnTrial] = []
    free = [0.0] * N_WORKERS
    running: list[tuple[float, int, float, Sequence[float]]] = []
    now = 0.0
    with ParallelDirectL(2, n_trials, bounds=[(0.0, 1.0), (0.0, 1.0)]) as search:
        order: dict[tuple[float, ...], int] = {}
        while not search.is_finished:
            n_free = N_WORKERS - len(running)
            for asked in search.ask(n_free) if n_free else []:
                taken = {worker for _, worker, _, _ in running}
                worker = min(set(range(N_WORKERS)) - taken, key=lambda w: free[w])
                order.setdefault(tuple(asked), len(order) + 1)
                running.append((now + 1.0 + 1.5 * random.random(), worker, now, asked))
            running.sort(key=lambda one: one[0])
            now, worker, start, point = running.pop(0)
            free[worker] = now
            found.append(DrawnTrial(order[tuple(point)], point, worker, start, now))
            search.tell(point, (point[0] - 0.3) ** 2 + (point[1] - 0.6) ** 2)
    return found


def direct_l() -> str:
    """Draw a search by DIRECT-L: its points, and the workers that train them."""
    found, side, x0 = trials(17), 170, 250
    parts = [rect(20, 10, (side, side), "none", f' stroke="{GREY}"')]
    for trial in found:
        x, y = 20 + side * trial.point[0], 10 + side * (1 - trial.point[1])
        parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="9" fill="{BLUE}" fill-opacity="0.25"/>'
        )
        parts.append(text(x, y + 4, str(trial.index), size=11))
    scale = (570 - x0) / max(trial.end for trial in found)
    for trial in found:
        x, width = x0 + scale * trial.start, scale * (trial.end - trial.start) - 2
        y = 18 + 40 * trial.worker
        parts.append(rect(x, y, (width, 26), BLUE, ' fill-opacity="0.25" rx="3"'))
        parts.append(text(x + width / 2, y + 18, str(trial.index), size=11))
    workers = range(N_WORKERS)
    parts += [text(x0 - 6, 36 + 40 * one, f"{one + 1}", "end", 11) for one in workers]
    parts.append(text(20 + side / 2, 200, "points of the search"))
    parts.append(text((x0 + 570) / 2, 200, "four workers over time"))
    return svg((590, 210), "DIRECT-L in parallel: the numbers are those of the sequence", parts)


PICTURES = {
    "idea-kernel.svg": kernel,
    "idea-controls.svg": controls,
    "idea-direct-l.svg": direct_l,
}


def main(out: Path = IMAGES) -> None:
    """Write all pictures."""
    for name, draw in PICTURES.items():
        (out / name).write_text(draw(), "utf-8")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
