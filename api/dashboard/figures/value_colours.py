"""The colours of values in the figures of a search: the lower, the further from the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from api.dashboard.figures.themes import Figure, Theme, channels
from api.dashboard.figures.views import spans_decades

# Values above this share of all have one colour: a few bad ones must not take the whole scale.
SHOWN = 0.9
N_TICKS = 5
# One hue, in steps of lightness that all readers distinguish.
ON_LIGHT = ("#08306b", "#1f5fa8", "#4f93c9", "#9cc5e3", "#dbe9f5")
ON_DARK = ("#d6eaff", "#93c2f2", "#5590cf", "#2f609b", "#223a59")


@dataclass(frozen=True, slots=True)
class ValueColours:
    """A scale from the lowest value to one that most lie below, on a log axis where that helps.

    Attributes:
        low: The lowest value.
        high: The value from which on the colour stays the same.
        is_log: Whether equal ratios are equally far apart.
        stops: The colours from low to high.
    """

    low: float
    high: float
    is_log: bool
    stops: tuple[str, ...]

    def share(self, value: float) -> float:
        """Return where a value lies on the scale, from 0 to 1."""
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, at = math.log(low), math.log(high), math.log(at)
        return (at - low) / (high - low) if high > low else 0.0

    def value(self, share: float) -> float:
        """Return the value at a place of the scale, the inverse of `share`."""
        if self.is_log:
            return math.exp(
                math.log(self.low) + share * (math.log(self.high) - math.log(self.low))
            )
        return self.low + share * (self.high - self.low)

    def colour(self, value: float) -> str:
        """Return the colour of a value."""
        place = self.share(value) * (len(self.stops) - 1)
        step = min(int(place), len(self.stops) - 2)
        pair = (channels(self.stops[step]), channels(self.stops[step + 1]))
        mixed = (round(a + (place - step) * (b - a)) for a, b in zip(*pair, strict=True))
        return "#" + "".join(f"{part:02x}" for part in mixed)

    def marker(self, values: Sequence[float], theme: Theme, **more: object) -> Figure:
        """Return the marker of a trace that has these values, with the scale next to it.

        Values that are all the same have no scale.
        """
        places = [step / (N_TICKS - 1) for step in range(N_TICKS)]
        n_stops = len(self.stops)
        return {
            "color": [self.share(value) for value in values],
            "cmin": 0.0,
            "cmax": 1.0,
            "colorscale": [[step / (n_stops - 1), self.stops[step]] for step in range(n_stops)],
            "showscale": self.high > self.low,
            "colorbar": {
                "thickness": 10,
                "outlinewidth": 0,
                "tickvals": places,
                "ticktext": [f"{self.value(place):.3g}" for place in places],
                "tickfont": {"size": 11, "color": theme.muted},
            },
            **more,
        }


def colours_of(values: Sequence[float], theme: Theme) -> ValueColours:
    """Return the scale of some values, which may be none; those of diverged trials left out."""
    ordered = sorted(value for value in values if math.isfinite(value))
    stops = ON_DARK if _lightness(theme.surface) < 0.5 else ON_LIGHT
    if not ordered:
        return ValueColours(0.0, 1.0, is_log=False, stops=stops)
    low, high = ordered[0], ordered[max(math.ceil(SHOWN * len(ordered)) - 1, 0)]
    is_log = spans_decades([low, high])
    return ValueColours(low, high, is_log, stops)


def _lightness(colour: str) -> float:
    return sum(channels(colour)) / (3 * 255)
