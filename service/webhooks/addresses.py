"""Where a webhook's URL leads: the addresses that may be connected to, and those that may not.

A server that sends requests to any URL can be used to reach what only it can reach: itself, its
network, the metadata of a cloud. Names are resolved here, every address of a name must be public,
and the caller connects to one of the addresses that were checked, so that a name which resolves
differently the next time leads nowhere else.

Sources: the IANA registries of special-purpose addresses (RFC 6890); RFC 6052 (NAT64).
"""

from __future__ import annotations

import re
import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from densearch.names import quoted
from service.errors import WebhookAddressError
from service.hosts import plain

MOST_CHARS = 2_000
PORTS = {"http": 80, "https": 443}
# What a request line may carry: printable ASCII without blanks.
_SENDABLE = re.compile(r"[!-~]+")
_GLOBAL_V6 = ip_network("2000::/3")
# Within what Python calls global: addresses that carry others, retired ones, documentation.
_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        *("192.0.0.0/24", "192.88.99.0/24", "198.18.0.0/15", "240.0.0.0/4", "100.64.0.0/10"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message is posted.

    Attributes:
        is_secure: Whether by TLS.
        host: Name or address, for the Host header and the certificate.
        port: To connect to.
        target: Path and query, as a request line has them.
        addresses: Of the host, all of them allowed; connect to these alone.
    """

    is_secure: bool
    host: str
    port: int
    target: str
    addresses: tuple[str, ...]

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = PORTS["https" if self.is_secure else "http"]
        return host if self.port == usual else f"{host}:{self.port}"


def resolve(url: str, *, allows_private: bool) -> Target:
    """Read a URL and resolve its host.

    Args:
        url: As a user gave it.
        allows_private: Whether addresses that are not public may be used.

    Raises:
        WebhookAddressError: It is no URL of a server, its name does not resolve, or one of its
            addresses may not be used.
    """
    is_secure, host, port, target = _read(url)
    addresses = _addresses_of(host, port)
    for address in addresses:
        if not is_allowed(address, allows_private=allows_private):
            raise WebhookAddressError(
                f"{quoted(host)} leads to {address}, which is not a public address: the operator "
                "may allow such ones (DENSEARCH_WEBHOOK_ALLOW_PRIVATE=1)"
            )
    return Target(is_secure, host, port, target, addresses)


def is_allowed(text: str, *, allows_private: bool) -> bool:
    """Whether an address may be connected to; one of a group of hosts never may."""
    address = ip_address(text)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        if not allows_private:
            return False
        address = address.ipv4_mapped
    if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        return False
    return allows_private or _is_public(address)


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    # NAT64, IPv4-compatible and site-local ones are outside 2000::/3.
    is_outside = isinstance(address, IPv6Address) and address not in _GLOBAL_V6
    return address.is_global and not is_outside and not any(address in net for net in _NOT_PUBLIC)


def _read(url: str) -> tuple[bool, str, int, str]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WebhookAddressError(_NO_URL) from error
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    host = plain((parts.hostname or "").partition("%")[0])
    is_bare = "@" not in parts.netloc and "#" not in url and "%" not in parts.netloc
    is_sendable = (
        len(url) <= MOST_CHARS
        and _SENDABLE.fullmatch(target)
        and url.isprintable()
        and " " not in url
    )
    if parts.scheme not in PORTS or not host or not is_bare or not is_sendable or port == 0:
        raise WebhookAddressError(_NO_URL)
    return parts.scheme == "https", host, port or PORTS[parts.scheme], target


_NO_URL = (
    "it is no address to post to: write https://host/path, of at most "
    f"{MOST_CHARS:,} characters, without user, password and fragment, other characters than ASCII "
    "percent-encoded"
)


def _addresses_of(host: str, port: int) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise WebhookAddressError(f"{quoted(host)} does not resolve: {reason}") from error
    # A scope ("%eth0") is of link-local addresses alone.
    return tuple(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))
