"""The server's host names and addresses, which a request's Host header may contain.

The owner of a web page can let a domain resolve to this machine (DNS rebinding): its requests come
from the user's browser with that domain in Host. An address in Host cannot be forged in this way,
since the browser connected to it.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import urlsplit

# Labels of RFC 1123, and the underscore that container names have.
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)(\.(?!-)[a-z0-9_-]{1,63}(?<!-))*")
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,255})(?::\d{0,5})?", re.IGNORECASE)
ANY = "*"
# Host and port of a URL, without user and password.
_SERVER = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]@:]+)(?::(\d{1,5}))?", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
# None of these is percent-encoded in a path.
_PREFIX = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)*")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address or name."""
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost"
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def host_of(authority: str) -> str:
    """Return the host of a Host header, plain: "" where it is not host or host:port."""
    if not _AUTHORITY.fullmatch(authority):
        return ""
    host, bracket, _ = authority.rpartition("]")
    return plain(host.removeprefix("[") if bracket else authority.partition(":")[0])


def plain(name: str) -> str:
    """Return a name or address in the canonical form used for comparison, "" for neither.

    Lower case, without the final dot, in ASCII (IDNA); addresses in their shortest form.
    """
    try:
        return str(ip_address(name))
    except ValueError:
        pass
    try:
        text = name.removesuffix(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        return ""
    # A name that ends in a number is an address to browsers: 127.1, 0x7f000001.
    is_name = _NAME.fullmatch(text) and not re.fullmatch(r"\d+|0x[0-9a-f]*", text.split(".")[-1])
    return text if is_name else ""


def pattern_of(text: str) -> str:
    """Read an entry of the setting: a name, an address, `*.example.org` or `*`.

    Raises:
        ValueError: Naming the entry and what it may be.
    """
    if text == ANY:
        return ANY
    wildcard = "*." if text.startswith("*.") else ""
    name = plain(text.removeprefix(wildcard).removeprefix("[").removesuffix("]"))
    if not name:
        raise ValueError(
            f"{text!r} is no host: give names or addresses without scheme and port, such as "
            "lab.example.org, *.example.org or 192.168.1.5, divided by commas"
        )
    return wildcard + name


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Where a reverse proxy publishes the server.

    Attributes:
        origin: As browsers write it: scheme, host, and the port unless it is the scheme's own.
        prefix: Path below which the server is, such as "/densearch"; "" for none.
    """

    origin: str
    prefix: str

    @property
    def authority(self) -> str:
        """Host and port, as the Host header of a request to the origin has them."""
        return self.origin.partition("://")[2]

    def __str__(self) -> str:
        return f"{self.origin}{self.prefix}/"


def public_address(text: str) -> PublicAddress:
    """Read a public URL.

    Raises:
        ValueError: Saying what it may be; it does not quote the text, which may hold a password.
    """
    parts = urlsplit(text)
    prefix, usual = parts.path.rstrip("/"), _PORTS.get(parts.scheme)
    found = _SERVER.fullmatch(parts.netloc)
    host = plain(found[1].strip("[]")) if found else ""
    port = int(found[2]) if found and found[2] else usual
    is_bare = "?" not in text and "#" not in text and _PREFIX.fullmatch(prefix)
    if not (usual and host and is_bare and port and port < 65_536):
        raise ValueError(
            "is no address of a server: write https://lab.example.org or "
            "https://lab.example.org:8443/densearch, without user, query and fragment; the path "
            "may have letters, digits and - . _ ~"
        )
    name = f"[{host}]" if ":" in host else host
    return PublicAddress(
        f"{parts.scheme}://{name}" + (f":{port}" if port != usual else ""), prefix
    )


class Hosts:
    """Decides which hosts are this server: `allows(host)`.

    Always: loopback, the address listened on, the machine's own names, and every address of its
    interfaces, which are checked at each request since they change.

    Args:
        listening: The address or name given to listen on.
        patterns: Further names, as `pattern_of` returns them.
        public: Where a reverse proxy publishes the server; its host is allowed too.
    """

    def __init__(
        self, listening: str, patterns: Iterable[str] = (), public: PublicAddress | None = None
    ) -> None:
        self._public = public
        self._is_open = ANY in patterns
        self._suffixes = tuple(p.removeprefix("*") for p in patterns if p.startswith("*."))
        own = socket.gethostname()
        short = own.partition(".")[0]
        names = ["localhost", listening, own, short, f"{short}.local", *patterns]
        if public is not None:
            names.append(host_of(public.authority))
        self._names = {plain(name) for name in names} - {""}
        self._short = plain(short)
        self._is_remote = not is_loopback(listening)

    def learn(self) -> None:
        """Ask the resolver for this machine's full name; may take as long as a resolver takes.

        On loopback that name is not needed, and a hostile network's resolver could invent one.
        """
        if not self._is_remote:
            return
        name = plain(socket.getfqdn())
        if name.partition(".")[0] == self._short:
            self._names.add(name)

    def allows(self, host: str) -> bool:
        """Whether a plain host (see `host_of`) is this server."""
        if not host:
            return False
        if self._is_open or host in self._names or host.endswith(self._suffixes):
            return True
        return is_loopback(host) or _is_own_address(host)

    def is_own_origin(self, origin: str, authority: str) -> bool:
        """Whether a page of `origin` is this server's.

        It is when it has the public origin, or the host and port to which it sent the request: a
        user may reach the server directly as well. At the public host the scheme counts too.

        Args:
            origin: The Origin header of a request.
            authority: Its Host header, whose host is already known to be ours.
        """
        if self._public is not None:
            if origin == self._public.origin:
                return True
            if authority.lower() == self._public.authority:
                return False
        try:
            return urlsplit(origin).netloc.lower() == authority.lower()
        except ValueError:
            return False


def _is_own_address(host: str) -> bool:
    """Whether an address belongs to an interface of this machine: a socket can be bound to it."""
    try:
        address = ip_address(host)
    except ValueError:
        return False
    if address.is_unspecified or address.is_multicast:
        return False
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((host, 0))
    except OSError:
        return False
    return True
