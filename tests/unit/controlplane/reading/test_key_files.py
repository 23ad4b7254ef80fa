"""Keys in files of their own: what is read, what is left out, what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from controlplane.compile import check_text
from controlplane.problem import for_start, has_errors

if TYPE_CHECKING:
    from pathlib import Path

    from controlplane.compile import Checked

GATEWAY = """\
listeners: {egress_traffic: {auth: {api_keys: [%s]}}}
llm_providers: [{name: a, provider: openai, model: m, access_key: $K}]
"""


def read(folder: Path, entry: str) -> Checked:
    return check_text(GATEWAY % entry, folder / "arch_config.yaml", {"K": "a-key", "DIR": "keys"})


def keys(checked: Checked) -> list[tuple[str, str | None]]:
    assert checked.model is not None
    assert checked.model.egress is not None
    assert checked.model.egress.auth is not None
    return [(each.client, each.key.value) for each in checked.model.egress.auth.keys]


def codes(checked: Checked) -> list[str]:
    return [each.code for each in checked.problems]


def test_one_key_a_line(tmp_path: Path) -> None:
    """While a key changes, the old and the new one stand in the same file."""
    (tmp_path / "batch").write_text("a-key-of-this-year\r\n\n a-key-of-last-year \n")
    checked = read(tmp_path, "{name: batch, key_file: batch}")
    assert keys(checked) == [("batch", "a-key-of-this-year"), ("batch", "a-key-of-last-year")]
    assert codes(checked) == []


def test_folder_as_kubernetes_mounts_it(tmp_path: Path) -> None:
    """Each file is a client's, under the names that lead to it; what begins with a dot is not."""
    version = tmp_path / "keys" / "..2026_11_30"
    version.mkdir(parents=True)
    for name in ("web", "batch"):
        (version / name).write_text(f"the-very-own-key-of-{name}")
        (version.parent / name).symlink_to(f"..data/{name}")
    (version.parent / "..data").symlink_to(version.name)
    (version.parent / "archive").mkdir()
    checked = read(tmp_path, '{directory: "${DIR}"}')
    assert keys(checked) == [
        ("batch", "the-very-own-key-of-batch"),
        ("web", "the-very-own-key-of-web"),
    ]
    assert codes(checked) == []
    assert checked.model is not None
    folder = tmp_path / "keys"
    assert checked.model.key_files == tuple(
        str(each) for each in (folder, folder / "batch", folder / "web")
    )


@pytest.mark.parametrize("entry", ["{name: a, key_file: nowhere}", "{directory: nowhere}"])
def test_what_is_not_there(tmp_path: Path, entry: str) -> None:
    """`lint` warns of keys that are not there, `up` does not start; and they are waited for."""
    checked = read(tmp_path, entry)
    assert "AG121" in codes(checked)
    missing = [each for each in checked.problems if each.code == "AG121"]
    assert not has_errors(missing)
    assert has_errors(for_start(missing))
    assert checked.model is not None
    assert checked.model.key_files == (str(tmp_path / "nowhere"),)


def test_what_is_no_key(tmp_path: Path) -> None:
    """An empty file has no key, and one with blanks no key that can travel."""
    for name, text in (("empty", "\n"), ("odd", "two words")):
        (tmp_path / name).write_text(text)
    assert "AG121" in codes(read(tmp_path, "{name: a, key_file: empty}"))
    assert "AG117" in codes(read(tmp_path, "{name: a, key_file: odd}"))


def test_keys_are_not_told(tmp_path: Path) -> None:
    """No problem shows a key, whatever is wrong with it."""
    (tmp_path / "keys").mkdir()
    for name in ("one", "two"):
        (tmp_path / "keys" / name).write_text("hunter2")
    checked = read(tmp_path, "{directory: keys}")
    assert {"AG904", "AG906"} <= set(codes(checked))
    assert "hunter2" not in str(checked.problems) + str(checked.model) + str(checked.located())


def test_key_of_a_provider(tmp_path: Path) -> None:
    """A provider's key may lie in a file, too, but only one, and not in the config as well."""
    config = "llm_providers: [{name: a, provider: openai, model: m, %saccess_key_file: sk}]\n"
    for text, more, wanted in (
        ("sk-of-a\n", "", []),
        ("sk-1\nsk-2\n", "", ["AG117"]),
        ("sk-of-a\n", "access_key: $K, ", ["AG004"]),
    ):
        (tmp_path / "sk").write_text(text)
        checked = check_text(config % more, tmp_path / "arch_config.yaml", {"K": "sk-of-a"})
        assert codes(checked) == wanted
        assert checked.model is not None
        assert checked.model.key_files == (str(tmp_path / "sk"),)
        key = checked.model.providers[0].access_key
        assert key is not None
        assert key.value == text.split()[0]


TOKENS = """\
listeners:
  egress_traffic: {auth: {jwt: {issuer: i, audience: a, jwks_file: %s}}}
llm_providers: [{name: a, provider: openai, model: m, access_key: $K}]
"""
SECRET = "aHVudGVyMg"
KEY_SET = '{"keys": [{"kty": "oct", "k": "%s"}]}' % SECRET  # noqa: UP031


@pytest.mark.parametrize(
    ("text", "wanted"),
    [(KEY_SET, []), (None, ["AG121"]), ("no keys", ["AG507"]), (KEY_SET[:-3], ["AG507"])],
)
def test_keys_that_check_tokens(tmp_path: Path, text: str | None, wanted: list[str]) -> None:
    """They are read and watched as keys of clients are; without them `up` does not start."""
    if text is not None:
        (tmp_path / "set.json").write_text(text)
    checked = check_text(TOKENS % "set.json", tmp_path / "arch_config.yaml", {"K": "a-key"})
    assert codes(checked) == wanted
    assert has_errors(for_start(checked.problems)) == bool(wanted)
    assert checked.model is not None
    assert checked.model.key_files == (str(tmp_path / "set.json"),)
    assert SECRET not in str(checked.problems) + str(checked.model) + str(checked.located())


def test_key_set_of_a_variable(tmp_path: Path) -> None:
    """One that is not set is told of once; that there are keys is then not doubted."""
    checked = check_text(TOKENS % "$NOWHERE", tmp_path / "arch_config.yaml", {"K": "a-key"})
    assert codes(checked) == ["AG113"]
