"""A Qwen2-VL checkpoint that answers multiple-choice questions by its logits (method 4.4). Imports torch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import DynamicCache

from livecc_assets.commentary.picking import penalise
from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule
from livecc_assets.evaluation.mcq import Answered, Item, candidate_ids
from livecc_assets.graph.settings.video import Video as VideoSettings
from livecc_assets.media.budget import PixelBudget, video_size
from livecc_assets.media.images import ImageLimits, decode_image
from livecc_assets.media.resize import resize_frames
from livecc_assets.media.sampling import evenly_spaced
from livecc_assets.models.qwen2_vl import Processor, load_model, load_processor, pixel_values
from livecc_assets.store.rows import Rejected
from livecc_assets.store.uris import local_path
from livecc_assets.training import chat
from livecc_assets.training.positions import Grid, mrope_positions, with_text_row
from livecc_assets.training.reading import blank, read_video
from livecc_assets.training.sequence import encode

Correct = Callable[[Item, str], bool]


@dataclass(frozen=True)
class _Seen:
    """Frames, their patch grid, and the cache of the first `length` tokens: system turn and video."""

    frames: torch.Tensor
    grid: Grid
    cache: DynamicCache
    length: int


class Answerer:
    """Model and processor of one checkpoint; one question at a time, no padding, explicit positions.

    A video is seen once for all questions in a row about the same stretch of it: each reads its own words over the kept cache.
    """

    def __init__(
        self,
        model: Any,
        processor: Processor,
        settings: VideoSettings,
        rule: Rule = "corrected",
        blank_frames: bool = False,
    ) -> None:
        self.model, self.processor, self.settings = model, processor, settings
        self.rule: Rule = rule
        self.blank_frames = blank_frames
        self._device = next(model.parameters()).device
        self._last: tuple[str, torch.Tensor] | None = None
        self._seen: _Seen | None = None

    @classmethod
    def load(
        cls,
        folder: Path,
        video: dict[str, Any],
        device: str = "cpu",
        dtype: str | None = None,
        rule: Rule = "corrected",
        blank_frames: bool = False,
    ) -> Answerer:
        """From a checkpoint folder; `video` is the profile's section of that name."""
        model = load_model(folder, device, dtype)
        return cls(model, load_processor(folder), VideoSettings.of(video or {}, "video"), rule, blank_frames)

    def answer(self, item: Item) -> int:
        """Index of the chosen candidate. Raises MediaError when the video cannot be read."""
        return int(np.argmax(self.scores(item)))

    def scores(self, item: Item) -> list[float]:
        """Log probability of each candidate at the place of the answer, after the tokens that all of them share.

        A candidate that begins another one (1 and 10) has to end there: its probability is that of its tokens without
        the other's continuation. `released` looks at the last token alone, as the published script does.
        """
        frames = self.frames(item)
        ids = candidate_ids(self.processor.encode, item.candidates, item.lead)
        if self.rule == "released":
            last = self._next(frames, item, ())
            return [float(last[ids[candidate][-1]]) for candidate in item.candidates]
        after: dict[tuple[int, ...], torch.Tensor] = {}
        shared = _shared(list(ids.values()))
        for tokens in ids.values():
            for size in range(shared, len(tokens)):
                if tokens[:size] not in after:
                    after[tokens[:size]] = self._next(frames, item, tokens[:size])
        scores = []
        for candidate in item.candidates:
            tokens = ids[candidate]
            score = sum(float(after[tokens[:size]][tokens[size]]) for size in range(shared, len(tokens)))
            if tokens in after:
                longer = {other[len(tokens)] for other in ids.values() if other[: len(tokens)] == tokens != other}
                rest = 1.0 - float(after[tokens][list(longer)].exp().sum())
                score += float(np.log(max(rest, 1e-12)))
            scores.append(score)
        return scores

    @torch.inference_mode()
    def say(self, item: Item, most: int, penalty: float = 1.0) -> str:
        """The likeliest reply of at most ``most`` tokens, with a repetition penalty on what stands in the prompt or was said.

        Raises MediaError when the video cannot be read.
        """
        frames, said = self.frames(item), list[int]()
        end = self.processor.encode("<|endoftext|>")  # by which base models end
        ends = {self.processor.im_end, *(end if len(end) == 1 else ())}
        known = set(self._prompt(item, self._see(frames, item).grid).tolist())
        while len(said) < most:
            scores = self._next(frames, item, said, cached=bool(said))
            token = int(penalise(scores, known.union(said), penalty).argmax())
            if token in ends:
                break
            said.append(token)
        return self.processor.decode(said).strip()

    def frames(self, item: Item) -> torch.Tensor:
        """Resized frames [T, 3, H, W] of the item's stretch; the last one read is kept for the next question."""
        key = repr((item.video, self.blank_frames))
        if self._last is None or self._last[0] != key:
            if "frames" in item.video:
                frames = _folder_frames(item.video, self.settings)
                frames = blank(frames) if self.blank_frames else frames
            else:
                frames = read_video(item.video, self.settings, self.rule, self.blank_frames)
            self._last = key, frames
        return self._last[1]

    @torch.inference_mode()
    def _next(self, frames: torch.Tensor, item: Item, tokens: Sequence[int], cached: bool = False) -> torch.Tensor:
        """Log probabilities [V] of the token after the prompt and the candidate's first `tokens`.

        `cached`: the cache holds all but the last of them from the call before.
        """
        seen = self._see(frames, item)
        ids = torch.cat([self._prompt(item, seen.grid), torch.tensor(tokens, dtype=torch.int64)])
        positions, _ = mrope_positions(ids, [seen.grid], self.processor)
        held = len(ids) - 1 if cached else seen.length
        if former := seen.cache.get_seq_length() - held:
            seen.cache.crop(-former)
        logits = self.model(
            input_ids=ids[None, held:].to(self._device),
            position_ids=with_text_row(positions)[:, None, held:].to(self._device),
            past_key_values=seen.cache,
            use_cache=True,
            logits_to_keep=1,
        ).logits
        return torch.log_softmax(logits[0, -1].float(), dim=-1).cpu()

    def _see(self, frames: torch.Tensor, item: Item) -> _Seen:
        """The cache of what every question about these frames begins with; the last one is kept."""
        if self._seen is None or self._seen.frames is not frames:
            self._seen = None  # its memory is the next one's
            patches, grid = pixel_values(frames, self.processor)
            ids = self._prompt(item, grid)
            length = int((ids == self.processor.video_pad).nonzero()[-1]) + 2  # up to the end of the video
            positions, _ = mrope_positions(ids, [grid], self.processor)
            cache = DynamicCache(config=self.model.config.get_text_config())
            self.model(
                input_ids=ids[None, :length].to(self._device),
                position_ids=with_text_row(positions)[:, None, :length].to(self._device),
                mm_token_type_ids=(2 * (ids == self.processor.video_pad).long())[None, :length].to(self._device),
                pixel_values_videos=patches.to(self._device, self.model.dtype),
                video_grid_thw=torch.tensor([grid], device=self._device),
                past_key_values=cache,
                use_cache=True,
                logits_to_keep=1,
            )
            self._seen = _Seen(frames, grid, cache, length)
        return self._seen

    def _prompt(self, item: Item, grid: tuple[int, int, int]) -> torch.Tensor:
        question = chat.user_turn(chat.VIDEO + chat.plain(item.text))
        text = chat.system_turn() + question + chat.assistant_open() + item.answer_prefix
        return encode(text, [grid], self.processor)


def _shared(candidates: Sequence[tuple[int, ...]]) -> int:
    """How many first tokens all candidates have in common, leaving each at least one of its own."""
    shortest = min(len(tokens) for tokens in candidates)
    size = 0
    while size < shortest - 1 and len({tokens[: size + 1] for tokens in candidates}) == 1:
        size += 1
    return size


def answers(
    answerer: Answerer,
    items: Iterable[Item | Rejected],
    correct: Correct | None = None,
) -> Iterator[Answered | Rejected]:
    """Answer every item; what cannot be read becomes an error row, never another item's answer."""
    for item in items:
        if isinstance(item, Rejected):
            yield item
            continue
        try:
            scores = answerer.scores(item)
        except MediaError as error:
            yield Rejected(item.id, "error", error.reason, error.detail, item.video_id)
            continue
        choice = item.candidates[int(np.argmax(scores))]
        response = item.responses[item.candidates.index(choice)]
        right = correct(item, response) if correct else choice == item.answer
        yield Answered(item, choice, response, right, tuple(scores))


def replies(
    answerer: Answerer, items: Iterable[Item | Rejected], correct: Correct, most: int, penalty: float
) -> Iterator[Answered | Rejected]:
    """Have every item answered in words; `correct` reads the reply."""
    for item in items:
        if isinstance(item, Rejected):
            yield item
            continue
        try:
            reply = answerer.say(item, most, penalty)
        except MediaError as error:
            yield Rejected(item.id, "error", error.reason, error.detail, item.video_id)
            continue
        yield Answered(item, "", reply, correct(item, reply))


def _folder_frames(video: dict[str, Any], settings: VideoSettings) -> torch.Tensor:
    """A video given as a folder of pictures with a list `frames`, as two a second (TVQA in MVBench)."""
    folder = local_path(video["video"])
    names = list(video["frames"])
    if not names:
        raise MediaError("empty_range", f"{folder.name}: the list of frames is empty")
    if len(names) > settings.max_frames:
        names = [names[index] for index in evenly_spaced(len(names), settings.max_frames)]
    if outside := [name for name in names if not (folder / name).resolve().is_relative_to(folder.resolve())]:
        raise MediaError("outside_folder", f"{folder.name}: the frame {outside[0]} lies outside the folder")
    pictures = []
    for name in names:
        try:
            with (folder / name).open("rb") as file:
                data = file.read(ImageLimits().size_bytes + 1)
        except OSError as error:
            raise MediaError("undecodable", f"{folder.name}: a frame cannot be read: {error}") from error
        pictures.append(np.asarray(decode_image(data, f"{folder.name}/{name}")))
    if any(picture.shape != pictures[0].shape for picture in pictures):
        raise MediaError("malformed", f"{folder.name}: the frames differ in size")
    height, width = pictures[0].shape[:2]
    pictures += pictures[-1:] if len(pictures) % 2 else []
    return resize_frames(np.stack(pictures), video_size(len(pictures), height, width, PixelBudget.of(settings)))
