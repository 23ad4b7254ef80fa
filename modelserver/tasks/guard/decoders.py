"""Ways to hide words from a classifier, and their undoing.

Each decoder looks for one disguise and answers with edits: which part of the text to
replace, and by what. No edit means no disguise; a decoder never guesses without evidence
(the decoded bytes are printable, or the decoded words exist while the written ones do not).
Decoders are pure and linear in the length of the text.
"""

# ruff: noqa: RUF001

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from modelserver.tasks.guard.lexicon import LONGEST_WORD, Lexicon


class Edit(NamedTuple):
    start: int
    end: int
    text: str


Decoder = Callable[[str, Lexicon], list[Edit]]

WORD = re.compile(r"[^\W\d_]+")
PRINTABLE = 0.9
SHORTEST_DECODED = 6


# Characters that only look like Latin letters. NFKC has already undone full width,
# mathematical and circled letters, so that these are left.

_LOOKALIKES = (
    "аАеЕоОрРсСуУхХіІјЈѕЅһҺԁԛԝвВкКмМнНтТгпьЬӏӀҽօսոհѵѡɡɩʟɴɢʀ"
    "αΑβΒεΕηΗιΙκΚμΜνΝοΟρΡτΤυΥχΧγσωϲᴀʙᴄᴅᴇꜰʜɪᴊᴋᴍᴏᴘǫꜱᴛᴜᴠᴡʏᴢΖZ"
)
_LATIN = (
    "aAeEoOpPcCyYxXiIjJsShHdqwvBkKmMnHtTrnbblIeounhvwgilngr"
    "aAbBeEnHiIkKuMvNoOpPtTuYxXyowcabcdefhijkmopqstuvwyzZZ"
)
SKELETON = str.maketrans(_LOOKALIKES, _LATIN)
_UPSIDE_DOWN = str.maketrans("ɐɔǝɟƃɓɥᴉıɾʞןɯɹʇʌʍʎ¿¡˙dpbqnu", "acefgghiijklmrtvwy?!.pdqbun")
_FLIPPED = re.compile("[ɐɔǝɟƃɥᴉɾʞɯɹʇʌʍʎ]")


def homoglyphs(text: str, lexicon: Lexicon) -> list[Edit]:
    """Words that mix Latin letters with lookalikes, or are lookalikes amid Latin text."""
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
        mixed = any(map(str.isascii, word))
        if mixed or (mostly_latin and lexicon.knows(plain)):
            edits.append(Edit(*match.span(), plain))
    return edits


def upside_down(text: str, _lexicon: Lexicon) -> list[Edit]:
    if text.isascii() or len(_FLIPPED.findall(text)) < 3:
        return []
    return [Edit(0, len(text), text.translate(_UPSIDE_DOWN)[::-1])]


_SPACED = re.compile(r"(?<![^\W_])[^\W_](?:[\s.\-_*|/\\,·•・~+:;'\"]{1,3}[^\W_]){3,}(?![^\W_])")
_CHUNKED = re.compile(r"[^\W\d_]{1,8}(?:[.\-_*~^`'|+•·]{1,2}[^\W\d_]{1,8})+")
_JOINED = re.compile(r"[A-Za-z]{12,}")


def spacing(text: str, lexicon: Lexicon) -> list[Edit]:
    """Letters set apart, words cut by punctuation, words run together."""
    runs = [m for m in _SPACED.finditer(text) if _is_lettered(m[0])]
    edits = [Edit(*m.span(), _joined(m[0], lexicon)) for m in runs]
    edits += _chunks(text, lexicon)
    for match in _JOINED.finditer(text):
        words = None if lexicon.knows(match[0]) else lexicon.cut(match[0])
        # Names and compounds of other languages fall into scraps; attacks into words.
        if words and len(words) >= 3 and len(match[0]) >= 4 * len(words):
            edits.append(Edit(*match.span(), " ".join(words)))
    return _apart(edits)


def _chunks(text: str, lexicon: Lexicon) -> list[Edit]:
    """`ig.no.re`; a lone "e-mail" is no disguise, two words of two parts each may be one."""
    edits = []
    parts = 0
    for match in _CHUNKED.finditer(text):
        pieces = WORD.findall(match[0])
        word = "".join(pieces)
        readable = lexicon.knows(word) and not all(map(lexicon.knows, pieces))
        if readable and len(word) >= 5:
            edits.append(Edit(*match.span(), word))
            parts += len(pieces)
    return edits if parts > 2 else []


def _is_lettered(run: str) -> bool:
    """Letters set apart, not the figures of a table or a formula."""
    signs = [c for c in run if c.isalnum()]
    return sum(map(str.isalpha, signs)) > len(signs) / 2


def _joined(run: str, lexicon: Lexicon) -> str:
    """`i g n o r e  a l l` to `ignore all`: the commonest gap joins, any other one parts."""
    gaps = re.findall(r"(?<=[^\W_])[\W_]+(?=[^\W_])", run)
    usual = max(sorted(set(gaps)), key=gaps.count)
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
    lower = "abcdefghijklmnopqrstuvwxyz"
    moved = lower[by:] + lower[:by]
    return text.translate(str.maketrans(lower + lower.upper(), moved + moved.upper()))


def _unknown_words(text: str, lexicon: Lexicon) -> list[str]:
    words = (match[0] for match in WORD.finditer(text))
    return [word for word in words if len(word) > 3 and not lexicon.knows(word)]


def _disguised_runs(
    text: str, lexicon: Lexicon, decode: Callable[[str], str]
) -> Iterator[tuple[int, int]]:
    """Stretches whose words exist only once decoded; at least two of them, four letters up."""
    start = end = strong = 0
    for match in WORD.finditer(text):
        word = match[0]
        decoded = lexicon.knows(decode(word))
        if decoded and len(word) > 3 and not lexicon.knows(word):
            start = start if strong else match.start()
            strong, end = strong + 1, match.end()
        elif strong and (decoded or len(word) <= 3):
            end = match.end()
        elif strong and lexicon.knows(word):
            if strong > 1:
                yield start, end
            strong = 0
    if strong > 1:
        yield start, end


_BASE64 = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=])")
_BASE32 = re.compile(r"(?<!\w)[A-Z2-7]{16,}={0,6}(?![\w=])")
_HEX = re.compile(r"(?<!\w)(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s:,]{0,2}){7,}(?!\w)")
_BINARY = re.compile(r"(?<!\w)(?:[01]{8}\s{0,2}){4,}(?!\w)")
_DECIMAL = re.compile(r"(?<![\w.])(?:\d{2,3}[\s,;]{1,2}){7,}\d{2,3}(?![\w.])")
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}){3,}")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}(?:[\w.~+-]{0,24}%[0-9a-fA-F]{2}){2,}[\w.~+-]{0,24}")
_ENTITY = re.compile(r"(?:&(?:#\d{2,6}|#[xX][0-9a-fA-F]{2,5}|[a-zA-Z]{2,8});[\w ]*)+")


def base_n(text: str, _lexicon: Lexicon) -> list[Edit]:
    """Base64 (both alphabets, with or without padding) and base32."""
    edits = []
    for match in _BASE64.finditer(text):
        body = match[0].rstrip("=").translate(str.maketrans("-_", "+/"))
        padded = body + "=" * (-len(body) % 4)
        edits += _decoded(match, _bytes(base64.b64decode, padded))
    for match in _BASE32.finditer(text):
        body = match[0].rstrip("=")
        edits += _decoded(match, _bytes(base64.b32decode, body + "=" * (-len(body) % 8)))
    return _apart(edits)


def numbers(text: str, lexicon: Lexicon) -> list[Edit]:
    """Character codes in hexadecimal, binary or decimal."""
    edits = []
    for match in _HEX.finditer(text):
        digits = re.sub(r"0x|\\x|[^0-9a-fA-F]", "", match[0])
        edits += _decoded(match, _bytes(bytes.fromhex, digits))
    for match in _BINARY.finditer(text):
        codes = re.findall(r"[01]{8}", match[0])
        edits += _decoded(match, bytes(int(code, 2) for code in codes))
    for match in _DECIMAL.finditer(text):
        codes = [int(code) for code in re.findall(r"\d+", match[0])]
        found = _decoded(match, bytes(codes)) if max(codes) < 256 else []
        # A row of figures in a table may be printable too; words it seldom makes.
        edits += [e for e in found if any(map(lexicon.knows, WORD.findall(e.text)))]
    return _apart(edits)


def escapes(text: str, _lexicon: Lexicon) -> list[Edit]:
    r"""Escapes of programs and pages: \u0069, %69, &#105;."""
    edits = []
    for match in _ESCAPES.finditer(text):
        codes = re.findall(r"\\[ux]([0-9a-fA-F]+)", match[0])
        edits.append(Edit(*match.span(), "".join(chr(int(code, 16)) for code in codes)))
    for match in _PERCENT.finditer(text):
        edits += _decoded(match, unquote_to_bytes(match[0].replace("+", " ")))
    for match in _ENTITY.finditer(text):
        plain = html.unescape(match[0])
        if plain != match[0]:
            edits.append(Edit(*match.span(), plain))
    return _apart(edits)


_MORSE_RUN = re.compile(r"(?<![\w.-])[.\-]{1,6}(?:[ /|]{1,3}[.\-]{1,6}){6,}(?![\w.-])")
_MORSE_CODES = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- "
    "...- .-- -..- -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
)
_MORSE = dict(zip(_MORSE_CODES.split(), "abcdefghijklmnopqrstuvwxyz0123456789", strict=True))


def morse(text: str, _lexicon: Lexicon) -> list[Edit]:
    edits = []
    for match in _MORSE_RUN.finditer(text):
        words = re.split(r"\s*[/|]\s*| {2,}", match[0])
        letters = ["".join(_MORSE.get(code, "") for code in word.split()) for word in words]
        edits.append(Edit(*match.span(), " ".join(letters)))
    return edits


def _bytes(decode: Callable[[str], bytes], text: str) -> bytes:
    try:
        return decode(text)
    except (binascii.Error, ValueError):
        return b""


def _decoded(match: re.Match[str], data: bytes) -> list[Edit]:
    """The edit for bytes that read as text; none for a hash, a key or an image."""
    try:
        plain = data.decode("utf-8")
    except UnicodeDecodeError:
        return []
    printable = sum(c.isprintable() or c in "\n\t" for c in plain)
    if len(plain) < SHORTEST_DECODED or printable < PRINTABLE * len(plain):
        return []
    return [Edit(*match.span(), plain)]


def _apart(edits: list[Edit]) -> list[Edit]:
    """The edits in order, those that overlap an earlier or longer one left out."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


DECODERS: tuple[tuple[str, Decoder], ...] = (
    ("homoglyphs", homoglyphs),
    ("spacing", spacing),
    ("leet", leet),
    ("escapes", escapes),
    ("base64", base_n),
    ("numbers", numbers),
    ("rotated", rotated),
    ("reversed", reversed_text),
    ("reversed_words", reversed_words),
    ("morse", morse),
    ("upside_down", upside_down),
)
