"""What the recorded tables are like: python -m benchmarks.recorded.summary.

Printed for each: seeds, trainings and how many of them diverged; the least mean loss, that of the
best plain convolution (factor 1, den 1) and the median; the standard deviation of a seed over the
quarter of the points with the least losses; and how much the deviations of neighbours on the grid
are correlated, the mean over the axes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.recorded.table import FOLDER, RecordedTable, recorded_table

Array = NDArray[np.float64]
HEAD = "| table | seeds | trainings | diverged | least | best plain | median | sd | correlation |"


def neighbour_correlation(deviations: Array) -> float:
    """Return the correlation of deviations, (seeds, *grid), with their neighbours on the grid."""
    found = []
    for axis in range(1, deviations.ndim):
        moved = np.moveaxis(deviations, axis, 0)
        found.append(np.corrcoef(moved[:-1].ravel(), moved[1:].ravel())[0, 1])
    return float(np.mean(found))


def line(name: str, table: RecordedTable) -> str:
    """Return a table's row."""
    means, deviations = table.means, table.deviations
    is_good = means <= np.quantile(means, 0.25)
    sd = np.sqrt((deviations[:, is_good] ** 2).mean())
    figures = (means.min(), table.of_factor_1().means[2].min(), np.median(means), sd)
    cells = [str(len(table.losses)), str(table.losses.size), str(table.n_diverged)]
    cells += [f"{x:.3g}" for x in figures] + [f"{neighbour_correlation(deviations):.2f}"]
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Print the table."""
    print(HEAD)
    print("|---" * 9 + "|")
    for path in sorted(FOLDER.glob("*.csv")):
        print(line(path.stem, recorded_table(path.stem)))


if __name__ == "__main__":
    main()
