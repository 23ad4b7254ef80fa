"""The targets model: an encoder with heads on marker tokens, and its loss.

One encoder answers five questions about a row (see `modelserver.tasks.targets.layout`):

* [T]: is this tool wanted? Its score must beat `none`, read from [CLS].
* [O]: is this option the value? It must beat the parameter's "absent" score.
* [P] and [O]: where does the value begin and end? Each conversation token's score must
  beat the marker's own "absent" score; several may, for lists and for several calls.
* [CALL] and its [P]: is this finished call what the last message asks for, and each value?
* mean of all tokens: the embedding for the shortlist.

Every "must beat" is the same loss (see `loss`): a threshold learnt for each row, so that one,
several or no answers need no tuned cut-off.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from modelserver.training.base.encoder import NEVER, WIDTH, Encoder
from modelserver.training.base.shape import CLS, SEP, Shape

MARKER_TOKENS = 16
TOOL, LAST_USER, CALL = 2, 9, 10


class TargetsModel(Encoder):
    """The encoder with its heads; `forward` gives the outputs the tasks read."""

    def __init__(self, shape: Shape) -> None:
        super().__init__(shape)
        # The words stay as they were; the marker tokens, which no text has trained, learn their
        # own addition.
        self.frozen = 0
        self.markers = nn.Embedding(MARKER_TOKENS, WIDTH)
        nn.init.normal_(self.markers.weight, std=0.02)
        self.sides = nn.Embedding(2, WIDTH)
        nn.init.zeros_(self.sides.weight)
        self.tool = _scorer(1)
        self.none = _scorer(1)
        # What the base model is best at, closeness of meaning, is handed to the tool's score
        # directly: of the tool's text to the whole conversation and to its last message.
        self.near_text = _identity()
        self.near_talk = _identity()
        self.near_last = _identity()
        self.nearness = nn.Parameter(torch.tensor([6.0, 10.0, -4.0]))
        self.segment = nn.Linear(WIDTH, WIDTH)
        nn.init.zeros_(self.segment.weight)
        nn.init.zeros_(self.segment.bias)
        self.several = nn.Linear(WIDTH, 1)
        self.option = _scorer(1)
        self.absent = _scorer(3)
        self.field = nn.Linear(WIDTH, 2 * WIDTH)
        self.place = nn.Linear(WIDTH, 2 * WIDTH)
        # Is a finished call right, and is each of its values?
        self.sound = _scorer(1)
        self.gist = _identity()

    def encode(self, ids: Tensor, attention: Tensor, types: Tensor) -> tuple[Tensor, Tensor]:
        """Hidden states of every token: after the lower part, and after all layers.

        In the lower part every tool and the talk are read apart, each from place 0, as the base
        model would read them: what they come to depends on their own words alone, can be kept,
        and serves any task. Markers and sides come in where the parts are joined. A model
        without a lower part reads everything joined from the first layer on.
        """
        if not self.shape.apart:
            hidden = self.whole(ids, attention, types)
            return hidden, hidden
        part = owners(ids, types)
        lower = self.lower(ids, places(part), self.mask_apart(attention, part))
        return lower, self.upper(lower, ids, types, self.mask(attention))

    def whole(self, ids: Tensor, attention: Tensor, types: Tensor) -> Tensor:
        """All layers over a whole row."""
        place = torch.arange(ids.shape[1], device=ids.device)[None]
        with self._learning(-1):
            words = self.words(ids) + self.positions(place) + self.types(types)
            hidden = self.norm(words + self._marked(ids))
        mask = self.mask(attention)
        for number, layer in enumerate(self.layers):
            with self._learning(number):
                hidden = layer(hidden, mask)
        return hidden

    def lower(self, ids: Tensor, place: Tensor, mask: Tensor) -> Tensor:
        """What the words of one part come to by themselves."""
        with self._learning(-1):
            hidden = self.norm(self.words(ids) + self.positions(place) + self.types.weight[0])
        for number, layer in enumerate(self.layers[: self.shape.apart]):
            with self._learning(number):
                hidden = layer(hidden, mask)
        return hidden

    def upper(self, lower: Tensor, ids: Tensor, types: Tensor, mask: Tensor) -> Tensor:
        """All parts of a row joined."""
        hidden = lower + self._marked(ids) + self.sides(types)
        for number, layer in enumerate(self.layers[self.shape.apart :], self.shape.apart):
            with self._learning(number):
                hidden = layer(hidden, mask)
        return hidden

    def _learning(self, layer: int) -> torch.set_grad_enabled:
        """Gradients from the first layer on that learns."""
        return torch.set_grad_enabled(
            torch.is_grad_enabled() and (layer >= self.frozen if self.frozen else True)
        )

    def _marked(self, ids: Tensor) -> Tensor:
        """What the marker tokens, which no text has trained, learn to say."""
        marker = self.markers(ids.clamp(max=MARKER_TOKENS - 1))
        return torch.where((ids < MARKER_TOKENS)[..., None], marker, torch.zeros_like(marker))

    def embed(self, ids: Tensor, attention: Tensor, types: Tensor) -> Tensor:
        """What the shortlist compares: a text alone, one part by itself."""
        if not self.shape.apart:
            return self.summary(self.whole(ids, attention, types), attention)
        place = torch.arange(ids.shape[1], device=ids.device)[None]
        return self.summary(self.lower(ids, place, self.mask(attention)), attention)

    def summary(self, lower: Tensor, attention: Tensor) -> Tensor:
        """A text's embedding, from the lower part's hidden states."""
        return embedding(self.gist(lower), attention)

    def mask_apart(self, attention: Tensor, part: Tensor) -> Tensor:
        """As `mask`, and nothing of another part is seen."""
        same = part[:, :, None] == part[:, None, :]
        return self.mask(attention) + torch.where(same, 0.0, NEVER)[:, None]

    def forward(
        self, ids: Tensor, attention: Tensor, types: Tensor, markers: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Scores, starts, ends, none, embedding: see `modelserver.tasks`."""
        lower, hidden = self.encode(ids, attention, types)
        answers = self.answers(hidden, ids, attention, types, markers)
        return *answers, self.summary(lower, attention)

    def answers(
        self, hidden: Tensor, ids: Tensor, attention: Tensor, types: Tensor, markers: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Scores, starts, ends, none."""
        texts = segments(hidden, attention, types, markers)
        index = markers[..., None].expand(-1, -1, WIDTH)
        marked = torch.gather(hidden, 1, index) + self.segment(texts)
        tool = self.tool(marked) + self._nearness(hidden, texts, ids, attention * types)[..., None]
        scores = torch.cat(
            [
                tool, self.several(marked), self.option(marked), self.absent(marked),
                self.sound(marked),
            ],
            -1,
        )  # fmt: skip
        field_start, field_end = self.field(marked).chunk(2, -1)
        place_start, place_end = self.place(hidden).chunk(2, -1)
        scale = WIDTH**-0.5
        starts = field_start @ place_start.transpose(1, 2) * scale
        ends = field_end @ place_end.transpose(1, 2) * scale
        return scores, starts, ends, self.none(hidden[:, 0])[:, 0]

    def _nearness(self, hidden: Tensor, texts: Tensor, ids: Tensor, talk: Tensor) -> Tensor:
        """How close each marker's text is to the conversation, as a score."""
        last = talk * (torch.cumsum((ids == LAST_USER).to(torch.int32), 1) > 0).to(talk.dtype)
        text = _unit(self.near_text(texts))
        score = self.nearness[2]
        for number, (project, part) in enumerate(((self.near_talk, talk), (self.near_last, last))):
            weight = part[..., None].to(hidden.dtype)
            mean = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1)
            score = score + self.nearness[number] * (text * _unit(project(mean))[:, None]).sum(-1)
        return score


def owners(ids: Tensor, types: Tensor) -> Tensor:
    """Which tool, counted from 1, each token belongs to; 0 for the talk, [CLS] and [SEP]."""
    begins = (ids == TOOL) | (ids == CALL)
    schema = (types == 0) & (ids != CLS) & (ids != SEP)
    return begins.to(torch.int64).cumsum(1) * schema.to(torch.int64)


def places(part: Tensor) -> Tensor:
    """The place of each token within its own part."""
    index = torch.arange(part.shape[1], device=part.device)[None, :].expand_as(part)
    same = part[:, :, None] == part[:, None, :]
    before = index[:, None, :] < index[:, :, None]
    return (same & before).sum(-1)


def segments(hidden: Tensor, attention: Tensor, types: Tensor, markers: Tensor) -> Tensor:
    """The mean of the tokens from each marker up to the next one."""
    end = (((1 - types) * attention).sum(1, keepdim=True) - 1).clamp(min=1)
    following = torch.cat([markers[:, 1:], torch.zeros_like(end)], 1)
    following = torch.where(following == 0, end, following)
    sums = torch.cumsum(hidden.float(), 1)
    upper = torch.gather(sums, 1, (following - 1)[..., None].expand(-1, -1, WIDTH))
    before = (markers - 1).clamp(min=0)
    lower = torch.gather(sums, 1, before[..., None].expand(-1, -1, WIDTH))
    return (upper - lower) / (following - markers).clamp(min=1)[..., None]


def embedding(hidden: Tensor, attention: Tensor) -> Tensor:
    """The mean over tokens, of unit length."""
    weight = attention[..., None].to(hidden.dtype)
    mean = (hidden * weight).sum(1) / weight.sum(1)
    return nn.functional.normalize(mean.float(), dim=-1)


def _identity() -> nn.Linear:
    layer = nn.Linear(WIDTH, WIDTH, bias=False)
    nn.init.eye_(layer.weight)
    return layer


def _unit(vector: Tensor) -> Tensor:
    return nn.functional.normalize(vector.float(), dim=-1)


def _scorer(outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.GELU(), nn.Linear(WIDTH, outputs))
