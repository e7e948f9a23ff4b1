"""Sound as mono float32 samples on the video's clock."""

from collections.abc import Iterator

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from numpy.typing import NDArray

from livecc_assets.core.errors import MediaError
from livecc_assets.media.frames import first_picture_time
from livecc_assets.media.opening import DEFAULT_LIMITS, MediaLimits, decoding, open_media

#: Seconds decoded before a range, for the warm-up of codec and resampler.
_LEAD_IN = 1.0
#: Seconds without sound from which a soundtrack counts as interrupted.
_GAP = 0.05

Samples = NDArray[np.float32]


def read_audio(
    uri: str,
    start: float | None = None,
    end: float | None = None,
    rate: int = 16000,
    limits: MediaLimits = DEFAULT_LIMITS,
) -> Samples:
    """Samples [N], nominally in -1...1, of [start, end) seconds: channels averaged, resampled to ``rate``.

    Sample k is at ``start + k / rate`` on the clock of ``Video`` (zero at the first picture; at the first sound where
    there is no picture). A soundtrack that starts late is padded with silence, what lies before zero is left out, and
    nothing is padded at the end. None means the beginning and the end. Raises MediaError: no_audio when there is no
    soundtrack, undecodable, too_long when sound is stamped beyond the limit, and what open_media raises.
    """
    name = uri.rsplit("/", 1)[-1]
    begin = max(0.0, start or 0.0)
    if end is not None and end <= begin:
        return np.zeros(0, dtype=np.float32)
    zero = first_picture_time(uri, limits)
    with open_media(uri, limits) as container, decoding(name):
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise MediaError("no_audio", f"{name} has no soundtrack")
        if zero is None:
            zero = float((stream.start_time or 0) * (stream.time_base or 0))
        if begin > _LEAD_IN:
            container.seek(int((zero + begin - _LEAD_IN) * av.time_base), backward=True)
        pieces: list[Samples] = []
        first: float | None = None
        have = 0
        for time, samples in _resampled(container, stream, rate, zero + limits.duration_sec):
            if first is None:
                first = (time or 0.0) - zero
            elif time is not None:
                # What lies behind the end is cut off below, so no silence is made for it.
                until = time - zero if end is None else min(time - zero, end)
                gap = np.zeros(max(0, round((until - first) * rate) - have), dtype=np.float32)
                pieces.append(gap)
                have += len(gap)
            pieces.append(samples)
            have += len(samples)
            if end is not None and first + have / rate > end:
                break
    if first is None:
        if begin > 0:  # the soundtrack ends before the range
            return np.zeros(0, dtype=np.float32)
        raise MediaError("no_audio", f"{name} has a soundtrack without a single sample")
    return _cut(np.concatenate(pieces), first, begin, end, rate)


def has_audio(uri: str, limits: MediaLimits = DEFAULT_LIMITS) -> bool:
    """Whether the file has a soundtrack, by its headers. Raises what open_media raises."""
    with open_media(uri, limits) as container:
        return bool(container.streams.audio)


def _resampled(
    container: InputContainer, stream: AudioStream, rate: int, last: float
) -> Iterator[tuple[float | None, Samples]]:
    """(time, mono samples) in order; the time is given where the sound starts and after each gap in it.

    Raises MediaError("too_long") for sound beyond ``last`` on the file's clock: a gap is filled with silence, and a false
    stamp or rate would ask for more memory than there is.
    Channels are averaged here: the resampler's own down-mix to float mono is louder than the average.
    """
    resampler: AudioResampler | None = None
    shape: tuple[str, str, int] | None = None
    expected = 0.0
    for frame in container.decode(stream):
        assert isinstance(frame, AudioFrame)
        time = expected if frame.pts is None or frame.time_base is None else float(frame.pts * frame.time_base)
        if not frame.sample_rate or time + frame.samples / frame.sample_rate > last:
            raise MediaError("too_long", f"the soundtrack runs to {time:.0f} s, above the limit")
        now = (frame.format.name, frame.layout.name, frame.sample_rate)
        mark = None
        # A stream may change its layout midway, and a gap must not be closed by the resampler.
        if resampler is None or now != shape or time > expected + _GAP:
            if resampler is not None:
                yield from ((None, _mono(part)) for part in resampler.resample(None))
            mark = time
            resampler, shape = AudioResampler(format="fltp", layout=frame.layout, rate=rate), now
        expected = time + frame.samples / frame.sample_rate
        for part in resampler.resample(frame):
            yield mark, _mono(part)
            mark = None
    if resampler is not None:
        yield from ((None, _mono(part)) for part in resampler.resample(None))


def _mono(frame: AudioFrame) -> Samples:
    return np.asarray(frame.to_ndarray(), dtype=np.float32).mean(axis=0, dtype=np.float32)


def _cut(samples: Samples, first: float, begin: float, end: float | None, rate: int) -> Samples:
    """Samples from ``begin`` on, where ``samples[0]`` is at ``first`` seconds; no padding after the last one."""
    offset = round((begin - first) * rate)
    padding = np.zeros(max(0, -offset), dtype=np.float32)
    samples = np.concatenate([padding, samples[max(0, offset) :]])
    return samples if end is None else samples[: round((end - begin) * rate)]
