"""Texts in other signs: base64 and its kin, character codes, Morse; and in the signs of JSON."""

# ruff: noqa: RUF001

from __future__ import annotations

import base64
import binascii
import html
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

from modelserver.tasks.guard.edits import WORD, Edit, apart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from modelserver.tasks.guard.lexicon import Lexicon

PRINTABLE = 0.9
SHORTEST_DECODED = 6

_BASE64 = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/_-]{16,}={0,2}(?![\w+/=])")
_BASE32 = re.compile(r"(?<!\w)[A-Z2-7]{16,}={0,6}(?![\w=])")
_HEX = re.compile(r"(?<![^\W_])(?:(?:0x|\\x)?[0-9a-fA-F]{2}[\s:,;.|/_'\"+-]{0,4}){7,}(?![^\W_])")
_BINARY = re.compile(r"(?<!\w)(?:[01]{8}\s{0,2}){4,}(?!\w)")
_DECIMAL = re.compile(r"(?<![\w.])(?:\d{2,3}[\s,;]{1,2}){7,}\d{2,3}(?![\w.])")
_ESCAPES = re.compile(r"(?:\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}){3,}")
_PERCENT = re.compile(r"%[0-9a-fA-F]{2}(?:[\w.~+-]{0,24}%[0-9a-fA-F]{2}){2,}[\w.~+-]{0,24}")
_ENTITY = re.compile(r"(?:&(?:#\d{2,6}|#[xX][0-9a-fA-F]{2,5}|[a-zA-Z]{2,8});[\w ]*)+")

_URL_ALPHABET = str.maketrans("-_", "+/")
_DECODE85: tuple[Callable[[str], bytes], ...] = (base64.b85decode, base64.a85decode)


def base_n(text: str, lexicon: Lexicon) -> list[Edit]:
    """Base64 (both alphabets, with or without padding, whole or in pieces) and base32."""
    edits = _in_pieces(text, lexicon)
    for match in _BASE64.finditer(text):
        edits += _decoded(match, _unpadded(match[0].rstrip("=").translate(_URL_ALPHABET)))
    for match in _BASE32.finditer(text):
        body = match[0].rstrip("=")
        edits += _decoded(match, _bytes(base64.b32decode, body + "=" * (-len(body) % 8)))
    return apart(edits)


# A value of JSON that is three words or more: a sentence, not a name.
_SENTENCE = re.compile(
    r'"[^"\\\n]{1,60}"\s{0,8}:\s{0,8}'
    r'"((?:[^"\\\s]|\\.)++(?:\s++(?:[^"\\\s]|\\.)++){2,})"'
)


def quoted(text: str, _lexicon: Lexicon) -> list[Edit]:
    """What JSON says in sentences, without the keys and numbers around."""
    said = list(_SENTENCE.finditer(text))
    values = "\n".join(match[1] for match in said)
    return [Edit(said[0].start(), said[-1].end(), values)] if said else []


# Pieces stand close, as lines and chunks do, or are long and have words in between: "part 2:".
CLOSE, FAR = 12, 40
LONG_PIECE = 8
_PIECE = re.compile(r"[A-Za-z0-9+/_-]{2,}={0,2}")
# Words before and after, such as "Payload" and "iPhone", may be taken for pieces.
_STRAYS = tuple((first, last) for first in range(3) for last in range(3))


def _in_pieces(text: str, lexicon: Lexicon) -> list[Edit]:
    """Base64 over several lines, in chunks, in quotes or in several strings."""
    edits = []
    for run in [*_close_pieces(text, lexicon), *_long_pieces(text)]:
        bodies = [piece[0].rstrip("=").translate(_URL_ALPHABET) for piece in run]
        each = [_unpadded(body) for body in bodies]
        for first, last in _STRAYS:
            chosen = slice(first, len(run) - last)
            # As one base64 text, or as one each.
            plain = _printable(_unpadded("".join(bodies[chosen]))) or _printable(
                b"".join(each[chosen])
            )
            if plain and _has_words(plain, lexicon):
                part = run[chosen]
                edits.append(Edit(part[0].start(), part[-1].end(), plain))
                break
    return edits


def _close_pieces(text: str, lexicon: Lexicon) -> Iterator[list[re.Match[str]]]:
    """Neighbours that are no words; at least half of them are no names of any language either."""
    run: list[re.Match[str]] = []
    for match in [*_PIECE.finditer(text), None]:
        piece = match and (_is_odd(match[0]) or not lexicon.knows(match[0]))
        if run and not (match and piece and match.start() - run[-1].end() <= CLOSE):
            if len(run) > 1 and 2 * sum(_is_odd(one[0]) for one in run) >= len(run):
                yield run
            run = []
        if match and piece:
            run.append(match)


def _long_pieces(text: str) -> Iterator[list[re.Match[str]]]:
    run: list[re.Match[str]] = []
    for match in [*_PIECE.finditer(text), None]:
        if match and not (len(match[0]) >= LONG_PIECE and _is_odd(match[0])):
            continue
        if run and not (match and match.start() - run[-1].end() <= FAR):
            if len(run) > 1:
                yield run
            run = []
        if match:
            run.append(match)


def _is_odd(token: str) -> bool:
    """Written as no word is: capitals inside, digits among letters, padding."""
    usual = token in {token.lower(), token.upper(), token.capitalize()}
    return not usual or token.endswith("=") or (not token.isalpha() and not token.isdigit())


def _unpadded(body: str) -> bytes:
    """The bytes of base64 in its first alphabet, without its padding."""
    return _bytes(base64.b64decode, body + "=" * (-len(body) % 4))


_BASE85 = re.compile(r"(?<!\S)[!-~]{20,4000}(?!\S)")
_BASE85_KINDS = tuple(map(re.compile, ("[a-z]", "[A-Z]", r"\d", r"[^\w\s]")))


def base85(text: str, lexicon: Lexicon) -> list[Edit]:
    """Base85 as Python, git and Adobe write it."""
    edits = []
    for match in _BASE85.finditer(text):
        if sum(bool(kind.search(match[0])) for kind in _BASE85_KINDS) < 3:
            continue
        for body in (match[0], match[0].strip("\"'`()[],.:")):
            framed = body.removeprefix("<~").removesuffix("~>")
            plain = next(filter(None, (_printable(_bytes(d, framed)) for d in _DECODE85)), "")
            if plain and _has_words(plain, lexicon):
                edits.append(Edit(*match.span(), plain))
                break
    return edits


def numbers(text: str, lexicon: Lexicon) -> list[Edit]:
    """Character codes in hexadecimal, binary or decimal, whatever stands between them."""
    edits = []
    for match in _HEX.finditer(text):
        digits = re.sub(r"0x|\\x|[^0-9a-fA-F]", "", match[0])
        found = _decoded(match, _bytes(bytes.fromhex, digits))
        edits += [e for e in found if not digits.isdigit() or _has_words(e.text, lexicon)]
    for match in _BINARY.finditer(text):
        codes = re.findall(r"[01]{8}", match[0])
        edits += _decoded(match, bytes(int(code, 2) for code in codes))
    for match in _DECIMAL.finditer(text):
        codes = [int(code) for code in re.findall(r"\d+", match[0])]
        found = _decoded(match, bytes(codes)) if max(codes) < 256 else []
        # A row of figures in a table may be printable too; words it seldom makes.
        edits += [e for e in found if _has_words(e.text, lexicon)]
    return apart(edits)


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
    return apart(edits)


_MORSE_RUN = re.compile(r"(?<![\w.-])[.\-]{1,6}(?:[ /|\n]{1,3}[.\-]{1,6}){6,}(?![\w.-])")
_MORSE_SIGNS = str.maketrans("·•∙–—−_", "...----")
_MORSE_CODES = (
    ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- "
    "...- .-- -..- -.-- --.. ----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----."
)
_MORSE = dict(zip(_MORSE_CODES.split(), "abcdefghijklmnopqrstuvwxyz0123456789", strict=True))


def morse(text: str, _lexicon: Lexicon) -> list[Edit]:
    edits = []
    for match in _MORSE_RUN.finditer(text.translate(_MORSE_SIGNS)):
        words = re.split(r"\s*[/|\n]\s*| {2,}", match[0])
        letters = ["".join(_MORSE.get(code, "") for code in word.split()) for word in words]
        # A row of a table is one sign over and over.
        if len(set("".join(letters))) > 3:
            edits.append(Edit(*match.span(), " ".join(letters)))
    return edits


def _bytes(decode: Callable[[str], bytes], text: str) -> bytes:
    try:
        return decode(text)
    except (binascii.Error, ValueError):
        return b""


def _decoded(match: re.Match[str], data: bytes) -> list[Edit]:
    plain = _printable(data)
    return [Edit(*match.span(), plain)] if plain else []


def _printable(data: bytes) -> str:
    """The bytes as text; empty for a hash, a key or an image."""
    try:
        plain = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    printable = sum(c.isprintable() or c in "\n\t" for c in plain)
    return plain if len(plain) >= SHORTEST_DECODED and printable >= PRINTABLE * len(plain) else ""


def _has_words(text: str, lexicon: Lexicon) -> bool:
    return any(map(lexicon.knows, WORD.findall(text)))
