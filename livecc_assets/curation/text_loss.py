"""A2 and B4: how surprising a clip's words are to a text-only model (method 1.3; paper section 3.1). No threshold here.

Low loss marks text that needs no video ("music music music"), high loss marks broken recognition. The prompt wording is
the published one, because the thresholds were set with it.
"""

import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from livecc_assets.core.rules import Rule
from livecc_assets.runtime.task import Task
from livecc_assets.store.artifact import Artifact
from livecc_assets.store.rows import Rejected

if TYPE_CHECKING:
    from livecc_assets.models.text_lm import Messages, TextLM

_SYSTEM = "You are a helpful assistant."
#: Clips scored together at most: enough to batch by length, few enough to stay small.
TOGETHER = 64


def prompt(clip: dict[str, Any]) -> "Messages":
    """The chat before the words: title, and the words before the clip where the row has a column ``previous``.

    Rows of ``sentence_clips`` carry ``preasr`` instead and are scored without context, as in the published recipe.
    """
    text = f"Video Title: {clip['title']}\n"
    if "previous" in clip:
        text += f"Previous transcription: {clip['previous']}\n"
        text += "Please try to output the possible speech transcription of the video following previous transcription."
    else:
        text += "Please try to output the possible speech transcription of the video from start to end."
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": text}]


def answer(clip: dict[str, Any]) -> str:
    """The clip's words, stripped, joined by one space."""
    return " ".join(word["word"].strip() for word in clip["words"])


def clip_losses(
    clips: Sequence[dict[str, Any]], lm: "TextLM", rule: Rule = "corrected"
) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``caption_clip_losses`` or ``sentence_clip_losses``: clip_id, video_id, loss (nats a token), tokens.

    A clip whose words make no tokens, or whose loss is not a number, is an *error*. The last digits of a loss depend on the
    clips that are scored with it.
    """
    sayable = [clip for clip in clips if answer(clip).strip()]
    scores = lm.losses([(prompt(clip), answer(clip)) for clip in sayable], rule)
    by_id = {clip["clip_id"]: score for clip, score in zip(sayable, scores, strict=True)}
    for clip in clips:
        loss, tokens = by_id.get(clip["clip_id"], (math.nan, 0))
        if math.isfinite(loss):
            yield {"clip_id": clip["clip_id"], "video_id": clip["video_id"], "loss": loss, "tokens": tokens}
            continue
        detail = f"its loss over {tokens} tokens is {loss}" if tokens else "its words are all empty"
        yield Rejected(clip["clip_id"], "error", "no_loss", detail, clip["video_id"])


def score_clips(task: Task, clips: Artifact) -> None:
    """Score a clips table with the model of the profile's ``text_loss`` section; rows as :func:`clip_losses` gives them."""
    from livecc_assets.models.text_lm import TextLM

    config = task.config
    rule: Rule = config.get("rule", "corrected")
    task.progress(0, clips.count, f"loading {config['model']}")
    lm = TextLM.load(
        config["model"],
        task.home,
        config.get("dtype", "float32"),
        config.get("device"),
        config.get("max_tokens", 512),
    )
    score = partial(clip_losses, lm=lm, rule=rule)
    task.writer.extend(task.resumable(clips.rows(), score, clips.count, "clips scored", together=TOGETHER))
    task.writer.metadata |= {"model": config["model"], "rule": rule}
