"""Rolling and paint-on captions give back the transcript that they were made from."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import settings as tries
from hypothesis import strategies as st

from livecc_assets.source.captions import read_captions
from livecc_assets.source.cues import Captions

#: Few words, so that lines and their beginnings repeat; a speaker says each line of a transcript once.
WORDS = st.sampled_from(["yeah", "no", "go", "we", "and", "on", "the", "ball", "oh", "what", "it's", "10,000", "so-so"])
LINES: st.SearchStrategy[list["Line"]] = st.lists(
    st.lists(WORDS, min_size=1, max_size=7).map(tuple), min_size=3, max_size=12
)
STEP = 0.4

Line = tuple[str, ...]
CueText = tuple[float, float, str]


def stamp(seconds: float, mark: str = ".") -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3600000:02d}:{ms // 60000 % 60:02d}:{ms // 1000 % 60:02d}{mark}{ms % 1000:03d}"


def vtt(cues: list[CueText]) -> tuple[bytes, str]:
    body = "\n\n".join(f"{stamp(start)} --> {stamp(end)} align:start\n{text}" for start, end, text in cues)
    return f"WEBVTT\nKind: captions\n\n{body}\n".encode(), "a.vtt"


def srt(cues: list[CueText]) -> tuple[bytes, str]:
    body = "\n\n".join(
        f"{k}\n{stamp(start, ',')} --> {stamp(end, ',')}\n{text}" for k, (start, end, text) in enumerate(cues, start=1)
    )
    return f"{body}\n".encode(), "a.srt"


def times(lines: list[Line]) -> list[list[float]]:
    """When each word of each line is said: one every STEP seconds."""
    at, found = 0.0, []
    for line in lines:
        found.append([at + k * STEP for k in range(len(line))])
        at += len(line) * STEP
    return found


def stamped(line: Line, said: list[float]) -> str:
    return line[0] + "".join(f"<{stamp(at)}><c> {word}</c>" for word, at in zip(line[1:], said[1:], strict=True))


def rolled(lines: list[Line], rows: int, flashes: bool, marks: bool) -> list[CueText]:
    """A display of so many rows whose lines move up: in a flash of their own, as YouTube writes it, or with the next line."""
    cues: list[CueText] = []
    for k, (line, said) in enumerate(zip(lines, times(lines), strict=True)):
        above = [" ".join(old) for old in lines[max(0, k - rows + 1) : k]] or ([" "] if flashes else [])
        new = stamped(line, said) if marks else " ".join(line)
        end = said[-1] + STEP
        cues.append((said[0], end - (0.01 if flashes else 0), "\n".join([*above, new])))
        if flashes:
            kept = [" ".join(old) for old in lines[max(0, k - rows + 2) : k + 1]]
            cues.append((end - 0.01, end, "\n".join([*kept, " "])))
    return cues


def painted(lines: list[Line], rows: int, marks: bool) -> list[CueText]:
    """Each cue shows one more word of the line, below the lines before."""
    cues: list[CueText] = []
    for k, (line, said) in enumerate(zip(lines, times(lines), strict=True)):
        above = [" ".join(old) for old in lines[max(0, k - rows + 1) : k]]
        for n, at in enumerate(said, start=1):
            old, new = " ".join(line[: n - 1]), line[n - 1]
            shown = f"{old}<{stamp(at)}> {new}" if marks and old else " ".join(line[:n])
            cues.append((at, at + STEP, "\n".join([*above, shown])))
    return cues


def said_in(captions: Captions) -> list[str]:
    return [word for line in captions.lines for word in line["text"].split()]


def check(content: tuple[bytes, str], lines: list[Line], exact: bool = False) -> Captions:
    captions = read_captions(*content)
    spoken = [word for line in lines for word in line]
    assert said_in(captions) == spoken
    assert captions.problems == []
    starts = [at for said in times(lines) for at in said]
    if captions.words is not None:
        assert [word["word"] for word in captions.words] == spoken
        assert all(0 <= word["end"] - word["start"] <= 2.0 for word in captions.words)
        if exact:
            assert [word["start"] for word in captions.words] == pytest.approx(starts, abs=0.011)
    return captions


@tries(max_examples=150, deadline=None)
@given(LINES, st.integers(2, 4), st.booleans(), st.sampled_from([vtt, srt]))
def test_a_rolling_file_gives_its_transcript_back(
    lines: list[Line], rows: int, flashes: bool, form: Callable[[list[CueText]], tuple[bytes, str]]
):
    check(form(rolled(lines, rows, flashes, marks=False)), lines)


@tries(max_examples=100, deadline=None)
@given(LINES, st.integers(2, 3), st.booleans())
def test_a_rolling_file_with_word_times_gives_words_and_times_back(lines: list[Line], rows: int, flashes: bool):
    check(vtt(rolled(lines, rows, flashes, marks=True)), lines, exact=True)


def tellable(lines: list[Line]) -> list[Line]:
    """Lines that two readers would tell apart: a line of one word, then one that begins with it, is one line painted on."""
    return [line if len(line) > 1 else (*line, "then") for line in lines]


@tries(max_examples=150, deadline=None)
@given(LINES.map(tellable), st.integers(1, 3), st.booleans(), st.sampled_from([vtt, srt]))
def test_a_paint_on_file_gives_its_transcript_back(
    lines: list[Line], rows: int, marks: bool, form: Callable[[list[CueText]], tuple[bytes, str]]
):
    check(form(painted(lines, rows, marks)), lines, exact=True)


def test_a_pause_inside_a_rolling_row_keeps_the_time_of_the_word_behind_it():
    cues = [
        (0.0, 2.0, " \nnearest<00:00:01.000><c> neighbours</c>"),
        (2.0, 2.01, "nearest neighbours\n "),
        (2.01, 11.0, "nearest neighbours\nthe<00:00:08.500><c> clip</c>"),
        (11.0, 11.01, "the clip\n "),
        (11.01, 13.0, "the clip\nends"),
    ]
    words = read_captions(*vtt(cues)).words
    assert words is not None
    assert [(word["start"], word["word"]) for word in words] == [
        (0.0, "nearest"), (1.0, "neighbours"), (2.01, "the"), (8.5, "clip"), (11.01, "ends"),
    ]  # fmt: skip
    assert words[3]["end"] == 10.5


@pytest.mark.parametrize("above", ["", "we are\n"])
def test_captions_that_are_painted_letter_by_letter_give_whole_words(above: str):
    text, step = "the ball goes in and that is a goal", 0.1
    cues = [(k * step / 2, (k + 2) * step / 2, above + text[: k + 2].rstrip()) for k in range(0, len(text), 2)]
    lines = read_captions(*srt(cues)).lines
    assert " ".join(line["text"] for line in lines) == (above + text).replace("\n", " ")
    assert next(line["start"] for line in lines if "goal" in line["text"]) == pytest.approx(1.55, abs=0.06)


def test_a_short_word_before_a_longer_one_stays_in_captions_that_are_not_painted():
    cues = [(0.0, 1.0, "I"), (1.0, 2.0, "It was"), (2.0, 3.0, "a goal"), (3.0, 4.0, "go"), (4.0, 5.0, "goal again")]
    assert [line["text"] for line in read_captions(*srt(cues)).lines] == [text for _, _, text in cues]
