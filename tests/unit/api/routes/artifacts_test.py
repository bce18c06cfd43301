"""Names and paths of a job's files, as they leave the server."""

from __future__ import annotations

from api.routes.artifacts import file_name


def test_a_file_name_carries_nothing_a_header_could_misread() -> None:
    assert file_name("direct_l.safetensors") == "direct_l.safetensors"
    assert file_name('a"b\r\n/../é') == "a_b___.._" + "_"
