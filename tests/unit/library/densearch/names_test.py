"""Which names are accepted, and how unchecked text is shown."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from densearch.names import checked, decoded, fault_in, is_safe, quoted, shown

BAD = {
    "C0": "\x00\x07\x08\t\n\x0b\r\x1b\x1f",
    "DEL and C1": "\x7f\x80\x85\x9b\x9f",
    "overrides": "\u202a\u202b\u202c\u202d\u202e",
    "isolates": "\u2066\u2067\u2068\u2069",
    "marks": "\u200e\u200f\u061c",
    "zero width": "\u200b\u2060\ufeff\xad",
    "lines": "\u2028\u2029",
    "tags": "\U000e0001\U000e0061",
    "half pairs": "\ud800\udfff",
}


@pytest.mark.parametrize("character", [c for group in BAD.values() for c in group])
def test_a_character_that_does_not_look_like_itself_is_named_with_its_place(
    character: str,
) -> None:
    fault = fault_in(f"ab{character}c")
    assert fault is not None
    assert f"character 3 is U+{ord(character):04X}" in fault
    assert shown(f"ab{character}c").isascii()
    assert shown(f"ab{character}c").isprintable()


@pytest.mark.parametrize(
    "name",
    [
        *("a", "photos 2", "Größe", "写真", "صور", "תמונות", "मेरा", "Ελληνικά", "a/b\\c", "<b>&"),
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian, with a non-joiner
        "👨\u200d👩\u200d👧",  # a family, with joiners
        "❤\ufe0f",
        "e\u0301",
        "a" * 200,
    ],
)
def test_names_of_all_scripts_are_taken_and_shown_as_they_are(name: str) -> None:
    assert fault_in(name) is None
    assert checked(name) == name
    assert shown(name) == name


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "empty"),
        (" ", "nothing to see"),
        ("\u200d", "nothing to see"),
        ("\u3164\u2800", "nothing to see"),
        ("\u0301", "nothing to see"),
        (" a", "blank"),
        ("a\u00a0", "blank"),
        ("a" * 201, "at most 200"),
    ],
)
def test_what_is_no_name_for_people_is_refused_with_the_remedy(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        checked(name)


def test_every_bidirectional_control_of_unicode_is_unsafe() -> None:
    """By the standard's own classes of bidirectional behaviour."""
    explicit = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    for code in range(sys.maxunicode + 1):
        if unicodedata.bidirectional(chr(code)) in explicit:
            assert not is_safe(chr(code))


def test_text_is_shown_with_escapes_and_may_keep_its_lines() -> None:
    text = "a\n\x1b[2J\u202eb\U000e0001\x9b"
    assert shown(text) == r"a\x0a\x1b[2J\u202eb\U000e0001\x9b"
    assert shown(text, "\n") == "a\n" + r"\x1b[2J\u202eb\U000e0001\x9b"
    assert shown(shown(text)) == shown(text)


def test_bytes_that_the_locale_left_undecoded_are_read_as_utf_8() -> None:
    assert decoded("日本".encode().decode("ascii", "surrogateescape")) == "日本"
    assert decoded("日本") == "日本"
    assert decoded("caf\udce9") == "caf\udce9"  # no UTF-8


def test_a_message_repeats_the_beginning_of_a_text_with_escapes() -> None:
    assert quoted("a\u202eb") == r"'a\u202eb'"
    assert quoted("日本 \U0001f469\u200d\U0001f4bb") == "'日本 \U0001f469\u200d\U0001f4bb'"
    assert quoted("x" * 101) == f"'{'x' * 100}…'"
    assert quoted("abcdef", most=3) == "'abc…'"
