"""What ``livecc chat`` does with questions from the command line, from standard input and at a prompt."""

import io
import json
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from livecc_assets.cli.chat import read
from livecc_assets.cli.chatting import chat
from livecc_assets.cli.main import main
from livecc_assets.cli.saying import shown
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.conversation import ANSWER_TOKENS, Conversation
from livecc_assets.commentary.decoder import Chunk, Decoder
from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import load_settings

ASKED = ("what is it?", "and then?")


def livecc(home: Path, *words: str, typed: str | bytes = "") -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "chat", *words], input=typed)


def refused(result: Result, match: str) -> None:
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.splitlines()
    assert line.startswith("livecc: ") and match in line
    assert result.stdout == ""


@pytest.fixture
def expected(engine: Any, video: Path, tmp_path: Path) -> list[str]:
    """Answers of at most 9 tokens to the two questions, by the profile's settings."""
    profile = load_settings(tmp_path).profile
    config = CommentaryConfig.from_profile({**profile.commentary.as_config(), "video": profile.video.as_config()})
    conversation = Conversation(engine, str(video), 1.0, 6.0, config)
    return [conversation.ask(question, 9).text for question in ASKED]


def test_questions_of_the_command_line_are_answered_in_turn(
    tmp_path: Path, video: Path, model_folder: Path, expected: list[str]
) -> None:
    asked = [word for question in ASKED for word in ("--question", question)]
    words = [str(video), "--model", str(model_folder), "--start", "1", "--end", "6", "--max-tokens", "9", *asked]
    result = livecc(tmp_path, *words, typed="never read\n")
    assert (result.exit_code, result.stdout) == (0, "".join(f"{shown(text)}\n" for text in expected))
    assert expected[0] and expected[1]


def test_lines_of_standard_input_are_answered_as_json(
    tmp_path: Path, video: Path, model_folder: Path, expected: list[str]
) -> None:
    words = [str(video), "--model", str(model_folder), "--start", "1", "--end", "6", "--max-tokens", "9", "--json"]
    result = livecc(tmp_path, *words, typed=f"{ASKED[0]}\n\n  \n {ASKED[1]}")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["question"], row["answer"]) for row in rows] == list(zip(ASKED, expected, strict=True))
    assert all(set(row) == {"question", "answer", "latency", "stopped"} and row["latency"] > 0 for row in rows)
    cut = sum(row["stopped"] == "length" for row in rows)
    assert cut and result.stderr == "cut at 9 tokens; --max-tokens allows more\n" * cut


def lines(given: bytes, monkeypatch: pytest.MonkeyPatch, encoding: str = "utf-8") -> Iterator[str]:
    """The questions of a standard input that holds some bytes, in a locale of its own encoding."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given), encoding=encoding))
    return read()


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii"])
def test_questions_are_utf_8_with_or_without_a_mark_in_lines_of_any_system(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = "\ufeffWer schoß?\r\n\r\n  \ufeffwas? \n\nwarum".encode()
    assert list(lines(given, monkeypatch, encoding)) == ["Wer schoß?", "\ufeffwas?", "warum"]


def test_what_is_no_utf_8_is_named_by_its_line_when_all_before_it_were_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lines(b"one?\n\ntwo?\n" + "schoß?\n".encode("latin-1") + b"three?\n", monkeypatch)
    assert [next(found), next(found)] == ["one?", "two?"]
    with pytest.raises(UserError, match=r"^standard input, line 4: this is no UTF-8 text; convert it \(iconv\)$"):
        next(found)


def test_a_mark_alone_is_no_question(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="standard input holds no question"):
        list(lines(b"\xef\xbb\xbf\r\n", monkeypatch))


def test_answers_before_a_line_that_is_no_text_are_given(tmp_path: Path, video: Path, model_folder: Path) -> None:
    words = [str(video), "--model", str(model_folder), "--end", "3", "--max-tokens", "2", "--json"]
    result = livecc(tmp_path, *words, typed=b"\xef\xbb\xbfwhat?\r\nb\xff\r\nand?\r\n")
    assert result.exit_code == 1 and "livecc: standard input, line 2: this is no UTF-8 text" in result.stderr
    assert [json.loads(line)["question"] for line in result.stdout.splitlines()] == ["what?"]


def test_no_state_is_written_nor_asked_for(tmp_path: Path, video: Path, model_folder: Path) -> None:
    words = [str(video), "--model", str(model_folder), "--question", "what?", "--max-tokens", "2"]
    assert livecc(tmp_path / "none", *words).exit_code == 0
    assert not (tmp_path / "none").exists()
    batches = tmp_path / "old" / "artefacts" / "_batches"
    batches.mkdir(parents=True)
    (batches / "a.json").write_text("{}")
    assert livecc(tmp_path / "old", *words).exit_code == 0


def test_what_cannot_be_used_is_one_line(tmp_path: Path, video: Path, model_folder: Path) -> None:
    def chatted(*words: str, typed: str | bytes = "", file: str = str(video)) -> Result:
        return livecc(tmp_path, file, "--model", str(model_folder), *words, typed=typed)

    ask = ("--question", "what?")
    text = tmp_path / "notes.mp4"
    text.write_text("no video " * 30)
    refused(chatted(*ask, file=str(tmp_path / "gone.mp4")), "gone.mp4: no such file; give the path of a video")
    refused(chatted(*ask, file=str(text)), "notes.mp4")
    refused(
        chatted(*ask, file="-"), "standard input is a stream, and a conversation is about a whole video; give a file"
    )
    refused(chatted(*ask, file="https://example.org/a.mp4"), "is a stream")
    refused(chatted(*ask, "--start", "nan"), "--start nan: give seconds of the video")
    refused(chatted(*ask, "--end", "-1"), "mend --start and --end")
    refused(chatted(*ask, "--start", "60"), "lasts 12.0 s")
    refused(chatted(*ask, "--device", "gpu"), "--device gpu: must be written")
    refused(chatted("--question", " "), "--question: the question is empty; write what you want to know")
    refused(chatted("--question", "scho\udcdf?"), "--question: the question holds bytes that are no text")
    refused(chatted(), "standard input holds no question; write one a line, or give --question TEXT")
    refused(chatted(typed="\n \n"), "standard input holds no question")
    refused(chatted(typed=b"\xff\xfe\n"), "line 1: this is no UTF-8 text")
    refused(chatted(*ask, "--max-tokens", "99999"), "begin a new one, or ask for shorter answers")
    refused(livecc(tmp_path, str(video), "--model", "mine", *ask), "no trained experiment of that name")
    assert chatted(*ask, "--max-tokens", "0").exit_code == 2


def test_a_part_that_cannot_be_decoded_is_one_line(
    tmp_path: Path, video: Path, model_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livecc_assets.core.errors import MediaError

    def broken(*_: object) -> None:
        raise MediaError("undecodable", "frame 60 cannot be decoded")

    monkeypatch.setattr("livecc_assets.commentary.conversation.read_video", broken)
    result = livecc(tmp_path, str(video), "--model", str(model_folder), "--question", "what?")
    refused(result, "square.mp4: frame 60 cannot be decoded; check the file with a player")


def test_the_option_and_the_engine_agree_on_the_longest_answer() -> None:
    (option,) = [option for option in chat.params if option.name == "max_tokens"]
    assert option.default == ANSWER_TOKENS == 512


def test_an_answer_does_nothing_to_the_terminal_but_break_lines() -> None:
    assert shown("a\x1b[2Jb\n\nc\r\u202e") == "a\\x1b[2Jb\n\nc\\r\\u202e"


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let Ctrl-C come at the given steps of the model; the answers go on for as long as they may."""
    inner, steps = Decoder.extend, [0]
    monkeypatch.setattr("livecc_assets.commentary.session.pick", lambda *_: 300)

    def at(*numbers: int) -> None:
        def extend(self: Decoder, chunks: Sequence[Chunk | None]) -> Any:
            steps[0] += 1
            for _ in range(numbers.count(steps[0])):
                os.kill(os.getpid(), signal.SIGINT)
            return inner(self, chunks)

        monkeypatch.setattr(Decoder, "extend", extend)

    return at


def test_ctrl_c_stops_an_answer_and_keeps_the_conversation(
    tmp_path: Path, video: Path, model_folder: Path, interrupted: Any
) -> None:
    before = signal.getsignal(signal.SIGINT)
    interrupted(6)  # step 1 is the video, 2 the question
    words = [str(video), "--model", str(model_folder), "--max-tokens", "9", "--json"]
    result = livecc(tmp_path, *words, typed="what?\nand?\n")
    first, second = (json.loads(line) for line in result.stdout.splitlines())
    assert (first["stopped"], second["stopped"], result.exit_code) == ("interrupt", "length", 0)
    assert second["answer"].startswith(first["answer"]) and 0 < len(first["answer"]) < len(second["answer"])
    assert signal.getsignal(signal.SIGINT) is before


def test_ctrl_c_ends_what_was_asked_on_the_command_line(
    tmp_path: Path, video: Path, model_folder: Path, interrupted: Any
) -> None:
    interrupted(6)
    words = [str(video), "--model", str(model_folder), "--question", "what?", "--question", "and?", "--json"]
    result = livecc(tmp_path, *words)
    assert result.exit_code == 130
    (row,) = map(json.loads, result.stdout.splitlines())
    assert row["stopped"] == "interrupt" and row["answer"], "what was said is printed"


def test_a_second_ctrl_c_ends_all(tmp_path: Path, video: Path, model_folder: Path, interrupted: Any) -> None:
    interrupted(6, 6)
    result = livecc(tmp_path, str(video), "--model", str(model_folder), "--json", typed="what?\nand?\n")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr.split() == ["livecc:", "interrupted"]
