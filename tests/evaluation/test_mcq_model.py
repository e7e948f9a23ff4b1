"""The answering model: right prompt, right frames, right probabilities, errors as rows."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

from livecc_assets.evaluation.mcq import Item, lettered_item
from livecc_assets.evaluation.mcq_model import Answerer, answers
from livecc_assets.evaluation.ovobench import COUNTS, ovobench_items
from livecc_assets.store.rows import Rejected
from tests.rows import kept

VIDEO = {"min_pixels": 12544, "frame_pixels": 12544, "total_pixels": 3010560, "max_frames": 120}
OPTIONS = ("A. red", "B. blue", "C. black", "D. white")


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def answerer(tiny_folder):
    return Answerer.load(tiny_folder, VIDEO)


@pytest.fixture(scope="module")
def item(match_row):
    video = {"video": match_row["path"], "video_start": 1.0, "video_end": 5.0}
    return lettered_item("q", match_row["video_id"], video, "Who acts?", OPTIONS, "A")


@pytest.fixture(scope="module")
def counting(match_row):
    (one,) = ovobench_items(
        [
            {
                "id": 1,
                "task": "REC",
                "video": match_row["path"],
                "activity": "jump",
                "test_info": [{"realtime": 4.0, "count": 1}],
            }
        ]
    )
    assert isinstance(one, Item)
    return one


def test_the_choice_is_the_argmax_of_the_library_model_on_the_same_input(answerer, item):
    """Same ids and pixels through the model, whole logits kept: the last row decides."""
    frames = answerer.frames(item)
    from livecc_assets.models.qwen2_vl import pixel_values
    from livecc_assets.training.positions import mrope_positions, with_text_row

    patches, grid = pixel_values(frames, answerer.processor)
    ids = answerer._prompt(item, grid)
    positions, _ = mrope_positions(ids, [grid], answerer.processor)
    with torch.inference_mode():
        logits = answerer.model(
            input_ids=ids[None],
            attention_mask=torch.ones_like(ids)[None],
            position_ids=with_text_row(positions)[:, None],
            pixel_values_videos=patches,
            video_grid_thw=torch.tensor([grid]),
            mm_token_type_ids=(2 * (ids == answerer.processor.video_pad).long())[None],
        ).logits[0]
    expected = torch.log_softmax(logits[-1].float(), -1)
    tokens = answerer.processor.encode(": A")[1:]
    if len(tokens) == 1:
        wanted = [float(expected[answerer.processor.encode(f": {letter}")[-1]]) for letter in "ABCD"]
        assert answerer.scores(item) == pytest.approx(wanted, abs=1e-5)
    else:  # this tokenizer writes a letter as a space and the letter: the space is common to all four
        after_space = answerer._next(frames, item, tokens[:1])
        wanted = [float(after_space[answerer.processor.encode(f": {letter}")[-1]]) for letter in "ABCD"]
        assert answerer.scores(item) == pytest.approx(wanted, abs=1e-5)
        assert not torch.allclose(after_space, expected)
    assert answerer.answer(item) == max(range(4), key=answerer.scores(item).__getitem__)


def whole(answerer, item, tokens=()):
    """Log probabilities [V] by one pass of the library over everything."""
    from livecc_assets.models.qwen2_vl import pixel_values
    from livecc_assets.training.positions import mrope_positions, with_text_row

    patches, grid = pixel_values(answerer.frames(item), answerer.processor)
    ids = torch.cat([answerer._prompt(item, grid), torch.tensor(tokens, dtype=torch.int64)])
    positions, _ = mrope_positions(ids, [grid], answerer.processor)
    with torch.inference_mode():
        logits = answerer.model(
            input_ids=ids[None],
            position_ids=with_text_row(positions)[:, None],
            pixel_values_videos=patches,
            video_grid_thw=torch.tensor([grid]),
            mm_token_type_ids=(2 * (ids == answerer.processor.video_pad).long())[None],
            use_cache=False,
        ).logits[0]
    return torch.log_softmax(logits[-1].float(), -1)


def test_questions_in_a_row_see_their_video_once_and_answer_as_alone(tiny_folder, item, monkeypatch):
    answerer = Answerer.load(tiny_folder, VIDEO)
    later = {**item.video, "video_start": 3.0, "video_end": 9.0}
    asked = [item, replace(item, text="Where?\n" * 9), replace(item, text="Say."), replace(item, video=later), item]
    looked, tower = [], answerer.model.model.visual.forward
    monkeypatch.setattr(answerer.model.model.visual, "forward", lambda *a, **k: looked.append(1) or tower(*a, **k))
    scores = [answerer._next(answerer.frames(one), one, tokens) for one in asked for tokens in ((), (5,), (5, 9))]
    assert len(looked) == 3, "the video, its other stretch, and the first one again"
    expected = [whole(answerer, one, tokens) for one in asked for tokens in ((), (5,), (5, 9))]
    torch.testing.assert_close(torch.stack(scores), torch.stack(expected), atol=1e-5, rtol=0)


def test_the_prompt_holds_system_video_question_and_prefilled_answer_in_order(answerer, item):
    ids = answerer._prompt(item, (2, 8, 8))
    assert int((ids == answerer.processor.video_pad).sum()) == 2 * 4 * 4
    text = answerer.processor.decode(ids.tolist(), skip_special_tokens=False)
    assert text.startswith(
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\n<|vision_start|>"
    )
    assert text.endswith("<|vision_end|>" + item.text + "<|im_end|>\n<|im_start|>assistant\nAnswer:")


def test_control_tokens_in_a_question_stay_harmless(answerer, item):
    ids = answerer._prompt(replace(item, text="<|video_pad|><|im_end|>Who?"), (2, 8, 8))
    assert int((ids == answerer.processor.video_pad).sum()) == 2 * 4 * 4
    assert int((ids == answerer.processor.im_end).sum()) == 2


def test_probabilities_of_counts_add_up_over_prefixes(answerer, counting):
    """1 and 10 share their first token: what 10 takes, 1 does not have."""
    assert counting.candidates == COUNTS
    scores = dict(zip(COUNTS, answerer.scores(counting), strict=True))
    one, ten = (torch.tensor(scores[name]).exp() for name in ("1", "10"))
    frames = answerer.frames(counting)
    first = answerer._next(frames, counting, ())
    token = answerer.processor.encode("\n1")[-1]
    assert float(one + ten) == pytest.approx(float(first[token].exp()), rel=1e-4)
    assert one > 0
    assert ten > 0
    assert float(torch.tensor(list(scores.values())).exp().sum()) <= 1 + 1e-6


def test_a_reply_over_the_kept_cache_is_that_of_whole_passes(answerer, item):
    reply = answerer.say(item, 6)
    said, frames = [], answerer.frames(item)
    while len(said) < 6:
        token = int(whole(answerer, item, said).argmax())
        if token == answerer.processor.im_end:
            break
        said.append(token)
    assert said, "a reply of nothing would prove nothing"
    assert reply == answerer.processor.decode(said).strip() and len(frames)
    assert answerer.say(item, 6) == reply, "the former reply leaves nothing behind"


def test_the_released_rule_looks_at_last_tokens_only(tiny_folder, counting):
    released = Answerer.load(tiny_folder, VIDEO, rule="released")
    scores = dict(zip(COUNTS, released.scores(counting), strict=True))
    assert scores["10"] == scores["0"], "its last token is 0"


def test_frames_depend_on_the_range_and_blank_ones_do_not_on_the_video(tiny_folder, answerer, item):
    whole = answerer.frames(replace(item, video={**item.video, "video_start": None, "video_end": None}))
    part = answerer.frames(item)
    assert part.shape[1:] == (3, 112, 112)
    assert len(part) == 8
    assert len(whole) == 24
    blind = Answerer.load(tiny_folder, VIDEO, blank_frames=True)
    assert blind.frames(item).unique().numel() == 1
    assert blind.frames(item).shape == part.shape
    other = replace(item, video={**item.video, "video_start": 3.0, "video_end": 7.0})
    assert blind.scores(item) == pytest.approx(blind.scores(other))
    assert answerer.scores(item) != pytest.approx(answerer.scores(other), abs=1e-6)


def test_a_folder_of_pictures_is_read_as_a_video(answerer, item, tmp_path):
    for n in range(3):
        Image.new("RGB", (120, 100), (60 * n, 0, 0)).save(tmp_path / f"{n}.jpg")
    frames = answerer.frames(replace(item, video={"video": str(tmp_path), "frames": ["0.jpg", "1.jpg", "2.jpg"]}))
    assert len(frames) == 4
    assert torch.equal(frames[2], frames[3])


def test_a_missing_or_broken_video_is_an_error_row_and_the_rest_is_answered(answerer, item, tmp_path):
    (tmp_path / "empty.mp4").write_bytes(b"")
    broken = [
        replace(item, id="gone", video={"video": str(tmp_path / "gone.mp4")}),
        replace(item, id="empty", video={"video": str(tmp_path / "empty.mp4")}),
        replace(item, id="late", video={**item.video, "video_start": 500.0, "video_end": 501.0}),
        replace(item, id="frames", video={"video": str(tmp_path), "frames": ["no.jpg"]}),
    ]
    rejected = Rejected("x", "error", "malformed_question", "no letters", "v")
    rows = list(answers(answerer, [*broken, rejected, item]))
    assert [row.id for row in rows[:5] if isinstance(row, Rejected) and row.kind == "error"] == [
        "gone", "empty", "late", "frames", "x"
    ]  # fmt: skip
    (answered,) = kept(rows[5:])
    assert answered.item is item
    assert answered.response in OPTIONS
    assert answered.correct == (answered.choice == "A")
