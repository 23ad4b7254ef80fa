"""The network operator's application: confirmation, reboots, facts, errors in words."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from demos.network_operator.service import create_app


@pytest.fixture
def network() -> TestClient:
    return TestClient(create_app())


def ask(network: TestClient, question: str) -> str:
    body = {"messages": [{"role": "user", "content": question}]}
    return str(network.post("/agent/summary", json=body).json()["choices"][0]["message"]["content"])


def reboot(network: TestClient, device_id: str, **fields: Any) -> Any:
    # The gateway sends the conversation along.
    body = {"device_id": device_id, **fields, "messages": [{"role": "user", "content": "reboot"}]}
    return network.post("/agent/action", json=body)


def test_reboots_nothing_without_confirmation(network: TestClient) -> None:
    """The answer tells what a reboot would cut, and the device runs on."""
    answer = reboot(network, "core-sw-01").json()
    assert answer["status"] == "not rebooted"
    assert "46 interfaces" in answer["message"]
    assert "2160 hours" in ask(network, "How is core-sw-01?")


def test_reboots_once_confirmed(network: TestClient) -> None:
    """A confirmed reboot sets the uptime back, of that device alone."""
    assert reboot(network, "core-sw-01", confirmation=True).json()["status"] == "rebooting"
    assert "up for 0 hours" in ask(network, "How is core-sw-01?")
    assert "2159 hours" in ask(network, "How is core-sw-02?")


@pytest.mark.parametrize("confirmation", [True, False])
def test_knows_no_other_device(network: TestClient, confirmation: bool) -> None:
    """An unknown device is a 404, confirmed or not."""
    answer = reboot(network, "core-sw-99", confirmation=confirmation)
    assert answer.status_code == 404
    assert "core-sw-01" in answer.json()["detail"]


def test_cannot_reach_what_is_down(network: TestClient) -> None:
    """A device that is down answers no command."""
    assert reboot(network, "lab-ap-06", confirmation=True).status_code == 409


@pytest.mark.parametrize(
    ("question", "named"),
    [
        ("Which devices are down?", {"lab-ap-06"}),
        ("How is edge-rt-01 doing?", {"edge-rt-01"}),
        ("List the routers", {"edge-rt-01", "edge-rt-02"}),
        ("Which switches are in Porto?", {"dist-sw-11"}),
        ("Are there access points?", {"lab-ap-06"}),
    ],
)
def test_finds_what_a_question_is_about(
    network: TestClient, question: str, named: set[str]
) -> None:
    """Ids, sites, kinds and states narrow the facts down."""
    ids = {"core-sw-01", "core-sw-02", "edge-rt-01", "edge-rt-02", "dist-sw-11", "lab-ap-06"}
    assert {each for each in ids | {"fw-01"} if each in ask(network, question)} == named


def test_tells_everything_when_nothing_is_named(network: TestClient) -> None:
    """A general question gets the whole inventory."""
    assert ask(network, "Give me an overview").count("CPU") == 6


def test_says_when_nothing_fits(network: TestClient) -> None:
    """Without a fact there is still an answer to work with."""
    assert ask(network, "Which routers in Lisbon are down?") == "No device fits that."


def test_answers_the_last_question(network: TestClient) -> None:
    """Earlier turns do not count."""
    messages = [
        {"role": "user", "content": "How is fw-01?"},
        {"role": "assistant", "content": "Fine."},
        {"role": "user", "content": "And edge-rt-01?"},
    ]
    answer = network.post("/agent/summary", json={"messages": messages}).json()
    assert answer["choices"][0]["message"]["content"].startswith("edge-rt-01")


@pytest.mark.parametrize(
    ("message", "told"),
    [
        (
            'upstream application error host=h, path=/p, status=404, body={"detail":"no device x"}',
            "I could not reboot network device: no device x.",
        ),
        (
            "upstream application error host=h, path=/p, status=502, body=[12 bytes]",
            "I could not reboot network device: the network's systems do not answer at the moment.",
        ),
    ],
)
def test_tells_a_failure_in_words(network: TestClient, message: str, told: str) -> None:
    """The error target gives the API's own reason where there is one."""
    headers = {
        "x-function-error-code": "tool_error",
        "x-arch-error-message": message,
        "x-arch-target-prompt": "reboot_network_device",
    }
    body = {"messages": [{"role": "user", "content": "Reboot x"}]}
    answer = network.post("/error", json=body, headers=headers).json()
    assert answer["choices"][0]["message"]["content"] == told
