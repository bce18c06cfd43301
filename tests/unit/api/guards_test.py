"""Who may ask: names of this machine, and what counts as a body too large."""

from __future__ import annotations

import pytest

from api.guards import host_name, is_loopback
from api.routes.artifacts import file_name


@pytest.mark.parametrize(
    ("authority", "name"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST:8080", "localhost"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]:8080", "::1"),
        ("evil.example:8080", "evil.example"),
        ("localhost@evil.example", "evil.example"),
        ("", ""),
        ("[::", ""),
    ],
)
def test_the_host_is_read_without_port_and_brackets(authority: str, name: str) -> None:
    assert host_name(authority) == name


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_this_machine_alone_reaches_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "db.example"])  # noqa: S104
def test_others_reach_the_rest(host: str) -> None:
    assert not is_loopback(host)


def test_a_file_name_carries_nothing_a_header_could_misread() -> None:
    assert file_name("direct_l.safetensors") == "direct_l.safetensors"
    assert file_name('a"b\r\n/../é') == "a_b___.._" + "_"
