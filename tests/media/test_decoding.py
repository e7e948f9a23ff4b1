"""Decoding only what is wanted gives the pixels of decoding everything."""

import gc
import random
import threading
import weakref
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.media import parallel_decoder
from livecc_assets.media.frames import Video
from livecc_assets.media.prefetch import prefetched
from livecc_assets.media.selective_decoder import SelectiveDecoder
from tests.media.decoding import KINDS, counting, decoded_whole, encode

#: Kinds that are decoded plainly: pictures that a refresh mends bit by bit, and stamps in the wrong order.
PLAIN = {"h264 with intra refresh", "h264 with refresh in a transport stream", "h264 in AVI"}


@pytest.mark.parametrize("kind", KINDS)
def test_wanted_frames_equal_those_of_decoding_everything(kind: str, tmp_path: Path):
    path = encode(tmp_path, kind)
    whole = decoded_whole(path)
    rng = random.Random(kind)
    with Video.open(str(path)) as video:
        assert len(video) == len(whole) == 60
        several = [list(range(60)), list(range(6, 60, 12)), [0, 1, 58, 59], [59], [19, 20, 21, 39, 40, 41]]
        several += [sorted(rng.sample(range(60), size)) for size in (1, 2, 3, 8, 20)]
        for wanted in several:
            for index, pixels in video.each(wanted):
                assert np.array_equal(pixels, whole[index]), (index, wanted)
        assert kind in PLAIN or video._decoder._selective is not None  # the fast way was good enough


@pytest.fixture
def worth(monkeypatch: pytest.MonkeyPatch):
    """Short stretches are worth a second decoder, on any machine."""
    monkeypatch.setattr(parallel_decoder, "_WORTH_A_DECODER", 1)
    monkeypatch.setattr("os.cpu_count", lambda: 2)


@pytest.mark.parametrize("kind", ["h264", "h264 in a transport stream", "hevc", "vp9"])
def test_two_decoders_give_the_frames_of_one(kind: str, tmp_path: Path, worth: None):
    path = encode(tmp_path, kind, count=160, gop=20)
    whole = decoded_whole(path)
    rng = random.Random(kind)
    opened = []
    with Video.open(str(path)) as video:
        again = video._source.again
        video._source.again = lambda: opened.append(again()) or opened[-1]  # type: ignore[method-assign]
        several = [[0, 39, 99, 139], [18, 19, 77, 78, 79, 158, 159], list(range(1, 160, 45)), [19, 159]]
        several += [sorted(rng.sample(range(160), size)) for size in (2, 4, 8, 40)]
        for wanted in several:
            for index, pixels in video.each(wanted):
                assert np.array_equal(pixels, whole[index]), (index, wanted)
        left = video.each([0, 39, 79, 119, 159])
        next(left)
        assert video._decoder._selective is not None
    assert len(opened) > 3
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]
    for source in opened:
        with pytest.raises(AssertionError, match="not open"):
            next(source.container.demux())


def test_what_one_of_two_decoders_loses_is_decoded_plainly(
    tmp_path: Path, worth: None, monkeypatch: pytest.MonkeyPatch
):
    path = encode(tmp_path, "h264", count=160, gop=20)
    whole = decoded_whole(path)
    wanted = [9, 49, 89, 129, 159]
    for lost in wanted:
        decoded = SelectiveDecoder._decoded
        with Video.open(str(path)) as video, monkeypatch.context() as patched:

            def losing(decoder, *args, lost=lost, decoded=decoded, **more):
                return (found for found in decoded(decoder, *args, **more) if found[0] != lost)

            patched.setattr(SelectiveDecoder, "_decoded", losing)
            for index, pixels in video.each(wanted):
                assert np.array_equal(pixels, whole[index]), (index, lost)
            assert video._decoder._selective is None


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        ("h264 without a pyramid", 45),
        ("h264 with B-pyramid", 60),
        ("hevc with a closed GOP", 70),
        ("h264 in many slices", 66),
        ("h264 in a transport stream", 66),
    ],
)
def test_pictures_that_nobody_refers_to_are_not_decoded(kind: str, most: int, tmp_path: Path):
    path = encode(tmp_path, kind, count=97, gop=97)
    with Video.open(str(path)) as video, counting() as counts:
        wanted = list(range(12, 97, 12))
        assert [index for index, _ in video.each(wanted)] == wanted
        assert counts["fed"] <= most
        assert counts["seeks"] == 1


def test_a_far_frame_is_sought_and_a_near_one_decoded_on_to(tmp_path: Path):
    path = encode(tmp_path, "h264 without B-frames", count=120, gop=40)
    with Video.open(str(path)) as video, counting() as counts:
        video.frames([5, 110])
        assert counts["seeks"] == 2
        assert 6 + 31 <= counts["fed"] <= 6 + 31 + 8  # the decoder's threads take a few more before they give the last
        video.frames([20, 30, 45, 48])
        assert counts["seeks"] == 3


def test_calls_in_a_row_go_on_where_the_last_one_ended(tmp_path: Path):
    path = encode(tmp_path, "h264", count=120, gop=120)
    whole = decoded_whole(path)
    with Video.open(str(path)) as video, counting() as counts:
        for index in range(120):
            assert np.array_equal(video.frames([index])[0], whole[index])
        assert counts == {"fed": 120, "seeks": 1}


def test_a_reading_that_was_left_halfway_disturbs_no_other(tmp_path: Path):
    path = encode(tmp_path, "h264")
    whole = decoded_whole(path)
    with Video.open(str(path)) as video:
        for _ in range(3):
            left = video.each(range(60))
            next(left)
            assert np.array_equal(video.frames([7])[0], whole[7])
            with pytest.raises(RuntimeError, match="another reading"):
                next(left)
        left = video.each(range(60))
        next(left)
    assert not [thread for thread in threading.enumerate() if thread.name == "prefetch"]


def test_only_a_few_frames_are_in_memory_at_a_time(tmp_path: Path):
    path = encode(tmp_path, "h264")
    alive: list[weakref.ref[np.ndarray]] = []
    most = 0
    with Video.open(str(path)) as video:
        for _, pixels in video.each(range(60)):
            alive = [kept for kept in alive if kept() is not None] + [weakref.ref(pixels)]
            most = max(most, len(alive))
    assert most <= 2


def test_an_index_that_repeats_gives_its_frame_again(tmp_path: Path):
    path = encode(tmp_path, "h264")
    with Video.open(str(path)) as video:
        assert [index for index, _ in video.each([3, 3, 9, 9, 9])] == [3, 3, 9, 9, 9]
        frames = video.frames([3, 3, 9])
        assert np.array_equal(frames[0], frames[1]) and not np.array_equal(frames[1], frames[2])


def test_impossible_indices_are_refused_before_anything_is_decoded(tmp_path: Path):
    with Video.open(str(encode(tmp_path, "h264"))) as video:
        with pytest.raises(ValueError, match="must not decrease"):
            video.each([2, 1])
        with pytest.raises(IndexError, match="frame 60 of 60"):
            video.each([60])
        with pytest.raises(IndexError, match="frame -1 of 60"):
            video.each([-1])


def test_a_frame_that_the_fast_way_loses_is_decoded_plainly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = encode(tmp_path, "h264 without B-frames")
    whole = decoded_whole(path)
    # Headers that lie: every other packet passes for one that nobody refers to.
    calls = iter(range(10**6))
    monkeypatch.setattr(
        "livecc_assets.media.selective_decoder.disposable_packets", lambda *_: lambda _: bool(next(calls) % 2)
    )
    monkeypatch.setattr("livecc_assets.media.selective_decoder._MOST_HELD", 3)
    with Video.open(str(path)) as video:
        seen = dict(video.each(range(60)))  # all wanted: nothing is passed over
        assert all(np.array_equal(seen[index], whole[index]) for index in range(60))
        assert video._decoder._selective is not None
        decoder = video._decoder._selective._first
        decoded = decoder._decoded
        monkeypatch.setattr(
            decoder, "_decoded", lambda *args, **more: (p for p in decoded(*args, **more) if p[0] != 24)
        )
        for index, pixels in video.each([0, 12, 24, 36, 48]):
            if index >= 24:
                assert np.array_equal(pixels, whole[index])
        assert video._decoder._selective is None


def test_a_header_that_changes_midway_is_followed(tmp_path: Path):
    first, second = (tmp_path / "first", tmp_path / "second")
    first.mkdir()
    second.mkdir()
    content = encode(first, "h264 in Flash").read_bytes()
    # Other parameter sets under the same numbers: a decoder that keeps the first ones makes garbage of the rest.
    more = encode(second, "h264 in Flash", options={"bf": "3", "x264-params": "cabac=0:8x8dct=0"}).read_bytes()
    at = 13
    while at < len(more):
        size = int.from_bytes(more[at + 1 : at + 4], "big")
        if more[at] == 9:
            later = (int.from_bytes(more[at + 4 : at + 7], "big") + 2400).to_bytes(3, "big")
            content += more[at : at + 4] + later + more[at + 7 : at + 15 + size]
        at += 15 + size
    path = tmp_path / "both.flv"
    path.write_bytes(content)
    whole = decoded_whole(path)
    with Video.open(str(path)) as video:
        assert len(video) == len(whole) == 120
        for wanted in ([100], list(range(0, 120, 12)), [5, 6, 118, 119], [61]):
            for index, pixels in video.each(wanted):
                assert np.array_equal(pixels, whole[index]), index


def test_a_file_that_starts_without_a_key_frame_gives_what_can_be_decoded(tmp_path: Path):
    path, cut = encode(tmp_path, "h264 in a transport stream"), tmp_path / "cut.ts"
    content = path.read_bytes()
    cut.write_bytes(content[: 188 * 3] + content[188 * (len(content) // 188 // 4) :])
    # What players and this reader agree on: the pictures by their stamps.
    with av.open(str(cut)) as container:
        found = {frame.pts: frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)}
    with Video.open(str(cut)) as video:
        indices = [i for i, tick in enumerate(video._table.ticks) if int(tick) in found]
        assert len(indices) >= 35
        for index, pixels in video.each(indices):
            assert np.array_equal(pixels, found[int(video._table.ticks[index])])
        for index, pixels in video.each(indices[3::9]):
            assert np.array_equal(pixels, found[int(video._table.ticks[index])])


@pytest.mark.parametrize("seed", range(8))
def test_a_damaged_film_gives_frames_or_a_reason_and_never_hangs(seed: int, tmp_path: Path):
    kind = ["h264 in a transport stream", "h264 in Matroska", "hevc", "h264"][seed % 4]
    path = encode(tmp_path, kind)
    content, rng = bytearray(path.read_bytes()), random.Random(seed)
    for _ in range(20):
        content[rng.randrange(len(content) // 4, len(content) // 4 * 3)] = rng.randrange(256)
    path.write_bytes(content)
    told = []
    try:
        with Video.open(str(path)) as video:
            for start in range(0, len(video), 10):
                try:
                    shown = [index for index, _ in video.each(range(start, len(video), 7))]
                    assert shown == list(range(start, len(video), 7))
                except MediaError as error:
                    told.append(error)
    except MediaError as error:
        told.append(error)
    assert all(path.name in error.detail for error in told)


def test_the_error_of_a_frame_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = encode(tmp_path, "h264 in Matroska")
    with Video.open(str(path)) as video:
        table = video._table
        monkeypatch.setattr(type(table), "index", lambda _, tick: None)  # no picture that comes out is known
        with pytest.raises(MediaError, match=r"f\.mkv: frame 3 at 0\.12 s cannot be decoded"):
            video.frames([3])


def _numbers(count: int, ended: list[int]) -> Iterator[int]:
    try:
        yield from range(count)
    finally:
        ended.append(threading.get_ident())


def test_prefetched_items_come_in_order_and_no_more_than_the_depth_ahead():
    made = []

    def items() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    for number in prefetched(items(), 3):
        assert len(made) <= number + 1 + 3 + 1  # given, waiting, and one in the hand
    assert made == list(range(50))


def test_an_exception_of_the_thread_comes_where_its_item_would():
    def items() -> Iterator[int]:
        yield 1
        raise MediaError("undecodable", "broken")

    reading = prefetched(items(), 2)
    assert next(reading) == 1
    with pytest.raises(MediaError, match="broken"):
        next(reading)


def test_closing_ends_the_thread_and_closes_what_it_read():
    ended: list[int] = []
    reading = prefetched(_numbers(10**9, ended), 2)
    assert next(reading) == 0
    reading.close()
    assert ended and ended[0] != threading.get_ident()
    reading = prefetched(_numbers(10**9, ended), 2)
    next(reading)
    del reading
    gc.collect()
    assert len(ended) == 2
