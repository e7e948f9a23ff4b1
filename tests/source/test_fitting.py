"""Captions on the clock of their video: moved where a file says so, refused where they do not fit, never moved on a guess."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from livecc_assets.core.errors import MediaError
from livecc_assets.source.captions import read_captions
from livecc_assets.source.cues import Captions
from livecc_assets.source.fitting import Section, fit_to_video
from livecc_assets.source.probe import Probe, probe

MEASURES = Probe(600.0, 640, 480, 25.0, False, True, 0.0)


def lines_at(first: float, until: float, step: float = 4.0, length: float = 3.0) -> Captions:
    starts = [first + k * step for k in range(round((until - first) / step))]
    lines = [{"start": s, "end": s + length, "text": f"line {k}"} for k, s in enumerate(starts)]
    return Captions("srt", lines, None, numbers=list(range(1, len(lines) + 1)))


def refusal(captions: Captions, measures: Probe = MEASURES, section: Section | None = None) -> str:
    with pytest.raises(MediaError) as caught:
        fit_to_video(captions, measures, section)
    assert caught.value.reason == "captions_mismatch"
    return caught.value.detail


@pytest.mark.parametrize("offset", [36000, 300, 120, 60, 35])
def test_captions_that_count_from_another_moment_are_refused_with_the_numbers(offset: float):
    told = refusal(lines_at(offset, offset + 600))
    assert f"run from {offset:.1f} to {offset + 599:.1f} s but the video lasts 600.0 s" in told


def test_up_to_a_twentieth_of_the_lines_may_lie_outside():
    fitted = fit_to_video(lines_at(10, 610), MEASURES)  # the last two of 150
    assert len(fitted.lines) == 148
    assert [problem.reason for problem in fitted.problems] == ["caption_outside"] * 2
    assert "39 of 150 lines lie outside" in refusal(lines_at(0, 600), replace(MEASURES, duration=439.0))


def test_one_line_far_beyond_the_end_is_enough():
    captions = lines_at(0, 600)
    captions.lines.append({"start": 5999.0, "end": 6001.0, "text": "subtitles by nobody"})
    captions.numbers.append(151)
    assert "run from 0.0 to 6001.0 s" in refusal(captions)


def test_words_that_end_far_beyond_the_video_are_enough():
    captions = replace(lines_at(0, 600), words=[{"start": 1.0, "end": 640.0, "word": "long"}])
    assert "to 640.0 s" in refusal(captions)


def test_a_last_line_that_hangs_over_the_end_is_cut_there():
    fitted = fit_to_video(lines_at(0, 600, length=9.0), MEASURES)
    assert fitted.lines[-1]["end"] == 600.0
    assert max(line["end"] for line in fitted.lines) == 600.0
    assert fitted.problems == []


def test_a_line_in_the_second_after_the_last_frame_takes_the_videos_last_moment():
    fitted = fit_to_video(lines_at(0, 12), replace(MEASURES, duration=7.5))
    assert [(line["start"], line["end"]) for line in fitted.lines] == [(0.0, 3.0), (4.0, 7.0), (7.4, 7.5)]
    assert fitted.problems == []


@pytest.mark.parametrize("turns", [0, 1])
def test_a_timestamp_map_places_cues_on_the_containers_clock(turns: int):
    wrap = turns * 2**33 / 90000  # the map counts in 33 bits, like the stream
    captions = replace(lines_at(3, 7), offset=15.0)
    fitted = fit_to_video(captions, replace(MEASURES, start_time=10.0 + wrap))
    assert fitted.lines[0]["start"] == 8.0


def test_captions_beside_a_file_count_from_where_it_starts_playing():
    for start_time in (0.0, 1.4, 36000.0, -2.0):
        assert fit_to_video(lines_at(3, 7), replace(MEASURES, start_time=start_time)).lines[0]["start"] == 3.0


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_a_caption_track_inside_a_file_is_on_its_containers_clock(ending: str, batch, film):
    plain = film.make(batch.folder / f"plain.{ending}", seconds=8, clock=10.0)
    codec = "mov_text" if ending == "mp4" else "subrip"
    film.add_caption_track(plain, batch.folder / f"match.{ending}", [(13.0, 15.0, b"the ball is in the net")], codec)
    plain.unlink()
    rows, _ = batch.read(min_distinct_words=3)
    assert rows[0]["subtitles"] == [{"start": 3.0, "end": 5.0, "text": "the ball is in the net"}]


@pytest.mark.parametrize("ending", ["mkv", "mp4", "ts", "flv"])
def test_captions_fit_a_file_whose_streams_start_late(ending: str, film, tmp_path: Path):
    path = film.make(tmp_path / f"film.{ending}", seconds=20, fps=5, clock=10.0, size=(64, 48))
    vtt = "WEBVTT\n\n" + "".join(f"00:{k:02d}.000 --> 00:{k:02d}.900\nword{k}\n\n" for k in range(1, 19))
    fitted = fit_to_video(read_captions(vtt.encode(), "a.vtt"), probe(str(path)))
    assert {line["text"]: line["start"] for line in fitted.lines}["word12"] == pytest.approx(12.0, abs=0.05)


@pytest.mark.parametrize("sound", [True, False])
@pytest.mark.parametrize("clock", [1.4, 10.0, 3600.0, 80000.0])
def test_a_whole_transport_stream_is_not_cut_off_wherever_its_clock_starts(clock, sound, film, tmp_path: Path):
    path = film.make(tmp_path / "film.ts", seconds=12, fps=5, clock=clock, sound=sound, size=(64, 48))
    assert probe(str(path)).duration == pytest.approx(12, abs=0.01)


@pytest.mark.parametrize("clock", [0.0, 10.0])
@pytest.mark.parametrize("ending", ["ts", "mkv", "flv"])
def test_a_file_that_breaks_off_is_told_wherever_its_clock_starts(ending, clock, film, tmp_path: Path):
    path = film.make(tmp_path / f"film.{ending}", seconds=12, clock=clock)
    assert probe(str(path)).duration == pytest.approx(12, abs=0.2)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(MediaError) as caught:
        probe(str(path))
    assert caught.value.reason == "truncated"
    assert f"film.{ending} breaks off" in caught.value.detail


def test_a_section_takes_the_captions_of_its_part_of_the_video():
    fitted = fit_to_video(lines_at(0, 600, step=5), replace(MEASURES, duration=399.8), Section(200.0, 600.0))
    assert fitted.lines[0] == {"start": 0.0, "end": 3.0, "text": "line 40"}
    assert len(fitted.lines) == 80
    (problem,) = fitted.problems
    assert (problem.number, problem.reason) == (1, "caption_outside_section")
    assert problem.detail.startswith("40 of 120 cues lie outside the section 200 to 600 s")


def test_a_line_that_a_section_cuts_through_is_left_out_whole():
    lines = [{"start": 8.0, "end": 12.0, "text": "a b"}, {"start": 13.0, "end": 14.0, "text": "c"}]
    words = [{"start": 8.0, "end": 9.0, "word": "a"}, {"start": 13.0, "end": 14.0, "word": "c"}]
    captions = Captions("vtt", lines, words, numbers=[1, 2])
    fitted = fit_to_video(captions, replace(MEASURES, duration=20.0), Section(10.0, 30.0))
    assert [line["text"] for line in fitted.lines] == ["c"]
    assert fitted.words == [{"start": 3.0, "end": 4.0, "word": "c"}]


def test_a_section_cut_at_key_frames_is_refused_with_the_remedy():
    for duration in (403.0, 396.0):
        told = refusal(lines_at(0, 600), replace(MEASURES, duration=duration), Section(200.0, 600.0))
        assert f"it lasts {duration:.1f} s instead of 400.0 s" in told
        assert "--force-keyframes-at-cuts" in told


def test_a_section_whose_own_stamps_start_elsewhere_is_refused():
    measures = replace(MEASURES, duration=400.0, start_time=197.2)
    assert "its own time stamps start at 197.2 s" in refusal(lines_at(0, 600), measures, Section(200.0, 600.0))


def test_captions_that_may_have_been_cut_with_the_section_are_refused():
    told = refusal(lines_at(0, 100), replace(MEASURES, duration=100.0), Section(200.0, 300.0))
    assert "take section_start out of the .info.json" in told


def test_a_section_to_the_end_needs_no_end():
    fitted = fit_to_video(lines_at(0, 600), replace(MEASURES, duration=400.0), Section(200.0))
    assert fitted.lines[0]["text"] == "line 50"


def test_a_downloaded_section_is_read_with_the_captions_of_the_whole_video(batch, subrip):
    about = {"title": "A match", "language": "en", "section_start": 20.0, "section_end": 28.0, "section_number": 1}
    batch.video(info=about)
    before = tuple(f"word number {k} of what was said before" for k in range(10))
    batch.write("match.srt", subrip((*before, "now it begins and the red team runs", "to the goal of the other side")))
    rows, rejected = batch.read()
    assert [line["start"] for line in rows[0]["subtitles"]] == [0.0, 2.0]
    assert [r.reason for r in rejected] == ["caption_outside_section"]
    batch.write("match.info.json", json.dumps(about | {"section_end": 40.0}))
    assert batch.only_rejected().reason == "captions_mismatch"


def test_sections_that_are_no_times_are_no_sections(batch):
    batch.video(info={"title": "t", "section_start": "200", "section_end": float("nan")})
    rows, _ = batch.read()
    assert rows[0]["subtitles"][0]["start"] == 0.0


def test_a_map_to_the_usual_start_of_a_stream_moves_nothing_in_a_file_written_anew_from_zero():
    """yt-dlp keeps HLS captions' map and writes the video to an MP4."""
    mapped = replace(lines_at(0, 100), offset=10.0)
    fitted = fit_to_video(mapped, MEASURES)
    assert fitted.lines[0]["start"] == 0.0
    assert [problem.reason for problem in fitted.problems] == ["timestamp_map"]
    kept = fit_to_video(mapped, replace(MEASURES, start_time=4.0))
    assert (kept.lines[0]["start"], kept.problems) == (6.0, [])
    assert fit_to_video(replace(mapped, offset=5.0), MEASURES).lines[0]["start"] == 5.0


def test_a_recording_that_begins_between_two_key_frames_is_whole_and_ends_where_it_did(film, tmp_path: Path):
    path, cut = film.make(tmp_path / "film.ts", seconds=12, gop=40), tmp_path / "cut.ts"
    content = path.read_bytes()
    cut.write_bytes(content[: 188 * 3] + content[188 * (len(content) // 188 // 10) :])
    whole, measures = probe(str(path)), probe(str(cut))
    ends = [one.start_time + one.duration for one in (whole, measures)]
    assert ends[1] == pytest.approx(ends[0], abs=0.05)
