"""Disguises of letters and words: other alphabets, spaces, digits, order, first letters."""

# ruff: noqa: RUF001

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Callable, Iterator

from modelserver.tasks.guard.edits import WORD, Edit, apart
from modelserver.tasks.guard.lexicon import COMMAND_WORDS, LONGEST_RUN, LONGEST_WORD, Lexicon

# Letters of other alphabets that look like Latin ones. NFKC has already undone full width,
# mathematical and circled letters, so that these are left. The list was completed from Unicode's
# confusables as the package `confusables` holds them, and the package left out: it takes 0.4 s and
# 3 MB to load, folds digits and accents with the letters, and answers with many readings of a text,
# none of which says which word was disguised. Scripts that nobody types are not in it.
_LOOKALIKES = {
    "a": "аАαΑɑᎪᗅẚⱭꓮꭺ",
    "b": "ВьЬβΒƄƅᏏᏴᏼᑲᖯᗷꓐꞴꞵꮟ",
    "c": "сСϲϹҪҫᏟⲤⲥꓚꮯ",
    "d": "ԁԀᎠᏧᑯᗞᗪꓒꓓꭰꮷ",
    "e": "еЕҽεΕƷȜȝҼᎬⳌⳍꓰꝪꝫꞓꞫꬲꭼ",
    "f": "ϜϝՔքᖴẝꓝꞘꞙꬵ",
    "g": "ɡƍԌԍՑցᏀᏳᏻᶃꓖꞬꮐ",
    "h": "һҺНհΗՀᎻᏂᕼⲎⲏꓧꮋꮒ",
    "i": "іІӀɩιΙƖᎥᏞᒪⲒⲓⳐꓡꓲꙆꙇꞮꭵı",
    "j": "јЈʝͿϳᎫᒍꓙꞲꭻ",
    "k": "кКκΚĸᏦⲔⲕꓗꮶ",
    "l": "ӏⳑꮮ",
    "m": "мМΜʍϺϻᎷᗰⲘⲙꓟꭑꮇ",
    "n": "нпոηΝƝɲՈՌռᑎⲚⲛꓠꓵ",
    "o": "оОօοΟσƩՕჿᎤᲿᴑⲞⲟꓳꬽ",
    "p": "рРρΡᏢᑭⲢⲣꓑꮲ",
    "q": "ԛԚԳԶգզ",
    "r": "гƦГᎡᎱᏒᖇᴦⲄⲅꓣꭇꭈꭱꮁꮢ",
    "s": "ѕЅՏտᏕᏚƼƽꓢꮥꮪ",
    "t": "тТτΤƫᎢᎿⲦⲧꓔꭲ",
    "u": "սμυƲʋՍᑌꓤꓴꞞꞟꭎꭒ",
    "v": "вѵνѴᏙᐯꓦꮩ",
    "w": "ԝѡωƜɯԜԱաᎳᏇᏔᗯꓪꮃꮤ",
    "x": "хХχΧᕁᕽⲬⲭꓫꞳꭓꭕ",
    "y": "уУΥγƔɣҮүყᎩᎽᒥᲧᶌỾỿⲨⲩꓬꭚꭹꮍ",
    "z": "ΖᏃꓜꮓ",
}
# These are Latin letters of another shape: a text in them is disguised, whatever stands around.
_SMALL_CAPITALS = dict(zip("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘǫʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz", strict=True))
SKELETON = str.maketrans(
    {sign: letter for letter, signs in _LOOKALIKES.items() for sign in signs} | _SMALL_CAPITALS
)
_UPSIDE_DOWN = str.maketrans("ɐɔǝɟƃɓɥᴉıɾʞןɯɹʇʌʍʎ¿¡˙dpbqnu", "acefgghiijklmrtvwy?!.pdqbun")
_FLIPPED = re.compile("[ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ]")


def homoglyphs(text: str, lexicon: Lexicon) -> list[Edit]:
    """Words that mix Latin letters with lookalikes, are small capitals, or stand amid Latin text."""
    if text.isascii():
        return []
    latin = sum(map(str.isascii, filter(str.isalpha, text)))
    mostly_latin = latin * 2 > sum(map(str.isalpha, text))
    edits = []
    for match in WORD.finditer(text):
        word = match[0]
        plain = word.translate(SKELETON)
        if plain == word or not plain.isascii():
            continue
        latin_word = any(c.isascii() or c in _SMALL_CAPITALS for c in word)
        if latin_word or (mostly_latin and lexicon.knows(plain)):
            edits.append(Edit(*match.span(), plain))
    return edits


def upside_down(text: str, _lexicon: Lexicon) -> list[Edit]:
    if text.isascii() or len(_FLIPPED.findall(text)) < 3:
        return []
    return [Edit(0, len(text), text.translate(_UPSIDE_DOWN)[::-1])]


_SPACED = re.compile(r"(?<![^\W_])[^\W_](?:[\s.\-_*|/\\,·•・~+:;'\"]{1,3}[^\W_]){3,}(?![^\W_])")
_CHUNKED = re.compile(r"[^\W\d_]{1,8}(?:[.\-_*~^`'|+•·]{1,2}[^\W\d_]{1,8})+")
_JOINED = re.compile(r"[A-Za-z]{12,}")
_COMMENT = re.compile(
    r"/\*[^*\n]{0,60}\*+/|<!--[^>\n]{0,60}-->|</?[A-Za-z]{1,10}/?>|\(\)|\[\]|\{\}|\$\{\}|\\"
)
_COMMENTED = re.compile(
    rf"(?<![^\W\d_])[^\W\d_]{{1,12}}(?:(?:{_COMMENT.pattern}){{1,4}}[^\W\d_]{{1,12}})+(?![^\W\d_])"
)
MOST_PARTS = 4


def spacing(text: str, lexicon: Lexicon) -> list[Edit]:
    """Letters set apart, words cut by punctuation, words run together."""
    runs = [m for m in _SPACED.finditer(text) if _is_lettered(m[0])]
    edits = [Edit(*m.span(), _joined(m[0], lexicon)) for m in runs]
    edits += _chunks(text, lexicon)
    for match in _JOINED.finditer(text):
        words = None if lexicon.knows(match[0]) else lexicon.cut(match[0])
        # Long words fall into a stem and scraps, and so do names; attacks fall into words.
        long = [word for word in words or () if len(word) > 3]
        if words and len(words) >= 3 and len(long) > 1 and len(match[0]) >= 4 * len(words):
            edits.append(Edit(*match.span(), " ".join(words)))
    return apart(edits)


def _chunks(text: str, lexicon: Lexicon, chunked: re.Pattern[str] = _CHUNKED) -> list[Edit]:
    """`ig.no.re`; a lone "e-mail" is no disguise, two words of two parts each may be one."""
    edits = []
    parts = 0
    for match in chunked.finditer(text):
        pieces = WORD.findall(_COMMENT.sub(" ", match[0]))
        word = "".join(pieces)
        whole = all(map(lexicon.knows, pieces)) and word.casefold() not in COMMAND_WORDS
        readable = lexicon.knows(word) and not whole
        if readable and len(word) >= 5:
            edits.append(Edit(*match.span(), word))
            parts += len(pieces)
    return edits if parts > 2 else []


def comments(text: str, lexicon: Lexicon) -> list[Edit]:
    """`ig/**/nore`, `in<b>struc</b>tions`: words cut by what a program or a page leaves out."""
    return _chunks(text, lexicon, _COMMENTED) if _COMMENT.search(text) else []


_BEGINNINGS = frozenset(word[:end] for word in COMMAND_WORDS for end in range(1, len(word)))


def parted(text: str, lexicon: Lexicon) -> list[Edit]:
    """`ig nore prev ious ins tructions`: the words of commands cut by spaces."""
    words = list(WORD.finditer(text))
    edits: list[Edit] = []
    cut = False  # "over ride" and "by pass" alone are only old-fashioned
    for first, match in enumerate(words):
        joined = match[0].casefold()
        for last in range(first + 1, min(first + MOST_PARTS, len(words))):
            gap = slice(words[last - 1].end(), words[last].start())
            if joined not in _BEGINNINGS or not text[gap].isspace():
                break
            joined += words[last][0].casefold()
            if joined in COMMAND_WORDS:
                edits.append(Edit(match.start(), words[last].end(), joined))
                cut |= not all(lexicon.knows(part[0]) for part in words[first : last + 1])
    return apart(edits) if cut and len(edits) > 1 else []


def _is_lettered(run: str) -> bool:
    """Letters set apart, not the figures of a table or a formula."""
    signs = [c for c in run if c.isalnum()]
    return sum(map(str.isalpha, signs)) > len(signs) / 2


def _joined(run: str, lexicon: Lexicon) -> str:
    """`i g n o r e  a l l` to `ignore all`: the commonest gap joins, any other one parts."""
    gaps = Counter(re.findall(r"(?<=[^\W_])[\W_]++(?=[^\W_])", run))
    usual = max(sorted(gaps), key=gaps.__getitem__)
    words: list[str] = []
    for piece in re.split(r"\x00+", _marked(run, usual)):
        known = len(piece) < 8 or lexicon.knows(piece)
        words.extend([piece] if known else lexicon.cut(piece) or [piece])
    return " ".join(words)


def _marked(run: str, usual: str) -> str:
    return re.sub(r"[\W_]+", lambda gap: "" if gap[0] == usual else "\x00", run)


_LEET = str.maketrans("0134578926@$!|+€£", "oieastbgzgasiltel")
_LEET_L = str.maketrans("0134578926@$!|+€£", "oleastbgzgaslltel")
_LEET_WORD = re.compile(r"[A-Za-z0-9@$!|+€£]{2,}")
_LEET_SIGN = re.compile(r"[0-9@$!|+€£]")


def leet(text: str, lexicon: Lexicon) -> list[Edit]:
    """`1gn0r3`: digits and signs for letters, where that makes words."""
    edits = []
    for match in _LEET_WORD.finditer(text):
        token = match[0].rstrip("!|+")
        if token.isdigit() or not _LEET_SIGN.search(token) or len(token) > LONGEST_WORD:
            continue
        for table in (_LEET, _LEET_L):
            word = token.translate(table)
            if word.isalpha() and lexicon.knows(word) and word != token:
                edits.append(Edit(match.start(), match.start() + len(token), word))
                break
    long = [edit for edit in edits if len(edit.text) > 3]
    return edits if len(long) > 1 or any(len(edit.text) > 5 for edit in long) else []


def misspelt(text: str, lexicon: Lexicon) -> list[Edit]:
    """`ignr all prvious instrctions`: letters of commands dropped, doubled or swapped."""
    edits = []
    for match in WORD.finditer(text):
        word = match[0].casefold()
        if 2 < len(word) <= LONGEST_WORD and not lexicon.knows(word):
            meant = _meant(word)
            edits += [Edit(*match.span(), meant)] if meant else []
    return edits if len({edit.text for edit in edits}) > 1 else []


@functools.lru_cache(maxsize=4096)
def _meant(word: str) -> str | None:
    """The word of a command that this is with other spelling; the one nearest in length."""
    likely = _BY_CONSONANT.get(re.sub("[aeiou]", "", word)[:1], ())
    found = [wanted for wanted in likely if _respelt(word, wanted)]
    return min(found, key=lambda wanted: (abs(len(wanted) - len(word)), wanted), default=None)


def _respelt(word: str, wanted: str) -> bool:
    if word[-1] == wanted[-1] and word[0] == wanted[0] and sorted(word) == sorted(wanted):
        return True
    lost = len(wanted) - len(word)
    if word == f"{wanted}s":
        return False
    if lost < 0:
        return lost >= -2 and word[0] == wanted[0] and _within(wanted, word)
    # A third of the letters may be gone, or all vowels.
    consonants = re.sub("[aeiou]", "", wanted)
    few = 0 < lost <= max(1, len(wanted) // 4) and word[0] == wanted[0]
    return (few and _within(word, wanted)) or (
        len(word) > 2 and _within(consonants, word) and _within(word, wanted)
    )


_BY_CONSONANT = {
    first: tuple(w for w in COMMAND_WORDS if len(w) > 4 and re.sub("[aeiou]", "", w)[0] == first)
    for first in "bcdfghjklmnpqrstvwxyz"
}


def _within(few: str, many: str) -> bool:
    """Whether the letters of the one stand in the other, in their order."""
    rest = iter(many)
    return all(letter in rest for letter in few)


# What stands before a letter may be all the rest: without a letter that is a match, too, so that
# the search goes on behind it and not at each of its lines.
_LINE_STARTS = re.compile(r"^[\W_\d]*+([^\W\d_]?)", re.MULTILINE)
_SENTENCE_STARTS = re.compile(r"(?:^|(?<=[.!?])\s)[\W_\d]*+([^\W\d_]?)", re.MULTILINE)
_WORD_STARTS = re.compile(r"(?<![\w'’])([^\W\d_])")
ACROSTIC_GAP = 24


def acrostics(text: str, lexicon: Lexicon) -> list[Edit]:
    """First letters of lines, sentences or words that spell a command."""
    edits = []
    for starts, fewest in ((_LINE_STARTS, 1), (_SENTENCE_STARTS, 1), (_WORD_STARTS, 2)):
        places = [match.start(1) for match in starts.finditer(text) if match[1]]
        initials = "".join(text[place].lower()[0] for place in places)
        for start, end in _commands(initials, fewest):
            run = initials[start:end]
            edits.append(
                Edit(places[start], places[end - 1] + 1, " ".join(lexicon.cut(run) or [run]))
            )
    return apart(edits)


def _commands(letters: str, fewest: int) -> Iterator[tuple[int, int]]:
    """Stretches with words of commands in them, `fewest` or more, near to each other.

    Short ones stand in any long row of letters; six letters hardly ever do.
    """
    found = sorted(
        (match.start(), match.end())
        for word in COMMAND_WORDS
        if len(word) > 4
        for match in re.finditer(word, letters)
    )
    groups: list[list[tuple[int, int]]] = []
    for span in found:
        near = groups and span[0] - groups[-1][-1][1] <= ACROSTIC_GAP
        groups[-1].append(span) if near else groups.append([span])
    for group in groups:
        long = any(end - start > 5 for start, end in group)
        apart_from = len({start for start, _ in group})
        if apart_from > 1 or (long and fewest == 1):
            start, end = group[0][0], max(end for _, end in group)
            yield start, min(end, start + LONGEST_RUN)


def rotated(text: str, lexicon: Lexicon) -> list[Edit]:
    """Rot13 and the other Caesar shifts."""
    unknown = _unknown_words(text, lexicon)
    if len(unknown) < 2:
        return []
    sample = unknown[:12]
    hits = {s: sum(lexicon.knows(_shift(w, s)) for w in sample) for s in range(1, 26)}
    shift = max(hits, key=lambda s: (hits[s], s == 13))
    if hits[shift] < 2:
        return []
    runs = _disguised_runs(text, lexicon, lambda word: _shift(word, shift))
    return [Edit(start, end, _shift(text[start:end], shift)) for start, end in runs]


def reversed_text(text: str, lexicon: Lexicon) -> list[Edit]:
    """Written from the end to the front."""
    runs = _disguised_runs(text, lexicon, lambda word: word[::-1])
    return [Edit(start, end, text[start:end][::-1]) for start, end in runs]


def reversed_words(text: str, lexicon: Lexicon) -> list[Edit]:
    """Each word written backwards, in its place."""
    runs = _disguised_runs(text, lexicon, lambda word: word[::-1])
    return [
        Edit(start, end, WORD.sub(lambda word: word[0][::-1], text[start:end]))
        for start, end in runs
    ]


def _shift(text: str, by: int) -> str:
    return text.translate(_shifts()[by])


@functools.cache
def _shifts() -> tuple[dict[int, int], ...]:
    lower = "abcdefghijklmnopqrstuvwxyz"
    moved = [lower[by:] + lower[:by] for by in range(len(lower))]
    return tuple(str.maketrans(lower + lower.upper(), each + each.upper()) for each in moved)


def _unknown_words(text: str, lexicon: Lexicon) -> list[str]:
    words = (match[0] for match in WORD.finditer(text))
    return [word for word in words if len(word) > 3 and not lexicon.knows(word)]


def _disguised_runs(
    text: str, lexicon: Lexicon, decode: Callable[[str], str]
) -> Iterator[tuple[int, int]]:
    """Stretches whose words exist only once decoded; at least two of them, four letters up."""
    start = end = strong = 0
    before: int | None = None  # where short words begin that may belong to the stretch
    for match in WORD.finditer(text):
        word = match[0]
        decoded = lexicon.knows(decode(word))
        hidden = decoded and not lexicon.knows(word)
        if hidden and len(word) > 3:
            first = match.start() if before is None else before
            start = start if strong else first
            strong, end = strong + 1, match.end()
        elif strong and (decoded or len(word) <= 3):
            end = match.end()
        elif strong and lexicon.knows(word):
            if strong > 1:
                yield start, end
            strong = 0
        if not hidden:
            before = None
        elif before is None:
            before = match.start()
    if strong > 1:
        yield start, end
