"""A reply that does not answer our question: another wish, or a refusal in many words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from extproc.contract import ApiEndpoint, Messages
from extproc.questions import Questions
from modelserver.schema import DecideResponse, Intent
from tests.playbook import (
    Fixed,
    api,
    asks_for,
    calls,
    chat,
    forwards,
    parameter,
    play,
    says,
    sent,
    settings,
    target,
    turns,
    wish,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelserver.schema import Call, DecideRequest, Message

SHIP = target(
    "ship_parcel", parameter("parcel", required=True), parameter("weeks", "integer", required=True),
    parameter("insured", "boolean", required=True), confirm="unsure",
)  # fmt: skip
STOP = target("stop_pump", parameter("pump", required=True), confirm="unsure")
SHOW = target("show_parcel", parameter("parcel"), endpoint=ApiEndpoint("app", "/parcel", "GET"))
CONFIG = settings(SHIP, STOP, SHOW)
APP = {"app": api({"done": True})}
DROPPED = Messages().dropped
QUESTIONS = Questions(CONFIG)
ASKED = QUESTIONS.ask([SHIP.parameters[1]], known=True)
PROPOSED = QUESTIONS.propose([(SHIP, {"parcel": "P7", "weeks": 2, "insured": False})])
NOTHING = DecideResponse(None, Intent(None, 0.0, (), 0.5), ())
OLD = replace(wish("ship_parcel", 0, parcel="P7", insured=False), missing=("weeks",))


class Behind(Fixed):
    """Models that read one call behind what a reply leaves, another one in the whole, none else."""

    def __init__(self, whole: Call, behind: Call) -> None:
        wanted = calls(whole, alone=[behind])
        super().__init__(wanted.decision, wanted.alone)
        self.read: list[Sequence[Message]] = []

    async def decide(
        self, address: str, request: DecideRequest, headers: Mapping[str, str], seconds: float
    ) -> DecideResponse:
        await super().decide(address, request, headers, seconds)
        if request.messages[-1].content.startswith(" "):
            self.read.append(request.messages)
            return self.alone
        return self.decision if len(request.messages) > 1 else NOTHING


def replied(reply: str, models: Any, question: str = ASKED) -> Any:
    """The gateway's session after this reply to a question about a parcel."""
    played = play(CONFIG, models=models, says=APP)
    return played >> chat(*turns("ship parcel P7, not insured", question, reply))


@pytest.mark.parametrize(
    "reply", ["stop the pump K3", "No, stop the pump K3 instead.", "Better not. Stop pump K3"]
)
def test_another_wish_leaves_the_old_one(reply: str) -> None:
    """What was asked for stays unanswered, and what is said stands by itself."""
    at = reply.index("K3")
    stop = wish("stop_pump", 0, pump="K3")
    said = replace(stop.evidence["pump"], start=at, end=at + 2)
    played = replied(reply, calls(OLD, alone=[replace(stop, evidence={"pump": said})]))
    played << forwards()
    assert sent(played) == [{"pump": "K3"}]


def test_another_wish_in_place_of_a_proposal() -> None:
    models = calls(OLD, alone=[wish("stop_pump", 0, pump="K3")])
    played = replied("no, stop the pump K3", models, PROPOSED)
    played << forwards()
    assert sent(played) == [{"pump": "K3"}]


@pytest.mark.parametrize(
    "reply",
    ["Forget the parcel, stop pump K3", "leave it. stop pump K3", "Nee, laat maar. Stop pomp K3",
     "ah never mind: stop pump K3", "Ach, vergiss es, stoppe Pumpe K3", "laisse tomber, arrête la pompe K3"],
)  # fmt: skip
def test_what_is_said_behind_leaving_is_read_by_itself(reply: str) -> None:
    """What leaves the question says nothing of the wish behind it, which stands where it is said."""
    at = reply.index("K3")
    stop = wish("stop_pump", 0, pump="K3")
    said = replace(stop.evidence["pump"], start=at, end=at + 2)
    models = Behind(OLD, replace(stop, evidence={"pump": said}))
    played = replied(reply, models)
    played << forwards()
    assert sent(played) == [{"pump": "K3"}]
    assert [len(each) for each in models.read] == [1]


def test_what_points_back_is_read_with_what_was_said_before() -> None:
    """It is that parcel still, and nobody is asked for its weeks any more."""
    show = wish("show_parcel", 0, parcel="P7")
    played = replied("never mind. what does it weigh?", Behind(OLD, show))
    played << forwards()
    assert [call.method for call in played.endpoints.sent] == ["GET"]


@pytest.mark.parametrize("reply", ["leave it. it is 2 metres long", "leave it. 2 is too long"])
def test_what_was_left_is_not_completed_by_what_follows(reply: str) -> None:
    """A value behind leaving is no answer to what was asked."""
    whole = replace(wish("ship_parcel", 0, parcel="P7", insured=False, weeks=2), missing=())
    weeks = replace(whole.evidence["weeks"], message=2)
    models = Behind(OLD, replace(whole, evidence={**whole.evidence, "weeks": weeks}))
    replied(reply, models) << asks_for("weeks")


@pytest.mark.parametrize("reply", ["never mind, 2 weeks", "skip the insurance, 2 weeks it is"])
def test_who_leaves_it_and_answers_all_the_same_is_asked_back(reply: str) -> None:
    """One of the two is not meant."""
    at = reply.index("2")
    whole = replace(wish("ship_parcel", 0, parcel="P7", insured=False, weeks=2), missing=())
    weeks = replace(whole.evidence["weeks"], message=2, start=at, end=at + 1)
    whole = replace(whole, evidence={**whole.evidence, "weeks": weeks})
    replied(reply, Behind(whole, whole)) << says(PROPOSED, model="Arch-Function")


def test_who_announces_something_behind_leaving_wants_nothing() -> None:
    stop = Behind(OLD, wish("stop_pump", 0, pump="K3"))
    replied("never mind, I'll stop the pump myself", stop) << says(DROPPED, model="Arch-Function")
    assert not stop.read


def test_a_reply_that_says_it_all_is_as_sure_as_it_is_by_itself() -> None:
    """What the models make of the question before it does not make it doubtful."""
    doubted = wish("stop_pump", 2, sure=0.2, pump="K3")
    played = replied("hm no, stop pump K3", calls(doubted, alone=[wish("stop_pump", 0, pump="K3")]))
    played << forwards()
    assert sent(played) == [{"pump": "K3"}]


def test_an_answer_that_could_be_a_wish_is_an_answer() -> None:
    """Two weeks may be weeks of something else, too, but these were asked for."""
    said = wish("ship_parcel", 2, parcel="P7", weeks=2)
    before = wish("ship_parcel", 0, insured=False)
    answered = replace(
        said,
        arguments={**said.arguments, **before.arguments},
        evidence={**said.evidence, **before.evidence},
    )
    played = replied("2 weeks", calls(answered, alone=[wish("stop_pump", 0, pump="2 weeks")]))
    played << forwards()
    assert sent(played) == [{"parcel": "P7", "weeks": 2, "insured": False}]


def test_a_question_in_between_is_answered_first() -> None:
    """Even if words of it would do for what was asked."""
    answered = wish("ship_parcel", 2, parcel="P8", insured=False, weeks=8)
    alone = calls(answered, alone=[wish("show_parcel", 0, parcel="P8")])
    played = replied("Before that, where is P8?", alone)
    played << forwards()
    assert [call.method for call in played.endpoints.sent] == ["GET"]


@pytest.mark.parametrize(
    "reply",
    [
        "I'll do it myself at the desk.", "Not sure any more. Leave it.", "There is no need any longer.",
        "I'd rather not tell you", "No, that is too long for me", "Oh, then forget it, it can stay here.",
        "Dann lieber nicht, das ist mir zu lang.", "Non, c'est trop long pour moi.",
        "actually I'll just phone the depot", "I'll ask my sister first", "well, we will drive there ourselves",
        "ok then I'm going to drop it off", "Hm, I\u2019ll look elsewhere", "no, we're going to keep it",
        "so I will wait for the sale", "sorry, I'll come back later", "she found another depot",
        "sorry, wrong window", "later, gotta run", "ill in bed", "the scale is broken anyway",
    ],
)  # fmt: skip
@pytest.mark.parametrize("question", [ASKED, PROPOSED])
def test_a_refusal_in_many_words_drops_the_wish(reply: str, question: str) -> None:
    replied(reply, calls(OLD), question) << says(DROPPED, model="Arch-Function")


@pytest.mark.parametrize(
    ("reply", "dropped"),
    [("I just found it. No need to ship the parcel.", True), ("please ship the parcel", False)],
)
def test_what_is_turned_down_by_its_name_is_dropped(reply: str, *, dropped: bool) -> None:
    """A reply that names the target and denies it is no new wish for it."""
    ship = replace(wish("ship_parcel", 0), evidence={}, arguments={}, missing=("parcel", "weeks"))
    played = replied(reply, calls(OLD, alone=[ship]))
    played << (says(DROPPED, model="Arch-Function") if dropped else asks_for("weeks"))


def test_words_that_say_nothing_are_asked_again() -> None:
    replied("hm, let me see", calls(OLD)) << asks_for("weeks")


def test_a_wish_that_says_nothing_of_its_own_is_none() -> None:
    """Whoever wants it stopped wants no pump stopped, as a model may think."""
    stop = replace(wish("stop_pump", 0), evidence={}, missing=("pump",))
    replied("no no, stop", calls(OLD, alone=[stop])) << says(DROPPED, model="Arch-Function")
    replied("rather stop one of the pumps", calls(OLD, alone=[stop])) << asks_for("pump")


@pytest.mark.parametrize(
    "reply",
    [
        "I'll take whatever is longest",
        "well",
        "I will need a little more",
        "we'll go with the usual",
        "one moment please",
        "how many are allowed?",
        "about 12 or so",
        "just do it",
        "please go ahead",
    ],
)
def test_who_will_take_something_refuses_nothing(reply: str) -> None:
    replied(reply, calls(OLD)) << asks_for("weeks")


def test_a_denial_may_be_the_value() -> None:
    """Whether the parcel is insured was asked, and this says that it is not."""
    asked = QUESTIONS.ask([SHIP.parameters[2]], known=True)
    old = wish("ship_parcel", 0, parcel="P7", weeks=2)
    played = replied("No, I don't need that.", calls(old), asked)
    played << says(PROPOSED, model="Arch-Function")
