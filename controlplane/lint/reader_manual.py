"""The manual of what is reported beside the rules: while a config is read, and of its files."""

from __future__ import annotations

from controlplane.lint.rule import Manual
from controlplane.problem import (
    EXPIRED_FILE,
    MISSING_KEY_FILE,
    MISSING_SECRET,
    MISSING_VARIABLE,
    UNFIT_FILE,
    UNREADABLE,
    Severity,
)


def _error(code: str, text: str) -> Manual:
    return Manual(code, Severity.ERROR, text.strip())


def _warning(code: str, text: str) -> Manual:
    return Manual(code, Severity.WARNING, text.strip())


MANUALS = (
    _error(
        UNREADABLE,
        """
The file cannot be read.

It is not there, or may not be read, or is a directory. The exit code is 2: nothing was checked.
""",
    ),
    _error(
        "AG002",
        """
The text is not YAML, or not UTF-8.

Wrong:
    llm_providers: [

Right:
    llm_providers: []
    prompt_targets: [{name: a, description: b}]
""",
    ),
    _error(
        "AG003",
        """
The file is larger than 1 MiB, or nested more than 32 deep.

No config is. The limit keeps a hostile file from using up the machine.
""",
    ),
    _error(
        "AG004",
        """
Something is said twice.

YAML readers quietly keep the last of two equal keys, which may not be the one that is meant.

Wrong:
    overrides: {guard_threshold: 0.4}
    overrides: {guard_threshold: 0.6}

Right:
    overrides: {guard_threshold: 0.4}
""",
    ),
    _error(
        "AG005",
        """
YAML aliases are not read.

A few nested aliases unfold to millions of values. Write the value out in each place.

Wrong:
    system_prompt: &words Be brief.
    prompt_targets: [{name: a, description: b, system_prompt: *words}]

Right:
    system_prompt: Be brief.
    prompt_targets: [{name: a, description: b, system_prompt: Be brief.}]
""",
    ),
    _error(
        "AG006",
        """
YAML tags are not read.

A tag such as `!!python/object` asks the reader to build something; a config is only data.

Wrong:
    system_prompt: !!python/name:os.system

Right:
    system_prompt: Be brief.
""",
    ),
    _error(
        "AG007",
        """
The file is no single mapping of keys.

It is empty, a list, or holds a second document after `---`.

Wrong:
    - llm_providers

Right:
    llm_providers: []
""",
    ),
    _warning(
        "AG008",
        """
A value is read otherwise by other YAML readers.

In YAML 1.1 `no` is false, `010` is eight and `12:30` is 750. archgw takes what is evidently
meant; write it so that everybody does.

Wrong:
    llm_providers: [{name: a, provider: openai, model: m, access_key: $K, default: yes}]

Right:
    llm_providers: [{name: a, provider: openai, model: m, access_key: $K, default: true}]
""",
    ),
    _warning(
        "AG009",
        """
A value stands in typographic quotes.

YAML knows only `"` and `'`; the others are part of the value. archgw leaves them out.

Wrong:
    system_prompt: “Be brief.”

Right:
    system_prompt: "Be brief."
""",
    ),
    _error(
        "AG101",
        """
A key is not known.

A limit or guard whose key is misspelt would not be there, and nobody would notice. So this is
an error, with the nearest known key. It is reported once: what stands under the key is not looked
at until the key is right.

Wrong:
    system_promt: Be brief.

Right:
    system_prompt: Be brief.
""",
    ),
    _error(
        "AG102",
        """
A value has the wrong type.

Wrong:
    listener: {port: many}

Right:
    listener: {port: 10000}
""",
    ),
    _error(
        "AG103",
        """
Something needed is missing.

Wrong:
    prompt_targets: [{description: Reboot one network device}]

Right:
    prompt_targets: [{name: reboot, description: Reboot one network device}]
""",
    ),
    _error(
        "AG104",
        """
A value is none of the possible ones.

Wrong:
    overrides: {error_format: xml}

Right:
    overrides: {error_format: json}
""",
    ),
    _error(
        "AG105",
        """
A number is outside its range.

Wrong:
    listener: {port: 80800}

Right:
    listener: {port: 8080}
""",
    ),
    _warning(
        MISSING_SECRET,
        """
The variable of a key is not set.

`lint` only warns, because it also runs where no keys are; `archgw up` refuses to start. The
value comes from the environment, or from a `.env` file beside the config.

Wrong:
    llm_providers: [{name: a, provider: openai, model: m, access_key: $SURELY_NOT_SET}]

Right:
    llm_providers: [{name: a, provider: openai, model: m, access_key: $K}]
""",
    ),
    _warning(
        "AG108",
        """
A duration has no unit.

It is read as seconds. Units are us, ms, s, m and h.

Wrong:
    llm_providers: [{name: a, provider: openai, model: m, access_key: $K, timeout: 30}]

Right:
    llm_providers: [{name: a, provider: openai, model: m, access_key: $K, timeout: 30s}]
""",
    ),
    _warning(
        "AG109",
        """
This is an old way of writing it.

It means what it always meant. `archgw lint --fix` rewrites it and keeps your comments.

Wrong:
    listener: {address: 127.0.0.1, port_value: 10000}

Right:
    listener: {address: 127.0.0.1, port: 10000}
""",
    ),
    _warning(
        "AG110",
        """
A provider does not say which one it is.

It is inferred from the model or the name. `archgw lint --fix` writes it down.

Wrong:
    llm_providers: [{name: Mistral, model: mixtral8-7B, access_key: $K}]

Right:
    llm_providers: [{name: Mistral, model: mixtral8-7B, access_key: $K, provider: mistral}]
""",
    ),
    _error(
        "AG111",
        """
A default or a choice does not fit its parameter's type.

Wrong:
    prompt_targets:
      - name: weather
        description: Current weather in a city
        parameters: [{name: days, type: int, description: d, default: soon}]

Right:
    prompt_targets:
      - name: weather
        description: Current weather in a city
        parameters: [{name: days, type: int, description: d, default: 3}]
""",
    ),
    _warning(
        "AG112",
        """
A parameter has no type.

It is taken for a string.

Wrong:
    prompt_targets:
      - name: weather
        description: Current weather in a city
        parameters: [{name: city, description: The city}]

Right:
    prompt_targets:
      - name: weather
        description: Current weather in a city
        parameters: [{name: city, type: str, description: The city}]
""",
    ),
    _warning(
        MISSING_VARIABLE,
        """
A variable in an address, a URL or a file name is not set.

`lint` only warns, because it also runs on other machines; whatever needs the value refuses to
go on. It comes from the environment, or from a `.env` file beside the config.

Wrong:
    endpoints: {app: "$SURELY_NOT_SET:8000"}

Right:
    endpoints: {app: "$K:8000"}
""",
    ),
    _error(
        "AG114",
        """
A dollar sign stands in an address, a URL or a file name.

`$NAME` stands for a variable there. `$$` is a plain dollar sign, which only keys can hold.

Wrong:
    endpoints: {app: "app$$1:8000"}

Right:
    endpoints: {app: "app1:8000"}
""",
    ),
    _warning(
        "AG115",
        """
A key looks like the name of a variable without its dollar sign.

No provider hands out keys such as OPENAI_API_KEY, so the variable of that name is taken.

Wrong:
    llm_providers: [{name: a, provider: openai, model: m, access_key: OPENAI_API_KEY}]

Right:
    llm_providers: [{name: a, provider: openai, model: m, access_key: $OPENAI_API_KEY}]
""",
    ),
    _warning(
        "AG116",
        """
A key is understood but has no effect.

`timeout` of a listener limited the whole answer in archgw 0.2. Here the time until an answer
begins and the time between two pieces of it are limited, each provider's own, and a long stream
is never cut.

Wrong:
    listeners: {egress_traffic: {port: 12000, timeout: 30s}}

Right:
    listeners: {egress_traffic: {port: 12000}}
    llm_providers: [{name: a, provider: openai, model: m, access_key: $K, timeout: 30s}]
""",
    ),
    _error(
        "AG117",
        """
A key holds what no header can carry.

Keys are sent in a header, which takes visible ASCII characters alone. A line break within a
key would end the header and begin another.

Wrong:
    llm_providers: [{name: a, provider: openai, model: m, access_key: "two words"}]

Right:
    llm_providers: [{name: a, provider: openai, model: m, access_key: $K}]
""",
    ),
    _error(
        "AG118",
        """
A later archgw has this key, and this one has nothing like it.

What the key asks for would not happen, so the gateway does not start without a word from you.
The hint says what to do instead. What later versions merely write otherwise is read as it is.

Wrong:
    agents: [{id: travel, url: "http://127.0.0.1:8001"}]

Right:
    endpoints: {travel: "127.0.0.1:8001"}
    prompt_targets: [{name: travel, description: Plans trips, endpoint: {name: travel, path: /}}]
""",
    ),
    _warning(
        "AG119",
        """
A later archgw has this key; here it has no effect.

The gateway does what the rest of the config says without it.

Wrong:
    overrides: {optimize_context_window: true}

Right:
    overrides: {guard_threshold: 0.6}
""",
    ),
    _warning(
        "AG120",
        """
The config says that it is written for a later archgw.

It is read all the same. What this version writes otherwise or does not have is reported at each
key (AG109, AG118, AG119).

Wrong:
    version: v0.4.0

Right:
    version: v0.1
""",
    ),
    _warning(
        MISSING_KEY_FILE,
        """
A file or folder of keys cannot be read, or no key is in it.

`lint` only warns, because it also runs on machines that hold no keys; `archgw up` refuses to go on.
A relative path begins at the config's folder.

Wrong:
    listeners: {egress_traffic: {auth: {api_keys: [{name: web, key_file: surely/not/there}]}}}

Right:
    listeners: {egress_traffic: {auth: {api_keys: [{name: web, key: $K}]}}}
""",
    ),
    _warning(
        UNFIT_FILE,
        """
A file of certificates or keys cannot be used.

It is not there, cannot be read, is no PEM, or holds a key that is not the certificate's. `lint`
only warns, because it also runs where the files are not; `archgw up` refuses to start, and a
reload keeps the old configuration. A relative path is relative to the config.

Wrong:
    listener:
      tls:
        tls_certificates:
          - certificate_chain: {filename: /nowhere/chain.pem}
            private_key: {filename: /nowhere/key.pem}

Right:
    listener: {address: 127.0.0.1, port: 10000}
""",
    ),
    _warning(
        EXPIRED_FILE,
        """
A certificate has expired, or does not hold yet.

Clients refuse it. The gateway starts all the same and takes a new one without a restart: change
chain and key in one rename, as Kubernetes does with mounted secrets.
""",
    ),
)
