"""Frames, sound and captions become an MP4 (H.264, AAC, optionally a caption track); the same input gives the same pictures."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from livecc_assets.media.caption_track import add_caption_track, caption_packets
from livecc_assets.sample.captions import Lines, text_of
from livecc_assets.sample.speech import RATE

FPS = 10
# Single-threaded and without B-frames: equal bytes on every run, and the cheapest seeking.
_X264 = {"preset": "ultrafast", "crf": "26", "threads": "1", "g": "20", "bf": "0"}


def write_video(
    path: Path, frames: Iterable[np.ndarray], samples: np.ndarray | None, captions: Lines = (), fps: int = FPS
) -> None:
    """Write an MP4: uint8 RGB frames [H, W, 3] with even sides at `fps`, float32 mono 16 kHz `samples` unless None.

    `captions` become a track inside the file (mov_text). The file appears only when it is complete.
    """
    draft = path.with_suffix(".partial")
    with av.open(str(draft), "w", format="mp4", options={"movflags": "+faststart"} if captions else {}) as target:
        video = target.add_stream("libx264", rate=fps, options=dict(_X264))
        video.pix_fmt = "yuv420p"
        sound = (
            target.add_stream("aac", rate=RATE, layout="mono", options={"aac_coder": "fast"})
            if samples is not None
            else None
        )
        if sound is not None:
            sound.bit_rate = 32_000
        text = add_caption_track(target) if captions else None
        for number, picture in enumerate(frames):
            if number == 0:
                video.height, video.width = picture.shape[:2]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, fps)
            target.mux(video.encode(frame))
        target.mux(video.encode(None))
        if sound is not None and samples is not None:
            frame = av.AudioFrame.from_ndarray(samples[None], format="fltp", layout="mono")
            frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
            target.mux([*sound.encode(frame), *sound.encode(None)])
        for packet in caption_packets((line[0].start, line[-1].end, text_of(line)) for line in captions):
            packet.stream = text
            target.mux(packet)
    draft.replace(path)
