"""``livecc sequence``: golden clips become golden turns and samples, and a clip that gives none says why."""

import hashlib
import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from livecc_assets.cli.main import main
from tests.commentary.commentary_videos import write_video
from tests.recordings import Media


def sequence(video: Path, words: Any, tmp_path: Path, *options: str, rules: str = "released") -> Result:
    file = tmp_path / "words.json"
    file.write_text(words if isinstance(words, str) else json.dumps(words))
    command = [
        "--home",
        str(tmp_path / "home"),
        "sequence",
        str(video),
        "--words",
        str(file),
        "--rules",
        rules,
        *options,
    ]
    return CliRunner().invoke(main, command)


def bounds(start: float | None, end: float | None) -> list[str]:
    told = (("--start", start), ("--end", end))
    return [text for name, value in told if value is not None for text in (name, repr(value))]


def cases(golden: Path, video: str) -> list[dict[str, Any]]:
    lines = (golden / "interleave.jsonl").read_text("utf-8").splitlines()
    return [case for line in lines if (case := json.loads(line))["video"] == video]


@pytest.mark.parametrize(
    "video",
    [
        "askany_hitting_baseball.mp4", "askany_making_cake.mp4", "askany_playing_guitar.mp4", "askany_yoga.mp4",
        "autoeditor_example.mp4", "cosmos_test_video_30s.mp4", "dj_video4.mp4", "nasa_13013.mp4", "short_hamilton_clip.mp4",
        "v2d_test_video.mp4", "vllama_skateboarding_dog.mp4", "WDA_AlexandriaOcasioCortez_000.mp4",
    ],
)  # fmt: skip
def test_golden_clips_have_the_published_turns_or_fail_where_the_published_code_raises(
    video: str, golden: Path, media: Media, tmp_path: Path
) -> None:
    found = cases(golden, video)
    assert found
    for case in found:
        options = bounds(case["video_start"], case["video_end"])
        done = sequence(media / video, case["words"], tmp_path, *options, "--context", case["query"], "--json")
        if "error" in case:
            assert done.exit_code == 1 and "gives no sequence" in done.output, case["id"]
            continue
        assert done.exit_code == 0, (case["id"], done.output)
        assert json.loads(done.stdout)["turns"] == case["turns"], case["id"]


@pytest.fixture(scope="module")
def qwen_folder(qwen_tokenizer: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published tokenizer as a model folder without weights."""
    folder = tmp_path_factory.mktemp("qwen")
    qwen_tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "model_type": "qwen2_vl",
        "vocab_size": 152064,
        "vision_config": {"patch_size": 14, "spatial_merge_size": 2},
    }
    (folder / "config.json").write_text(json.dumps(config))
    preprocessor = {
        "patch_size": 14,
        "temporal_patch_size": 2,
        "merge_size": 2,
        "min_pixels": 3136,
        "max_pixels": 12845056,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessor))
    return folder


@pytest.mark.parametrize("number", range(5))
def test_golden_annotations_have_the_published_ids_labels_grids_and_positions(
    number: int, golden: Path, media: Media, qwen_folder: Path, tmp_path: Path
) -> None:
    case = json.loads((golden / "sequence.json").read_text("utf-8"))["sequences"][number]
    (video, text), stream = case["conversation"][0]["content"], case["conversation"][1]["content"][0]["text_stream"]
    context = text["text"] or ((text["previous"] or text["title"]) if case["with_context"] else "")
    options = [*bounds(video["video_start"], video["video_end"]), "--context", context, "--tokenizer", str(qwen_folder)]
    done = sequence(media / video["video"], stream, tmp_path, *options, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    ids = [token for one in case["input_ids_rle"] for token in ([one] if isinstance(one, int) else [one[0]] * one[1])]
    assert found["input_ids"] == ids
    assert found["label_spans"] == case["label_spans"]
    assert found["video_grid_thw"] == case["video_grid_thw"]
    assert found["rope_delta"] == case["rope_delta"]
    positions = np.array(found["position_ids"], "<i4")
    assert hashlib.sha256(positions.tobytes()).hexdigest() == case["position_ids_sha256"]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("film") / "a <b>.mp4", 12)


def test_corrected_turns_say_every_word_of_the_range_once_and_in_the_turn_in_which_it_ends(
    film: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("words")

    @settings(max_examples=25, deadline=None)
    @given(st.lists(st.integers(2, 110), min_size=1, max_size=30, unique=True), st.integers(0, 4))
    def check(ends: list[int], start: int) -> None:
        words = [[end / 10 - 0.1, end / 10, f"w{end}"] for end in sorted(ends)]
        done = sequence(film, words, folder, *bounds(float(start), 12.0), "--json", rules="corrected")
        inside = [word for _, end, word in words if end >= start]
        if not inside:
            assert done.exit_code == 1
            return
        turns = json.loads(done.stdout)["turns"]
        assert [word for turn in turns for word in turn["assistant"].removesuffix(" ...").split()] == inside
        for turn in turns[:-1]:
            first, _, last = turn["user"].removeprefix("Time=").removesuffix("s").partition("-")
            for word in turn["assistant"].removesuffix(" ...").split():
                said = int(word[1:]) / 10 - start
                assert said <= float(last) + 0.51 and (float(first) == 0 or said > float(first) - 0.51)

    check()


def test_turns_do_not_depend_on_the_tokenizer(film: Path, qwen_folder: Path, tmp_path: Path) -> None:
    words = [[n + 0.1, n + 0.9, f"word{n}"] for n in range(10)]
    own = json.loads(sequence(film, words, tmp_path, "--json").stdout)
    other = json.loads(sequence(film, words, tmp_path, "--json", "--tokenizer", str(qwen_folder)).stdout)
    assert own["turns"] == other["turns"] and own["input_ids"] != other["input_ids"]


class Texts(HTMLParser):
    """Tags and texts of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_shows_each_turns_frames_over_its_words_and_escapes_what_is_said(film: Path, tmp_path: Path) -> None:
    words = [[0.5, 1.0, "<script>alert(1)</script>"], [9.0, 9.5, "late"]]
    page = tmp_path / "page.html"
    done = sequence(film, words, tmp_path, "--html", str(page), "--context", "A <i>title</i>", rules="corrected")
    assert done.exit_code == 0, done.output
    shown = Texts(page.read_text("utf-8"))
    assert "script" not in shown.tags and "i" not in shown.tags and "b" not in shown.tags
    assert (
        "<script>alert(1)</script> ..." in shown.text and "A <i>title</i>" in shown.text and "a <b>.mp4" in shown.text
    )
    assert shown.tags.count("img") == 6 + 2 * (shown.tags.count("li") - 1)


def test_without_a_format_the_turns_are_printed(film: Path, tmp_path: Path) -> None:
    done = sequence(film, [[0.5, 1.0, "Hello"]], tmp_path, rules="corrected")
    assert done.exit_code == 0 and "1 turns, 6 frames" in done.stdout and "Hello ..." in done.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("{", "words.json: no list of [start, end, word]"),
        ("{}", "it holds no list but dict"),
        ([[1, 2]], "[1, 2]' is no word"),
        ([["a", 2, "w"]], "has no times"),
        ([], "gives no sequence: the clip has no words (no_words)"),
        ([[50, 51, "w"]], "none of 1 words ends inside"),
    ],
)
def test_what_gives_no_sequence_is_one_line(words: Any, told: str, film: Path, tmp_path: Path) -> None:
    done = sequence(film, words, tmp_path)
    assert done.exit_code == 1 and told in done.output and len(done.stderr.strip().splitlines()) == 1


def test_a_video_that_is_none_and_impossible_times_are_one_line(film: Path, tmp_path: Path) -> None:
    broken = tmp_path / "x.mp4"
    broken.write_bytes(b"no video")
    for video, options, told in (
        (broken, [], "gives no sequence"),
        (film, ["--start", "5", "--end", "5"], "--end 5: not after --start 5"),
        (film, ["--start", "0", "--end", "1.2"], "gives no sequence"),
        (film, ["--start", "500"], "gives no sequence"),
    ):
        done = sequence(video, [[0.1, 0.4, "w"]], tmp_path, *options)
        assert done.exit_code == 1 and told in done.output, (options, done.output)
