"""The server's names: their canonical form, and which of them are its own."""

from __future__ import annotations

import socket

import pytest

from service.hosts import Hosts, host_of, is_loopback, pattern_of, plain


@pytest.mark.parametrize(
    ("authority", "host"),
    [
        ("localhost", "localhost"),
        ("LOCALHOST:8080", "localhost"),
        ("localhost.:8080", "localhost"),
        ("localhost:", "localhost"),
        ("127.0.0.1:1", "127.0.0.1"),
        ("[::1]:8080", "::1"),
        ("[0:0:0:0:0:0:0:1]", "::1"),
        ("evil.example:8080", "evil.example"),
        ("localhost.evil.example", "localhost.evil.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("web_1:80", "web_1"),
    ],
)
def test_the_host_is_read_without_port_brackets_case_and_final_dot(
    authority: str, host: str
) -> None:
    assert host_of(authority) == host


@pytest.mark.parametrize(
    "authority",
    [
        *("", ":80", "[::", "::1", "[::1]evil", "[::1%25eth0]", "localhost@evil.example"),
        *("evil.example@localhost", "localhost:80:90", "localhost:x", "localhost:999999"),
        *("local host", "localhost/evil", "localhost#", "localhost, evil.example", "a..b", "-a.b"),
        *(
            "b\xfccher.example",
            "lo\x00calhost",
            "localhost..",
            "127.1",
            "0x7f000001",
            "2130706433",
        ),
    ],
)
def test_what_is_no_host_and_port_is_none(authority: str) -> None:
    assert host_of(authority) == ""


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "::ffff:127.0.0.1"]
)
def test_this_machine_alone_reaches_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "db.example"])  # noqa: S104
def test_others_reach_the_rest(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("entry", "pattern"),
    [
        ("Lab.Example.org.", "lab.example.org"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("*.example.org", "*.example.org"),
        ("[2001:DB8::0:5]", "2001:db8::5"),
        ("*", "*"),
    ],
)
def test_entries_of_the_setting_take_the_same_form(entry: str, pattern: str) -> None:
    assert pattern_of(entry) == pattern


@pytest.mark.parametrize(
    "entry", ["http://lab", "lab:80", "*.", "a.*.b", "**", "a b", "*lab", "/"]
)
def test_an_entry_that_is_no_host_is_refused_with_what_to_give(entry: str) -> None:
    with pytest.raises(ValueError, match="without scheme and port"):
        pattern_of(entry)


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(socket, "gethostname", lambda: "Lab7.example.org")
    return monkeypatch


@pytest.mark.usefixtures("named")
def test_the_machines_own_names_are_allowed() -> None:
    hosts = Hosts("0.0.0.0")  # noqa: S104 - a name, not a bind
    for name in ("lab7", "lab7.example.org", "lab7.local", "localhost"):
        assert hosts.allows(name)
    for name in ("", "lab8", "evil.example", "lab7.evil.example", "org"):
        assert not hosts.allows(name)


def test_addresses_are_allowed_where_an_interface_has_them() -> None:
    hosts = Hosts("127.0.0.1")
    assert hosts.allows("127.0.0.1")
    assert hosts.allows("127.1.2.3")
    # Reserved for documentation, so on no interface; multicast; "this network".
    for address in ("192.0.2.1", "2001:db8::1", "224.0.0.1", "ff02::1", "0.0.0.0", "::"):  # noqa: S104
        assert not hosts.allows(address)


def test_the_full_name_is_learnt_beyond_loopback_and_only_if_it_is_this_machines(
    named: pytest.MonkeyPatch,
) -> None:
    named.setattr(socket, "gethostname", lambda: "lab7")
    for found, listening, is_learnt in (
        ("lab7.example.org", "10.0.0.7", True),
        ("lab7.example.org", "127.0.0.1", False),
        ("evil.example.org", "10.0.0.7", False),
        ("localhost", "10.0.0.7", True),
    ):
        named.setattr(socket, "getfqdn", lambda found=found: found)
        hosts = Hosts(listening)
        hosts.learn()
        assert hosts.allows(found) is is_learnt


def test_names_are_compared_in_one_form() -> None:
    assert plain("LAB.") == plain("lab") == "lab"
    hosts = Hosts("127.0.0.1", [pattern_of("LAB.example.")])
    assert hosts.allows(host_of("lab.EXAMPLE:80"))
