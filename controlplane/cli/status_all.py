"""`archgw status --all URL…`: which gateway serves by which config, and whether it is ready.

Each is asked where Prometheus asks it, at the port of its statistics. A name that stands for several
addresses, as that of a headless Service does, stands for a gateway at each.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from controlplane import metric_names as table
from controlplane.cli.terminal import failure, paint
from controlplane.defaults import STATS_PORT
from controlplane.exit_codes import COULD_NOT_RUN, DONE, FOUND
from controlplane.supervise import exposition, http
from controlplane.supervise.http import HttpError, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_WITHIN = 3.0
_PATH = "/stats/prometheus"


@dataclass(frozen=True, slots=True)
class Told:
    """What one gateway tells of itself, or why it does not."""

    url: str
    address: str
    error: str | None = None
    version: str = ""
    """Of the config that Envoy has accepted."""
    runtime: str = ""
    """What extproc decides prompts by."""
    ready: Mapping[str, bool] = field(default_factory=dict)
    processes: Mapping[str, bool] = field(default_factory=dict)
    archgw: str = ""
    envoy: str = ""

    @property
    def well(self) -> bool:
        there = bool(self.ready) and all(self.ready.values())
        return self.error is None and there and all(self.processes.values())


class UnusableError(Exception):
    """What was said is no way to ask anybody."""


def run(
    urls: Sequence[str], *, token_file: Path | None, ca_file: Path | None, as_json: bool
) -> int:
    try:
        headers = _authorization(token_file) if token_file else {}
        trust = ssl.create_default_context(cafile=ca_file)
        asked = [_asked(url, trust) for url in urls]
    except (UnusableError, OSError) as error:
        failure(str(error))
        return COULD_NOT_RUN
    gateways = asyncio.run(_ask_all(asked, headers))
    versions = {each.version for each in gateways if each.error is None}
    agree = len(versions) <= 1
    if as_json:
        told = [{**asdict(each), "well": each.well} for each in gateways]
        print(json.dumps({"agree": agree, "gateways": told}))
    else:
        print("\n".join(_table(gateways)))
        if not agree:
            failure(f"they serve by {len(versions)} different configs")
    return DONE if agree and all(each.well for each in gateways) else FOUND


@dataclass(frozen=True, slots=True)
class _Asked:
    url: str
    host: str
    port: int
    path: str
    tls: ssl.SSLContext | None


def _asked(url: str, trust: ssl.SSLContext) -> _Asked:
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        # It is not quoted: there may be a password in it.
        raise UnusableError("--all takes URLs such as http://10.0.0.7:19901, without a user")
    secure = parts.scheme == "https"
    path = parts.path if parts.path.strip("/") else _PATH
    return _Asked(
        url,
        parts.hostname,
        port or (443 if secure else STATS_PORT),
        path,
        trust if secure else None,
    )


def _authorization(token_file: Path) -> dict[str, str]:
    token = token_file.read_text("utf-8").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise UnusableError(f"{token_file}: holds no token")
    return {"authorization": f"Bearer {token}"}


async def _ask_all(asked: Iterable[_Asked], headers: Mapping[str, str]) -> list[Told]:
    found = await asyncio.gather(*(_at_each_address(each, headers) for each in asked))
    return [told for one in found for told in one]


async def _at_each_address(asked: _Asked, headers: Mapping[str, str]) -> list[Told]:
    try:
        async with asyncio.timeout(_WITHIN):
            known = await asyncio.get_running_loop().getaddrinfo(
                asked.host, asked.port, type=socket.SOCK_STREAM
            )
    except (OSError, TimeoutError) as error:
        return [Told(asked.url, asked.host, str(error) or "no answer from DNS")]
    # One that has addresses of both families would be there twice.
    families = {each[0] for each in known}
    family = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
    addresses = dict.fromkeys(str(each[4][0]) for each in known if each[0] == family)
    return list(await asyncio.gather(*(_ask(asked, each, headers) for each in addresses)))


async def _ask(asked: _Asked, address: str, headers: Mapping[str, str]) -> Told:
    shown = f"[{address}]:{asked.port}" if ":" in address else f"{address}:{asked.port}"
    place = Place(host=address, port=asked.port, tls=asked.tls, name=asked.host)
    try:
        answer = await http.get(place, asked.path, _WITHIN, headers)
    except HttpError as error:
        return Told(asked.url, shown, str(error))
    if answer.status != 200:
        return Told(asked.url, shown, f"status {answer.status}")
    found = exposition.families(answer.body.decode("utf-8", "replace"))
    configs = exposition.values(found, table.CONFIG_INFO)
    if not configs:
        return Told(asked.url, shown, "what answers there is no gateway's statistics")
    built = exposition.values(found, table.BUILD_INFO)
    config, build = configs[0][0], built[0][0] if built else {}
    return Told(
        asked.url,
        shown,
        version=config.get("version", ""),
        runtime=config.get("runtime", ""),
        ready=_flags(found, table.READY, "listener"),
        processes=_flags(found, table.UP, "process"),
        archgw=build.get("version", ""),
        envoy=build.get("envoy", ""),
    )


def _flags(found: exposition.Families, name: str, label: str) -> dict[str, bool]:
    return {labels.get(label, ""): value == 1 for labels, value in exposition.values(found, name)}


_HEADS = ("gateway", "config", "prompts by", "ready", "processes", "archgw", "Envoy")


def _table(gateways: Sequence[Told]) -> Iterator[str]:
    rows = [_HEADS, *(_row(each) for each in gateways)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    for number, row in enumerate(rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        told = gateways[number - 1] if number else None
        colour = None if told is None or told.well else "yellow" if told.error is None else "red"
        error = f"  {told.error}" if told and told.error else ""
        yield paint(line.rstrip() + error, colour) if colour else line.rstrip()


def _row(told: Told) -> tuple[str, ...]:
    if told.error is not None:
        return (told.address, "-", "-", "no answer", "-", "-", "-")
    late = [name for name, ok in told.ready.items() if not ok]
    down = [name for name, ok in told.processes.items() if not ok]
    ready = f"not {', '.join(late)}" if late else "yes" if told.ready else "no"
    running = f"not {', '.join(down)}" if down else f"all {len(told.processes)}"
    return (
        told.address,
        told.version or "none",
        told.runtime or "-",
        ready,
        running,
        told.archgw or "-",
        told.envoy or "-",
    )
