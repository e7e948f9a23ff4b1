"""`livecc score timing`: what `livecc comment` writes beside captions or words, as a document and as lines."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.commentary.subtitles import VTT_HEADER, jsonl_line, vtt_cue
from livecc_assets.commentary.utterance import Utterance, shifted
from livecc_assets.core.words import Word
from livecc_assets.evaluation.timing_score import TIMING
from livecc_assets.sample.captions import write_captions
from livecc_assets.sample.match import plan_match
from livecc_assets.sample.videos import GAPS, commentary
from tests.cli.test_commands import one_line_error
from tests.cli.test_scoring import document, score
from tests.evaluation.test_timing import human, intervals, shuffled

SECONDS = 400.0


@pytest.fixture(scope="module")
def words() -> list[Word]:
    return human(1, SECONDS)


@pytest.fixture
def truth(tmp_path: Path, words: list[Word]) -> Path:
    path = tmp_path / "human.json"
    path.write_text(json.dumps(words))
    return path


def jsonl(path: Path, said: Sequence[Utterance]) -> Path:
    path.write_text("".join(map(jsonl_line, said)))
    return path


def vtt(path: Path, said: Sequence[Utterance]) -> Path:
    path.write_text(VTT_HEADER + "".join(map(vtt_cue, said)))
    return path


def test_a_damaged_file_is_one_line(tmp_path: Path, words: list[Word], truth: Path) -> None:
    said = jsonl(tmp_path / "a.jsonl", intervals(words, SECONDS, latency=None))
    packed = bytearray(gzip.compress(said.read_bytes()))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = bytes(40)
    damaged, broken = tmp_path / "b.jsonl.gz", tmp_path / "broken.json"
    damaged.write_bytes(packed)
    broken.write_text(json.dumps({"words": "[oops"}))
    for file, spoken in ((damaged, truth), (said, broken)):
        assert "Traceback" not in one_line_error(score(tmp_path, "timing", str(file), "--truth", str(spoken)))


def test_a_delay_holds_for_the_level_of_chance_too(tmp_path: Path, words: list[Word], truth: Path) -> None:
    said = jsonl(tmp_path / "a.jsonl", intervals(words, SECONDS, latency=None))
    levels = [
        document(tmp_path, "timing", said, "--truth", truth, "--delay", delay)["timely_f1_chance"]
        for delay in ("0", "7")
    ]
    assert levels[0] != levels[1]


def test_json_lines_and_webvtt_of_one_commentary_have_the_same_score(
    tmp_path: Path, words: list[Word], truth: Path
) -> None:
    said = intervals(words, SECONDS, latency=None)
    lines = document(tmp_path, "timing", jsonl(tmp_path / "a.jsonl", said), "--truth", truth)
    cues = document(tmp_path, "timing", vtt(tmp_path / "a.vtt", said), "--truth", truth)
    packed = tmp_path / "a.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "a.jsonl").read_bytes()))
    assert {**document(tmp_path, "timing", packed, "--truth", truth), "file": "a.jsonl"} == lines
    for name in (
        "timely_f1",
        "timely_precision",
        "timely_recall",
        "content_f1",
        "silence_kappa",
        "words",
        "lag",
        "minutes",
    ):
        assert lines[name] == cues[name], name
    assert lines["timely_f1"] > 99.5 and lines["minutes"] == 7
    assert lines["synchrony"] is None and lines["latency"] == {}


def test_the_document_holds_figures_intervals_lags_and_minutes(tmp_path: Path, words: list[Word], truth: Path) -> None:
    found = document(tmp_path, "timing", jsonl(tmp_path / "a.jsonl", intervals(words, SECONDS)), "--truth", truth)
    assert (found["file"], found["truth"], found["begin"], found["end"]) == ("a.jsonl", "human.json", 0, SECONDS)
    for name in TIMING:
        one = found["rates"][name]
        assert one["value"] == found[name] and one["interval"][0] <= one["value"] <= one["interval"][1], name
        assert (one["minutes"], one["too_few"]) == (7, False), name
    assert found["synchrony"] == 100 and found["latency"]["latency_p95"] == 0.1
    assert found["human_words"] == len(words) and found["human_words_per_second"] == round(len(words) / SECONDS, 4)
    assert found["timely_f1_chance"] < 60 < found["timely_f1"]
    assert [one["begin"] for one in found["by_minute"]] == [60 * k for k in range(7)]
    assert sum(one["words"] for one in found["by_minute"]) == found["words"]
    assert found["window"] == {"in_time": 1, "end": 5} and found["lag"]["n"] > 300


def test_a_delay_lowers_every_figure_and_shuffled_words_lower_it_more(
    tmp_path: Path, words: list[Word], truth: Path
) -> None:
    said = intervals(words, SECONDS)
    file, mixed = jsonl(tmp_path / "a.jsonl", said), jsonl(tmp_path / "m.jsonl", shuffled(said, 1))
    good = document(tmp_path, "timing", file, "--truth", truth)
    late = document(tmp_path, "timing", file, "--truth", truth, "--delay", "3")
    lost = document(tmp_path, "timing", mixed, "--truth", truth)
    for name in TIMING:
        assert late[name] < good[name], name
    for name in ("timely_f1", "timely_precision", "timely_recall"):
        assert lost[name] < late[name], name
    assert late["lag"]["p50"] > good["lag"]["p50"] + 2.5
    wide = document(tmp_path, "timing", file, "--truth", truth, "--delay", "3", "--window", "10")
    assert wide["timely_f1"] > late["timely_f1"]


def test_another_file_is_compared_over_the_same_minutes(tmp_path: Path, words: list[Word], truth: Path) -> None:
    said = intervals(words, SECONDS)
    file, late = jsonl(tmp_path / "a.jsonl", said), jsonl(tmp_path / "late.jsonl", shifted(said, 2))
    found = document(tmp_path, "timing", file, "--truth", truth, "--against", late, "--against", file)
    first, second = found["compared"]
    assert (first["file"], second["file"], first["minutes"]) == ("late.jsonl", "a.jsonl", 7)
    apart = first["differences"]["timely_f1"]
    assert apart["difference"] > 15 and apart["interval"][0] > 10 and apart["p"] < 0.05
    assert apart["p_holm"] == pytest.approx(2 * apart["p"])
    assert (second["differences"]["timely_f1"]["difference"], second["differences"]["timely_f1"]["p"]) == (0, 1)


def test_the_lines_tell_what_the_document_holds(tmp_path: Path, words: list[Word], truth: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", intervals(words, SECONDS))
    shown = score(tmp_path, "timing", file, "--truth", truth, "--by-minute", "--delay", "1.5", "--against", file).stdout
    assert "a.jsonl beside human.json: 00:00:00.000 to 00:06:40.000, 7 minutes, 1.5 s later" in shown
    for part in (
        "timely_f1 ",
        "timely_f1_chance",
        "silence_kappa",
        "lag p10",
        "latency p50",
        "00:06:00.000  timely_f1",
    ):
        assert part in shown
    assert "minus a.jsonl: timely_f1" in shown and "p = 1.0000, 7 minutes" in shown
    short = score(tmp_path, "timing", file, "--truth", truth, "--end", "60").stdout
    assert "1 minute\n" in short and "too few to tell" in short
    assert "not to be told here: timely_f1_chance" in short
    assert "00:00:00.000  timely_f1" not in short


def test_captions_of_every_kind_are_a_humans_words(tmp_path: Path) -> None:
    """The sample's matches: exact times where the captions hold them, lines whose words share their time else."""
    sound = commentary(plan_match(3, 28.0, *GAPS))
    file = jsonl(tmp_path / "a.jsonl", intervals([word.row() for word in sound.words], 28.0))  # type: ignore[misc]
    for kind in ("youtube-vtt", "json3", "vtt", "srt", "ttml"):
        truth = write_captions(tmp_path, kind, sound.lines, kind)
        found = document(tmp_path, "timing", file, "--truth", truth)
        assert found["timely_f1"] > 98, kind
        assert found["human_words"] == len(sound.words), kind
        assert abs(found["lag"]["p50"]) <= 0.3, kind


@pytest.mark.parametrize(
    "form",
    [
        lambda rows: rows,
        lambda rows: [[row["start"], row["end"], row["word"]] for row in rows],
        lambda rows: {"video": "a.mp4", "content": [[row["start"], row["end"], row["word"]] for row in rows]},
        lambda rows: {
            "language": "en",
            "segments": [{"start": 0, "end": 9, "text": "x", "words": rows[:50]}, {"words": rows[50:]}],
        },
        lambda rows: list(reversed(rows)),
    ],
)
def test_words_are_read_as_recognisers_and_the_published_sets_write_them(
    tmp_path: Path, words: list[Word], form: Any
) -> None:
    file, truth = jsonl(tmp_path / "a.jsonl", intervals(words, SECONDS)), tmp_path / "w.json"
    truth.write_text(json.dumps(form(words)))
    found = document(tmp_path, "timing", file, "--truth", truth)
    assert found["timely_f1"] > 99.5 and found["human_words"] == len(words)
    lines = tmp_path / "w.jsonl"
    lines.write_text("".join(json.dumps(word) + "\n" for word in words))
    assert document(tmp_path, "timing", file, "--truth", lines)["timely_f1"] == found["timely_f1"]


def test_what_a_model_says_twice_is_said_twice_in_webvtt(tmp_path: Path, truth: Path) -> None:
    file = vtt(tmp_path / "a.vtt", [Utterance(k, k + 1, "go on <go> on & on") for k in range(30)])
    found = document(tmp_path, "timing", file, "--truth", truth, "--end", "30")
    assert found["words"] == 30 * 5 and found["repetition"] > 90


def test_silence_before_and_after_the_cues_of_webvtt_counts(tmp_path: Path, words: list[Word], truth: Path) -> None:
    said = [one for one in intervals(words, SECONDS) if 100 <= one.start < 200]
    found = document(tmp_path, "timing", vtt(tmp_path / "a.vtt", said), "--truth", truth)
    assert found["begin"] == 0 and found["end"] == pytest.approx(words[-1]["end"], abs=1e-3)
    assert found["timely_recall"] < 40 < 90 < found["timely_precision"]
    part = document(tmp_path, "timing", tmp_path / "a.vtt", "--truth", truth, "--start", "100", "--end", "200")
    assert part["timely_recall"] > 95


def test_an_end_beyond_the_commentary_adds_no_silence(tmp_path: Path, words: list[Word], truth: Path) -> None:
    said = intervals(words, SECONDS)
    for file in (jsonl(tmp_path / "a.jsonl", said), vtt(tmp_path / "a.vtt", said)):
        whole = document(tmp_path, "timing", file, "--truth", truth)
        assert document(tmp_path, "timing", file, "--truth", truth, "--start", "0", "--end", "1e9") == whole


def test_a_commentary_that_broke_off_is_silent_up_to_the_end_that_is_named(
    tmp_path: Path, words: list[Word], truth: Path
) -> None:
    said = [one for one in intervals(words, SECONDS) if 60 <= one.start < 120]
    file = jsonl(tmp_path / "a.jsonl", said)
    part = document(tmp_path, "timing", file, "--truth", truth)
    assert (part["begin"], part["end"]) == (60, 120) and part["timely_recall"] > 90
    whole = document(tmp_path, "timing", file, "--truth", truth, "--start", "0", "--end", "1e9")
    assert whole["begin"] == 0 and whole["end"] == pytest.approx(words[-1]["end"], abs=1e-3)
    assert whole["timely_recall"] < 40 < 90 < whole["timely_precision"]
    assert whole["human_words"] == len(words)
    some = document(tmp_path, "timing", file, "--truth", truth, "--end", "180")
    assert (some["begin"], some["end"]) == (60, 180)


def test_rows_that_are_no_utterance_are_reasons(tmp_path: Path, words: list[Word], truth: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", intervals(words, SECONDS))
    whole = document(tmp_path, "timing", file, "--truth", truth)
    torn = '{"start": 400.0, "en'
    bad: list[Any] = [[1], {"start": 3, "end": 2, "text": "x"}, {"start": 1, "end": float("nan"), "text": "x"}]
    bad += [
        {"start": 1, "end": 2},
        {"start": 1, "end": 1e12, "text": "x"},
        {"start": 1, "end": 2, "text": "x", "latency": "soon"},
    ]
    bad += [{"start": 1, "end": 2, "text": "x", "stopped": "\x1b[31m"}]
    file.write_text("".join(json.dumps(row) + "\n" for row in bad) + file.read_text() + torn)
    found = document(tmp_path, "timing", file, "--truth", truth)
    assert found["rejected"]["reasons"] == {"malformed_utterance": 7, "not_json": 1}
    assert {**found, "rejected": 0} == {**whole, "rejected": 0}
    shown = score(tmp_path, "timing", file, "--truth", truth).stdout
    assert "8 rows do not count: malformed_utterance 7, not_json 1" in shown and "\x1b" not in shown


def test_what_cannot_be_scored_is_one_line(tmp_path: Path, words: list[Word], truth: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", intervals(words, SECONDS))

    def refused(*arguments: str | Path) -> str:
        return one_line_error(score(tmp_path, "timing", *arguments))

    assert "none.jsonl: no such file" in refused(tmp_path / "none.jsonl", "--truth", truth)
    assert "none.vtt: no such file" in refused(file, "--truth", tmp_path / "none.vtt")
    (tmp_path / "page.html").write_text("<p>")
    assert "page.html: neither .jsonl nor captions" in refused(tmp_path / "page.html", "--truth", truth)
    assert "page.html: neither captions" in refused(file, "--truth", tmp_path / "page.html")
    (tmp_path / "empty.jsonl").write_text("")
    assert "empty.jsonl: holds no interval" in refused(tmp_path / "empty.jsonl", "--truth", truth)
    (tmp_path / "empty.json").write_text("[]")
    assert "empty.json: holds no spoken word" in refused(file, "--truth", tmp_path / "empty.json")
    for content, what in (
        ("{", "not valid JSON"),
        ('{"a": 1}', "an object without words"),
        ('["x"]', "no spoken word"),
    ):
        (tmp_path / "w.json").write_text(content)
        assert what in refused(file, "--truth", tmp_path / "w.json"), content
    (tmp_path / "timeless.json").write_text('[{"word": "a"}, {"word": "b"}]')
    assert "not one of 2 words has a time" in refused(file, "--truth", tmp_path / "timeless.json")
    backwards = jsonl(tmp_path / "b.jsonl", [Utterance(5, 6, "a"), Utterance(2, 3, "b")])
    assert "record 2: starts at 2 s, before the one above" in refused(backwards, "--truth", truth)
    (tmp_path / "torn.jsonl.gz").write_bytes(gzip.compress(file.read_bytes())[:-9])
    assert "torn.jsonl.gz: cannot be read" in refused(tmp_path / "torn.jsonl.gz", "--truth", truth)
    assert "--end 5: not after --start 9" in refused(file, "--truth", truth, "--start", "9", "--end", "5")
    assert "nothing to score from 9999 s on" in refused(file, "--truth", truth, "--start", "9999")
    assert "--end nan: not a number" in refused(file, "--truth", truth, "--end", "nan")
    far = vtt(tmp_path / "far.vtt", [Utterance(1, 2, "a"), Utterance(9e6, 9e6 + 1, "b")])
    assert "more than 30 days" in refused(far, "--truth", truth)
    (tmp_path / "bad.vtt").write_text("WEBVTT\n\nno cue\n")
    assert "bad.vtt" in refused(file, "--truth", tmp_path / "bad.vtt")


def test_options_that_make_no_sense_is_wrong_usage(tmp_path: Path, words: list[Word], truth: Path) -> None:
    file = jsonl(tmp_path / "a.jsonl", intervals(words, SECONDS))
    for options in (("--window", "1"), ("--delay", "-1")):
        assert score(tmp_path, "timing", file, "--truth", truth, *options).exit_code == 2, options
    assert score(tmp_path, "timing", file).exit_code == 2
