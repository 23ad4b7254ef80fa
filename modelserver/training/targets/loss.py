"""The loss of the targets model, over a whole batch at once.

Tools, options and both ends of a value are learnt alike: right answers must beat a threshold
and every wrong answer; the threshold must beat every wrong answer. With one right answer it is a
cross-entropy, with none it teaches silence, with several each is its own right answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

if TYPE_CHECKING:
    from modelserver.training.targets.labels import Batch
    from modelserver.training.targets.model import TargetsModel

NEVER = -1e4
TOOL, SEVERAL, OPTION, ABSENT_OPTION, ABSENT_START, ABSENT_END, SOUND = range(7)
WEIGHTS = {
    "tool": 1.0, "several": 0.3, "start": 1.0, "end": 1.0, "hint": 0.4, "option": 1.0, "sound": 1.0,
}  # fmt: skip
TEMPERATURE = 0.05


def losses(model: TargetsModel, batch: Batch) -> dict[str, Tensor]:
    """Each part of the loss, averaged over what it judges."""
    outputs = model(batch.ids, batch.attention, batch.types, batch.markers)
    scores, starts, ends, none, _ = (part.float() for part in outputs)
    parts: dict[str, Tensor] = {}
    judged = (batch.tool_y >= 0).any(1)
    if judged.any():
        parts["tool"] = beat_one_of(
            scores[judged, :, TOOL], none[judged], batch.tool_y[judged] == 1,
            batch.tool_y[judged] == 0,
        ).mean()  # fmt: skip
    known = batch.several_y >= 0
    if known.any():
        parts["several"] = binary_cross_entropy_with_logits(
            scores[..., SEVERAL][known], batch.several_y[known].float()
        )
    claimed = batch.sound_y >= 0
    if claimed.any():
        parts["sound"] = binary_cross_entropy_with_logits(
            scores[..., SOUND][claimed], batch.sound_y[claimed].float()
        )
    _spans(parts, batch, scores, starts, ends)
    _options(parts, batch, scores)
    return parts


def total(parts: dict[str, Tensor]) -> Tensor:
    """The weighted sum."""
    return torch.stack([WEIGHTS[name] * value for name, value in parts.items()]).sum()


def beat_one_of(scores: Tensor, threshold: Tensor, right: Tensor, wrong: Tensor) -> Tensor:
    """Per row: every right answer beats the threshold and the wrong ones, it beats those."""
    wrongs = scores.masked_fill(~wrong, NEVER).logsumexp(-1)
    barrier = torch.logaddexp(threshold, wrongs)
    missed = torch.logaddexp(barrier[:, None], scores) - scores
    count = right.sum(-1).clamp(min=1)
    return (missed * right).sum(-1) / count + barrier - threshold


def contrast(model: TargetsModel, texts: Batch, targets: Batch, same: Tensor) -> Tensor:
    """In-batch contrast: conversation k wants target k, among all golds and all others.

    `same` marks targets that read like the wanted one and are no mistake.
    """
    left = model.embed(texts.ids, texts.attention, texts.types)
    right = model.embed(targets.ids, targets.attention, targets.types)
    scores = (left @ right.T / TEMPERATURE).masked_fill(same, NEVER)
    truth = torch.arange(len(scores), device=scores.device)
    back = scores[:, : len(scores)].T
    return cross_entropy(scores, truth) + cross_entropy(back, truth) / 2


def _spans(
    parts: dict[str, Tensor], batch: Batch, scores: Tensor, starts: Tensor, ends: Tensor
) -> None:
    rows, markers = batch.field_at.unbind(1)
    for name, side, places, absent, gold, hint in (
        ("start", 0, starts, ABSENT_START, batch.group_start, batch.hint_start),
        ("end", 1, ends, ABSENT_END, batch.group_end, batch.hint_end),
    ):
        if len(rows):
            score = places[rows, markers]
            threshold = scores[rows, markers, absent]
            wrong = score.masked_fill(~batch.field_negative[:, side], NEVER).logsumexp(-1)
            barrier = torch.logaddexp(threshold, wrong)
            loss = (barrier - threshold).sum()
            if len(batch.group_at):
                said = score[batch.group_at].masked_fill(~gold, NEVER).logsumexp(-1)
                missed = torch.logaddexp(barrier[batch.group_at], said) - said
                share = torch.bincount(batch.group_at, minlength=len(rows))[batch.group_at]
                loss = loss + (missed / share).sum()
            parts[name] = loss / len(rows)
        if len(batch.hint_at):
            r, m = batch.hint_at.unbind(1)
            score = places[r, m].masked_fill(~batch.spoken[r], NEVER)
            right = score.masked_fill(~hint, NEVER).logsumexp(-1)
            loss = (score.logsumexp(-1) - right).mean()
            parts["hint"] = parts["hint"] + loss if "hint" in parts else loss


def _options(parts: dict[str, Tensor], batch: Batch, scores: Tensor) -> None:
    if not len(batch.choice_at):
        return
    rows, markers = batch.choice_at.unbind(1)
    right = batch.choice_gold
    parts["option"] = beat_one_of(
        scores[rows, :, OPTION], scores[rows, markers, ABSENT_OPTION], right,
        batch.choice_own & ~right,
    ).mean()  # fmt: skip
