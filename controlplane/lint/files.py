"""Files of certificates and keys that the config names, looked at where it lies.

Not rules like the others, which see the config alone: what these find depends on the machine.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from controlplane import tls_files
from controlplane.hosts import unresolved
from controlplane.problem import EXPIRED_FILE, UNFIT_FILE, Problem, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path as FilePath

    from controlplane.model import Certificate, Config, Mtls, Path


def problems(config: Config, folder: FilePath) -> Iterator[Problem]:
    """`folder`: of the config, to which its paths are relative."""
    for listener in (config.ingress, config.egress):
        for certificate in listener.certificates if listener else ():
            yield from _of_pair(certificate, folder)
        if listener and listener.auth and listener.auth.mtls:
            yield from _of_signers(listener.auth.mtls, folder)
    for path, written in _bundles(config):
        if not unresolved(written) and (fault := tls_files.bundle_fault(folder / written)):
            hint = "name a file of authorities in PEM, or none for the machine's own"
            yield Problem(UNFIT_FILE, Severity.WARNING, path, str(fault), hint)


def _of_pair(certificate: Certificate, folder: FilePath) -> Iterator[Problem]:
    written = (certificate.chain_file, certificate.key_file)
    if not all(written) or any(unresolved(each) for each in written):
        return  # reported already
    chain, key = (folder / each for each in written)
    if fault := tls_files.pair_fault(chain, key):
        name = "certificate_chain" if fault.file == chain else "private_key"
        path = (*certificate.path, name)
        hint = "the listener cannot serve without it"
        yield Problem(UNFIT_FILE, Severity.WARNING, path, str(fault), hint)
    elif late := tls_files.out_of_date(chain, datetime.now(UTC)):
        path = (*certificate.path, "certificate_chain")
        hint = "clients refuse it; renew it, chain and key in one rename"
        yield Problem(EXPIRED_FILE, Severity.WARNING, path, str(late), hint)


def _of_signers(mtls: Mtls, folder: FilePath) -> Iterator[Problem]:
    if not mtls.ca_file or unresolved(mtls.ca_file):
        return
    file, path = folder / mtls.ca_file, (*mtls.path, "ca_file")
    if fault := tls_files.bundle_fault(file):
        hint = "name the CA that signs certificates of clients, in PEM"
        yield Problem(UNFIT_FILE, Severity.WARNING, path, str(fault), hint)
    elif late := tls_files.out_of_date(file, datetime.now(UTC)):
        hint = "no certificate that it signed holds; renew it"
        yield Problem(EXPIRED_FILE, Severity.WARNING, path, str(late), hint)


def _bundles(config: Config) -> Iterator[tuple[Path, str]]:
    if config.overrides.ca_file:
        yield (*config.overrides.path, "ca_file"), config.overrides.ca_file
    held = [(each.path, each.ca_file) for each in config.providers]
    held += [(each.path, each.ca_file) for each in config.endpoints]
    tokens = (each.auth.jwt for each in (config.ingress, config.egress) if each and each.auth)
    held += [(each.path, each.ca_file) for each in tokens if each]
    held += [(each.path, each.ca_file) for each in [config.counting] if each]
    yield from (((*path, "tls", "ca_file"), file) for path, file in held if file)
