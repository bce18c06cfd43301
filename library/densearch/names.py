"""One rule for the names that users give, and one way to show unchecked text.

Names are shown in tables, pages, logs and terminals, where some characters have side effects:
control characters move the cursor and set colours, bidirectional overrides and isolates change the
displayed order, others are invisible. Names stored by older versions, file names and error texts
may contain them, and are shown with escapes in their place.
"""

from __future__ import annotations

import unicodedata

MAX_LENGTH = 200
# Scripts and emoji need the two joiners (Persian, Hindi, families), which are invisible.
_JOINERS = frozenset("\u200c\u200d")
# Control (C0, DEL, C1), format (bidirectional marks, zero width, soft hyphen, BOM, tags), halves
# of surrogate pairs, separators of lines and paragraphs.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
# Letters and symbols that are shown as a blank.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_VISIBLE = frozenset("LNPS")


def is_safe(character: str) -> bool:
    """Whether a character is shown as itself on terminals, pages and in logs."""
    if character.isascii():
        return character.isprintable()
    return character in _JOINERS or unicodedata.category(character) not in _UNSAFE


def fault_in(name: str, max_length: int = MAX_LENGTH) -> str | None:
    """Return the fault of a name with its remedy, None for a valid name.

    Args:
        name: Valid is one line of text, without blanks at its ends, with a visible character.
        max_length: In characters.
    """
    for place, character in enumerate(name, start=1):
        if not is_safe(character):
            return (
                f"character {place} is U+{ord(character):04X}"
                f"{_called(character)}, which a name cannot hold: take it out"
            )
    if not any(unicodedata.category(c)[0] in _VISIBLE and c not in _BLANK for c in name):
        return "is empty, or has nothing to see: give a name"
    if name != name.strip():
        return "begins or ends with a blank: take it away"
    if len(name) > max_length:
        return f"has {len(name):,} characters: at most {max_length} are taken"
    return None


def checked(name: str) -> str:
    """Return a name, for pydantic.

    Raises:
        ValueError: With the fault.
    """
    fault = fault_in(name)
    if fault is not None:
        raise ValueError(fault)
    return name


def shown(text: str, keep: str = "") -> str:
    r"""Return text with an escape such as ``\u202e`` for each character that is not `is_safe`.

    Args:
        text: Any text.
        keep: Unsafe characters to leave as they are, such as a newline between lines.
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if is_safe(c) or c in keep else _escape(c) for c in text)


def quoted(text: str, most: int = 100) -> str:
    """Return text between quotation marks, as `shown` shows it, for a message that repeats it.

    Args:
        text: Any text, of any length.
        most: Characters that are repeated; an ellipsis stands for the others.
    """
    return f"'{shown(text[:most])}{'…' if len(text) > most else ''}'"


def decoded(text: str) -> str:
    """Return an argument or a file's name as UTF-8 where the locale left its bytes undecoded."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text


def _escape(character: str) -> str:
    code = ord(character)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x1_0000 else f"\\U{code:08x}"


def _called(character: str) -> str:
    name = unicodedata.name(character, "")
    return f" ({name.lower()})" if name else ""
