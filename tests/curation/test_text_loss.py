"""Clips are asked of the text model with the published wording, and every clip is answered for."""

import math
from typing import cast

import pytest

from livecc_assets.curation.text_loss import answer, clip_losses, prompt
from livecc_assets.models.text_lm import TextLM
from livecc_assets.store.rows import Rejected


def _clip(name, *words, **columns):
    spoken = [{"start": float(i), "end": i + 1.0, "word": word} for i, word in enumerate(words)]
    return {"clip_id": f"{name}:0", "video_id": name, "title": "A day out", "words": spoken, **columns}


class Counting:
    """Scores an answer by its number of words, and remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def losses(self, pairs, rule="corrected"):
        self.asked.append((list(pairs), rule))
        return [(math.nan if "nan" in text else float(len(text.split())), len(text.split())) for _, text in pairs]


def test_the_prompt_carries_the_title_and_the_words_before():
    system, user = prompt(_clip("a", "hi", previous="so far"))
    assert system == {"role": "system", "content": "You are a helpful assistant."}
    assert user["content"] == (
        "Video Title: A day out\nPrevious transcription: so far\n"
        "Please try to output the possible speech transcription of the video following previous transcription."
    )


def test_sentence_clips_are_asked_without_what_was_said_before():
    _, user = prompt(_clip("a", "hi", preasr="so far"))
    assert user["content"] == (
        "Video Title: A day out\nPlease try to output the possible speech transcription of the video from start to end."
    )


def test_words_are_stripped_and_joined_by_one_space():
    assert answer(_clip("a", " So", "it ", "goes")) == "So it goes"


def test_clips_are_scored_together_and_rows_keep_their_order():
    counting = Counting()
    clips = [_clip(f"v{i}", *["w"] * (i + 1), previous="") for i in range(5)]
    rows = list(clip_losses(clips, cast(TextLM, counting), "released"))
    assert rows == [
        {"clip_id": f"v{i}:0", "video_id": f"v{i}", "loss": float(i + 1), "tokens": i + 1} for i in range(5)
    ]
    assert [(len(pairs), rule) for pairs, rule in counting.asked] == [(5, "released")]


@pytest.mark.parametrize(("words", "detail"), [(("", " "), "all empty"), (("nan",), "is nan")])
def test_a_clip_without_a_finite_loss_is_an_error_and_the_others_go_on(words, detail):
    bad, good = clip_losses([_clip("bad", *words), _clip("good", "a", "b")], cast(TextLM, Counting()))
    assert isinstance(bad, Rejected)
    assert (bad.id, bad.kind, bad.reason) == ("bad:0", "error", "no_loss")
    assert detail in bad.detail
    assert isinstance(good, dict)
    assert good["loss"] == 2.0
