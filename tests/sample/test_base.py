"""The shipped tiny Qwen2-VL: a real model folder that sees the sample world and cannot comment it yet."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

import livecc_assets.sample
from livecc_assets.models.qwen2_vl import load_model, load_processor, pixel_values
from livecc_assets.sample.match import ACTORS, PLACES, VERBS, MatchPlan, plan_match, render_at
from livecc_assets.training import chat
from livecc_assets.training.positions import mrope_positions
from livecc_assets.training.sequence import encode

BASE = Path(livecc_assets.sample.__file__).parent / "base"
PROCESSOR = load_processor(BASE)
LABEL = {"jumps": "jump", "falls": "fall", "shoots": "shoot", "waves": "wave", "slides": "slide"}


@cache
def model():
    return load_model(BASE)


def reply(frames: list[np.ndarray], text: str, limit: int = 8) -> str:
    """The base's greedy answer to one user turn about `frames`; `text` holds the chat up to the answer."""
    pixels, grid = pixel_values(torch.from_numpy(np.stack(frames)).permute(0, 3, 1, 2), PROCESSOR)
    ids = encode(text, [grid], PROCESSOR)
    said: list[int] = []
    for _ in range(limit):
        now = torch.cat([ids, torch.tensor(said, dtype=torch.long)])
        positions, _ = mrope_positions(now, [grid], PROCESSOR)
        with torch.inference_mode():
            out = model()(
                input_ids=now[None],
                position_ids=positions[:, None],
                pixel_values_videos=pixels,
                video_grid_thw=torch.tensor([grid]),
                mm_token_type_ids=(now == PROCESSOR.video_pad).int()[None] * 2,
            )
        said.append(int(out.logits[0, -1].argmax()))
        if said[-1] == PROCESSOR.im_end:
            return PROCESSOR.decode(said)
    return PROCESSOR.decode(said)


def asked(question: str) -> str:
    return chat.system_turn() + chat.user_turn(chat.VIDEO + question) + chat.assistant_open()


def test_the_weights_are_safetensors_of_a_few_megabytes() -> None:
    files = sorted(path.name for path in BASE.iterdir())
    assert "model.safetensors" in files
    assert not [name for name in files if name.endswith((".bin", ".pt", ".pth", ".pkl"))]
    assert sum(path.stat().st_size for path in BASE.iterdir()) < 8_000_000


def test_the_configuration_is_qwen2_vls_with_its_geometry() -> None:
    config = json.loads((BASE / "config.json").read_text())
    assert config["model_type"] == "qwen2_vl"
    vision = model().config.vision_config
    assert (vision.patch_size, vision.spatial_merge_size, vision.temporal_patch_size) == (14, 2, 2)
    assert model().get_input_embeddings().num_embeddings == PROCESSOR.tokenizer.get_vocab_size()
    assert model().config.video_token_id == PROCESSOR.video_pad
    assert model().generation_config.eos_token_id == PROCESSOR.im_end


@pytest.mark.parametrize("text", [" ...", "system", "user", "assistant", "\n", "Time", "<|im_start|>", "<|video_pad|>"])
def test_what_every_turn_holds_is_one_token(text: str) -> None:
    assert len(PROCESSOR.encode(text)) == 1


def test_the_ellipsis_stays_one_token_behind_a_word_or_a_full_stop() -> None:
    for words in ("red jumps up", "in the middle.", "Überraschung!", ""):
        assert PROCESSOR.encode(words + " ...")[-1] == PROCESSOR.streaming_eos


def test_times_are_read_digit_by_digit_as_qwen2_does() -> None:
    pieces = [PROCESSOR.decode([i]) for i in PROCESSOR.encode("Time=12.0-13.0s")]
    assert pieces == ["Time", "=", "1", "2", ".", "0", "-", "1", "3", ".", "0", "s"]


def test_every_word_of_the_commentary_is_one_token_in_the_middle_of_a_sentence() -> None:
    for word in (*ACTORS, *VERBS, *PLACES, *(a.capitalize() for a in ACTORS)):
        assert len(PROCESSOR.encode(" " + word)) == 1


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.characters(blacklist_categories=("Cs",), blacklist_characters="<")))
def test_any_text_survives_encoding(text: str) -> None:
    composed = PROCESSOR.tokenizer.normalizer.normalize_str(text)
    assert PROCESSOR.decode(PROCESSOR.encode(composed)) == composed


def test_the_chat_template_writes_what_qwen2_vl_reads() -> None:
    tokenizer = AutoTokenizer.from_pretrained(str(BASE), local_files_only=True)
    messages = [
        {
            "role": "user",
            "content": [{"type": "video", "video": "v"}, {"type": "image"}, {"type": "text", "text": "Hi"}],
        },
        {"role": "assistant", "content": "Yes"},
        {"role": "user", "content": [{"image_url": "x", "type": "image_url"}, {"type": "text", "text": "and?"}]},
    ]
    video, image = "<|vision_start|><|video_pad|><|vision_end|>", "<|vision_start|><|image_pad|><|vision_end|>"
    system = "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
    turns = (
        "<|im_start|>user\n{}{}Hi<|im_end|>\n<|im_start|>assistant\nYes<|im_end|>\n<|im_start|>user\n{}and?<|im_end|>\n"
    )
    plain = turns.format(video, image, image)
    assert tokenizer.apply_chat_template(messages, tokenize=False) == system + plain
    opened = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert opened == system + plain + "<|im_start|>assistant\n"
    marked = tokenizer.apply_chat_template(messages, tokenize=False, add_vision_id=True)
    assert marked == system + turns.format(f"Video 1: {video}", f"Picture 1: {image}", f"Picture 2: {image}")
    own = [{"role": "system", "content": "Be brief."}, messages[1]]
    assert tokenizer.apply_chat_template(own, tokenize=False).startswith("<|im_start|>system\nBe brief.<|im_end|>\n")
    assert chat.conversation_text(messages[1:2]) == tokenizer.apply_chat_template(messages[1:2], tokenize=False)


def test_the_base_sees_who_does_what_in_matches_it_never_saw() -> None:
    who, what, total = 0, 0, 0
    for seed in range(900_000, 900_008):
        plan = plan_match(seed)
        for event in plan.events[:3]:
            frames = [render_at(plan, event.time + 0.6), render_at(plan, event.time + 1.1)]
            said = [*reply(frames, asked("Who, what, where?")).split(), "", ""]
            who += said[0] == event.actor
            what += said[1] == LABEL[event.verb]
            total += 1
    assert who / total >= 0.9
    assert what / total >= 0.75


def test_the_base_tells_an_empty_pitch_from_an_event() -> None:
    answers = [reply([render_at(MatchPlan(s, 9.0, ()), 3.0)] * 2, asked("Who acts?")) for s in range(900_010, 900_020)]
    assert answers.count("nobody") >= 9


def test_the_base_cannot_comment_a_stream_yet() -> None:
    for seed in range(900_030, 900_036):
        plan = plan_match(seed)
        opening = chat.system_turn() + chat.user_turn(chat.block_content(0, 3, "Please describe the video."))
        said = reply([render_at(plan, n / 2) for n in range(6)], opening + chat.assistant_open())
        assert "..." not in said
        assert not any(verb in said.split() for verb in VERBS)
