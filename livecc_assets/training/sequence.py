"""From a clip or a conversation to what the model is trained on: ids, labels, patches and positions (method 2.2, 2.6)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from livecc_assets.core.rules import Rule
from livecc_assets.graph.settings.choices import ContextMode, Paradigm, WordAssignment
from livecc_assets.graph.settings.video import Video
from livecc_assets.models.qwen2_vl import Processor, pixel_values
from livecc_assets.store.videos import AddressOf
from livecc_assets.training import chat
from livecc_assets.training.context import Context, clip_context
from livecc_assets.training.interleave import Turn, UnusableClipError, interleave
from livecc_assets.training.positions import Grid, mrope_positions, with_text_row
from livecc_assets.training.reading import Clip, media_address, read_clip, read_image, read_video

IGNORED = -100


@dataclass(frozen=True)
class SequenceOptions:
    """How rows become sequences; one value of it per training stage."""

    context: ContextMode = "title_or_previous"
    paradigm: Paradigm = "streaming"
    blank_frames: bool = False
    max_previous_words: int | None = None
    rule: Rule = "corrected"
    word_assignment: WordAssignment = "frame_end"
    video: Video = field(default_factory=Video)


@dataclass(frozen=True)
class TrainingSequence:
    """One training sample of S tokens, on the CPU.

    ``input_ids``, ``labels`` (unshifted, -100 where nothing is learnt), ``mm_token_type_ids`` (0 text, 1 image, 2 video): int64
    [S]; ``position_ids`` int64 [4, S]; patches float32 [N, 1176] and grids int64 [items, 3], None where there are none.
    ``facts`` counts words: given, spoken, and previous words left out.
    """

    input_ids: torch.Tensor
    labels: torch.Tensor
    position_ids: torch.Tensor
    mm_token_type_ids: torch.Tensor
    pixel_values_videos: torch.Tensor | None = None
    video_grid_thw: torch.Tensor | None = None
    pixel_values: torch.Tensor | None = None
    image_grid_thw: torch.Tensor | None = None
    facts: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.input_ids)

    @property
    def label_count(self) -> int:
        """Number of tokens that are learnt."""
        return int((self.labels != IGNORED).sum())


def label_mask(input_ids: torch.Tensor, processor: Processor) -> torch.Tensor:
    """Labels: every assistant turn from its first word through ``<|im_end|>``; -100 elsewhere."""
    labels = torch.full_like(input_ids, IGNORED)
    starts = (input_ids == processor.im_start).nonzero().flatten().tolist()
    ends = (input_ids == processor.im_end).nonzero().flatten().tolist()
    if len(starts) != len(ends):
        raise ValueError(f"{len(starts)} turns begin and {len(ends)} end: control tokens stand inside a text")
    for start, end in zip(starts, ends, strict=True):
        if int(input_ids[start + 1]) == processor.assistant:
            labels[start + 3 : end + 1] = input_ids[start + 3 : end + 1]
    return labels


def encode(text: str, grids: list[Grid], processor: Processor) -> torch.Tensor:
    """Ids of a chat text whose vision items are written with one pad each; the pads are repeated to fill the grids."""
    ids = torch.tensor(processor.encode(text), dtype=torch.int64)
    pads = ((ids == processor.image_pad) | (ids == processor.video_pad)).nonzero().flatten()
    if len(pads) != len(grids):
        raise ValueError(f"{len(pads)} vision items in the text, {len(grids)} grids")
    repeats = torch.ones_like(ids)
    repeats[pads] = torch.tensor([processor.tokens_of(grid) for grid in grids], dtype=torch.int64)
    return torch.repeat_interleave(ids, repeats)


def _assemble(text: str, grids: list[Grid], processor: Processor) -> TrainingSequence:
    ids = encode(text, grids, processor)
    positions, _ = mrope_positions(ids, grids, processor)
    kinds = (ids == processor.image_pad).long() + 2 * (ids == processor.video_pad).long()
    return TrainingSequence(ids, label_mask(ids, processor), with_text_row(positions), kinds)


def as_caption(turns: list[Turn]) -> list[Turn]:
    """The same clip as a single block: all frames first, then all words."""
    words = " ".join(turn.words for turn in turns if turn.words)
    frames = [index for turn in turns for index in turn.frames]
    start, end = turns[0].start_s, turns[-1].end_s
    return [Turn(start, end, frames, chat.time_text(start, end), chat.speech_text(words))]


def stream_text(turns: list[Turn], context: str) -> str:
    """The whole chat text of a clip."""
    pieces = [chat.system_turn()]
    for number, turn in enumerate(turns):
        pieces.append(chat.user_turn(chat.block_content(turn.start_s, turn.end_s, context if number == 0 else "")))
        pieces.append(chat.assistant_turn(chat.plain(turn.speech)))
    return "".join(pieces)


def stream_sequence(frames: torch.Tensor, turns: list[Turn], context: str, processor: Processor) -> TrainingSequence:
    """A sample from resized frames [T, 3, H, W] and their turns; frames of removed silent turns are not used."""
    used = sum(len(turn.frames) for turn in turns)
    patches, (_, rows, columns) = pixel_values(frames[:used], processor)
    grids = [(len(turn.frames) // processor.temporal_patch_size, rows, columns) for turn in turns]
    sequence = _assemble(stream_text(turns, context), grids, processor)
    return replace(sequence, pixel_values_videos=patches, video_grid_thw=torch.tensor(grids))


def clip_turns(clip: Clip, row: Mapping[str, Any], options: SequenceOptions) -> list[Turn]:
    """Turns of a clip row (``words``, ``start``) over its decoded frames. Raises UnusableClipError."""
    return interleave(
        clip.end_pts, clip.indices, row["words"], row["start"], options.rule, options.word_assignment, clip.times
    )


def row_context(row: Mapping[str, Any], options: SequenceOptions) -> Context:
    """Context of a clip row: the query alone where the row has one (SFT), else by the options' mode (pre-training)."""
    if row.get("query"):
        return Context(row["query"])
    return clip_context(
        options.context, row.get("title") or "", row.get("previous") or "", "", options.max_previous_words
    )


def build_sequence(
    row: Mapping[str, Any],
    address_of: AddressOf,
    processor: Processor,
    options: SequenceOptions,
    caption: bool = False,
) -> TrainingSequence:
    """The training sample of a row of ``live_cc`` or ``live_whisperx`` (its video, ``start``, ``end``, ``words``, context).

    ``caption`` puts all words after all frames. Raises MediaError or UnusableClipError; never falls back to another row.
    """
    address = address_of(row)
    clip = read_clip(address, row["start"], row["end"], options.video, options.rule, options.blank_frames)
    turns = clip_turns(clip, row, options)
    context = row_context(row, options)
    spoken = sum(len(turn.words.split()) for turn in turns)
    sequence = stream_sequence(clip.frames, as_caption(turns) if caption else turns, context.text, processor)
    facts = {"words": len(row["words"]), "spoken": spoken, "dropped_previous": context.dropped_words}
    return replace(sequence, facts=facts)


def conversation_sequence(
    messages: list[dict[str, Any]], processor: Processor, options: SequenceOptions, root: str = ""
) -> TrainingSequence:
    """The training sample of an ordinary conversation with images and videos (method 1.11): every answer is learnt.

    Relative paths of media are those of the folder or prefix ``root``.

    Raises MediaError for media that cannot be read, UnusableClipError for a conversation without an answer.
    """
    grids: list[Grid] = []
    found: dict[str, list[tuple[torch.Tensor, Grid]]] = {"image": [], "video": []}
    for message in messages:
        elements = [] if isinstance(message["content"], str) else message["content"]
        for element in elements:
            kind = element.get("type")
            if kind not in found:
                continue
            element = {**element, kind: media_address(element[kind], root)}
            if kind == "image":
                frames = read_image(element, processor, options.blank_frames)
            else:
                frames = read_video(element, options.video, options.rule, options.blank_frames)
            patches, grid = pixel_values(frames, processor)
            found[kind].append((patches, grid))
            grids.append(grid)
    sequence = _assemble(chat.conversation_text(messages), grids, processor)
    if sequence.label_count == 0:
        raise UnusableClipError("no_answer", "the conversation holds no assistant turn")
    parts: dict[str, Any] = {}
    for kind, values, grid_name in (
        ("image", "pixel_values", "image_grid_thw"),
        ("video", "pixel_values_videos", "video_grid_thw"),
    ):
        if found[kind]:
            parts[values] = torch.cat([patches for patches, _ in found[kind]])
            parts[grid_name] = torch.tensor([grid for _, grid in found[kind]])
    return replace(sequence, **parts)


def instruction_sequence(
    row: Mapping[str, Any], processor: Processor, options: SequenceOptions, root: str = ""
) -> TrainingSequence:
    """The training sample of a row of ``general_instructions`` (``conversation`` is JSON); ``root`` as above."""
    try:
        messages = json.loads(row["conversation"])
        return conversation_sequence(messages, processor, options, root)
    except (json.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise UnusableClipError("malformed", f"the conversation cannot be used: {error!r}") from error
