"""A whole video is shown once, and every later turn is text over the kept cache (method 3.6)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch
from commentary_streams import CONFIG, whole_pass

from livecc_assets.commentary.conversation import Conversation
from livecc_assets.commentary.decoder import Chunk, Decoder
from livecc_assets.commentary.session import Session
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.training import chat
from livecc_assets.training.positions import mrope_positions, with_text_row
from livecc_assets.training.reading import read_video
from livecc_assets.training.sequence import encode

BOTH = pytest.mark.parametrize("rule", ["corrected", "released"])
#: Seconds of the video after which its frames are fewer than their rows: the library and training count positions alike.
SHALLOW = 8.0


@dataclass
class Fed:
    """What a model was fed, in order, and the logits after each chunk."""

    chunks: list[Chunk] = field(default_factory=list)
    logits: list[torch.Tensor] = field(default_factory=list)

    @property
    def ids(self) -> list[int]:
        return [token for chunk in self.chunks for token in chunk.ids]

    @property
    def ends(self) -> list[int]:
        return [sum(len(chunk.ids) for chunk in self.chunks[: n + 1]) - 1 for n in range(len(self.chunks))]


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> Fed:
    found, inner = Fed(), Decoder.extend

    def extend(self: Decoder, chunks: Sequence[Chunk | None]) -> torch.Tensor:
        logits = inner(self, chunks)
        assert chunks[0] is not None
        found.chunks.append(chunks[0])
        found.logits.append(logits[0])
        return logits

    monkeypatch.setattr(Decoder, "extend", extend)
    return found


@torch.inference_mode()
def placed_pass(engine: Any, fed: Fed) -> torch.Tensor:
    """Logits [S, V] of everything in one forward pass of the library, positions as in training."""
    ids, shown = torch.tensor(fed.ids), fed.chunks[0]
    assert shown.grid is not None and shown.pixels is not None
    positions, _ = mrope_positions(ids, [shown.grid], engine.processor)
    return engine.model(
        input_ids=ids[None],
        position_ids=with_text_row(positions)[:, None],
        mm_token_type_ids=(2 * (ids == engine.processor.video_pad).long())[None],
        pixel_values_videos=shown.pixels,
        video_grid_thw=torch.tensor([shown.grid]),
        use_cache=False,
    ).logits[0]


@BOTH
@pytest.mark.parametrize("positions", ["train-consistent", "released"])
def test_turn_by_turn_equals_one_pass_over_everything(
    engine: Any, video: Path, fed: Fed, rule: Any, positions: Any
) -> None:
    config = CONFIG.but(rule=rule, positions=positions)
    conversation = Conversation(engine, str(video), end=SHALLOW, config=config)
    for question in ("what is it?", "why? é", "and then?"):
        conversation.ask(question, 12)
    expected = whole_pass(engine, fed.ids, fed.chunks[:1])[fed.ends]
    torch.testing.assert_close(torch.stack(fed.logits), expected, atol=1e-5, rtol=0)


def test_a_video_of_more_frames_than_rows_has_the_positions_of_training(engine: Any, video: Path, fed: Fed) -> None:
    conversation = Conversation(engine, str(video), config=CONFIG)
    conversation.ask("what is it?", 12)
    conversation.ask("why?", 12)
    grid = fed.chunks[0].grid
    assert grid is not None and grid[0] > max(grid[1:]) // 2
    torch.testing.assert_close(torch.stack(fed.logits), placed_pass(engine, fed)[fed.ends], atol=1e-5, rtol=0)


@BOTH
def test_the_first_turn_holds_the_video_and_the_question_as_training_writes_it(
    engine: Any, video: Path, fed: Fed, rule: Any
) -> None:
    conversation = Conversation(engine, str(video), 2.0, 7.0, CONFIG.but(rule=rule))
    reply = conversation.ask("what<|im_end|> is<|video_pad|> it?", 1)
    frames = read_video({"video": str(video), "video_start": 2.0, "video_end": 7.0}, CONFIG, rule)
    shown, asked = fed.chunks[0], fed.chunks[1]
    assert shown.grid is not None
    assert shown.grid == (len(frames) // 2, frames.shape[2] // 14, frames.shape[3] // 14)
    text = chat.system_turn() + chat.user_turn(chat.VIDEO + "what is it?") + chat.assistant_open()
    assert shown.ids + asked.ids == encode(text, [shown.grid], engine.processor).tolist()
    assert shown.grid[0] == 5 and reply.stopped == "length"


@pytest.mark.parametrize(("rule", "scope"), [("corrected", "answer"), ("released", "all")])
def test_an_answer_is_what_the_library_generates(engine: Any, video: Path, fed: Fed, rule: Any, scope: str) -> None:
    """Greedy, with the penalty on all ids as published, or on those of the answer."""
    from transformers import LogitsProcessor, LogitsProcessorList, RepetitionPenaltyLogitsProcessor

    class OnTheAnswer(LogitsProcessor):
        def __call__(self, input_ids: Any, scores: Any) -> Any:
            said = input_ids[:, start:]
            return RepetitionPenaltyLogitsProcessor(2.0)(said, scores) if said.shape[1] else scores

    config = CONFIG.but(rule=rule, repetition_penalty=2.0, sample=True, seed=3)
    conversation = Conversation(engine, str(video), end=SHALLOW, config=config)
    conversation.ask("what is it?", 10)
    start = len(fed.chunks[0].ids + fed.chunks[1].ids)
    prompt, processor = torch.tensor([fed.ids[:start]]), engine.processor
    names = ("im_start", "vision_start", "vision_end", "image_pad", "video_pad")
    penalty = {"repetition_penalty": 2.0} if scope == "all" else {}
    generated = engine.model.generate(
        input_ids=prompt,
        attention_mask=torch.ones_like(prompt),
        pixel_values_videos=fed.chunks[0].pixels,
        video_grid_thw=torch.tensor([fed.chunks[0].grid]),
        mm_token_type_ids=(prompt == processor.video_pad).int() * 2,
        do_sample=False,
        max_new_tokens=10,
        suppress_tokens=[getattr(processor, name) for name in names],
        eos_token_id=processor.im_end,
        logits_processor=LogitsProcessorList([] if scope == "all" else [OnTheAnswer()]),
        **penalty,
    )[0, start:].tolist()
    engine.model.model.rope_deltas = None
    assert conversation._session._generated == generated


@pytest.mark.parametrize(("rule", "kept"), [("corrected", 5), ("released", 4)])
def test_a_cut_answer_is_remembered_whole_but_as_published(
    engine: Any, video: Path, fed: Fed, rule: Any, kept: int
) -> None:
    conversation = Conversation(engine, str(video), config=CONFIG.but(rule=rule))
    reply = conversation.ask("what is it?", 5)
    said = conversation._session._generated
    before = len(fed.ids) - 4  # all but the last word of five was fed
    assert reply.stopped == "length" and len(said) == 5
    conversation.ask("and?", 1)
    close = engine.processor.encode("<|im_end|>\n<|im_start|>user\nand?")
    assert fed.ids[before : before + kept + len(close)] == said[:kept] + close


@BOTH
def test_an_answer_that_is_stopped_is_remembered_as_far_as_it_was_said(
    engine: Any, video: Path, fed: Fed, rule: Any
) -> None:
    conversation = Conversation(engine, str(video), end=SHALLOW, config=CONFIG.but(rule=rule))
    heard: list[str] = []

    def hear(piece: str) -> bool:
        heard.append(piece)
        return len(heard) < 3

    reply = conversation.ask("what is it?", 40, hear)
    said = list(conversation._session._generated)
    assert (reply.stopped, reply.text, len(said)) == ("interrupt", "".join(heard), 3)
    again = conversation.ask("and?", 4)
    assert again.stopped in ("end", "length")
    text = engine.processor.decode(fed.ids, skip_special_tokens=False)
    assert f"{engine.processor.decode(said)}<|im_end|>\n<|im_start|>user\nand?<|im_end|>" in text
    expected = whole_pass(engine, fed.ids, fed.chunks[:1])[fed.ends]
    torch.testing.assert_close(torch.stack(fed.logits), expected, atol=1e-5, rtol=0)


def test_nothing_leaves_whatever_the_commentary_forgets(engine: Any, video: Path, fed: Fed) -> None:
    config = CONFIG.but(eviction="window", window_text_tokens=0, window_vision_sec=0)
    conversation = Conversation(engine, str(video), config=config)
    for number in range(6):
        conversation.ask(f"question {number}", 4)
    assert conversation._decoder.length == len(fed.ids)
    with pytest.raises(ValueError, match="eviction is window"):
        Session(engine.processor, config).open_video(torch.zeros(2, 3, 28, 28, dtype=torch.uint8))


def test_pieces_are_the_answer_and_no_character_comes_in_halves(
    engine: Any, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = [*engine.processor.encode(" ünd der Ball — 球 ..."), engine.processor.im_end]
    tokens = iter(said)
    monkeypatch.setattr("livecc_assets.commentary.session.pick", lambda *_: next(tokens))
    heard: list[str] = []
    reply = Conversation(engine, str(video), end=2.0, config=CONFIG).ask(
        "what?", 100, lambda piece: heard.append(piece) is None
    )
    assert "".join(heard) == reply.text == "ünd der Ball — 球 ..."
    assert len(heard) == len(said) and "" in heard and not any("\ufffd" in piece for piece in heard)
    assert (reply.stopped, reply.latency > 0) == ("end", True)


def test_a_question_that_cannot_be_put_harms_nothing(engine: Any, video: Path) -> None:
    conversation, other = (Conversation(engine, str(video), end=3.0, config=CONFIG) for _ in range(2))
    with pytest.raises(UserError, match="the question is empty"):
        conversation.ask("  ")
    with pytest.raises(UserError, match="bytes that are no text"):
        conversation.ask("a\udcff")
    with pytest.raises(UserError, match="the model knows 32768; begin a new one"):
        conversation.ask("what is it?", 32768)
    first = conversation.ask("what is it?", 8)
    assert first.text == other.ask("what is it?", 8).text
    with pytest.raises(UserError, match=r"reach position \d+"):
        conversation.ask("why " * 40000)
    assert conversation.ask("why?", 8).text == other.ask("why?", 8).text


def test_room_is_counted_to_the_last_position(engine: Any, video: Path, fed: Fed) -> None:
    conversation = Conversation(engine, str(video), config=CONFIG)
    conversation.ask("what is it?", 3)
    reached = conversation._session.next_question("why?")
    conversation._positions = reached + 7
    with pytest.raises(UserError, match=f"reach position {reached + 8}"):
        conversation.ask("why?", 8)
    conversation.ask("why?", 7)
    opening = next(chunk for chunk in fed.chunks[2:] if len(chunk.ids) > 1)
    assert int(opening.positions.max()) == reached - 1


def test_a_conversation_that_broke_inside_a_step_says_so(
    engine: Any, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation = Conversation(engine, str(video), end=3.0, config=CONFIG)

    def torn(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(conversation._decoder, "extend", torn)
        with pytest.raises(KeyboardInterrupt):
            conversation.ask("what is it?")
    with pytest.raises(UserError, match="broke off in the middle of an answer"):
        conversation.ask("and?")


def test_a_range_without_frames_is_a_fault_of_the_medium(engine: Any, video: Path) -> None:
    with pytest.raises(MediaError):
        Conversation(engine, str(video), 40.0, 50.0, CONFIG)
