"""Certificates and keys on disk: there, readable, a pair, and of today.

Envoy waits for a file that is missing and says nothing of one that has expired, so whoever
reads a config looks first. The ssl module loads files as Envoy does, but tells nothing of
their days: those are read out of the certificate itself.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


_LARGEST = 8 << 20


@dataclass(frozen=True, slots=True)
class Fault:
    file: Path
    says: str

    def __str__(self) -> str:
        return f"{self.file} {self.says}"


def pair_fault(chain: Path, key: Path) -> Fault | None:
    """Why a listener cannot use the two; None when it can."""
    for file in (chain, key):
        if fault := _unreadable(file):
            return fault
    if not _CERTIFICATE.search(_text(chain)):
        return Fault(chain, "holds no certificate in PEM")
    try:
        # A password would be asked for at the terminal; nobody is there when Envoy reads it.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(chain, key, password=_no_password)
    except _EncryptedError:
        return Fault(key, "is encrypted; Envoy needs a key without a password")
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            return Fault(key, f"is not the key of {chain}")
        return Fault(key, f"cannot be used with {chain} ({error.reason or error})")
    return None


def bundle_fault(file: Path) -> Fault | None:
    """Why a file of authorities cannot be used; None when it can."""
    if fault := _unreadable(file):
        return fault
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(file)
    except ssl.SSLError:
        return Fault(file, "holds no certificate in PEM")
    return None


def out_of_date(chain: Path, now: datetime) -> Fault | None:
    """Of the first certificate of the chain that does not hold today."""
    for begin, end in _days(chain):
        if now > end:
            return Fault(chain, f"expired on {end:%Y-%m-%d}")
        if now < begin:
            return Fault(chain, f"does not hold before {begin:%Y-%m-%d %H:%M} UTC")
    return None


def last_day(chain: Path) -> datetime | None:
    """When the first certificate of the chain ends to hold."""
    return min((end for _, end in _days(chain)), default=None)


class _EncryptedError(Exception):
    """A password was asked for."""


def _no_password() -> str:
    raise _EncryptedError


def _text(file: Path) -> str:
    return file.read_text("latin-1")


def _unreadable(file: Path) -> Fault | None:
    try:
        if not file.is_file():
            return Fault(file, "is no file" if file.exists() else "is not there")
        if file.stat().st_size > _LARGEST:
            return Fault(file, "is too large for certificates or a key")
        _text(file)
    except OSError as error:
        return Fault(file, f"cannot be read ({(error.strerror or str(error)).lower()})")
    return None


def _days(chain: Path) -> list[tuple[datetime, datetime]]:
    try:
        return [
            _validity(ssl.PEM_cert_to_DER_cert(each)) for each in _CERTIFICATE.findall(_text(chain))
        ]
    except (OSError, ValueError, IndexError):  # of which `pair_fault` speaks
        return []


_VERSION, _UTC_TIME = 0xA0, 0x17


def _validity(certificate: bytes) -> tuple[datetime, datetime]:
    """RFC 5280: of what is signed, it follows version, serial number, algorithm and issuer."""
    _, at, _ = _field(certificate, 0)
    _, at, _ = _field(certificate, at)
    tag, _, after = _field(certificate, at)
    if tag == _VERSION:
        at = after
    for _ in range(3):
        _, _, at = _field(certificate, at)
    _, at, _ = _field(certificate, at)
    begin, at = _time(certificate, at)
    end, _ = _time(certificate, at)
    return begin, end


def _field(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, and where the content of the DER field begins and ends."""
    tag, length, start = data[at], data[at + 1], at + 2
    if length >= 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    return tag, start, start + length


def _time(data: bytes, at: int) -> tuple[datetime, int]:
    tag, start, end = _field(data, at)
    text = data[start:end].decode("ascii")
    if tag == _UTC_TIME:  # two digits of the year, of which 50 is 1950
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC), end
