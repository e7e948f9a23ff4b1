"""Caption tracks inside a video file."""

from av.container import InputContainer
from av.stream import Stream

from livecc_assets.core.errors import MediaError
from livecc_assets.media.opening import decoding, open_media
from livecc_assets.source import substation, web_captions
from livecc_assets.source.captions import checked
from livecc_assets.source.cue_rows import Row, rows_of
from livecc_assets.source.cues import Captions, Cue, Parsed, tidy
from livecc_assets.source.listing import SIDECAR_BYTES

#: Cues of a track at most: five a second for twelve hours.
MOST_CUES = 216_000
#: FFmpeg's codec names of tracks that carry text; pictures of text (DVD, Blu-ray) do not.
TEXT_CODECS = {"mov_text", "subrip", "srt", "text", "webvtt", "ass", "ssa"}


def read_embedded(uri: str, language: str) -> Captions | None:
    """The caption track in the given language, else the first one; None where the file has no text track.

    Raises MediaError like read_captions and open_media.
    """
    name = uri.rsplit("/", 1)[-1]
    with open_media(uri) as container, decoding(name):
        stream = _choose(container, language)
        if stream is None:
            return None
        cues = _cues(container, stream)
    return checked(tidy("embedded", Parsed(cues)), f"the caption track of {name}") if cues else None


def _choose(container: InputContainer, language: str) -> Stream | None:
    tracks = [s for s in container.streams.subtitles if s.codec_context and s.codec_context.name in TEXT_CODECS]
    spoken = [s for s in tracks if (s.language or "").startswith(language)]
    return next(iter(spoken or tracks), None)


def _cues(container: InputContainer, stream: Stream) -> list[Cue]:
    """Cues of a text track; the blank samples that MP4 puts between captions are no cues."""
    codec = stream.codec_context.name
    cues: list[Cue] = []
    size = 0
    for packet in container.demux(stream):
        if packet.pts is None or packet.size == 0 or packet.time_base is None:
            continue
        start = float(packet.pts * packet.time_base)
        rows = _rows(_text(bytes(packet), codec), codec, start)
        if rows:
            end = start + float((packet.duration or 0) * packet.time_base)
            cues.append(Cue(len(cues) + 1, start, end, rows))
            size += packet.size
        if len(cues) > MOST_CUES or size > SIDECAR_BYTES:
            detail = f"the embedded caption track has more than {MOST_CUES} cues or {SIDECAR_BYTES} bytes"
            raise MediaError("too_large", detail)
    return cues


def _rows(text: str, codec: str, start: float) -> tuple[Row, ...]:
    """Words of one sample; WebVTT's word times and the karaoke of ASS are kept."""
    if codec in {"ass", "ssa"}:
        return rows_of(substation.pieces_of(text, start))
    if codec == "webvtt":  # Matroska counts the times inside a cue from its start; FFmpeg copies them as they are
        pieces = web_captions.pieces_of(text)
        return rows_of([(at + start if at is not None and at < start else at, said) for at, said in pieces])
    return rows_of([(None, text)])


def _text(payload: bytes, codec: str) -> str:
    """Displayed text of one sample. Raises MediaError("captions_encoding") when its bytes are no text."""
    if codec == "mov_text":  # a length of two bytes, the text, then style boxes
        payload = payload[2 : 2 + int.from_bytes(payload[:2], "big")]
    try:
        text = payload.decode("utf-16" if payload[:2] in {b"\xfe\xff", b"\xff\xfe"} else "utf-8")
    except UnicodeDecodeError as error:
        raise MediaError("captions_encoding", f"the embedded caption track is not UTF-8 text: {payload!r}") from error
    if codec in {"ass", "ssa"}:  # eight fields before the text
        text = text.split(",", 8)[-1]
    return text
