"""Guard: is this text a jailbreak or a prompt injection?

A text becomes views (`views`), a view becomes overlapping windows that cover
every one of its tokens, and each window is a row for the classifier. The score of the text
is the highest of any row: an attack does not get milder by what stands around it.

Any classifier in the usual export layout fits: `model.onnx` with `logits` [rows, labels],
`tokenizer.json`, and `config.json` with `id2label`. Which of the labels are attacks is read
from their names, so that a model with two classes (LABEL_0, LABEL_1) and one with three
(BENIGN, INJECTION, JAILBREAK) both work. A label for toxicity is optional.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from modelserver.errors import ModelUnavailable, RequestTooLarge, StartError
from modelserver.tasks.guard.lexicon import Lexicon
from modelserver.tasks.guard.views import views
from modelserver.tasks.types import Output, Row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from tokenizers import Tokenizer

WINDOW = 256
OVERLAP = 64
MOST_WINDOWS = 256
MOST_LABELS = 16

_BENIGN = re.compile(
    r"^(label_?0|0|benign|safe|legit(imate)?|clean|normal"
    r"|no[nt]?[ _-]?(attack|injection|jailbreak|malicious|toxic)\w*)$",
    re.IGNORECASE,
)
_TOXIC = re.compile(r"toxic|hate|harass|offensive", re.IGNORECASE)
_ATTACK = re.compile(
    r"^(label_?[1-9]|[1-9])$|attack|jail|inject|unsafe|malicious|adversarial", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Labels:
    """Which columns of the logits mean what; `independent` ones are sigmoids, not a softmax."""

    attack: tuple[int, ...]
    toxic: tuple[int, ...] = ()
    independent: bool = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Labels:
        """Read `id2label`; a `StartError` says what is wrong with it."""
        names = _names(config.get("id2label"))
        attack = tuple(i for i, name in names.items() if _kind(name) == "attack")
        toxic = tuple(i for i, name in names.items() if _kind(name) == "toxic")
        unknown = [name for name in names.values() if _kind(name) is None]
        if unknown or not attack:
            said = f"label {unknown[0]!r} is unknown" if unknown else "no label names an attack"
            raise StartError(
                f"config.json of the guard: {said} (id2label: {', '.join(names.values())}). "
                "Name each label so that it tells: benign or safe; attack, jailbreak, injection "
                "or LABEL_1; toxic."
            )
        independent = config.get("problem_type") == "multi_label_classification" or len(names) == 1
        return cls(attack, toxic, independent)


def _names(id2label: Any) -> dict[int, str]:
    try:
        names = {int(index): str(name).strip() for index, name in dict(id2label).items()}
    except (TypeError, ValueError):
        names = {}
    if not 0 < len(names) <= MOST_LABELS or sorted(names) != list(range(len(names))):
        raise StartError(
            "config.json of the guard: id2label must map the numbers from 0 on to the names of "
            'the labels, such as {"0": "benign", "1": "attack"}.'
        )
    return dict(sorted(names.items()))


def _kind(name: str) -> Literal["benign", "attack", "toxic"] | None:
    # "toxic" before "attack" and "not_injection" before "injection": names contain others.
    if _BENIGN.match(name):
        return "benign"
    if _TOXIC.search(name):
        return "toxic"
    return "attack" if _ATTACK.search(name) else None


@dataclass(frozen=True, slots=True)
class Windows:
    """The rows of one text, and the view that each belongs to."""

    rows: tuple[Row, ...]
    views: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuardAnswer:
    """The worst row's probability of an attack and its view; toxicity if the model knows it."""

    score: float
    view: str
    toxicity: float | None = None


@dataclass(frozen=True)
class GuardTask:
    """Text to rows and outputs to a score, for one classifier."""

    tokenizer: Tokenizer
    lexicon: Lexicon
    labels: Labels
    threshold: float = 0.5
    window: int = WINDOW
    overlap: int = OVERLAP
    most_windows: int = MOST_WINDOWS

    @classmethod
    def from_config(cls, tokenizer: Tokenizer, config: Mapping[str, Any]) -> GuardTask:
        """The task for a model directory: its tokenizer and its config.json.

        `threshold`, `window` and `overlap` are optional additions to the usual keys.
        """
        tokenizer.no_padding()
        tokenizer.no_truncation()
        # "[SEP]" written in a text is five letters in brackets, not the end of the text.
        tokenizer.encode_special_tokens = True
        longest = int(config.get("max_position_embeddings") or WINDOW)
        window = min(int(config.get("window") or WINDOW), longest)
        overlap = min(int(config.get("overlap") or OVERLAP), window // 2)
        return cls(
            tokenizer=tokenizer,
            lexicon=Lexicon.from_vocabulary(tokenizer.get_vocab()),
            labels=Labels.from_config(config),
            threshold=float(config.get("threshold") or 0.5),
            window=window,
            overlap=overlap,
        )

    @property
    def knows_toxicity(self) -> bool:
        return bool(self.labels.toxic)

    def encode(self, text: str) -> Windows:
        """All windows of all views; one that reads the same as an earlier one is dropped."""
        found: dict[tuple[int, ...], str] = {}
        for view in views(text, self.lexicon):
            for ids in self._windows(view.text):
                found.setdefault(ids, view.name)
            if len(found) > self.most_windows:
                raise RequestTooLarge(
                    f"The text is too long for the guard: more than {self.most_windows} "
                    f"windows of {self.window} tokens."
                )
        rows = tuple(Row(ids, (0,) * len(ids)) for ids in found)
        return Windows(rows, tuple(found.values()))

    def decode(self, windows: Windows, outputs: Sequence[Output]) -> GuardAnswer:
        """The worst row decides. Scores that are no numbers are an outage, not a pass."""
        logits = np.stack([np.asarray(out["logits"], dtype=np.float64) for out in outputs])
        columns = max(self.labels.attack + self.labels.toxic) + 1
        if len(logits) != len(windows.rows) or logits.ndim != 2 or logits.shape[1] < columns:
            raise ModelUnavailable(f"The guard answered with logits of shape {logits.shape}.")
        if not np.isfinite(logits).all():
            raise ModelUnavailable("The guard answered with scores that are no numbers.")
        chances = _probabilities(logits, self.labels)
        attack = _any_of(chances, self.labels.attack, self.labels.independent)
        worst = int(attack.argmax())
        score = float(attack[worst])
        toxicity = None
        if self.labels.toxic:
            toxicity = float(_any_of(chances, self.labels.toxic, self.labels.independent).max())
        return GuardAnswer(score, windows.views[worst], toxicity)

    def _windows(self, text: str) -> list[tuple[int, ...]]:
        body = self.tokenizer.encode(text, add_special_tokens=False).ids
        before, after = self._frame()
        size = self.window - len(before) - len(after)
        starts = range(0, max(1, len(body) - self.overlap), size - self.overlap)
        return [(*before, *body[start : start + size], *after) for start in starts]

    def _frame(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The special tokens that the tokenizer puts before and after a text."""
        encoding = self.tokenizer.encode("a")
        special = encoding.special_tokens_mask
        first = special.index(0) if 0 in special else len(special)
        last = len(special) - special[::-1].index(0) if 0 in special else len(special)
        return tuple(encoding.ids[:first]), tuple(encoding.ids[last:])


def _probabilities(logits: NDArray[np.float64], labels: Labels) -> NDArray[np.float64]:
    if labels.independent:
        return 1.0 / (1.0 + np.exp(-np.clip(logits, -60, 60)))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _any_of(
    chances: NDArray[np.float64], columns: tuple[int, ...], independent: bool
) -> NDArray[np.float64]:
    """The chance that one of the labels holds: labels of one softmax exclude each other."""
    chosen = chances[:, list(columns)]
    return np.asarray(chosen.max(axis=1) if independent else chosen.sum(axis=1))
