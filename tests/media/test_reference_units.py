"""Which packets may be left out, by their headers alone."""

import random
from pathlib import Path

import av
import pytest
from av.video.frame import PictureType

from livecc_assets.media.h264_sps import codes_frames_only
from livecc_assets.media.reference_units import disposable_packets
from tests.media.decoding import encode

START = b"\0\0\0\1"
#: Starts of slices: of a picture that nobody refers to, and of one that others may refer to.
SLICE, REFERENCE = b"\x01\x9a\x00", b"\x41\x9a\x00"
HEVC_SPS = {layers: bytes([33 << 1, 1, layers << 1 | 1, 1, 2]) for layers in (0, 2)}


def _extradata(folder: Path, kind: str) -> bytes:
    with av.open(str(encode(folder, kind, count=4))) as container:
        return bytes(container.streams.video[0].codec_context.extradata or b"")


def _packets(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


@pytest.fixture(scope="module")
def avcc(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return _extradata(tmp_path_factory.mktemp("films"), "h264")


@pytest.mark.parametrize("kind", ["h264", "h264 in 4:4:4", "h264 of no latency", "h264 in a transport stream"])
def test_progressive_h264_is_seen(kind: str, tmp_path: Path):
    extra = _extradata(tmp_path, kind)
    test = disposable_packets("h264", extra)
    assert test is not None
    slice_ = START + SLICE if extra.startswith(b"\0\0") else len(SLICE).to_bytes(4, "big") + SLICE
    assert test(slice_)


def test_interlaced_h264_is_kept_whole(tmp_path: Path):
    path = encode(tmp_path, "h264 interlaced")
    with av.open(str(path)) as container:
        test = disposable_packets("h264", container.streams.video[0].codec_context.extradata)
    assert test is not None
    assert not any(test(packet) for packet in _packets(path))


def test_a_packet_is_kept_when_any_of_its_units_matters(avcc: bytes):
    def packed(*units: bytes) -> bytes:
        return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)

    test = disposable_packets("h264", avcc)
    assert test is not None
    message, delimiter, parameters = b"\x06\x05\x00", b"\x09\x10", b"\x68\xeb"
    assert test(packed(SLICE)) and test(packed(delimiter, message, SLICE, SLICE))
    assert not test(packed(SLICE, REFERENCE))  # two fields, or a damaged packet
    assert not test(packed(REFERENCE, SLICE))
    assert not test(packed(parameters, SLICE))  # later pictures may use the parameters
    assert not test(packed(b"\x65\x88"))
    assert not test(packed(message)) and not test(b"")
    assert not test(packed(SLICE)[:-1]) and not test(b"\xff\xff\xff\xff" + SLICE)  # sizes that do not fit
    assert not test(packed(SLICE, b""))


def test_without_a_parameter_set_nothing_is_left_out_until_one_comes(tmp_path: Path):
    packets = _packets(encode(tmp_path, "h264 in a transport stream"))
    test = disposable_packets("h264", None)
    assert test is not None
    assert not test(START + SLICE)
    assert not test(packets[0])  # a key frame, with the parameter sets before it
    assert test(START + SLICE)


def test_hevc_leaves_out_the_highest_sub_layer_alone():
    def unit(kind: int, layer: int) -> bytes:
        return START + bytes([kind << 1, layer + 1, 0])

    flat, layered = (disposable_packets("hevc", START + HEVC_SPS[layers]) for layers in (0, 2))
    assert flat is not None and layered is not None
    for kind in range(32):
        assert flat(unit(kind, 0)) == (kind in {0, 2, 4, 6, 8, 10, 12, 14})
    # A picture that no other of its own sub-layer refers to may be referred to from a higher one.
    assert not layered(unit(0, 0)) and not layered(unit(0, 1)) and layered(unit(0, 2))
    assert not flat(unit(34, 0) + unit(0, 0)) and flat(unit(35, 0) + unit(39, 0) + unit(0, 0))
    assert not flat(unit(0, 0) + unit(1, 0)) and not flat(b"") and not flat(START)
    unknown = disposable_packets("hevc", b"")
    assert unknown is not None and not unknown(unit(0, 0))


@pytest.mark.parametrize("codec", ["vp9", "vp8", "av1", "mpeg4", "mpeg2video", "mjpeg"])
def test_codecs_that_do_not_say_are_decoded_whole(codec: str):
    assert disposable_packets(codec, b"") is None


def test_what_the_headers_say_is_what_the_encoder_was_told(tmp_path: Path):
    path = encode(tmp_path, "h264 without a pyramid")
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        test = disposable_packets("h264", stream.codec_context.extradata)
        assert test is not None
        told = {packet.pts: test(bytes(packet)) for packet in container.demux(stream) if packet.size}
    with av.open(str(path)) as container:
        kinds = {frame.pts: frame.pict_type for frame in container.decode(video=0)}
    assert told == {pts: kind == PictureType.B for pts, kind in kinds.items()}
    assert sum(told.values()) > 20


def test_damaged_headers_never_raise(avcc: bytes):
    rng = random.Random(5)
    for _ in range(3000):
        junk = bytearray(avcc)
        for _ in range(rng.randrange(1, 6)):
            junk[rng.randrange(len(junk))] = rng.randrange(256)
        for codec in ("h264", "hevc"):
            test = disposable_packets(codec, bytes(junk[: rng.randrange(len(junk) + 1)]))
            assert test is not None
            test(rng.randbytes(rng.randrange(40)))
        codes_frames_only(rng.randbytes(rng.randrange(30)))
    assert not codes_frames_only(b"") and not codes_frames_only(b"\x67")
