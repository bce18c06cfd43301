"""What was learned is hidden in every form that a URL gives it."""

from __future__ import annotations

from densearch.redaction import HIDDEN, hide, learn

# No other text of this process holds these.
SECRET = "w0mb4t p@th/%"  # noqa: S105 - looked for, opens nothing
LONGER = f"{SECRET}+more"


def test_a_secret_is_hidden_plain_and_percent_encoded() -> None:
    shown = f"{SECRET} w0mb4t%20p%40th%2F%25 w0mb4t+p%40th%2F%25"
    assert hide(shown) == shown
    learn(SECRET)
    assert hide(shown) == f"{HIDDEN} {HIDDEN} {HIDDEN}"
    assert hide("w0mb4t") == "w0mb4t", "a part of it is not it"


def test_a_longer_secret_leaves_no_rest_of_itself() -> None:
    learn(SECRET)
    learn(LONGER)
    assert hide(f"<{LONGER}>") == f"<{HIDDEN}>"


def test_other_ways_of_writing_it_are_hidden_and_nothing_is_no_secret() -> None:
    learn("", "")
    assert hide("words") == "words"
    learn("q0kk4", "q0%6B%6b4")
    assert hide("q0%6B%6b4 q0kk4") == f"{HIDDEN} {HIDDEN}"
