"""Speech under control: loops and too many words end an interval, and the context stays what training writes."""

import random
from typing import Any

import pytest
import torch
from commentary_streams import CONFIG, Recorded, random_blocks

from livecc_assets.commentary.control import SpeechControl, amount, bare, words_of
from livecc_assets.commentary.interval import Block, Interval
from livecc_assets.commentary.loops import Loops
from livecc_assets.commentary.session import Session
from livecc_assets.training import chat

BOUND = CONFIG.but(max_new_tokens=60, max_words_per_second=5.0, max_repeated_share=0.25)


def share(words: list[str], n: int = 4) -> float:
    """The share of repeated n-grams, counted from scratch."""
    grams = [tuple(words[at : at + n]) for at in range(len(words) - n + 1)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def second(index: int) -> Block:
    """One second of a stream."""
    return Block(float(index), index + 1.0, torch.zeros(2, 3, 56, 84, dtype=torch.uint8))


def speak(session: Session, block: Block, text: str) -> Interval:
    """Show a block to a model that says ``text`` and then ends its turn."""
    processor = session._processor
    session.open_block(block)
    for token in [*processor.encode(f"{text} ..."), processor.im_end]:
        logits = torch.zeros(processor.tokenizer.get_vocab_size())
        logits[token] = 9.0
        if session.accept(logits) is None:
            break
    return session.close_block()


def test_words_are_those_between_white_space_and_each_sign_of_a_script_without_it() -> None:
    assert words_of(" red player's  3-0 goal! ...") == ["red", "player's", "3-0", "goal!"]
    assert words_of("red .") == ["red"] == words_of("red .."), "half an ellipsis is no word"
    assert words_of("进球 goal") == ["进", "球", "goal"] and amount(["进", "球", "goal"]) == 2
    assert [bare(word) for word in ("“Goal!”", "3-0,", "—", "été")] == ["goal", "3-0", "", "été"]


@pytest.mark.parametrize("seed", range(5))
def test_the_share_of_repeats_never_passes_the_bound_whatever_is_said(seed: int) -> None:
    """Words that the detector lets pass, drawn from few: counted again from scratch after each."""
    draw, loops, said = random.Random(seed), Loops(4, 0.25, 1e9), list[str]()
    refused = 0
    for _ in range(400):
        word = draw.choice("aabcde")
        if loops.too_many([], word):
            refused += 1
            continue
        loops.add([word], 0.0)
        said.append(word)
        assert share(said) <= 0.25
    assert refused > 5 and len(said) > 40, (refused, len(said))


def test_what_is_long_ago_may_be_said_again() -> None:
    loops = Loops(2, 0.0, 10.0)
    loops.add(["what", "a", "goal"], 0.0)
    loops.add(["what"], 5.0)
    assert loops.too_many([], "a"), "“what a” was said"
    loops.forget(10.5)
    assert not loops.too_many([], "a")
    loops.add(["a", "what"], 11.0)
    assert loops.too_many([], "a"), "“what a” was said again"
    loops.forget(100.0)
    assert not loops._after and not loops._said, "nothing is kept of what is forgotten"


def test_a_phrase_within_one_token_is_looked_at_word_by_word() -> None:
    loops = Loops(2, 0.0, 10.0)
    assert loops.too_many(["a", "b", "a"], "b"), "the repeat lies in words that are not added yet"
    assert not loops.too_many(["a", "b", "a"], "c")


@pytest.mark.parametrize("phrase", ["flag", "red red", "the ball the ball", "the red player passes the ball"])
def test_a_loop_within_and_across_seconds_falls_silent(engine: Any, phrase: str) -> None:
    session = Session(engine.processor, BOUND.but(max_words_per_second=None))
    said = [speak(session, second(n), f"{phrase} {phrase} {phrase}") for n in range(12)]
    words = " ".join(one.text for one in said).split()
    assert share(words) <= 0.25
    assert said[-1].stopped == "loop" and said[-1].text == ""


def test_ordinary_speech_passes_untouched(engine: Any) -> None:
    session = Session(engine.processor, BOUND)
    lines = ["the red player passes", "the ball to blue", "a long shot", "and the keeper saves", "a long shot", "again"]
    said = [speak(session, second(n), line) for n, line in enumerate(lines)]
    assert [one.text for one in said] == lines and {one.stopped for one in said} == {"end"}


@pytest.mark.parametrize(
    ("rate", "expected"), [(5.0, [5] * 6), (2.5, [2, 3, 2, 3, 2, 3]), (0.5, [0, 1] * 3), (0, [9] * 6), (None, [9] * 6)]
)
def test_an_interval_has_no_more_words_than_its_seconds_allow(
    engine: Any, rate: float | None, expected: list[int]
) -> None:
    session = Session(engine.processor, BOUND.but(max_words_per_second=rate, max_repeated_share=None))
    said = [speak(session, second(n), "a b c d e f g h i") for n in range(6)]
    assert [len(one.text.split()) for one in said] == expected
    assert {one.stopped for one in said} == ({"rate"} if rate else {"end"})


def test_three_seconds_hold_three_times_the_words(engine: Any) -> None:
    session = Session(engine.processor, BOUND.but(max_repeated_share=None))
    text = " ".join("abcdefghijklmnopqrstu")
    assert len(speak(session, random_blocks(1)[0], text).text.split()) == 15


def test_a_bounded_interval_is_in_the_context_as_if_the_model_had_ended_it(engine: Any) -> None:
    processor, session = engine.processor, Session(engine.processor, BOUND.but(eviction="paper"))
    interval = speak(session, random_blocks(1)[0], " ".join("abcdefghijklmnopqrstu"))
    assert processor.decode(interval.ids, False).endswith("o ...<|im_end|>")
    fed = session.open_block(second(3)).ids
    expected = processor.encode(chat.speech_text("")) + processor.encode(
        chat.assistant_turn("")[-len("<|im_end|>\n") :]
    )
    assert fed[: len(expected)] == expected
    assert processor.decode(session._turns[0].ids).endswith("o ..."), "an eviction keeps it, too"


def test_a_cut_after_the_ellipsis_adds_no_second_one(engine: Any) -> None:
    session = Session(engine.processor, BOUND.but(max_words_per_second=1.0))
    interval = speak(session, second(0), "red ... blue")
    assert engine.processor.decode(interval.ids, False) == "red ...<|im_end|>" and interval.stopped == "rate"


def test_the_cache_equals_a_recompute_where_intervals_were_cut(engine: Any) -> None:
    stream = Recorded(engine, BOUND.but(max_new_tokens=12, max_words_per_second=1.0))
    intervals = stream.run(random_blocks(9))
    assert {"rate", "loop"} & {interval.stopped for interval in intervals}, "nothing was cut: this would show nothing"
    whole = stream.library_logits(engine)
    for end, logits in zip(stream.ends, stream.logits, strict=True):
        torch.testing.assert_close(logits, whole[end], atol=1e-4, rtol=0)


def test_the_released_rule_bounds_nothing(engine: Any) -> None:
    session = Session(engine.processor, BOUND.but(rule="released", repetition_penalty=1.0))
    assert speak(session, second(0), "flag " * 9).text == ("flag " * 9).strip()


def test_what_is_remembered_does_not_grow_with_the_stream(engine: Any) -> None:
    control = SpeechControl(BOUND.but(repeat_window_sec=10.0, max_words_per_second=None), engine.processor)
    draw, sizes = random.Random(0), []
    for n in range(300):
        control.begin(float(n), n + 1.0)
        ids: list[int] = []
        for token in engine.processor.encode(" ".join(draw.choice("abcdefgh") * 2 for _ in range(4))):
            if control.refuses(ids, token) is None:
                ids.append(token)
        control.end()
        assert control._loops is not None
        sizes.append(len(control._loops._said))
    assert max(sizes[20:]) <= 11 * 4
