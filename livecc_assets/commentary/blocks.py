"""From a video to the blocks that a session is shown: frames chosen, sized and decoded a block at a time."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from operator import itemgetter

import numpy as np

from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.interval import Block
from livecc_assets.commentary.prompts import DEFAULT_QUERY
from livecc_assets.core.errors import MediaError
from livecc_assets.media.budget import PixelBudget, streaming_size, video_size
from livecc_assets.media.frames import Video
from livecc_assets.media.resize import resize_each
from livecc_assets.media.sampling import smart_nframes, strict_samples
from livecc_assets.training.reading import blank

#: Frames of the first block and of the later ones: 3 s and 1 s at 2 frames a second (method 2.2).
FIRST_FRAMES, NEXT_FRAMES = 6, 2


@dataclass(frozen=True)
class Clip:
    """A stretch of a video to comment on; ``start`` and ``end`` in the video's seconds, None for its own limits."""

    uri: str
    start: float | None = None
    end: float | None = None
    query: str = DEFAULT_QUERY


def choose_frames(video: Video, start: float | None, end: float | None, config: CommentaryConfig) -> list[int]:
    """Indices of the frames shown, an even number.

    Streaming takes 2 frames a second for as long as the video lasts. Evaluation does the same, or as published spreads
    at most ``max_frames`` over the clip, whose labels then run slow beyond 240 s (method 3.6). The published stream
    counts its half seconds from zero, training and the corrected one from the first frame's end (method 3.2, 2.4).
    """
    if config.mode == "streaming" and config.rule == "released":
        return _published_stream(video, start, end, config.fps)
    if config.mode == "evaluation" and config.rule == "released":
        return smart_nframes(
            video.published_end_pts,
            start,
            end,
            config.fps,
            max_frames=config.max_frames,
            average_fps=video.fps,
            rule="released",
        )
    begin = float(video.start_pts[0])
    samples = strict_samples(video.end_pts, start, end, config.fps, max_frames=sys.maxsize, begin=begin)
    # Training pads an odd count by repeating the last frame; a live block waits for two, so a half block at the end
    # is not shown (method 3.2), and no interval reaches past the clip.
    return samples.indices[:-2] if samples.padded and len(samples.indices) > 2 else samples.indices


def _published_stream(video: Video, start: float | None, end: float | None, fps: float) -> list[int]:
    """The first frame that ends at or after each half second from the start on; an odd one at the end is dropped."""
    times = video.published_end_pts.astype(np.float32).astype(np.float64)
    last = min(end or times[-1], times[-1])
    nominal = np.arange(start or 0.0, last + 1e-6, 1 / fps)
    chosen = [int(index) for index in np.searchsorted(times, nominal).clip(max=len(times) - 1)]
    if len(chosen) < 2:
        raise MediaError("empty_range", f"{video.name}: fewer than two frames between {start} and {end} s")
    return chosen[: len(chosen) // 2 * 2]


def frame_size(n_frames: int, video: Video, config: CommentaryConfig) -> tuple[int, int]:
    """(height, width) of the frames shown: constant for a stream, by the clip's length in evaluation."""
    try:
        if config.mode == "streaming":
            return streaming_size(video.height, video.width, config.stream_max_pixels, config.min_pixels)
        budget = PixelBudget(config.min_pixels, config.frame_pixels, config.total_pixels)
        return video_size(min(n_frames, config.max_frames), video.height, video.width, budget)
    except ValueError as error:
        raise MediaError("aspect_ratio", f"{video.name}: {error}") from error


def read_blocks(clip: Clip, config: CommentaryConfig) -> Iterator[Block]:
    """Blocks of 6 frames, then of 2, with times from the clip's start; only one block's frames are in memory.

    A clip of fewer than six frames is one short block. Raises MediaError for a file or range that cannot be read.
    """
    with Video.open(clip.uri) as video:
        indices = choose_frames(video, clip.start, clip.end, config)
        size = frame_size(len(indices), video, config)
        # A stream begins with its first picture, which may come after the sound.
        late = 0.0 if config.rule == "released" else float(video.start_pts[0])
        origin, at, pixels = max(clip.start or 0.0, late), 0, map(itemgetter(1), video.each(indices))
        while at < len(indices):
            taken = indices[at : at + (FIRST_FRAMES if at == 0 else NEXT_FRAMES)]
            frames = resize_each(islice(pixels, len(taken)), len(taken), size)
            # Blanked frames are decoded and resized like any other, as in training: nothing else differs.
            shown = blank(frames) if config.blank_frames else frames
            yield Block(at / config.fps, (at + len(taken)) / config.fps, shown, origin)
            at += len(taken)
