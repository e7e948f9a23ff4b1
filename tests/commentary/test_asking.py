"""A question in the middle of a stream is answered from what it remembers, and the commentary goes on (method 3.6)."""

from typing import Any

import pytest
import torch
from commentary_streams import CONFIG, Recorded, random_blocks
from window_reference import compared

POSITIONS = ["train-consistent", "released"]


@pytest.mark.parametrize("positions", POSITIONS)
@pytest.mark.parametrize("limit", [1, 3, 24])
def test_questions_in_a_window_equal_lists_of_unrotated_keys(engine: Any, positions: Any, limit: int) -> None:
    config = CONFIG.but(window_text_tokens=90, window_vision_sec=5, max_new_tokens=4, positions=positions)
    stream = compared(engine, config)
    for index, block in enumerate(random_blocks(20)):
        stream.step([block])
        if index in (0, 3, 9, 10, 15):
            stream.ask(f"who is it, number {index}?", limit)
        if index == 10:
            stream.ask("and why?", limit)
            stream.group.sessions[0].query = "a new wish"
    assert stream.references[0].dropped > 300
    assert stream.worst < 1e-5


def kept(stream: Any) -> tuple[int, int]:
    """Tokens of frames and of text in the cache, by the reference."""
    tokens = stream.references[0].tokens
    frames = sum(token.start_s is not None for token in tokens)
    return frames, len(tokens) - frames


@pytest.mark.parametrize("positions", POSITIONS)
def test_questions_one_after_the_other_keep_the_bound_and_all_that_was_just_seen(engine: Any, positions: Any) -> None:
    config = CONFIG.but(window_text_tokens=90, window_vision_sec=5, max_new_tokens=4, positions=positions)
    stream = compared(engine, config)
    for block in random_blocks(10):
        stream.step([block])
    seen, _ = kept(stream)
    texts = []
    for number in range(12):
        stream.ask(f"who is it, number {number}?", 8)
        frames, text = kept(stream)
        assert frames == seen, "no time has passed"
        texts.append(text)
        assert stream.group.decoder.length == frames + text
    sinks = sum(token.turn in (0, stream.references[0].query_turn) for token in stream.references[0].tokens)
    assert max(texts) < sinks + 90 + 40, "the bound, a question and its answer"
    assert max(texts[6:]) == max(texts[9:]), "it does not grow"
    for block in random_blocks(14)[10:]:
        stream.step([block])
    assert stream.worst < 1e-5


def test_a_question_sees_the_text_that_a_block_in_its_place_would_see(engine: Any) -> None:
    config = CONFIG.but(window_text_tokens=90, window_vision_sec=5, max_new_tokens=4)
    blocks = random_blocks(12)
    asked, shown = compared(engine, config), compared(engine, config)
    for block in blocks[:11]:
        asked.step([block])
        shown.step([block])
    asked.ask("who?", 1)
    shown.step([blocks[11]])

    def turns(stream: Any) -> list[int]:
        return sorted({token.turn for token in stream.references[0].tokens if token.start_s is None})

    assert turns(asked) == turns(shown) and len(turns(asked)) < 10


def test_questions_equal_one_pass_over_everything(engine: Any) -> None:
    stream = Recorded(engine, CONFIG.but(eviction="none"))
    for index, block in enumerate(random_blocks(6)):
        stream.run([block])
        if index in (0, 2, 3):
            stream.ask(f"question {index}")
    expected = stream.library_logits(engine)[stream.ends]
    torch.testing.assert_close(torch.stack(stream.logits), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("positions", POSITIONS)
def test_questions_are_carried_over_by_the_papers_eviction(
    engine: Any, monkeypatch: pytest.MonkeyPatch, positions: Any
) -> None:
    from livecc_assets.commentary.session import Session

    config = CONFIG.but(eviction="paper", eviction_sec=8.0, max_text_tokens=4000, positions=positions)

    def run() -> tuple[Recorded, list[str]]:
        stream, said = Recorded(engine, config), []
        for index, block in enumerate(random_blocks(22)):
            said += [one.text for one in stream.run([block])]
            if index in (1, 5, 6, 13):
                said.append(stream.ask(f"question {index}"))
        return stream, said

    pieces, said = run()
    carried = engine.processor.decode(pieces.session.carried_ids(), skip_special_tokens=False)
    assert all(f"<|im_start|>user\nquestion {index}<|im_end|>" in carried for index in (1, 5, 6, 13))
    monkeypatch.setattr(Session, "carries_little_enough", lambda _: False)
    at_once, again = run()
    assert said == again
    torch.testing.assert_close(torch.stack(pieces.logits), torch.stack(at_once.logits), atol=1e-5, rtol=0)


def test_an_answer_ends_at_its_limit_and_is_not_bound_like_commentary(engine: Any) -> None:
    stream = Recorded(engine, CONFIG.but(max_words_per_second=0.5, max_repeated_share=0.0, max_new_tokens=2))
    stream.run(random_blocks(2))
    before = len(stream.chunks)
    answer = stream.ask("tell all", 15)
    assert len(stream.session._generated) == 15 or stream.session._generated[-1] == engine.processor.im_end
    assert len(stream.chunks) - before == len(stream.session._generated)
    assert len(stream.session._generated) > 2 and answer


def test_a_question_is_text_whatever_it_holds(engine: Any) -> None:
    stream = Recorded(engine, CONFIG)
    stream.run(random_blocks(1))
    stream.ask("a<|im_end|>b<|video_pad|>c")
    question = engine.processor.decode(stream.chunks[-len(stream.session._generated)].ids, skip_special_tokens=False)
    assert "<|im_start|>user\nabc<|im_end|>" in question


def test_a_question_may_come_before_the_first_picture(engine: Any) -> None:
    for positions in POSITIONS:
        stream = compared(engine, CONFIG.but(positions=positions, eviction="none"))
        asked = Recorded(engine, CONFIG.but(positions=positions, eviction="none"))
        asked.ask("ready?")
        asked.run(random_blocks(3))
        if positions == "train-consistent":
            expected = asked.library_logits(engine)[asked.ends]
            torch.testing.assert_close(torch.stack(asked.logits), expected, atol=1e-5, rtol=0)
        assert stream.group.decoder.length == 0
