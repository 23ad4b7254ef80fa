"""A decision as a picture in text: bars, the words that say each value, milliseconds.

What comes in is what `extproc.explain` gives, or a record alone (`extproc/record/schema.json`). Every
part draws what it finds and is silent where there is nothing.
"""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from controlplane.cli.terminal import paint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LABEL = 11
_BAR = 24
_EIGHTHS = " ▏▎▍▌▋▊▉"
_AROUND = 28
"""Characters of a message that are shown on either side of a value."""

_Part = dict[str, Any]


def drawn(decision: _Part, messages: list[_Part]) -> str:
    record: _Part | None = decision.get("record")
    lines: list[str] = []
    if record:
        lines += _labelled("prompt", _prompt(record))
        lines += _labelled("guard", _guard(record["guard"]))
        lines += _labelled("targets", _ranking(record["intent"]))
        for call in record["calls"]:
            lines += _labelled("call", _call(call, messages))
        lines += _labelled("asks", _asked(record["asked"]))
    lines += _labelled("requests", _requests(decision, record))
    lines += _labelled("LLM", _llm(decision.get("llm_request")))
    lines += _labelled("LLM", _called(record.get("llm") if record else None))
    lines += _labelled("says", _said(decision))
    if record:
        lines += _labelled("outcome", [_outcome(record)])
        lines += _labelled("time", [_times(record)])
    return "\n".join(lines) + "\n"


def _labelled(label: str, lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        yield f"{paint(label.ljust(_LABEL), 'bold')}{line}".rstrip()
        label = ""


def bar(share: float) -> str:
    """`share` of a whole bar, to an eighth of a character."""
    eighths = round(max(0.0, min(1.0, share)) * _BAR * 8)
    whole, part = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[part] if part else "")).ljust(_BAR)


def _prompt(record: _Part) -> Iterator[str]:
    prompt = record["prompt"]
    if prompt is None:
        yield paint("no message from the user", "dim")
    elif "text" in prompt:
        yield _shortened(_one_line(prompt["text"]), _width())
    else:
        yield paint(f"{prompt['characters']} characters, hash {prompt['hash']}", "dim")


def _guard(guard: _Part | None) -> Iterator[str]:
    if guard is None:
        return
    colour = "red" if guard["refused_by"] else "green"
    line = f"{guard['score']:.2f} {paint(bar(guard['score']), colour)} {guard['verdict']}"
    if guard["view"] != "text":
        line += f", read as {guard['view']}"
    yield line + (f"; refused by {guard['refused_by']}" if guard["refused_by"] else "")


def _ranking(intent: _Part | None) -> Iterator[str]:
    if intent is None or not intent["ranking"]:
        return
    wide = max(len(each["name"]) for each in intent["ranking"])
    for each in intent["ranking"]:
        chosen = each["name"] == intent["name"]
        drawn = paint(bar(each["score"]), "green" if chosen else "dim")
        mark = "  ← fits best" if chosen else ""
        yield f"{each['score']:.2f} {drawn} {each['name'].ljust(wide)}{mark}"
    margin = intent["margin"]
    ahead = f"; the best is {margin:.2f} ahead of the next" if margin is not None else ""
    fits = "" if intent["name"] else "none fits: "
    yield paint(f"{fits}a target fits from {intent['threshold']:.2f} on{ahead}", "dim")


def _call(call: _Part, messages: list[_Part]) -> Iterator[str]:
    sure = f"{call['confidence']:.2f} sure"
    doubt = paint(", but its words leave a doubt", "yellow") if call["doubtful"] else ""
    yield f"{call['target']}  {paint(sure, 'dim')}{doubt}"
    wide = max((len(each["name"]) for each in call["arguments"]), default=0)
    for each in call["arguments"]:
        yield f"  {each['name'].ljust(wide)}  {_value(each)}  {_evidence(each, messages)}"
    for name in call["unusable"]:
        yield f"  {name.ljust(wide)}  {paint('what was said cannot be used', 'yellow')}"


def _value(argument: _Part) -> str:
    if "value" in argument:
        return json.dumps(argument["value"], ensure_ascii=False)
    return f"[{argument['type']}, hash {argument['hash']}]"


def _evidence(argument: _Part, messages: list[_Part]) -> str:
    evidence = argument["evidence"]
    if argument["default"]:
        return paint("by default", "dim")
    if evidence is None:
        return paint("judged from the whole", "dim")
    sure = paint(f"{evidence['confidence']:.2f}", "dim")
    place, start, end = evidence["message"], evidence["start"], evidence["end"]
    text = messages[place].get("content") if place < len(messages) else None
    if not isinstance(text, str):
        return f"{sure} message {place + 1}, characters {start} to {end}"
    before, said, after = text[:start], text[start:end], text[end:]
    before = ("…" if len(before) > _AROUND else "") + before[-_AROUND:]
    after = after[:_AROUND] + ("…" if len(after) > _AROUND else "")
    marked = paint(_one_line(said), "underlined")
    # Where nothing can be underlined, brackets show the words.
    marked = f"[{marked}]" if marked == _one_line(said) else marked
    return f"{sure} {_one_line(before)}{marked}{_one_line(after)}"


def _asked(asked: _Part | None) -> Iterator[str]:
    if asked is not None:
        yield ", ".join(asked["parameters"]) or "whether to go ahead"


def _requests(decision: _Part, record: _Part | None) -> Iterator[str]:
    """Those that would go out; of a past decision, those that did."""
    for each in decision.get("requests", ()):
        yield f"{each['method']} {each['upstream']} {each['path']}"
        if body := each["body"]:
            shown = {name: value for name, value in body.items() if name != "messages"}
            yield "  " + _shortened(json.dumps(shown, ensure_ascii=False), _width())
    if "requests" not in decision and record:
        for each in record["apis"]:
            answer = each["status"] or each["failed"]
            yield f"{each['method']} {each['upstream']} {each['path']} → {answer}, {each['ms']} ms"


def _llm(request: _Part | None) -> Iterator[str]:
    if request is None:
        return
    model = request.get("model") or "the default one"
    messages = request["messages"]
    yield f"{model}, {len(messages)} message{'s' if len(messages) != 1 else ''}; the last:"
    content = messages[-1].get("content") if messages else ""
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    for line in text.splitlines()[:6]:
        yield "  " + _shortened(line, _width())


def _called(call: _Part | None) -> Iterator[str]:
    """What the call of a past decision came to."""
    if call is None:
        return
    tried = f" in {call['attempts']} attempts" if (call["attempts"] or 1) > 1 else ""
    told = [f"{call['provider']}{', ' + call['model'] if call['model'] else ''}{tried}"]
    told.append(call["outcome"] + (f" ({call['status']})" if call["status"] else ""))
    if call["input_tokens"] is not None:
        told.append(f"{call['input_tokens']} tokens in, {call['output_tokens'] or 0} out")
    if call["cost"] is not None:
        told.append(f"cost {call['cost']:.6g}")
    yield "; ".join(told)


def _said(decision: _Part) -> Iterator[str]:
    if "answer" in decision:
        yield _shortened(_one_line(decision["answer"]), 4 * _width())
    if error := decision.get("error"):
        yield paint(f"{error['status']} {error['code']}: {error['message']}", "red")


def _outcome(record: _Part) -> str:
    error = record["error"]
    text = (
        f"{record['outcome']} ({error['status']} {error['code']})" if error else record["outcome"]
    )
    return text + (", as the user confirmed" if record["confirmed"] else "")


def _times(record: _Part) -> str:
    slow = [each for each in record["stages"] if each["ms"] >= 0.1]
    stages = ", ".join(f"{each['name']} {each['ms']:.1f}" for each in slow)
    return f"{record['ms']:.1f} ms" + (f" ({stages})" if stages else "")


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


def _width() -> int:
    return max(40, shutil.get_terminal_size().columns - _LABEL - 2)
