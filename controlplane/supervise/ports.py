"""Preflight: a port that another process listens on, told before anything starts.

Envoy binds with SO_REUSEPORT, so a second gateway on the same port would start, report itself
healthy and silently take a share of the connections. A bind without that flag finds out.
"""

from __future__ import annotations

import contextlib
import errno
import socket
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Port:
    name: str
    """What it is for: `llm listener`, `stats`."""
    address: str
    number: int
    setting: str
    """Where the user changes it."""


def busy(port: Port) -> str | None:
    """Why the port cannot be had, for the user; None when it is free."""
    where = f"{port.address}:{port.number}"
    try:
        family = socket.getaddrinfo(port.address, port.number, type=socket.SOCK_STREAM)[0][0]
    except OSError:
        return (
            f"{port.name}: {port.address!r} is not an address of this machine; set {port.setting}"
        )
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Without it a port is refused for a minute after `down`, because of TIME_WAIT.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.address, port.number))
            probe.listen(1)
        except OSError as error:
            return _reason(port, where, error)
    return None


def first_free(port: Port, tries: int = 100) -> int:
    """The port's own number, or the next one that can be had."""
    numbers = range(port.number, min(port.number + tries, 65536))
    return next((each for each in numbers if not busy(replace(port, number=each))), port.number)


def _reason(port: Port, where: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        who = _owner(port.number)
        look = f"it is {who}" if who else f"see who with `ss -ltnp 'sport = :{port.number}'`"
        return f"{port.name}: {where} is in use, {look}; stop it or set {port.setting}"
    if error.errno == errno.EACCES:
        return f"{port.name}: {where} needs root (ports below 1024 do); set {port.setting}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{port.name}: {port.address} is not an address of this machine; set {port.setting}"
    return f"{port.name}: {where} cannot be bound ({error.strerror}); set {port.setting}"


def _owner(number: int) -> str | None:
    """The process that listens, where we may see it: another user's stays unnamed."""
    import psutil  # noqa: PLC0415  ports are free as a rule

    for each in psutil.net_connections("tcp"):
        port = each.laddr.port if each.laddr else None
        if each.status == psutil.CONN_LISTEN and port == number and each.pid:
            with contextlib.suppress(psutil.NoSuchProcess):
                return f"{psutil.Process(each.pid).name()} (pid {each.pid})"
    return None
