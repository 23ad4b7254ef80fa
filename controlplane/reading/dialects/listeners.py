"""Where prompts and LLM calls come in: `listener`, or `listeners.{ingress,egress}_traffic`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from controlplane.model import Certificate, Listener
from controlplane.reading.values import did_you_mean, label, replaced

if TYPE_CHECKING:
    from controlplane.reading.mappings import Record
    from controlplane.reading.values import Reading

MESSAGE_FORMATS = ("huggingface", "openai")


def read_listeners(top: Record, reading: Reading) -> tuple[Listener | None, Listener | None]:
    """The prompt listener and the LLM listener, where they are configured."""
    both = top.record("listeners")
    if "listener" in top and "ingress_traffic" in both:
        _report_twice(top, reading)
    name = "ingress_traffic" if "ingress_traffic" in both else "listener"
    ingress = _listener(both if name in both else top, name, reading)
    return ingress, _listener(both, "egress_traffic", reading)


def _listener(parent: Record, key: str, reading: Reading) -> Listener | None:
    if key not in parent:
        return None
    record = parent.record(key)
    _report_timeout(record, reading)
    return Listener(
        path=record.path,
        address=_address(record, reading),
        port=record.whole("port"),
        message_format=_message_format(record, reading),
        certificates=_certificates(record),
        connect_timeout=record.duration("connect_timeout"),
    )


def _address(record: Record, reading: Reading) -> str | None:
    written = record.text("address")
    node = reading.document.node(record.path_of("address"))
    if written is None or node is None:
        return None
    first, choice, _ = (part.strip() for part in written.partition("|"))
    if choice:
        message = f"{label(node.path)} offers a choice, `{written}`; the first is taken"
        reading.warn("AG109", node, message, f"write `{first}` alone", replaced(node, first))
    return "127.0.0.1" if first == "localhost" else first


def _message_format(record: Record, reading: Reading) -> str | None:
    written = record.text("message_format")
    node = reading.document.node(record.path_of("message_format"))
    if written is None or node is None or written in MESSAGE_FORMATS:
        return written
    # 0.1-beta wrote `tuple | hugging-face-messages-api`, of which only one ever existed.
    if "huggingface" in written.lower().replace("-", "").replace("_", ""):
        message = f"{label(node.path)} is `{written}`, an old spelling of `huggingface`"
        reading.warn("AG109", node, message, "write `huggingface`", replaced(node, "huggingface"))
        return "huggingface"
    message = f"{label(node.path)} cannot be `{written}`"
    reading.error("AG104", node, message, did_you_mean(written, MESSAGE_FORMATS))
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
    node = reading.document.node(record.path_of("timeout"))
    if "timeout" in record and node is not None:
        message = f"{label(node.path)} has no effect: an answer may take its time"
        reading.warn("AG116", node, message, "set `timeout` in `llm_providers`")


def _report_twice(top: Record, reading: Reading) -> None:
    node = reading.document.node(top.path_of("listener"))
    if node is not None:
        message = "the prompt listener is configured twice, here and in `listeners.ingress_traffic`"
        reading.error("AG004", node, message, "keep one of the two")
