"""What a static bootstrap needs beside itself: folders, key files, what prompts are decided by.

`archgw up` does the same on its way; this is for whoever runs `envoy -c` without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.emit import emit
from controlplane.supervise.plan import key_files
from controlplane.supervise.secrets import SecretStore, private_directory

if TYPE_CHECKING:
    from controlplane import ir
    from controlplane.home_paths import Layout


def prepare(gateway: ir.Gateway, layout: Layout) -> None:
    resources = emit(gateway, layout)
    for directory in (layout.home, layout.run, layout.logs, layout.runtime):
        private_directory(directory)
    store = SecretStore(layout.secrets)
    store.prepare()
    files = {**key_files(gateway, layout), **dict(resources.secret_files)}
    store.rotate(files)
    store.keep_only(files)
    if runtime := resources.runtime:
        layout.runtime_file(runtime.generation).write_text(runtime.text, "utf-8")
