"""The grammar of hosts: what the rules accept, and `lower` then takes apart, is read here alone."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_WRITTEN = re.compile(
    r"(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://)?"
    r"(?:(?P<user>[^@/]*)@)?"
    r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[^\s?#]*)?"
)
_VARIABLE = re.compile(r"\$\{?[A-Za-z_]")
_PRIVATE_ENDINGS = (
    ".local",
    ".localhost",
    ".internal",
    ".lan",
    ".home",
    ".corp",
    ".svc",
    ".test",
    ".invalid",
    ".example",
)


@dataclass(frozen=True, slots=True)
class Host:
    scheme: str | None
    user: str | None
    name: str
    port: int | None
    path: str

    @property
    def https(self) -> bool:
        """Port 443 means TLS unless the user says otherwise.

        A key that is sent there in clear would be lost on the way.
        """
        return self.scheme == "https" or (self.scheme is None and self.port == 443)


def unresolved(written: str) -> bool:
    """A `$NAME` that is not set was reported already; nothing more is known of it."""
    return _VARIABLE.search(written) is not None


def split(written: str) -> Host | None:
    """The parts of `[scheme://][user@]host[:port][/path]`; None if it is none."""
    match = _WRITTEN.fullmatch(written)
    if match is None:
        return None
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 1 <= port <= 65535:
        return None
    scheme = match["scheme"].lower() if match["scheme"] else None
    return Host(scheme, match["user"], match["host"].strip("[]").lower(), port, match["path"] or "")


def is_address(text: str) -> bool:
    return _ip(text) is not None


def is_loopback(address: str) -> bool:
    ip = _ip(address)
    return ip is not None and ip.is_loopback


def is_public(name: str) -> bool:
    """Whether traffic to this host leaves the user's own network, as far as a name tells."""
    ip = _ip(name)
    if ip is not None:
        return ip.is_global
    return "." in name and not f".{name}".lower().rstrip(".").endswith(_PRIVATE_ENDINGS)


def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
