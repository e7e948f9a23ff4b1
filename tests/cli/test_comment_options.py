"""Options of ``livecc comment``: what they set, and the line that refuses a bad one."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from livecc_assets.cli.comment_options import with_options
from livecc_assets.cli.commenting import TERMINATED, _terminable
from livecc_assets.cli.main import main
from livecc_assets.core.errors import UserError


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {}),
        ({"fps": 4.0}, {"fps": 4.0}),
        ({"device": "cpu"}, {"device": "cpu"}),
        ({"seed": 7}, {"sample": True, "seed": 7}),
        ({"eviction": "none"}, {"eviction": "none"}),
        ({"eos_threshold": "0.5"}, {"eos_base": 0.5, "eos_step": 0.0}),
        ({"eos_threshold": "0.5:-0.02"}, {"eos_base": 0.5, "eos_step": -0.02}),
        ({"max_words_per_second": 0.0}, {"max_words_per_second": 0.0}),
    ],
)
def test_an_option_wins_over_the_profile(options: dict[str, Any], expected: dict[str, Any]) -> None:
    assert with_options({"seed": 1, "rule": "corrected"}, **options) == {"seed": 1, "rule": "corrected"} | expected


@pytest.mark.parametrize(
    "options",
    [
        {"fps": 0.0}, {"fps": -1.0}, {"fps": float("nan")}, {"fps": 1e9},
        {"device": "gpu"}, {"device": "cuda:99"}, {"seed": -1}, {"seed": 2**63},
        {"eos_threshold": ""}, {"eos_threshold": "0.5:"}, {"eos_threshold": "a:b"}, {"eos_threshold": "1.5"},
        {"eos_threshold": "nan"}, {"eos_threshold": "0.5:inf"}, {"eos_threshold": "0.5:1:2"},
        {"max_words_per_second": -1.0}, {"max_words_per_second": float("nan")}, {"max_words_per_second": float("inf")},
    ],
)  # fmt: skip
def test_a_bad_value_is_one_line_that_names_its_option(options: dict[str, Any]) -> None:
    with pytest.raises(UserError) as caught:
        with_options({}, **options)
    option = next(iter(options)).replace("_", "-")
    assert str(caught.value).startswith(f"--{option} ") and "\n" not in str(caught.value)


def test_the_published_rule_takes_no_bound() -> None:
    with pytest.raises(UserError, match=r"--max-words-per-second: .*released"):
        with_options({"rule": "released"}, max_words_per_second=5.0)


def test_sigterm_unwinds_and_ends_with_its_own_code() -> None:
    before, unwound = signal.getsignal(signal.SIGTERM), list[str]()

    def work() -> None:
        with _terminable():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
                signal.pause()
            finally:
                unwound.append("page written")

    with pytest.raises(SystemExit) as caught:
        work()
    assert caught.value.code == TERMINATED == 143 and unwound
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_command_comments_in_real_time_what_was_asked_for(tmp_path: Path) -> None:
    from tests.commentary.commentary_videos import write_video

    video, out = write_video(tmp_path / "v.mp4", 8), tmp_path / "out.jsonl"
    words = ["--home", str(tmp_path / "home"), "comment", str(video), "--model", "embedded:tiny-qwen2-vl"]
    words += ["--format", "jsonl", "-o", str(out), "--start", "1", "--end", "4", "--live", "--seed", "3"]
    done = CliRunner().invoke(main, [*words, "--max-words-per-second", "1", "--eos-threshold", "0.9"])
    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [(row["start"], row["end"]) for row in rows] == [(1.0, 4.0)]
    assert rows[0]["words"] <= 3
    assert f"{out}: {rows[0]['words']} words" in done.stdout
    assert "latency p50" in done.stderr and "real-time factor" in done.stderr
