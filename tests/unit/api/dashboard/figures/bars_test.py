"""Where the bars of an attribution begin and end."""

from __future__ import annotations

from typing import Any

import pytest

from api.dashboard.figures.bars import Span, bars


def part(
    share: float | None, low: float | None, high: float | None, *names: str
) -> dict[str, Any]:
    return {
        "names": list(names or ("spatial shape",)),
        "arm": "tpe",
        "against": "uniform",
        "n": 3,
        "relative": share,
        "relative_low": low,
        "relative_high": high,
    }


def test_all_bars_are_on_one_scale_with_room_for_every_interval() -> None:
    found = bars(
        {
            "gain": part(0.10, 0.05, 0.15),
            "parts": [part(0.12, 0.08, 0.16, "learning rate"), part(-0.02, -0.04, 0.0)],
            "beside": [part(0.06, 0.04, 0.08, "initialisation")],
        }
    )
    assert [bar.kind for bar in found] == ["part", "part", "gain", "separate"]
    assert [bar.title for bar in found] == [
        "learning rate", "spatial shape", "in all", "initialisation",
    ]  # fmt: skip
    # What is saved is a change below zero: from -16 % to 4 %, zero at four fifths of the room.
    assert [bar.zero for bar in found] == pytest.approx([80.0] * 4)
    rate, shape = found[0], found[1]
    assert (rate.fill, rate.interval) == (spans(20, 60), spans(0, 40))
    assert (shape.fill, shape.interval) == (spans(80, 10), spans(80, 20))
    assert (rate.size, rate.ends) == (
        "\N{MINUS SIGN}12.0\N{NARROW NO-BREAK SPACE}%",
        (
            "\N{MINUS SIGN}16.0\N{NARROW NO-BREAK SPACE}% to \N{MINUS SIGN}8.0"
            "\N{NARROW NO-BREAK SPACE}%"
        ),
    )
    assert (shape.size, shape.ends) == (
        "+2.0\N{NARROW NO-BREAK SPACE}%",
        "+0.0\N{NARROW NO-BREAK SPACE}% to +4.0\N{NARROW NO-BREAK SPACE}%",
    )
    assert shape.arms == "tpe against uniform"


def spans(left: float, width: float) -> Span:
    return Span(pytest.approx(left, abs=1e-9), pytest.approx(width, abs=1e-9))  # type: ignore[arg-type]


def test_one_seed_has_no_interval() -> None:
    (bar,) = bars({"gain": part(0.1, None, None), "parts": [], "beside": []})
    assert (bar.zero, bar.fill, bar.interval) == (100.0, spans(0, 100), None)
    assert bar.ends == "\N{EN DASH}"


@pytest.mark.parametrize("share", [None, 0.0])
def test_nothing_to_show_fits(share: float | None) -> None:
    (bar,) = bars({"gain": part(share, share, share), "parts": [], "beside": []})
    assert bar.zero == 0.0
    assert bar.fill == (None if share is None else Span(0.0, 0.0))


def test_an_interval_of_few_seeds_is_cut_and_leaves_room_for_the_bars() -> None:
    parts = [part(0.10, -12.0, 13.0), part(-0.10, -0.12, -0.08)]
    found = bars({"gain": part(0.0, -0.1, 0.1), "parts": parts, "beside": []})
    wide, other, _ = found
    assert (wide.cut, other.cut) == ("cut-left cut-right", "")
    assert wide.interval == spans(0, 100)  # two widths of -10 % to 10 % beyond them
    assert wide.fill == spans(40, 10)
    assert "1300.0" in wide.ends
