"""Which addresses a webhook may lead to: public ones, whatever the form in which they come."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from service.errors import WebhookAddressError
from service.webhooks.addresses import is_allowed, resolve

# Of the IANA registries of special-purpose addresses, with the first and last of some blocks.
NOT_PUBLIC = (
    *("127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.5"),
    *("169.254.169.254", "100.64.0.1", "100.127.255.255", "0.0.0.0", "0.1.2.3", "192.0.0.9"),  # noqa: S104
    *("192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "192.88.99.1", "240.0.0.1"),
    *("255.255.255.255", "224.0.0.1", "224.0.1.1", "239.255.255.250"),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8"),
    *("64:ff9b::7f00:1", "64:ff9b::808:808", "64:ff9b:1::1", "2002:7f00:1::1", "2001::1"),
    *("2001:db8::1", "100::1", "3fff::1", "5f00::1"),
)
PUBLIC = ("8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::8")


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_refused(address: str) -> None:
    assert not is_allowed(address, allows_private=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_one_is_allowed(address: str) -> None:
    assert is_allowed(address, allows_private=False)


def test_the_setting_allows_hosts_and_never_groups_of_them() -> None:
    for address in ("127.0.0.1", "10.0.0.1", "::1", "fd00::1", "::ffff:10.0.0.1", "8.8.8.8"):
        assert is_allowed(address, allows_private=True), address
    for address in ("0.0.0.0", "::", "224.0.0.1", "ff02::1", "255.255.255.255"):  # noqa: S104
        assert not is_allowed(address, allows_private=True), address


def resolving(monkeypatch: pytest.MonkeyPatch, *found: str) -> None:
    def answer(_host: str, port: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


def test_one_bad_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    resolving(monkeypatch, "8.8.8.8", "10.0.0.1")
    with pytest.raises(WebhookAddressError, match=r"10\.0\.0\.1.*DENSEARCH_WEBHOOK_ALLOW_PRIVATE"):
        resolve("https://hooks.example/", allows_private=False)
    assert resolve("https://hooks.example/", allows_private=True).addresses[1] == "10.0.0.1"


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "authority"),
    [
        ("https://Hooks.example.", "hooks.example", 443, "/", "hooks.example"),
        ("https://hooks.example/a?b=c", "hooks.example", 443, "/a?b=c", "hooks.example"),
        ("http://hooks.example:8000/a", "hooks.example", 8000, "/a", "hooks.example:8000"),
        ("https://[2606:4700::0001]/", "2606:4700::1", 443, "/", "[2606:4700::1]"),
        (
            "https://b\u00fccher.example/",
            "xn--bcher-kva.example",
            443,
            "/",
            "xn--bcher-kva.example",
        ),
    ],
)
def test_a_url_is_read(
    monkeypatch: pytest.MonkeyPatch, url: str, host: str, port: int, target: str, authority: str
) -> None:
    resolving(monkeypatch, "8.8.8.8")
    found = resolve(url, allows_private=False)
    assert (found.host, found.port, found.target, found.authority) == (
        *(host, port, target, authority),
    )
    assert found.addresses == ("8.8.8.8",)


@pytest.mark.parametrize(
    "url",
    [
        *("", "hooks.example", "//hooks.example/", "ftp://hooks.example/", "file:///etc/passwd"),
        *("https://", "https:///a", "https://a:b@hooks.example/", "https://@hooks.example/"),
        *("https://hooks.example/#a", "https://hooks.example:0/", "https://hooks.example:99999/"),
        *("https://hooks.example:x/", "https://[::1", "https://[fe80::1%25eth0]/"),
        *("https://hooks.example/a b", "https://hooks.example/\u00e9", "https://127.1/"),
        *("https://0x7f000001/", "https://2130706433/", "https://hooks.example\\@evil.example/"),
        *(
            "https://hooks.example/\r\nHost: x",
            " https://hooks.example/",
            "https://hooks.example/\nx",
        ),
        "https://hooks.example/" + "a" * 2_000,
    ],
)
def test_what_is_no_address_to_post_to_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    resolving(monkeypatch, "8.8.8.8")
    with pytest.raises(WebhookAddressError, match="no address to post to"):
        resolve(url, allows_private=True)


def test_a_name_that_does_not_resolve_says_so() -> None:
    with pytest.raises(WebhookAddressError, match=r"'no\.invalid' does not resolve: "):
        resolve("https://no.invalid/", allows_private=True)  # RFC 6761: it never does
