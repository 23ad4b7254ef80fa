"""`archgw doctor --leaks`: are the keys of this gateway where they should be, and nowhere else?

They are taken from the home's `secrets`, the one place for them, and looked for in every other file
of the home and its logs, in what Envoy and extproc tell over their sockets, in the command lines and
environments of the gateway's processes, and in core files. A finding names the kind of key and the place.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from controlplane.cli.cores import core_files, core_pattern, taker
from controlplane.cli.machine_checks import Finding
from controlplane.supervise import http
from controlplane.supervise.lock import holder
from controlplane.supervise.processes.process import Identity

if TYPE_CHECKING:
    from controlplane.home_paths import Home

_NAME: Final = "leaks"
_SHORTEST: Final = 8
"""What is shorter is found everywhere, and was no key to begin with."""
_PIECE: Final = 1 << 20
_WITHIN: Final = 5.0
_PAGES: Final = ("/stats", "/stats/prometheus", "/clusters", "/listeners", "/server_info")
_FORBIDDEN: Final = "/config_dump"


@dataclass(frozen=True, slots=True)
class _Key:
    kind: str
    value: bytes = field(repr=False)


@dataclass(slots=True)
class _Search:
    keys: tuple[_Key, ...]
    places: int = 0
    found: list[Finding] = field(default_factory=list)

    def look(self, place: str, text: bytes) -> None:
        self.places += 1
        self._name(place, {key.kind for key in self.keys if key.value in text})

    def look_into(self, file: Path, place: str) -> None:
        """Piece by piece, since logs are long."""
        self.places += 1
        overlap = max(len(key.value) for key in self.keys) - 1
        kinds: set[str] = set()
        with file.open("rb") as opened:
            end = b""
            while piece := opened.read(_PIECE):
                text = end + piece
                kinds |= {key.kind for key in self.keys if key.value in text}
                end = text[-overlap:]
        self._name(place, kinds)

    def _name(self, place: str, kinds: set[str]) -> None:
        self.found += [_error(f"{kind} is in {place}", _REMEDY) for kind in sorted(kinds)]


_REMEDY: Final = "replace the key where it was issued, then remove what holds the old one"


def look_for_leaks(home: Home) -> list[Finding]:
    keys = tuple(_keys(home))
    if not keys:
        hint = "the keys of a gateway are there while it runs; `--home DIR` names another one"
        return [Finding(_NAME, "warning", f"no keys in {home.secrets}: nothing to look for", hint)]
    search = _Search(keys)
    for look in (_files, _sockets, _processes, _cores):
        try:
            look(home, search)
        except OSError as error:
            search.found.append(Finding(_NAME, "warning", f"not everything can be read: {error}"))
    found = [*_modes(home), *search.found]
    if program := taker(core_pattern()):
        told = f"core files of this machine go to {program}: what that keeps is not looked through"
        found.append(Finding(_NAME, "warning", told))
    if not search.found and not any(each.state == "error" for each in found):
        number = len({key.value for key in keys})
        told = f"{number} keys, looked for in {search.places} places: nowhere but in {home.secrets}"
        found.append(Finding(_NAME, "ok", told))
    return found


def _keys(home: Home) -> Iterator[_Key]:
    for file in sorted(home.secrets.glob("*")):
        text = file.read_text("utf-8", "replace")
        if file.suffix == ".key":
            values, kind = [text.strip()], "a provider's key"
        elif file.suffix == ".json":
            values, kind = list(_credentials(json.loads(text))), "a client's key"
        else:
            continue
        # Of `Bearer …` the last word is the key.
        found = {value.split()[-1] for value in values if value.split()}
        yield from (_Key(kind, value.encode()) for value in found if len(value) >= _SHORTEST)


def _credentials(value: Any) -> Iterator[str]:
    """Of a filter that knows clients by their keys."""
    if isinstance(value, dict):
        if isinstance(key := value.get("key"), str) and "client" in value:
            yield key
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _credentials(item)


def _modes(home: Home) -> Iterator[Finding]:
    for path in (home.secrets, *sorted(home.secrets.glob("*"))):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            yield _error(f"{path} is {mode:o}: others can read keys", f"chmod go= {path}")


def _files(home: Home, search: _Search) -> None:
    folders = {home.folder, home.logs}
    files = {
        file for folder in folders for file in folder.rglob("*") if home.secrets != file.parent
    }
    for file in sorted(files):
        if file.is_file() and not file.is_symlink():
            kind = "the log" if home.logs in file.parents else "the file"
            search.look_into(file, f"{kind} {file}")


def _sockets(home: Home, search: _Search) -> None:
    pages = [(home.admin_socket, page) for page in (*_PAGES, _FORBIDDEN)]
    pages += [(socket, "/metrics") for socket in home.metrics_sockets]
    for socket, page in pages:
        try:
            answer = asyncio.run(http.get(http.Place(socket=socket), page, _WITHIN))
        except http.HttpError:
            continue  # it does not run, or not now
        search.look(f"what {socket.stem} tells at {page}", answer.body)
        if page == _FORBIDDEN and answer.status == 200:
            search.found.append(
                _error(f"{socket} gives {page} away", "end this Envoy: `archgw down`")
            )


def _processes(home: Home, search: _Search) -> None:
    for who in _own_processes(home):
        if not who.alive:
            continue
        for file, what in (("cmdline", "the command line"), ("environ", "the environment")):
            try:
                text = Path(f"/proc/{who.pid}/{file}").read_bytes()
            except FileNotFoundError:
                break
            search.look(f"{what} of process {who.pid}", text)


def _cores(home: Home, search: _Search) -> None:
    """Where this was called and where the gateway works: core files have been copied before."""
    folders = {Path.cwd(), home.folder}
    for who in _own_processes(home):
        with contextlib.suppress(FileNotFoundError):
            folders.add(Path(f"/proc/{who.pid}/cwd").resolve(strict=True))
    for file in core_files(folders, core_pattern()):
        search.look_into(file, f"the core file {file}")


def _own_processes(home: Home) -> Iterator[Identity]:
    if who := holder(home.lock_file):
        yield who.identity
    try:
        children = json.loads(home.children_file.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return
    yield from (Identity(int(pid), int(started)) for pid, started in children.values())


def _error(text: str, hint: str) -> Finding:
    return Finding(_NAME, "error", text, hint)
