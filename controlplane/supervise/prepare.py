"""What a static bootstrap needs beside itself: folders, key files, what prompts are decided by.

`archgw up` does the same on its way; this is for whoever runs `envoy -c` without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import emit
from controlplane.supervise.plan import key_files
from controlplane.supervise.private import private_directory, private_home
from controlplane.supervise.secrets import SecretStore

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.home_paths import Home


def prepare(gateway: ir.Gateway, home: Home) -> None:
    resources = emit(gateway, home)
    private_home(home)
    private_directory(home.runtime)
    store = SecretStore(home.secrets)
    store.prepare()
    files = {**key_files(gateway, home), **dict(resources.secret_files)}
    store.rotate(files)
    store.keep_only(files)
    if runtime := resources.runtime:
        home.runtime_file(runtime.generation).write_text(runtime.text, "utf-8")
