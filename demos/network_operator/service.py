"""The network operator's application: an inventory that can be asked about and acted on.

    uvicorn demos.network_operator.service:app --port 8002

Reboots change the inventory in memory; a restart of the service restores it.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException
from pydantic import BaseModel

_DATA = Path(__file__).with_name("inventory.csv")
_DETAIL = re.compile(r'"detail": ?"((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Device:
    device_id: str
    kind: str
    site: str
    status: str
    uptime_hours: int
    interfaces: int
    interfaces_up: int
    cpu_percent: int

    @classmethod
    def of(cls, row: dict[str, str]) -> Device:
        texts = ("device_id", "kind", "site", "status")
        fields: dict[str, Any] = {k: v if k in texts else int(v) for k, v in row.items()}
        return cls(**fields)

    @property
    def fact(self) -> str:
        if self.status == "down":
            return f"{self.device_id} ({self.kind}, {self.site}) is down."
        return (
            f"{self.device_id} ({self.kind}, {self.site}) is up for {self.uptime_hours} hours, "
            f"{self.interfaces_up} of {self.interfaces} interfaces up, CPU {self.cpu_percent} %."
        )


class Action(BaseModel):
    device_id: str
    confirmation: bool = False


class Message(BaseModel):
    role: str
    content: str | None = None


class Conversation(BaseModel):
    messages: list[Message]

    @property
    def question(self) -> str:
        asked = (each.content for each in reversed(self.messages) if each.role == "user")
        return next(asked, None) or ""


def create_app() -> FastAPI:
    """An application with an inventory of its own."""
    app = FastAPI(title="Network")
    with _DATA.open(encoding="utf-8", newline="") as file:
        devices = {row["device_id"]: Device.of(row) for row in csv.DictReader(file)}

    @app.post("/agent/action")
    def action(wanted: Action) -> dict[str, Any]:
        """Reboot a device, once the reboot is confirmed."""
        device = _device(devices, wanted.device_id)
        if not wanted.confirmation:
            cut = f"{device.interfaces_up} interfaces lose their connection for two minutes"
            return {"device_id": device.device_id, "status": "not rebooted",
                    "message": f"Please confirm the reboot: {cut}."}  # fmt: skip
        devices[device.device_id] = replace(device, uptime_hours=0)
        return {"device_id": device.device_id, "status": "rebooting",
                "message": "It is back in two minutes."}  # fmt: skip

    @app.post("/agent/summary")
    def summary(conversation: Conversation) -> dict[str, Any]:
        """What the inventory knows about a question, as the default target is to answer."""
        found = _about(conversation.question, list(devices.values()))
        return _completion(" ".join(device.fact for device in found) or "No device fits that.")

    @app.post("/error")
    def error(
        _conversation: Conversation,
        x_arch_error_message: Annotated[str, Header()] = "",
        x_arch_target_prompt: Annotated[str, Header()] = "",
    ) -> dict[str, Any]:
        """What a user is told when a call failed: the API's own reason where it gave one."""
        reason = _DETAIL.search(x_arch_error_message)
        told = reason[1] if reason else "the network's systems do not answer at the moment"
        doing = x_arch_target_prompt.replace("_", " ") or "do that"
        return _completion(f"I could not {doing}: {told}.")

    return app


def _device(devices: dict[str, Device], device_id: str) -> Device:
    device = devices.get(device_id.strip().lower())
    if device is None:
        known = ", ".join(devices)
        raise HTTPException(404, f"there is no device {device_id}, only {known}")
    if device.status == "down":
        raise HTTPException(409, f"{device.device_id} is down and cannot be reached")
    return device


def _about(question: str, devices: list[Device]) -> list[Device]:
    """The devices that a question names, or whose site, kind or status it names; else all."""
    words = set(re.findall(r"[a-z0-9-]+", question.lower()))
    named = [device for device in devices if device.device_id in words]
    if named:
        return named
    wanted = words | {word.removesuffix("s").removesuffix("e") for word in words}
    found = devices
    for field in ("site", "status", "kind"):
        values = {str(getattr(device, field)).lower() for device in devices}
        # "access points" is told by its last word.
        asked = {value for value in values if {value, value.split()[-1]} & wanted}
        if asked:
            found = [each for each in found if str(getattr(each, field)).lower() in asked]
    return found


def _completion(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "chatcmpl-network",
        "object": "chat.completion",
        "created": 0,
        "model": "network-facts",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
    }


app = create_app()
