"""What of the models' calls is a wish of the last message: whose words, how new, how sure."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from extproc.contract import ApiEndpoint
from extproc.questions import Questions
from modelserver.schema import Call, Evidence
from tests.fakes.model_server import Script
from tests.playbook import (
    api,
    asks_for,
    calls,
    chat,
    completion,
    forwards,
    parameter,
    play,
    prompt,
    says,
    sent,
    settings,
    target,
    told,
    turns,
    wish,
)

APP = {"app": api({"done": True})}
BOOK = target(
    "book_room", parameter("guest", required=True),
    parameter("kind", enum=("single", "double")), parameter("breakfast", "boolean"),
    confirm="unsure",
)  # fmt: skip
CONFIG = settings(BOOK, system_prompt="Ann is the manager")
QUESTIONS = Questions(CONFIG)
DONE = "Booked for Bob."


def made(played: Any) -> list[dict[str, Any]]:
    """The arguments of each call that was made on the way to the LLM."""
    played << forwards()
    return sent(played)


def run(call: Call, *said: str, config: Any = CONFIG) -> Any:
    return play(config, models=calls(call), says=APP) >> chat(*turns(*said))


def placed(name: str, value: Any, message: int, text: str) -> Call:
    """A call of one value whose words are these."""
    evidence = {name: Evidence(message, 0, len(text), text, 0.9)}
    return Call("book_room", {name: value}, (), evidence)


# Once for one wish ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    ["thanks!", "ok thanks", "ok", "yes", "did that go through?", "what is the weather?", "danke"],
)
@pytest.mark.parametrize("confirm", ["never", "unsure", "always"])
def test_a_wish_that_was_answered_is_not_called_again(said: str, confirm: Any) -> None:
    """On words of earlier turns alone nothing is done twice; the message is the LLM's."""
    config = settings(target("book_room", parameter("guest"), confirm=confirm))
    played = run(wish("book_room", 0, guest="Bob"), "book for Bob", DONE, said, config=config)
    played << forwards()
    assert not played.endpoints.sent


def test_a_wish_that_was_answered_goes_where_no_target_fits() -> None:
    """With a default target that is the default target."""
    rest = target("rest", default=True, endpoint=ApiEndpoint("rest", "/rest", "POST"))
    models = calls(wish("book_room", 0, guest="Bob"))
    played = play(settings(BOOK, rest), models=models, says={"rest": completion("x")})
    played >> chat(*turns("book for Bob", DONE, "thanks")) << forwards()
    assert [call.path for call in played.endpoints.sent] == ["/rest"]


def test_new_words_are_a_new_wish() -> None:
    """A follow-up that names somebody else is called."""
    played = run(wish("book_room", 2, guest="Eve"), "book for Bob", DONE, "and book one for Eve")
    played << forwards()
    assert made(played) == [{"guest": "Eve"}]


def test_a_new_wish_that_takes_up_an_answered_one_is_asked_back() -> None:
    """After the room was booked, "make that 2" may be a second booking, or another first one."""
    room = target(
        "book_room", parameter("guest", required=True), parameter("nights", "integer"),
        confirm="unsure",
    )  # fmt: skip
    old = wish("book_room", 0, guest="Bob")
    new = wish("book_room", 2, nights=2)
    call = replace(
        old, arguments={**old.arguments, **new.arguments}, evidence={**old.evidence, **new.evidence}
    )
    played = run(call, "book for Bob", DONE, "make that 2", config=settings(room))
    played << says("Shall I go ahead with “book room” (guest: Bob, nights: 2)?")
    assert not played.endpoints.sent


@pytest.mark.parametrize(
    ("text", "done"),
    [
        ("the same for Eve please", True), ("Eve too", True), ("Eve as well, but 4 nights", True),
        ("für Eve auch", True), ("pour Eve la même chose", True), ("lo mismo para Eve", True),
        ("anche per Eve", True), ("o mesmo para Eve", True), ("voor Eve hetzelfde graag", True),
        ("the same for Eve?", False), ("Eve too early", False), ("Eve too, please", True), ("Eve too!", True),
        ("and Eve", False), ("the same for Eve, but half the time", False), ("Eve too, tomorrow", False),
        ("the same for Eve unless she is away", False), ("Eve wants the same", False),
    ],
)  # fmt: skip
def test_the_same_for_another_is_no_guess(text: str, *, done: bool) -> None:
    """What was just done names all that is left unsaid, if hardly a word more is said."""
    room = target(
        "book_room", parameter("guest", required=True), parameter("nights", "integer"),
        confirm="unsure",
    )  # fmt: skip
    call = placed("guest", "Eve", 2, "Eve")
    at = text.index("Eve")
    guest = replace(call.evidence["guest"], start=at, end=at + 3)
    evidence = {"guest": guest, "nights": Evidence(0, 13, 14, "3", 0.9)}
    call = replace(call, arguments={"guest": "Eve", "nights": 3}, evidence=evidence)
    if "4" in text:
        four = Evidence(2, text.index("4"), text.index("4") + 1, "4", 0.9)
        call = replace(
            call, arguments={"guest": "Eve", "nights": 4}, evidence={"guest": guest, "nights": four}
        )
        kept = target("book_room", *room.parameters, parameter("kind"), confirm="unsure")
        call = replace(
            call, arguments={**call.arguments, "kind": "plain"},
            evidence={**call.evidence, "kind": Evidence(0, 15, 20, "plain", 0.9)},
        )  # fmt: skip
        room = kept
    played = run(call, "book Bob for 3 plain nights", DONE, text, config=settings(room))
    assert bool(played.endpoints.sent) is done
    played << (
        forwards() if done else says(Questions(settings(room)).propose([(room, call.arguments)]))
    )


def test_the_same_as_long_ago_is_asked_back() -> None:
    """Which of two wishes is meant, the words do not say."""
    call = replace(
        placed("guest", "Eve", 4, "Eve"), arguments={"guest": "Eve", "kind": "double"},
        evidence={"guest": Evidence(4, 0, 3, "Eve", 0.9), "kind": Evidence(0, 9, 15, "double", 0.9)},
    )  # fmt: skip
    played = run(call, "Bob in a double room", DONE, "Ann, too", DONE, "Eve too")
    played << says(QUESTIONS.propose([(BOOK, call.arguments)]))


def test_a_transcript_without_a_new_message_is_no_new_wish() -> None:
    """What an assistant answered already is not done again when the transcript comes again."""
    played = run(wish("book_room", 0, guest="Bob"), "book for Bob", DONE) << forwards()
    assert not played.endpoints.sent


@pytest.mark.parametrize("said", ["Yes, do it", "go ahead and book it", "ok"])
def test_leave_given_to_the_llm_is_asked_back(said: str) -> None:
    """The LLM asked whether to act, the user says yes: the gateway asks for itself, with values."""
    call = wish("book_room", 0, guest="Bob")
    played = run(call, "a room for Bob", "Shall I book it?", said)
    played << says("Shall I go ahead with “book room” (guest: Bob)?")
    never = settings(target("book_room", parameter("guest"), confirm="never"))
    assert made(run(call, "a room for Bob", "Shall I book it?", said, config=never))


def test_a_wish_in_two_messages_is_asked_back() -> None:
    """Nobody answered yet, and the last message says nothing of its own."""
    messages = [{"role": "user", "content": "book for Bob"}, {"role": "user", "content": "hello?"}]
    played = play(CONFIG, models=calls(wish("book_room", 0, guest="Bob")), says=APP)
    played >> chat(*messages) << says("Shall I go ahead with “book room” (guest: Bob)?")


def test_a_doubt_about_the_words_is_none_of_the_models() -> None:
    """It is asked back by the words of the user however sure the models are, at any limit of theirs."""
    models = calls(wish("book_room", 0, guest="Bob"), below=0.0)
    talk = chat(*turns("I need a room for Bob", "Shall I book it?", "yes"))
    question = QUESTIONS.propose([(BOOK, {"guest": "Bob"})])
    play(CONFIG, models=models, says=APP) >> talk << says(question)


def test_an_answer_to_our_question_completes_an_old_wish() -> None:
    """Our question between wish and answer is no answer to the wish."""
    asked = QUESTIONS.ask([BOOK.parameters[0]], known=False)
    played = run(wish("book_room", 2, guest="Bob"), "book a double", asked, "Bob") << forwards()
    assert made(played) == [{"guest": "Bob"}]
    asked = QUESTIONS.ask([BOOK.parameters[1]], known=True)
    chosen = placed("kind", "double", 2, "the second")
    old = wish("book_room", 0, guest="Bob")
    call = Call(
        "book_room", {"guest": "Bob", "kind": "double"}, (), {**old.evidence, **chosen.evidence}
    )
    played = run(call, "book for Bob", asked, "the second") << forwards()
    assert made(played) == [{"guest": "Bob", "kind": "double"}]


@pytest.mark.parametrize(
    ("reply", "words", "done"),
    [("Bob and nothing else", "nothing else", False), ("Bob, no breakfast", "no breakfast", True)],
)
def test_a_yes_or_no_by_the_way_is_asked_back(reply: str, words: str, *, done: bool) -> None:
    """The gateway asked for the guest; words that do not name the breakfast are none about that."""
    asked = QUESTIONS.ask([BOOK.parameters[0]], known=False)
    guest, meal = placed("guest", "Bob", 2, "Bob"), placed("breakfast", False, 2, words)
    call = Call(
        "book_room", {"guest": "Bob", "breakfast": False}, (), {**guest.evidence, **meal.evidence}
    )
    played = run(call, "book a double", asked, reply)
    if done:
        assert made(played) == [{"guest": "Bob", "breakfast": False}]
    else:
        played << says(QUESTIONS.propose([(BOOK, {"guest": "Bob", "breakfast": False})]))


def test_what_was_asked_for_and_is_taken_from_before_is_asked_back() -> None:
    """The gateway asked for the guest since something was wrong with it; the kind is no answer to that."""
    asked = QUESTIONS.ask([BOOK.parameters[0]], known=True)
    old, chosen = wish("book_room", 0, guest="Bob"), placed("kind", "double", 2, "a double one")
    call = Call(
        "book_room", {"guest": "Bob", "kind": "double"}, (), {**old.evidence, **chosen.evidence}
    )
    run(call, "book for Bob", asked, "a double one then") << says(
        QUESTIONS.propose([(BOOK, {"guest": "Bob", "kind": "double"})])
    )


@pytest.mark.parametrize(
    ("call", "said", "made_"),
    [
        (placed("kind", "double", 2, "a double one"), "and a double one", True),
        (placed("kind", "double", 2, "the other"), "the other", False),
        (placed("breakfast", True, 2, "with breakfast"), "with breakfast", False),
        (placed("breakfast", True, 2, "thanks"), "thanks", None),
        (Call("book_room", {}, ()), "and now book", False),
        (Call("book_room", {}, ()), "thank you", None),
    ],
    ids=str,
)
def test_choices_need_words_of_their_own(call: Call, said: str, made_: bool | None) -> None:
    """A choice is seen everywhere; without its own words it is asked back, or thanks are thanks."""
    plain = target("book_room", *BOOK.parameters[1:], confirm="unsure")
    played = run(call, "book for Bob", DONE, said, config=settings(plain))
    assert bool(played.endpoints.sent) is (made_ is True)
    played << (says(QUESTIONS.propose([(plain, call.arguments)])) if made_ is False else forwards())


def test_a_first_message_needs_no_words() -> None:
    """Where nothing was said before, nothing can be repeated."""
    bare = settings(target("book_room", confirm="unsure"))
    assert made(run(Call("book_room", {}, ()), "book a room", config=bare)) == [{}]
    plain = settings(target("book_room", *BOOK.parameters[1:], confirm="unsure"))
    assert made(run(placed("breakfast", True, 0, "book"), "book", config=plain))


def test_reading_may_be_repeated() -> None:
    """A call that changes nothing may rest on what was said long ago."""
    config = settings(
        target("look", parameter("room"), endpoint=ApiEndpoint("app", "/look", "GET"))
    )
    played = run(
        wish("look", 0, room="blue"), "the blue room", "It is free.", "sure?", config=config
    )
    played << forwards()
    assert len(played.endpoints.sent) == 1


# Whose words ----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_value_from_our_words(method: str) -> None:
    """What a model finds in our question is no value, however sure it is."""
    day = parameter("day", format="date", required=True)
    config = settings(
        target("book", day, confirm="never", endpoint=ApiEndpoint("app", "/b", method))
    )
    asked = Questions(config).ask([day], known=False)
    talk = turns("book it", asked, "hm, well")
    for evidence in ({"day": Evidence(1, 40, 50, "2026-05-31", 0.99)}, {}):
        models = calls(Call("book", {"day": "2026-05-31"}, (), evidence))
        played = play(config, models=models, says=APP) >> chat(*talk) << says(asked)
        assert not played.endpoints.sent
    shown = models.asked[0].messages[1]
    assert (shown.content, shown.ours, shown.guard) == ("Which day?", True, False)


@pytest.mark.parametrize("message", [-1, 1, 7])
def test_evidence_in_no_message_or_in_ours_is_none(message: int) -> None:
    """Evidence outside the conversation, or in the config's system prompt, gives no value."""
    messages = [{"role": "user", "content": "book"}, {"role": "system", "content": "Ann is the manager"},
                {"role": "user", "content": "now"}]  # fmt: skip
    call = Call("book_room", {"guest": "Ann"}, (), {"guest": Evidence(message, 0, 3, "Ann", 0.9)})
    played = play(CONFIG, models=calls(call), says=APP) >> chat(*messages) << asks_for("guest")
    assert not played.endpoints.sent


def test_values_without_evidence_are_looked_for() -> None:
    """A model of others points at no words: those of the user count as evidence."""
    call = Call("book_room", {"guest": "Bob", "kind": "double"}, ())
    assert made(run(call, "book for BOB")) == [{"guest": "Bob", "kind": "double"}]
    played = run(call, "book for Bob", DONE, "thanks") << forwards()
    assert not played.endpoints.sent
    played = run(Call("book_room", {"guest": "Bob"}, ()), "for my brother, in a room")
    played << says("Shall I go ahead with “book room” (guest: Bob)?")


def test_words_of_no_use_are_asked_for() -> None:
    """What the model server says is no value is not replaced by the default."""
    days = parameter("days", "integer", default=3, maximum=7)
    config = settings(target("book_room", days, confirm="never"))
    call = Call("book_room", {}, (), unusable=("days",))
    played = run(call, "for 70 days", config=config) << asks_for("days (at most 7)")
    assert not played.endpoints.sent


def test_what_is_only_a_default_is_marked() -> None:
    """Whoever reads the state can tell what the user said from what the config says."""
    config = settings(target("book_room", parameter("guest"), parameter("kind", default="single")))
    script = Script(calls={"Bob": [("book_room", {"guest": "Bob"}, [])]})
    played = play(config, script, says=APP) >> prompt("for Bob") << forwards()
    state = json.loads(told(played.outcome)["x-arch-state"])
    (call,) = json.loads(state["messages"])[0]["tool_calls"]
    assert json.loads(call["function"]["arguments"]) == {"guest": "Bob", "kind": "single"}
    assert call["defaults"] == ["kind"]


def test_a_doubt_of_a_choice_counts() -> None:
    """How sure a choice is that the user names is the decoder's to say: a guess is asked back."""
    call = Call("book_room", {"guest": "Bob", "kind": "double"}, (), {
        **wish("book_room", 0, guest="Bob").evidence, "kind": Evidence(0, 0, 9, "a double", 0.1),
    })  # fmt: skip
    played = run(call, "a double for Bob")
    played << says("Shall I go ahead with “book room” (guest: Bob, kind: double)?")


# A caller that shows no evidence ---------------------------------------------------------------


def unproved(**arguments: Any) -> Call:
    """As a remote function caller says it."""
    return Call("book_room", arguments, ())


def asked_for(*found: Call, score: float, confirm: Any) -> Any:
    """What is played with these calls, of targets that our own model is so sure of."""
    room = target("book_room", parameter("guest"), parameter("nights", "integer"), confirm=confirm)
    return play(settings(room), models=calls(*found, score=score), says=APP)


def test_identical_calls_are_one() -> None:
    """However often a model says a call, it is made once."""
    played = asked_for(*[unproved(guest="Bob")] * 3, score=0.9, confirm="never")
    played >> chat(*turns("book for Bob"))
    assert made(played) == [{"guest": "Bob"}]


@pytest.mark.parametrize("arguments", [{"guest": "Zed"}, {}])
@pytest.mark.parametrize("confirm", ["never", "unsure", "always"])
def test_a_call_that_nobody_spoke_of_is_not_made(arguments: dict[str, Any], confirm: Any) -> None:
    """None of its values is in the last message, and our own model does not see the target in it."""
    played = asked_for(unproved(**arguments), score=0.1, confirm=confirm)
    played >> chat(*turns("how is the weather?")) << forwards()
    assert not played.endpoints.sent


@pytest.mark.parametrize(
    ("said", "score"), [("the same for Bob", 0.1), ("a room for the usual guest", 0.9)]
)
def test_a_call_that_was_spoken_of_is_made(said: str, score: float) -> None:
    """By a value in the last message, or by a target that our own model sees in it."""
    played = asked_for(unproved(guest="Bob"), score=score, confirm="never")
    played >> chat(*turns(said))
    assert made(played) == [{"guest": "Bob"}]


def test_a_value_that_nobody_said_is_asked_about() -> None:
    """A model that shows no words for a value may have made it up."""
    played = asked_for(unproved(guest="Bob", nights=40), score=0.9, confirm="unsure")
    played >> chat(*turns("book for Bob"))
    played << says("Shall I go ahead with “book room” (guest: Bob, nights: 40)?")
    assert not played.endpoints.sent


@pytest.mark.parametrize(
    ("said", "done"),
    [
        ("only blue", False), ("blue, please", False), ("the blue room!", False), ("ok: blue.", False),
        ("blue again", True), ("another blue one", True),
        ("now the green room", True), ("and green", True),
    ],
)  # fmt: skip
def test_what_was_said_and_answered_is_not_done_twice(said: str, *, done: bool) -> None:
    """Unless it is to be done again."""
    config = settings(target("paint_room", parameter("room"), confirm="unsure"))
    room = "green" if "green" in said else "blue"
    at = said.index(room)
    call = Call(
        "paint_room", {"room": room}, (), {"room": Evidence(2, at, at + len(room), room, 0.9)}
    )
    played = run(call, "paint the blue room", "It is painted.", said, config=config)
    assert bool(played.endpoints.sent) is done
    assert played.outcome


def test_what_was_said_in_other_words_is_not_done_twice() -> None:
    """Who speaks of the 14th, after the call for 2027-02-14, may only be glad of it."""
    config = settings(target("deliver", parameter("day", format="date"), confirm="unsure"))
    said = "lovely, tulips on the 14th"
    words = Evidence(2, said.index("the 14th"), len(said), "the 14th", 0.9)
    call = Call("deliver", {"day": "2027-02-14"}, (), {"day": words})
    played = run(call, "deliver tulips on 2027-02-14", "They will come.", said, config=config)
    assert not played.endpoints.sent
    assert played.outcome


@pytest.mark.parametrize(
    ("reply", "done"),
    [("then 40", True), ("40", True), ("40?", False), ("perhaps it could be 40", False)],
)
def test_the_one_thing_asked_for_needs_no_sure_model(reply: str, *, done: bool) -> None:
    """Where the reply is hardly more than that."""
    count = parameter("count", "integer", required=True)
    config = settings(target("order", count, confirm="unsure"))
    asked = Questions(config).ask([count], known=False)
    at = reply.index("40")
    call = Call("order", {"count": 40}, (), {"count": Evidence(2, at, at + 2, "40", 0.1)})
    played = play(config, models=calls(call), says=APP) >> chat(*turns("order some", asked, reply))
    assert bool(played.endpoints.sent) is done
    assert played.outcome
