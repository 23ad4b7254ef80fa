"""Preflight: a port that another process listens on, told before anything starts.

Envoy binds with SO_REUSEPORT, so a second gateway on the same port would start, report itself
healthy and silently take a share of the connections. A bind without that flag finds out.
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from pathlib import Path


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
    """The process that listens, where /proc lets us see it."""
    inodes = _listening(number)
    if not inodes:
        return None
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _holds(entry, inodes):
            return f"{(entry / 'comm').read_text().strip()} (pid {entry.name})"
    return None


def _listening(number: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == number:
                found.add(f"socket:[{fields[9]}]")
    return found


def _holds(entry: Path, inodes: set[str]) -> bool:
    try:
        return any(os.readlink(link) in inodes for link in (entry / "fd").iterdir())
    except OSError:
        return False
