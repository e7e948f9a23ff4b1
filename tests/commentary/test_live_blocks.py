"""Blocks of live sources: the same as of files, in every container, and as soon as they are full."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from commentary_videos import write_video

from livecc_assets.cli.comment import comment
from livecc_assets.commentary.blocks import Block, Clip, read_blocks
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.engine import comment_video
from livecc_assets.commentary.live_blocks import blocks_as_they_come, live_blocks
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.live_address import Address, LiveReport, Waits, file_address, live_address
from livecc_assets.media.opening import MediaLimits

SMALL: dict[str, Any] = {"min_pixels": 12544, "stream_max_pixels": 12544, "frame_pixels": 12544}
CONFIG = CommentaryConfig(**SMALL)
FAST = Waits(opening=2, reading=2, quiet=0.5, first_pause=0.05, longest_pause=0.2, outage=2)
UNEVEN = [0, 20, 60, 400, 433, 1000, 1033, 1066, 1500, 2010, 2700, 2750, 3400, 3433, 4100, 5000, 5033, 5600, 6000, 7900]
FROZEN = [*range(0, 2000, 100), *range(9000, 10000, 100)]


@pytest.fixture(scope="module")
def film() -> Any:
    place = Path(__file__).parents[1] / "media" / "film.py"
    spec = importlib.util.spec_from_file_location("film", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def address_of(uri: str) -> Address:
    found = live_address(uri)
    assert found is not None
    return found


@contextmanager
def piped(path: Path) -> Iterator[str]:
    """The path of a pipe into which the file is written."""
    with subprocess.Popen(["cat", str(path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield f"/proc/self/fd/{process.stdout.fileno()}"


def _collect(blocks: Iterable[Block], found: list[Block]) -> None:
    """Keeps what came before an error."""
    for block in blocks:
        found.append(block)


def same(left: list[Block], right: list[Block]) -> bool:
    return [(b.start_s, b.end_s, b.origin_s) for b in left] == [
        (b.start_s, b.end_s, b.origin_s) for b in right
    ] and all(torch.equal(a.frames, b.frames) for a, b in zip(left, right, strict=True))


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts", "flv", "avi"])
@pytest.mark.parametrize(
    "made",
    [
        {"fps": 30, "seconds": 8.4},
        {"fps": 24, "seconds": 6},
        {"stamps": UNEVEN},
        {"stamps": FROZEN},
        {"stamps": [at + 1300 for at in UNEVEN]},
        {"seconds": 0.1, "sound": False},
    ],
    ids=["30fps", "24fps", "uneven", "frozen", "late", "one_frame"],
)
def test_a_file_read_as_it_comes_gives_the_blocks_of_its_table(
    film: Any, tmp_path: Path, ending: str, made: dict
) -> None:
    if ending == "avi" and "stamps" in made:
        pytest.skip("AVI keeps no stamps")
    if ending == "flv" and made.get("stamps", [0])[0]:
        pytest.skip("this writer's FLV cannot begin late")
    path = film.make(tmp_path / f"film.{ending}", **made)
    for end in (None, 3.7) if made.get("seconds") != 0.1 else (None,):
        whole = list(read_blocks(Clip(str(path), None, end), CONFIG))
        report = LiveReport()
        assert same(list(live_blocks(file_address(path), CONFIG, end, report)), whole)
        assert report.summary() == ""


def test_a_stream_of_240_frames_a_second_gives_the_blocks_of_its_table(film: Any, tmp_path: Path) -> None:
    path = film.make(tmp_path / "fast.mkv", fps=240, seconds=4, sound=False)
    assert same(list(live_blocks(file_address(path), CONFIG)), list(read_blocks(Clip(str(path)), CONFIG)))


@pytest.mark.live
def test_a_stream_of_8k_is_shown_at_the_size_of_any_other(film: Any, tmp_path: Path) -> None:
    path = film.make(
        tmp_path / "large.mkv", fps=2, seconds=3, size=(7680, 4320), sound=False, coding={"preset": "ultrafast"}
    )
    with piped(path) as uri:
        blocks = list(live_blocks(address_of(uri), CONFIG))
    assert same(blocks, list(read_blocks(Clip(str(path)), CONFIG)))
    assert [tuple(block.frames.shape) for block in blocks] == [(6, 3, 84, 140)]


@pytest.mark.parametrize("pipe", [True, False], ids=["pipe", "file"])
def test_sound_without_a_picture_is_refused_in_words(film: Any, tmp_path: Path, pipe: bool) -> None:
    path = film.make(tmp_path / "sound.mkv", seconds=3, vision=False)
    with piped(path) if pipe else nullcontext(str(path)) as uri, pytest.raises(MediaError) as caught:
        list(live_blocks(live_address(uri) or file_address(Path(uri)), CONFIG, waits=FAST))
    assert caught.value.reason == "no_video" and "\n" not in str(caught.value)


@pytest.mark.parametrize("ending", ["mkv", "ts", "mp4"])
def test_a_fifo_gives_each_block_as_soon_as_its_pictures_are_over(film: Any, tmp_path: Path, ending: str) -> None:
    path = film.make(
        tmp_path / f"film.{ending}", options={"movflags": "frag_keyframe+empty_moov"} if ending == "mp4" else {}
    )
    whole = list(read_blocks(Clip(str(path)), CONFIG))
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data, go_on = path.read_bytes(), threading.Event()

    def write() -> None:
        with pipe.open("wb") as file:
            file.write(data[: len(data) * 3 // 4])
            file.flush()
            go_on.wait(20)
            file.write(data[len(data) * 3 // 4 :])

    threading.Thread(target=write, daemon=True).start()
    address = address_of(str(pipe))
    found: list[Block] = []
    for block in live_blocks(address, CONFIG):
        found.append(block)
        go_on.set()  # only the first block lets the writer end
    assert same(found, whole)


@pytest.mark.live
def test_a_growing_file_is_followed_to_the_end_of_its_writer(film: Any, tmp_path: Path) -> None:
    path = film.make(tmp_path / "whole.mkv")
    whole, data = list(read_blocks(Clip(str(path)), CONFIG)), path.read_bytes()
    growing = tmp_path / "growing.mkv"

    def write() -> None:
        with growing.open("wb") as file:
            for at in range(0, len(data), 8000):
                file.write(data[at : at + 8000])
                file.flush()
                begun.set()
                time.sleep(0.05)

    begun = threading.Event()
    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    assert begun.wait(5)
    blocks = blocks_as_they_come(Clip(str(growing)), CONFIG)
    first = next(blocks)
    assert writer.is_alive()
    assert same([first, *blocks], whole)


def test_a_file_that_is_appended_to_by_and_by_is_followed(film: Any, tmp_path: Path) -> None:
    path = film.make(tmp_path / "whole.ts")
    whole, data = list(read_blocks(Clip(str(path)), CONFIG)), path.read_bytes()
    growing = tmp_path / "growing.ts"
    half = len(data) // 2
    growing.write_bytes(data[:half])
    found: list[Block] = []
    for block in live_blocks(file_address(growing), CONFIG, waits=FAST):
        found.append(block)
        for at in range(half, len(data), 8000) if len(found) == 1 else ():
            with growing.open("ab") as file:
                file.write(data[at : at + 8000])
            time.sleep(0.02)
    assert same(found, whole)


def test_an_mp4_whose_index_is_not_written_yet_is_refused_in_words(film: Any, tmp_path: Path) -> None:
    path = film.make(tmp_path / "whole.mp4")
    with piped(path) as uri, pytest.raises(MediaError, match=r"not_streamable.*fragmented mp4"):
        list(live_blocks(address_of(uri), CONFIG))


def test_a_hole_in_the_stamps_is_counted_and_not_commented(film: Any, tmp_path: Path) -> None:
    stamps = [*range(0, 4000, 100), *range(7_204_000, 7_208_000, 100)]
    path = film.make(tmp_path / "hole.mkv", stamps=stamps, sound=False)
    told: list[str] = []
    report = LiveReport(told.append)
    blocks = list(live_blocks(file_address(path), CONFIG, report=report))
    assert len(blocks) < 12
    assert any(7203 <= block.start_s <= 7205 for block in blocks)
    assert report.gaps == 1 and 7190 < report.gap_s < 7202
    assert any("nothing between" in line for line in told)


def test_stamps_that_run_back_go_on_as_one_stream(film: Any, tmp_path: Path) -> None:
    first = film.make(tmp_path / "a.ts", clock=50.0, sound=False)
    joined = tmp_path / "joined.ts"
    joined.write_bytes(first.read_bytes() + film.make(tmp_path / "b.ts", sound=False).read_bytes())
    report = LiveReport()
    blocks = list(live_blocks(file_address(joined), CONFIG, report=report))
    starts = [block.start_s for block in blocks]
    assert starts == sorted(set(starts)) and 22 <= blocks[-1].end_s <= 24.5
    assert report.gaps >= 1


def test_damaged_packets_are_counted_and_the_rest_is_shown(film: Any, tmp_path: Path) -> None:
    path = film.make(tmp_path / "film.ts", sound=False)
    data = bytearray(path.read_bytes())
    third = len(data) // 3 // 188 * 188
    data[third : third + 188 * 40] = bytes(188 * 40)
    path.write_bytes(data)
    report = LiveReport()
    blocks = list(live_blocks(file_address(path), CONFIG, report=report))
    assert blocks[-1].end_s >= 11.0
    assert len(blocks) >= 7


def test_a_source_that_delivers_nothing_ends_with_a_message(tmp_path: Path) -> None:
    pipe = tmp_path / "silent"
    os.mkfifo(pipe)
    address = address_of(str(pipe))
    begun = time.monotonic()
    with pytest.raises(MediaError, match=r"silent delivered nothing for 0\.5 s"):
        list(live_blocks(address, CONFIG, waits=Waits(opening=0.5)))
    assert time.monotonic() - begun < 3


def test_a_source_that_falls_silent_shows_what_came_before_its_message(film: Any, tmp_path: Path) -> None:
    data = film.make(tmp_path / "film.ts").read_bytes()
    pipe = tmp_path / "stalls"
    os.mkfifo(pipe)
    done = threading.Event()

    def write() -> None:
        with pipe.open("wb") as file:
            file.write(data)
            file.flush()
            done.wait(20)

    threading.Thread(target=write, daemon=True).start()
    address = address_of(str(pipe))
    found: list[Block] = []
    with pytest.raises(MediaError, match="timed_out"):
        _collect(live_blocks(address, CONFIG, waits=Waits(reading=0.7)), found)
    done.set()
    assert found[-1].end_s >= 11.0


def test_sound_alone_text_and_an_endless_stream_end_in_words(film: Any, tmp_path: Path) -> None:
    sound = film.make(tmp_path / "sound.mkv", vision=False)
    with pytest.raises(MediaError, match="has sound but no picture"):
        list(live_blocks(file_address(sound), CONFIG))
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\nhttp://127.0.0.1:9/a.ts\n")
    with pytest.raises(MediaError, match="is a playlist"):
        list(live_blocks(file_address(playlist), CONFIG))
    path = film.make(tmp_path / "long.ts")
    found: list[Block] = []
    with piped(path) as uri, pytest.raises(MediaError, match="goes on beyond 5 s"):
        _collect(live_blocks(address_of(uri), CONFIG, limits=MediaLimits(duration_sec=5)), found)
    assert found[-1].end_s == 5.0


def test_pictures_above_the_limit_are_refused(film: Any, tmp_path: Path) -> None:
    path = film.make(tmp_path / "film.mkv", seconds=1)
    with pytest.raises(MediaError, match="too_many_pixels"):
        list(live_blocks(file_address(path), CONFIG, limits=MediaLimits(frame_pixels=128 * 96 - 1)))


def test_a_stream_is_refused_where_a_whole_file_is_needed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for config, start, word in ((CONFIG, 2.0, "start"), (CommentaryConfig(rule="released", **SMALL), None, "released")):
        with pytest.raises(UserError, match=word):
            blocks_as_they_come(Clip(str(pipe), start), config)


def test_leaving_early_ends_the_thread_that_waits_for_the_source(film: Any, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    data, done = film.make(tmp_path / "film.ts").read_bytes(), threading.Event()

    def write() -> None:
        with suppress(BrokenPipeError), pipe.open("wb") as file:
            file.write(data)
            file.flush()
            done.wait(20)

    threading.Thread(target=write, daemon=True).start()
    address = address_of(str(pipe))
    blocks = live_blocks(address, CONFIG)
    next(blocks)
    begun = time.monotonic()
    blocks.close()
    done.set()
    assert time.monotonic() - begun < 1.5
    assert not [thread for thread in threading.enumerate() if thread.name == "live"]


@pytest.mark.live
def test_standard_input_is_commented_like_its_file(engine: Any, model_folder: Path, tmp_path: Path) -> None:
    path = write_video(tmp_path / "square.mkv", 6)
    said = [(u.start, u.end, u.text) for u in comment_video(engine, str(path), config=CONFIG)]
    assert said and said[-1][1] == 6.0
    program = (
        "import sys\nfrom livecc_assets.commentary.engine import *\n"
        f"for u in comment_video(load_engine({str(model_folder)!r}), '-', config=CommentaryConfig(**{SMALL!r})):\n"
        "    print((u.start, u.end, u.text))\n"
    )
    with path.open("rb") as file, subprocess.Popen(["cat"], stdin=file, stdout=subprocess.PIPE) as cat:
        done = subprocess.run(
            [sys.executable, "-c", program], stdin=cat.stdout, capture_output=True, text=True, timeout=120, check=True
        )
    assert done.stdout.splitlines() == [str(row) for row in said]


def test_the_command_comments_a_fifo_like_its_file_and_says_what_was_amiss(
    model_folder: Path, film: Any, tmp_path: Path
) -> None:
    stamps = [*range(0, 4000, 100), *range(7_204_000, 7_206_000, 100)]
    path = film.make(tmp_path / "hole.mkv", stamps=stamps, sound=False)
    told: list[str] = []
    texts: list[list[tuple[float, float, str]]] = []
    for number, source in enumerate((nullcontext(str(path)), piped(path))):
        with source as uri:
            out = tmp_path / f"{number}.jsonl"
            comment(uri, str(model_folder), fmt="jsonl", out=out, config=dict(SMALL), notice=told.append)
        lines = map(json.loads, out.read_text().splitlines())
        texts.append([(one["start"], one["end"], one["text"]) for one in lines])
    assert texts[0] == texts[1]
    assert texts[0][-1][0] >= 7200
    assert sum("1 gaps of 72" in line for line in told) == 2


def test_the_command_refuses_a_stream_for_a_page_and_what_it_cannot_open(model_folder: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for uri, fmt, words in (
        (str(pipe), "html", "a page holds its video"),
        ("srt://127.0.0.1:9", "vtt", "srt:// addresses are not opened"),
        ("rtsp://", "vtt", "names no host"),
        ("/dev/null", "vtt", "is a device but no camera"),
        ("rtsp://user:secret@127.0.0.1:9/x", "vtt", "cannot be opened"),
    ):
        with pytest.raises(UserError, match=words) as caught:
            comment(uri, str(model_folder), fmt=fmt, out=tmp_path / "out", config=dict(SMALL))
        assert "secret" not in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.live
def test_ctrl_c_ends_a_reading_that_waits_for_its_source(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = (
        # Whoever runs the tests in the background has the signal ignored, and children inherit that.
        "import signal, sys\nfrom livecc_assets.commentary.live_blocks import *\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "print('ready', flush=True)\nfor block in live_blocks(live_address(sys.argv[1]), CommentaryConfig()): pass\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(pipe)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=25)  # the source itself would be waited for for longer
    assert "KeyboardInterrupt" in errors
