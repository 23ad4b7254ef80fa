"""The models that ship, through the service, on fixed cases of every phenomenon.

Nothing is faked here: real weights, real onnxruntime, caches off. A case that a new model no
longer answers is a regression to look at, not a number to adjust.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from modelserver.engine import registry
from modelserver.http.parse import parse_decide
from modelserver.loading import find_models, load_service
from modelserver.requests import Limits
from modelserver.service import Service
from modelserver.settings import Cache, Settings, Workload
from modelserver.telemetry import Metrics
from tests.unit.modelserver import real_guard_cases as guard_cases
from tests.unit.modelserver import real_target_cases as target_cases
from tests.unit.modelserver.real_target_cases import HOUSE, INTENTS, Case, tool

if TYPE_CHECKING:
    from modelserver import schema

pytestmark = pytest.mark.slow

T = TypeVar("T")
Ask = Callable[[Callable[[Service], Awaitable[T]]], T]


def maybe_missed(value: Any, name: str) -> Any:
    """A case; one that this model misses must fail, so that a model that has learnt it is noticed."""
    marks: tuple[pytest.MarkDecorator, ...] = ()
    if name in target_cases.KNOWN_MISSES:
        marks = (pytest.mark.xfail(reason="a known limit of this model", strict=True),)
    return pytest.param(value, id=name, marks=marks)


@pytest.fixture(scope="module")
def ask() -> Iterator[Ask[Any]]:
    """Runs a question on one service that lives as long as this module."""
    settings = Settings(cache=Cache(enabled=False), runtime=Workload(timeout_ms=120_000))
    guard, targets = find_models(settings)
    with asyncio.Runner() as runner:
        service = load_service(guard, targets, settings, Metrics())
        runner.run(service.start())
        yield lambda question: runner.run(question(service))
        runner.run(service.close())


def verdicts(ask: Ask[Any], texts: list[str]) -> list[schema.GuardResult]:
    response: schema.GuardResponse = ask(lambda service: service.guard(texts))
    return list(response.results)


def decided(ask: Ask[Any], case: Case) -> schema.DecideResponse:
    body = {"messages": case.messages, "tools": list(case.tools), "guard": False}
    request = parse_decide(body, Limits())
    answer: schema.DecideResponse = ask(lambda service: service.decide(request))
    return answer


def told(results: list[schema.GuardResult], texts: list[str], verdict: str) -> list[str]:
    """The texts that got another verdict than they should have."""
    return [
        f"{result.score:.3f} {result.view}: {text[:80]}"
        for result, text in zip(results, texts, strict=True)
        if result.verdict != verdict
    ]


@pytest.mark.parametrize("task", ["guard", "targets"])
def test_the_weights_are_the_pinned_ones(task: str) -> None:
    """Every file that ships has the hash that models.yaml names, and the graphs are at most 70 MB."""
    folder = registry.find(task).directory
    assert sum((folder / name).stat().st_size for name in registry.graphs(folder)) <= 70_000_000


@pytest.mark.parametrize("kind", ["DIRECT", "IN_DOCUMENTS", "TOOL_OUTPUT"])
def test_attacks_are_found(ask: Ask[Any], kind: str) -> None:
    """Direct attacks, and instructions hidden in documents and tool output, are attacks."""
    texts = getattr(guard_cases, kind)
    assert told(verdicts(ask, texts), texts, "attack") == []


@pytest.mark.parametrize("disguise", guard_cases.DISGUISES)
def test_disguises_do_not_help(ask: Ask[Any], disguise: str) -> None:
    """Each attack is found in each disguise as well as in plain words."""
    texts = [guard_cases.DISGUISES[disguise](text) for text in guard_cases.DIRECT]
    assert told(verdicts(ask, texts), texts, "attack") == []


@pytest.mark.parametrize("kind", ["TRIGGER_WORDS", "EVERYDAY"])
def test_harmless_words_pass(ask: Ask[Any], kind: str) -> None:
    """Words that attacks use, and everyday requests, are no attacks by themselves."""
    texts = getattr(guard_cases, kind)
    assert told(verdicts(ask, texts), texts, "benign") == []


def test_an_attack_is_found_at_twenty_places_of_a_long_text(ask: Ask[Any]) -> None:
    """Padding before and after does not dilute an attack, and the padding alone passes."""
    sentences, attack = 60, guard_cases.PAYLOAD
    texts = [
        guard_cases.FILLER * place + attack + " " + guard_cases.FILLER * (sentences - place)
        for place in range(0, sentences, 3)
    ]
    assert told(verdicts(ask, texts), texts, "attack") == []
    plain = [guard_cases.FILLER * sentences]
    assert told(verdicts(ask, plain), plain, "benign") == []


@pytest.mark.parametrize("said", [maybe_missed(said, f"eight-{said}") for said in INTENTS])
def test_the_intent_is_found_among_eight(ask: Ask[Any], said: str) -> None:
    """A request in the user's own words finds its target among eight described ones."""
    assert decided(ask, Case(said, HOUSE)).intent.name == INTENTS[said]


@pytest.mark.parametrize("said", target_cases.NOTHING_FITS)
def test_none_of_them_is_an_answer(ask: Ask[Any], said: str) -> None:
    """What no target is described for wants none of them, and makes no call."""
    answer = decided(ask, Case(said, HOUSE))
    assert (answer.intent.name, tuple(answer.calls)) == (None, ())


@pytest.mark.parametrize("said", [maybe_missed(said, f"fifty-{said}") for said in INTENTS])
def test_the_intent_is_found_among_fifty(ask: Ask[Any], said: str) -> None:
    """With forty-two more targets around, the shortlist still holds the right one."""
    crowd = [tool(f"task_{word}", f"Look up the {word} of a {word} museum") for word in CROWD]
    answer = decided(ask, Case(said, [*crowd, *HOUSE]))
    assert len(crowd) + len(HOUSE) == 50
    assert answer.intent.name == INTENTS[said]


NAMED = {
    f"{name}-{number}": case
    for name, cases in target_cases.CASES.items()
    for number, case in enumerate(cases)
}
PHENOMENA = [pytest.param(case, id=name) for name, case in NAMED.items()]
WITH_MISSES = [maybe_missed(case, name) for name, case in NAMED.items()]


def test_the_known_misses_are_few() -> None:
    """Every phenomenon has at least three cases that hold, and each miss names a case."""
    named = {*NAMED, *(f"{crowd}-{said}" for said in INTENTS for crowd in ("eight", "fifty"))}
    not_held = target_cases.KNOWN_MISSES
    assert named >= not_held
    for name, cases in target_cases.CASES.items():
        right = [n for n in range(len(cases)) if f"{name}-{n}" not in not_held]
        assert len(right) >= 3, name


def wanted(case: Case) -> list[tuple[str, dict[str, Any]]]:
    return [(name, dict(arguments)) for name, arguments in case.calls]


@pytest.mark.parametrize("case", WITH_MISSES)
def test_the_calls_are_whole(ask: Ask[Any], case: Case) -> None:
    """Every call has its target and all of its arguments, typed; nothing is invented."""
    answer = decided(ask, case)
    calls = [(call.name, dict(call.arguments)) for call in answer.calls]
    assert calls == wanted(case)
    assert [name for call in answer.calls for name in call.missing] == list(case.missing)


@pytest.mark.parametrize("case", PHENOMENA)
def test_every_value_has_its_evidence(ask: Ask[Any], case: Case) -> None:
    """Each argument points at the very words of the conversation that say it."""
    for call in decided(ask, case).calls:
        assert set(call.evidence) == set(call.arguments)
        for found in call.evidence.values():
            said = case.messages[found.message]["content"]
            assert said[found.start : found.end] == found.text
            assert 0 <= found.confidence <= 1


def test_what_has_not_the_form_of_a_wish_is_a_guess(ask: Ask[Any]) -> None:
    """Told word by word in English a statement may read like a wish: then it is asked back."""
    for told_so in ("ap-7 wurde neu gestartet", "Il vicino ha riavviato il dispositivo ap-7"):
        answer = decided(ask, Case(told_so, HOUSE))
        assert all((call.confidence or 0) < answer.confirm_below for call in answer.calls)
    (call,) = decided(ask, Case("Riavvia il dispositivo ap-7", HOUSE)).calls
    assert call.confidence is None


def test_wishes_are_told_apart_and_one_is_not(ask: Ask[Any]) -> None:
    """Each call of two names its own words, with all its evidence in them; a list stays whole."""
    said = "Play Blur in the kitchen and reboot device ap-7"
    calls = decided(ask, Case(said, HOUSE)).calls
    clauses = [call.clause for call in calls if call.clause]
    assert [said[slice(*clause)] for clause in clauses] == said.split(" and ")
    for call, (start, end) in zip(calls, clauses, strict=True):
        assert all(start <= each.start <= each.end <= end for each in call.evidence.values())
    for one in ("Add rice and beans to the shopping list", "Play Blur in the kitchen, and thanks"):
        assert [call.clause for call in decided(ask, Case(one, HOUSE)).calls] == [None]


def test_python_and_json_schema_names_of_types_decide_alike(ask: Ask[Any]) -> None:
    """`int` and `integer`, `str` and `string`, `list` and `array` give the same calls."""
    names = {"str": "string", "int": "integer", "float": "number", "list[str]": "array"}
    for said, plain in (
        ("Weather for Bergen for the next 4 days", "get_forecast"),
        ("Add rice and beans to the shopping list", "add_to_list"),
        ("Reserve a table for 3 people at Lotus", "reserve_table"),
    ):
        answers = []
        for spelling in (names, {value: key for key, value in names.items()}):
            tools = [_spelt(one, spelling) for one in HOUSE]
            answers.append(decided(ask, Case(said, tools)).calls)
        assert answers[0] == answers[1]
        assert answers[0][0].name == plain


def _spelt(described: Any, spelling: dict[str, str]) -> Any:
    function = described["function"]
    schema_ = function["parameters"]
    properties = {
        name: value | {"type": spelling.get(value["type"], value["type"])}
        for name, value in schema_["properties"].items()
    }
    return {"function": function | {"parameters": schema_ | {"properties": properties}}}


def test_an_answer_does_not_depend_on_company(ask: Ask[Any]) -> None:
    """Twelve questions at once are answered exactly as one by one."""
    cases = [case for cases in target_cases.CASES.values() for case in cases][:12]
    alone = [decided(ask, case) for case in cases]

    async def together(service: Service) -> list[schema.DecideResponse]:
        bodies = [
            {"messages": case.messages, "tools": list(case.tools), "guard": True} for case in cases
        ]
        requests = [parse_decide(body, Limits()) for body in bodies]
        return await asyncio.gather(*(service.decide(request) for request in requests))

    for one, other in zip(alone, ask(together), strict=True):
        assert one.intent == other.intent
        assert one.calls == other.calls


CROWD_WORDS = (
    "amber beetle cactus dragon ember falcon garnet heron indigo jasper kestrel lantern marble "
    "nettle onyx pebble quartz raven saffron thistle umber violet willow xylem yarrow zephyr acorn "
    "birch cedar dahlia elm fern gorse hazel iris juniper kelp larch maple nutmeg oak pine"
)
CROWD = CROWD_WORDS.split()


def test_near_meanings_are_near_vectors(ask: Ask[Any]) -> None:
    """Embeddings have unit length, and a paraphrase is nearer than another topic."""
    texts = [
        "What is the weather like in Paris?",
        "Tell me the forecast for Paris",
        "Transfer fifty euros to my landlord",
    ]
    vectors = ask(lambda service: service.embed(texts))
    same, near, far = (
        sum(a * b for a, b in zip(vectors[0], other, strict=True)) for other in vectors
    )
    assert abs(same - 1) < 0.01
    assert near > far
