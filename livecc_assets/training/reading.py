"""From rows to resized frames and images, as training reads them (method 2.4, 2.5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from livecc_assets.core.errors import MediaError
from livecc_assets.core.rules import Rule
from livecc_assets.graph.settings.video import Video as VideoSettings
from livecc_assets.media.budget import PixelBudget, smart_resize, video_size
from livecc_assets.media.frames import Video
from livecc_assets.media.images import ImageLimits, decode_image
from livecc_assets.media.resize import read_resized, resize_frames
from livecc_assets.media.sampling import evenly_spaced, smart_nframes, strict_samples
from livecc_assets.models.qwen2_vl import Processor
from livecc_assets.store.uris import local_path

#: Value of every channel of a blanked frame: mid-grey.
BLANK_LEVEL = 128


@dataclass(frozen=True)
class Clip:
    """A decoded clip: resized uint8 frames [T, 3, H, W], their indices in the file, the seconds by which each has been seen, and
    all frames' end times (s).
    """

    frames: torch.Tensor
    indices: list[int]
    end_pts: np.ndarray
    times: list[float]


def blank(frames: torch.Tensor) -> torch.Tensor:
    """The same frames without their content, for measuring what the words alone can tell."""
    return torch.full_like(frames, BLANK_LEVEL)


def media_address(path: str, root: str) -> str:
    """A path of ``root`` (a folder or s3:// prefix; none: ""); an address stays as it is."""
    return path if not root or path.startswith("/") or "://" in path else f"{root.rstrip('/')}/{path}"


def read_clip(
    uri: str, start: float | None, end: float | None, settings: VideoSettings, rule: Rule, blank_frames: bool = False
) -> Clip:
    """Frames of a streaming clip at strict fps, padded to an even count, resized once by their number.

    Blanked frames are decoded and resized like any other, so that nothing else differs. Raises MediaError.
    """
    with Video.open(str(local_path(uri))) as video:
        ends, begin = video.clock(rule)
        samples = strict_samples(ends, start, end, settings.fps, settings.max_frames, rule=rule, begin=begin)
        frames = _resized(video, samples.indices, settings, blank_frames)
        return Clip(frames, samples.indices, ends, samples.times)


def read_video(
    element: Mapping[str, Any], settings: VideoSettings, rule: Rule, blank_frames: bool = False
) -> torch.Tensor:
    """Frames [T, 3, H, W] of a conversation's video element, spread evenly over its range.

    An element with ``pos`` names a file of JPEGs stored one after the other; ``pos`` holds each one's end offset.
    """
    path = local_path(element["video"])
    if "pos" in element:
        chosen = _blob_images(path, element["pos"], settings.max_frames)
        height, width = chosen[0].shape[:2]
        if any(image.shape != chosen[0].shape for image in chosen):
            raise MediaError("malformed", f"{path.name}: the stored frames differ in size")
        frames = resize_frames(np.stack(chosen), video_size(len(chosen), height, width, PixelBudget.of(settings)))
        return blank(frames) if blank_frames else frames
    with Video.open(str(path)) as video:
        ends, begin = video.clock(rule)
        indices = smart_nframes(
            ends,
            element.get("video_start"),
            element.get("video_end"),
            settings.fps,
            max_frames=settings.max_frames,
            average_fps=video.fps,
            rule=rule,
            begin=begin,
        )
        return _resized(video, indices, settings, blank_frames)


def read_image(element: Mapping[str, Any], processor: Processor, blank_frames: bool = False) -> torch.Tensor:
    """One image [1, 3, H, W] within the processor's own pixel limits. Raises MediaError when it cannot be read."""
    path = local_path(element["image"])
    if not path.is_file():
        raise MediaError("missing", f"{path.name} does not exist")
    with path.open("rb") as file:  # a byte more than the limit shows that it is passed
        picture = decode_image(file.read(ImageLimits().size_bytes + 1), path.name)
    width, height = picture.size
    try:
        size = smart_resize(height, width, processor.factor, processor.min_pixels, processor.max_pixels)
    except ValueError as error:
        raise MediaError("malformed", f"{path.name}: {error}") from error
    pixels = np.asarray(picture.resize((size[1], size[0])))
    frames = torch.from_numpy(np.array(pixels)).permute(2, 0, 1).unsqueeze(0).contiguous()
    return blank(frames) if blank_frames else frames


def _resized(video: Video, indices: list[int], settings: VideoSettings, blank_frames: bool) -> torch.Tensor:
    try:
        size = video_size(len(indices), video.height, video.width, PixelBudget.of(settings))
    except ValueError as error:
        raise MediaError("malformed", f"{video.name}: {error}") from error
    frames = read_resized(video, indices, size)
    return blank(frames) if blank_frames else frames


def _blob_images(path: Path, ends: list[int], most: int) -> list[np.ndarray]:
    """At most ``most`` of the stored images, evenly spread; only these are read and decoded."""
    size, starts = path.stat().st_size, [0, *ends[:-1]]
    if not ends or any(not 0 <= a < b <= size for a, b in zip(starts, ends, strict=True)):
        raise MediaError("malformed", f"frame offsets do not fit a file of {size} bytes")
    found = []
    with path.open("rb") as file:
        for index in evenly_spaced(len(ends), min(len(ends), most)):
            file.seek(starts[index])
            length = min(ends[index] - starts[index], ImageLimits().size_bytes + 1)
            found.append(np.asarray(decode_image(file.read(length), "stored frame")))
    return found
