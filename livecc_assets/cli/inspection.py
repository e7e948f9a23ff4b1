"""What ``livecc inspect`` finds: one document for a video or a caption file, a strip of frames, a sound file.

Everything goes through the functions that the assets use, so what is shown is what they read.
"""

import re
import sys
import wave
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from av.audio.stream import AudioStream
from av.stream import Stream
from av.video.stream import VideoStream
from PIL import Image

from livecc_assets.cli.targets import target
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.core.rules import Rule
from livecc_assets.core.words import Word
from livecc_assets.live_cc.words import caption_words
from livecc_assets.media.audio import read_audio
from livecc_assets.media.frames import Video
from livecc_assets.media.opening import open_media, sniff
from livecc_assets.media.sampling import strict_samples
from livecc_assets.media.strip import strip, words_under
from livecc_assets.source.candidates import AUDIO_ENDINGS, VIDEO_ENDINGS
from livecc_assets.source.captions import read_captions
from livecc_assets.source.fitting import Section, fit_to_video
from livecc_assets.source.listing import read_small
from livecc_assets.source.metadata import read_metadata
from livecc_assets.source.probe import probe
from livecc_assets.store.rows import Rejected
from livecc_assets.store.uris import local_path

#: Frames a second that are shown: what the model is given (method 2.4).
FPS = 2.0
#: Samples a second that the recogniser hears.
RATE = 16000
#: Frames that one strip holds at most: what the model is given of one clip.
MOST_FRAMES = 480
#: Pixels across a frame on a strip.
_SMALL = 172
#: Bytes by which a file's kind is known.
_HEAD = 4096


@dataclass(frozen=True)
class Span:
    """The seconds that are looked at; None stands for the beginning and the end."""

    start: float | None = None
    end: float | None = None

    def meets(self, start: float, end: float) -> bool:
        """Whether some of it lies between ``start`` and ``end``."""
        return (self.start is None or end >= self.start) and (self.end is None or start <= self.end)


def is_media(file: str) -> bool:
    """Whether a file is a video or a sound file, by its first bytes or, for one that is damaged or empty, by its name.

    UserError where there is no such file.
    """
    path = local_path(file)
    if not path.is_file():
        raise UserError(f"{file}: no such file; give the path of a video or of a caption file")
    with path.open("rb") as opened:
        return sniff(opened.read(_HEAD)) is not None or path.suffix.lower() in VIDEO_ENDINGS | AUDIO_ENDINGS


def video_document(file: str, span: Span, rule: Rule) -> dict[str, Any]:
    """What is read of a video: measures, streams, problems, and the frames sampled in the span.

    ``width`` and ``height`` are those of the displayed picture; a frame's ``time`` is the second that it is sampled for, and
    ``shown_from`` and ``shown_until`` say when it is on the screen. Raises MediaError when the file cannot be read at all.
    """
    problems: list[dict[str, str]] = []
    with Video.open(str(local_path(file))) as video:
        found = {
            "kind": "video",
            "duration": video.duration,
            "start_time": video.start_time,
            "width": video.width,
            "height": video.height,
            "rate": video.fps,
            "streams": _streams(file),
            "problems": problems,
            "frames": _sampled(video, span, rule, problems),
        }
    try:
        measures = probe(str(local_path(file)))
        if not measures.has_audio:
            problems.append({"reason": "no_audio", "detail": f"{video.name} has no soundtrack, so nobody speaks in it"})
    except MediaError as error:
        problems.insert(0, _problem(error))
    return found


def captions_document(file: str, video: str | None, span: Span, rule: Rule) -> dict[str, Any]:
    """What is read of a caption file: its lines, the words of them that are spoken, what is none, and problems.

    With ``video`` they are on the clock of that video, of which the file may hold a section. Captions that do not fit it keep
    their own clock, with the problem that says why. Raises MediaError when the file is no captions.
    """
    captions = read_captions(read_small(file), Path(file).name)
    problems: list[dict[str, str]] = []
    if video is not None:
        try:
            captions = fit_to_video(captions, probe(str(local_path(video))), _section(video))
        except MediaError as error:
            if error.reason != "captions_mismatch":
                raise
            problems.append(_problem(error))
    problems += [{"reason": one.reason, "detail": one.detail} for one in captions.problems]
    dropped = Counter[str]()
    row = {"video_id": Path(file).name, "subtitles": captions.lines, "caption_words": captions.words}
    words: list[Word] = []
    for made in caption_words([row], rule, dropped):
        if isinstance(made, Rejected):
            problems.append({"reason": made.reason, "detail": made.detail})
        else:
            words = made["words"]
    return {
        "kind": "captions",
        "format": captions.format,
        "lines": [line for line in captions.lines if span.meets(line["start"], line["end"])],
        "words": [[one["start"], one["end"], one["word"]] for one in words if span.meets(one["start"], one["end"])],
        "dropped": dict(sorted(dropped.items())),
        "problems": problems,
    }


def draw_strip(video: str, span: Span, rule: Rule, words: list[list[Any]], out: Path) -> str:
    """Write the sampled frames over their times, and the words under them, as a PNG; returns what to say of it."""
    with Video.open(str(local_path(video))) as opened:
        problems: list[dict[str, str]] = []
        sampled = _sampled(opened, span, rule, problems)
        if not sampled:
            raise UserError(f"--strip {out}: {problems[0]['detail']}")
        if len(sampled) > MOST_FRAMES:
            raise UserError(
                f"--strip {out}: {len(sampled)} frames are too many for one picture, {MOST_FRAMES} fit; narrow it with "
                "--start and --end"
            )
        small = np.stack([_small(pixels) for _, pixels in opened.each([one["index"] for one in sampled])])
    times = [one["time"] for one in sampled]
    spoken = [{"start": start, "word": word} for start, _, word in words]
    with target(out, binary=True) as file:
        file.write(strip(small, words_under(times, spoken), times))
    return f"{out}: {len(times)} frames"


def write_wav(video: str, span: Span, rule: Rule, out: Path) -> str:
    """Write what the recogniser hears as mono 16-bit samples, the first one at the span's start."""
    samples = read_audio(str(local_path(video)), span.start, span.end, RATE, rule=rule)
    with target(out, binary=True) as file, wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes((np.clip(samples, -1, 1) * 32767).round().astype("<i2").tobytes())
    return f"{out}: {len(samples) / RATE:.2f} s of sound"


def _problem(error: MediaError) -> dict[str, str]:
    return {"reason": error.reason, "detail": error.detail}


def _sampled(video: Video, span: Span, rule: Rule, problems: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The frames of the span; without the one that is said twice to make their number even.

    ``released`` counts from the first frame, as the published reader does.
    """
    ends, begin = video.clock(rule)
    try:
        found = strict_samples(ends, span.start, span.end, FPS, sys.maxsize, rule=rule, begin=begin)
    except MediaError as error:
        problems.append(_problem(error))
        return []
    starts = video.start_pts - (video.start_pts[0] - begin)
    count = len(found.indices) - found.padded
    return [
        {"index": index, "time": time, "shown_from": float(starts[index]), "shown_until": float(ends[index])}
        for index, time in zip(found.indices[:count], found.times[:count], strict=True)
    ]


def _small(pixels: np.ndarray) -> np.ndarray:
    """A frame as small as a strip shows it, so that hundreds fit into memory."""
    height, width = pixels.shape[:2]
    scale = min(1.0, _SMALL / width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def _section(video: str) -> Section | None:
    """The part of the whole video that the file holds, by the .info.json beside it."""
    info = re.sub(r"\.[^./]+$", "", video) + ".info.json"
    if not local_path(info).is_file():
        return None
    about = read_metadata(read_small(info), info.rsplit("/", 1)[-1])
    return None if about.section is None else Section(*about.section)


def _streams(file: str) -> list[dict[str, Any]]:
    with open_media(str(local_path(file))) as container:
        return [_stream(one) for one in container.streams]


def _stream(stream: Stream) -> dict[str, Any]:
    """One stream as it is stored: a turned picture has its stored size here."""
    codec = stream.codec_context
    about: dict[str, Any] = {"index": stream.index, "type": stream.type, "codec": codec.name if codec else None}
    if isinstance(stream, VideoStream):
        about |= {"width": stream.width, "height": stream.height, "pixels": stream.pix_fmt}
    elif isinstance(stream, AudioStream):
        about |= {"rate": stream.rate, "channels": stream.layout.name}
    return about | {"language": stream.language}
