"""Small real media files for tests, encoded here: every frame carries its number, every second a beep."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.subtitles.stream import SubtitleStream
from numpy.typing import NDArray

RATE = 16000
#: What FFmpeg's text encoders ask for before they open.
_ASS_HEADER = (
    b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\n"
    b"Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, Bold, Italic, "
    b"Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, MarginL, MarginR, "
    b"MarginV, Encoding\nStyle: Default,Arial,16,&Hffffff,&Hffffff,&H0,&H0,0,0,0,0,100,100,0,0,1,1,0,2,10,10,10,1\n\n"
    b"[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
)
_BLOCK = 16
_BITS = 8


def picture(number: int, width: int = 128, height: int = 96) -> NDArray[np.uint8]:
    """A frame whose top row of blocks spells its number in black and white bits."""
    frame = np.full((height, width, 3), 90, dtype=np.uint8)
    for bit in range(_BITS):
        frame[:_BLOCK, bit * _BLOCK : (bit + 1) * _BLOCK] = 235 if number >> bit & 1 else 16
    return frame


def number_of(frame: NDArray[np.uint8]) -> int:
    """The number that a decoded frame shows."""
    row = frame[4:12, : _BITS * _BLOCK].mean(axis=(0, 2)).reshape(_BITS, _BLOCK)[:, 4:12].mean(axis=1)
    return int(sum(1 << bit for bit in range(_BITS) if row[bit] > 128))


def beeps(seconds: float) -> NDArray[np.float32]:
    """Silence with a 0.1 s tone at the start of each whole second."""
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * 440 * time) * (time % 1 < 0.1)).astype(np.float32)


def make(
    path: Path,
    seconds: float = 12,
    fps: int = 10,
    size: tuple[int, int] = (128, 96),
    sound: bool = True,
    vision: bool = True,
    codec: str = "libx264",
    audio_codec: str = "aac",
    stamps: list[int] | None = None,
    options: dict[str, str] | None = None,
    gop: int = 12,
    sound_from: float = 0.0,
    stereo: bool = False,
    clock: float = 0.0,
    coding: dict[str, str] | None = None,
) -> Path:
    """Writes a film; ``stamps`` are frame times in milliseconds in place of the constant rate; ``coding``: the encoder's options.

    ``clock`` is where the container's stamps start, in seconds.
    """
    with av.open(str(path), "w", options=options or {}) as container:
        video = audio = None
        if vision:
            video = container.add_stream(codec, rate=fps)
            assert isinstance(video, av.VideoStream)
            video.width, video.height, video.pix_fmt = size[0], size[1], "yuv420p"
            video.codec_context.gop_size = gop
            video.options = {**(coding or {})}
            if stamps is not None:
                video.codec_context.time_base = Fraction(1, 1000)
        if sound:
            audio = container.add_stream(audio_codec, rate=RATE)
            assert isinstance(audio, av.AudioStream)
            audio.layout = "stereo" if stereo else "mono"
        if video is not None:
            for number in range(len(stamps) if stamps is not None else round(seconds * fps)):
                frame = av.VideoFrame.from_ndarray(picture(number % 256, *size), format="rgb24")
                frame.pts = (
                    (stamps[number] + round(1000 * clock)) if stamps is not None else number + round(clock * fps)
                )
                frame.time_base = Fraction(1, 1000) if stamps is not None else Fraction(1, fps)
                container.mux(video.encode(frame))
            container.mux(video.encode(None))
        if audio is not None:
            _mux_sound(container, audio, seconds, sound_from, stereo, clock)
    return path


def _mux_sound(container, audio, seconds: float, sound_from: float, stereo: bool, clock: float) -> None:
    samples = beeps(seconds)[round(sound_from * RATE) :]
    channels = [samples, np.zeros_like(samples)] if stereo else [samples]
    layout = "stereo" if stereo else "mono"
    resampler = av.AudioResampler(format=audio.codec_context.format or "fltp", layout=layout, rate=RATE)
    for start in range(0, len(samples), 1024):
        piece = np.ascontiguousarray(np.stack([channel[start : start + 1024] for channel in channels]))
        frame = av.AudioFrame.from_ndarray(piece, format="fltp", layout=layout)
        frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
        frame.pts = round((clock + sound_from) * RATE) + start
        for part in resampler.resample(frame):
            container.mux(audio.encode(part))
    container.mux(audio.encode(None))


def add_caption_track(
    source: Path, target: Path, cues: list[tuple[float, float, bytes]], codec: str = "mov_text"
) -> Path:
    """Copies a film's streams and adds a text track."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        streams = {s.index: new.add_stream_from_template(s) for s in old.streams}
        track = new.add_stream(codec)
        assert isinstance(track, SubtitleStream)
        track.metadata["language"] = "eng"
        track.codec_context.subtitle_header = _ASS_HEADER
        track.time_base = Fraction(1, 1000)
        for packet in old.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                new.mux(packet)
        for start, end, text in cues:
            packet = av.Packet(len(text).to_bytes(2, "big") + text if codec == "mov_text" else text)
            packet.pts = packet.dts = round(start * 1000)
            packet.duration, packet.time_base, packet.stream = round((end - start) * 1000), Fraction(1, 1000), track
            new.mux(packet)
    return target
