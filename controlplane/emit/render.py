"""Resources as repeatable text: the same one always gives the same bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import yaml

if TYPE_CHECKING:
    from controlplane.emit.proto import Fields


def to_json(fields: Fields) -> str:
    return orjson.dumps(fields, option=orjson.OPT_INDENT_2).decode() + "\n"


def to_yaml(fields: Fields | list[Fields]) -> str:
    return yaml.dump(fields, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


class _Dumper(yaml.CSafeDumper):  # the pure Python one takes seconds for a bootstrap
    """Code as blocks that can be read, and no anchors for things that happen to be equal."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  yaml's signature
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
