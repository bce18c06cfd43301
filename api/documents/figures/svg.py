"""Elements of SVG as text, escaped."""

from __future__ import annotations

from html import escape

from densearch.names import shown

FONT = "system-ui, 'DejaVu Sans', sans-serif"
MOST_CHARS = 34


def text(x: float, y: float, words: str, *, size: float = 12, **attributes: object) -> str:
    """Return a text; names of attributes have "_" where SVG has "-"."""
    head = f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"{_all(attributes)}>'
    return f"{head}{safe(words)}</text>"


def line(x1: float, y1: float, x2: float, y2: float, **attributes: object) -> str:
    """Return a straight line."""
    ends = f'x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
    return f"<line {ends}{_all(attributes)}/>"


def box(x: float, y: float, width: float, height: float, **attributes: object) -> str:
    """Return a rectangle."""
    place = f'x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
    return f"<rect {place}{_all(attributes)}/>"


def whole(width: float, height: float, title: str, parts: list[str], ink: str) -> str:
    """Return the picture that these elements are."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
        f'width="{width:g}" height="{height:g}" role="img" font-family="{FONT}" fill="{ink}">'
    )
    return "\n".join([head, f"<title>{safe(title)}</title>", *parts, "</svg>", ""])


def shortened(words: str, most: int = MOST_CHARS) -> str:
    """Return a name that is not longer than its room."""
    return words if len(words) <= most else f"{words[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def safe(words: str) -> str:
    """Return any text as one of SVG."""
    return escape(shown(words))


def _all(attributes: dict[str, object]) -> str:
    named = {name.replace("_", "-"): escape(str(value)) for name, value in attributes.items()}
    return "".join(f' {name}="{value}"' for name, value in named.items())
