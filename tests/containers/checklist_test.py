"""The lines and the table of `./run containers`."""

from __future__ import annotations

from tests.containers.checklist import Checklist, SkippedError


def fail() -> str:
    raise AssertionError("not so\nthe second line")


def skip() -> str:
    raise SkippedError("no such engine")


def test_each_check_has_a_line_and_the_table_all_of_them() -> None:
    said: list[str] = []
    checklist = Checklist(said.append)
    checklist.check("passes", lambda: "with a note")
    checklist.check("fails", fail)
    checklist.check("cannot be made", skip)
    assert [line.result for line in checklist.lines] == ["ok", "FAILED", "skipped"]
    assert said[1].startswith("ok ")
    assert said[1].endswith("with a note")
    assert "the second line" in said[-3]
    assert said[-1].endswith("(no such engine)")
    table = checklist.table().splitlines()
    assert len(table) == 4
    assert table[-1] == "1 ok, 1 FAILED, 1 skipped"
    assert checklist.has_failed()


def test_what_follows_a_needed_check_that_failed_is_skipped_with_the_reason() -> None:
    checklist = Checklist(lambda _line: None)
    checklist.check("the image is built", fail, needed=True)
    checklist.check("the image runs", lambda: "unreachable")
    assert checklist.lines[-1].result == "skipped"
    assert "the image is built" in checklist.lines[-1].note
    assert checklist.has_failed()


def test_a_skip_is_no_failure() -> None:
    checklist = Checklist(lambda _line: None)
    checklist.check("cannot be made", skip)
    assert not checklist.has_failed()
