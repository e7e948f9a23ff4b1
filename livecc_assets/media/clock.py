"""The zero of a file's clock: where a player starts it (method 2.8).

It is the earliest start of picture or sound, edit lists applied, whatever the container's own stamps begin with. Frame times,
sound, captions, training and commentary all count from it.
"""

from collections.abc import Iterator
from fractions import Fraction

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from livecc_assets.core.errors import MediaError
from livecc_assets.media.opening import DEFAULT_LIMITS, MediaLimits, decoding, open_media
from livecc_assets.media.stream import best_video_stream, has_stamp, is_known, stamp

#: Sound that starts less than this before the picture starts with it: nobody hears the difference, and rounded stamps make it.
_TOGETHER = Fraction(1, 20)
#: Samples that an encoder may put before the sound; transport streams and FLV cannot say so (Apple's AAC: 2112).
_PRIMING = {"aac": 2112, "mp3": 2112}
#: A stream whose first packet does not come within this many seconds of the other one starts later or never.
_PATIENCE = 30
#: Packets without a picture after which none is expected any more.
_MOST_TRIES = 2000


class Starts:
    """Where a file's picture and sound start, found from its first packets; feed them to ``see`` until ``done``.

    Attributes: ``picture`` and ``sound``, seconds on the container's clock or None; ``first``, the first decoded frame;
    ``decoded``, it and those that came out with it. What a
    decoder cannot show (a recording begins between two key frames) is no picture; what an edit list cuts off is neither.
    """

    def __init__(self, video: VideoStream | None, audio: AudioStream | None) -> None:
        self.picture: Fraction | None = None
        self.sound: Fraction | None = None
        self.first: VideoFrame | None = None
        self.decoded: list[VideoFrame] = []
        self._audio, self._wants_picture, self._wants_sound = audio, video is not None, audio is not None
        self._tries = 0

    @property
    def done(self) -> bool:
        """Whether more packets change nothing."""
        return not self._wants_picture and not self._wants_sound

    @property
    def wants_picture(self) -> bool:
        """Whether ``see`` decodes the next packet of the picture."""
        return self._wants_picture

    def see(self, packet: Packet) -> None:
        """Takes the next packet of the file; the empty one at its end as well."""
        if isinstance(packet.stream, VideoStream):
            if self._wants_picture:
                self._look(packet)
            elif self.picture is not None and (time := _time(packet)) is not None:
                self._wants_sound = self._wants_sound and time - self.picture < _PATIENCE
        elif self._wants_sound:
            self._listen(packet)
        elif self.sound is not None and (time := _time(packet)) is not None:
            self._wants_picture = self._wants_picture and time - self.sound < _PATIENCE

    def zero(self) -> Fraction:
        """The file's zero in seconds on the container's own clock."""
        if self.picture is None or self.sound is None:
            return self.picture if self.picture is not None else self.sound or Fraction(0)
        assert self._audio is not None
        rate = self._audio.codec_context.sample_rate or 48000
        unmarked = Fraction(_PRIMING.get(self._audio.codec_context.name, 0), rate)
        return self.sound if self.picture - self.sound > max(_TOGETHER, unmarked) else self.picture

    def _look(self, packet: Packet) -> None:
        """Decodes until the first picture comes out."""
        self._tries += 1
        try:
            with decoding("the file"):
                frames = packet.decode()
        except MediaError:
            frames = []
        for frame in frames:
            # The first pictures of a stream that is joined midway may have no stamp.
            if isinstance(frame, VideoFrame) and has_stamp(frame) and packet.stream.time_base is not None:
                self.decoded = [later for later in frames[frames.index(frame) :] if isinstance(later, VideoFrame)]
                self.first, self.picture = frame, stamp(frame) * packet.stream.time_base
                self._wants_picture = False
                return
        if self._tries > _MOST_TRIES or packet.size == 0:
            self._wants_picture = False

    def _listen(self, packet: Packet) -> None:
        """Takes the first packet that is heard, less the samples that it says to skip."""
        if packet.size == 0:
            self._wants_sound = False
            return
        time = _time(packet)
        if packet.is_discard or time is None:
            return
        assert self._audio is not None
        rate = self._audio.codec_context.sample_rate
        skipped = int.from_bytes(bytes(packet.get_sidedata("skip_samples"))[:4], "little") if rate else 0
        self.sound = time + (Fraction(skipped, rate) if 0 < skipped <= rate else 0)
        self._wants_sound = False


def first_packets(container: InputContainer, starts: Starts) -> Iterator[Packet]:
    """A file's first packets of picture and sound, up to where its starts are known."""
    streams = [s for s in (best_video_stream(container), best_audio_stream(container)) if s is not None]
    for packet in container.demux(*streams) if streams else ():
        starts.see(packet)
        yield packet
        if starts.done:
            return


def best_audio_stream(container: InputContainer) -> AudioStream | None:
    """The soundtrack that is read; None where there is none."""
    stream = container.streams.best("audio")
    return stream if isinstance(stream, AudioStream) and is_known(stream) else None


def file_zero(uri: str, limits: MediaLimits = DEFAULT_LIMITS) -> float:
    """Seconds on the container's own clock at which a player starts the file. Raises what open_media raises."""
    with open_media(uri, limits) as container, decoding(uri.rsplit("/", 1)[-1]):
        starts = Starts(best_video_stream(container), best_audio_stream(container))
        for _ in first_packets(container, starts):
            pass
        return float(starts.zero())


def _time(packet: Packet) -> Fraction | None:
    """A packet's stamp in seconds."""
    found = packet.pts if packet.pts is not None else packet.dts
    return found * packet.time_base if found is not None and packet.time_base is not None else None
