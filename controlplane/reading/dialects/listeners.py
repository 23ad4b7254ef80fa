"""Where prompts and LLM calls come in.

`listener`, `listeners.{ingress,egress}_traffic`, or a list of listeners with a type each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.model import Auth, Certificate, ClientKey, Cors, Jwt, Listener, Mtls
from controlplane.reading.values import did_you_mean, label, replaced

if TYPE_CHECKING:
    from collections.abc import Iterator

    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Reading

MESSAGE_FORMATS = ("huggingface", "openai")


def read_listeners(top: Record, reading: Reading) -> tuple[Listener | None, Listener | None]:
    """The prompt listener and the LLM listener, where they are configured."""
    both = top.record("listeners")
    prompt = [top.record("listener")] if "listener" in top else []
    llm: list[Record] = []
    for records, key, kind in (
        (prompt, "ingress_traffic", "prompt"),
        (llm, "egress_traffic", "model"),
    ):
        if key in both:
            records.append(both.record(key))
        records.extend(each for each in top.records("listeners") if _type(each) == kind)
    return _one_of(prompt, "prompt", reading), _one_of(llm, "LLM", reading)


def _type(listed: Record) -> str:
    return (listed.text("type") or "").removesuffix("_listener")  # as 0.3 wrote at first


def _one_of(records: list[Record], kind: str, reading: Reading) -> Listener | None:
    for again in records[:-1]:
        message = f"the {kind} listener is configured twice, here and in {label(records[-1].path)}"
        reading.error("AG004", again.path, message, "keep one of the two")
    return _listener(records[-1], reading) if records else None


def _listener(record: Record, reading: Reading) -> Listener:
    _report_timeout(record, reading)
    return Listener(
        path=record.path,
        address=_address(record, reading),
        port=record.whole("port"),
        message_format=_message_format(record, reading),
        certificates=_certificates(record),
        connect_timeout=record.duration("connect_timeout"),
        cors=_cors(record.record("cors")) if "cors" in record else None,
        auth=_auth(record.record("auth"), reading) if "auth" in record else None,
    )


def _cors(record: Record) -> Cors:
    # Browsers write hosts in lower case.
    origins = tuple(origin.lower() for origin in record.texts("allow_origins"))
    return Cors(record.path, origins, record.flag("allow_credentials") or False)


def _auth(record: Record, reading: Reading) -> Auth:
    keys = (key for each in record.records("api_keys") for key in _client_keys(each, reading))
    return Auth(
        path=record.path,
        open_to_all="mode" in record,
        keys=tuple(keys),
        jwt=_jwt(record.record("jwt")) if "jwt" in record else None,
        mtls=_mtls(record.record("mtls")) if "mtls" in record else None,
    )


def _jwt(record: Record) -> Jwt:
    return Jwt(
        path=record.path,
        issuer=record.text("issuer"),
        audiences=record.texts("audience"),
        keys=record.secret("jwks_file"),
        url=record.text("jwks_url"),
        claim=record.text("client_claim"),
        ca_file=record.record("tls").text("ca_file"),
    )


def _mtls(record: Record) -> Mtls:
    return Mtls(record.path, record.text("ca_file"), record.texts("sans"))


def _client_keys(record: Record, reading: Reading) -> Iterator[ClientKey]:
    for client, secret in record.listed("directory"):
        yield ClientKey(record.path_of("directory"), client, secret)
    name, key = record.text("name"), record.secret("key")
    if name is None and "directory" not in record:
        reading.error("AG103", record.path, f"{label(record.path)} has no `name`", "add `name:`")
    if name is None:
        return
    if key:
        yield ClientKey(record.path_of("key"), name, key)
    for secret in record.listed("key_file"):
        yield ClientKey(record.path_of("key_file"), name, secret)
    if not {"key", "key_file"} & record.values.keys():
        message = f"{label(record.path)} has neither `key` nor `key_file`"
        reading.error("AG103", record.path, message)


def _address(record: Record, reading: Reading) -> str | None:
    written = record.text("address")
    if written is None:
        return None
    first, choice, _ = (part.strip() for part in written.partition("|"))
    if choice:
        path = record.path_of("address")
        message = f"{label(path)} offers a choice, `{written}`; the first is taken"
        edit = replaced(reading.document.span(path), first)
        reading.warn("AG109", path, message, f"write `{first}` alone", edit)
    return "127.0.0.1" if first == "localhost" else first


def _message_format(record: Record, reading: Reading) -> str | None:
    written = record.text("message_format")
    if written is None or written in MESSAGE_FORMATS:
        return written
    path = record.path_of("message_format")
    # 0.1-beta wrote `tuple | hugging-face-messages-api`, of which only one ever existed.
    if "huggingface" in written.lower().replace("-", "").replace("_", ""):
        message = f"{label(path)} is `{written}`, an old spelling of `huggingface`"
        edit = replaced(reading.document.span(path), "huggingface")
        reading.warn("AG109", path, message, "write `huggingface`", edit)
        return "huggingface"
    message = f"{label(path)} cannot be `{written}`"
    reading.error("AG104", path, message, did_you_mean(written, MESSAGE_FORMATS))
    return None


def _certificates(record: Record) -> tuple[Certificate, ...]:
    tables = (record.record("tls"), record.record("common_tls_context"))
    return tuple(
        Certificate(
            path=certificate.path,
            chain_file=certificate.record("certificate_chain").text("filename") or "",
            key_file=certificate.record("private_key").text("filename") or "",
        )
        for table in tables
        for certificate in table.records("tls_certificates")
    )


def _report_timeout(record: Record, reading: Reading) -> None:
    if "timeout" in record:
        path = record.path_of("timeout")
        message = f"{label(path)} has no effect: an answer may take its time"
        reading.warn("AG116", path, message, "set `timeout` in `llm_providers`")
