"""What is not spoken is no word, and nothing spoken goes with it."""

import time
from collections import Counter

import pytest

from livecc_assets.core.words import Word
from livecc_assets.live_cc.words import caption_words, split_words
from livecc_assets.source.captions import read_captions
from livecc_assets.source.spoken import spoken, spoken_lines


def said(*texts: str, step: float = 2.0) -> list[str]:
    kept, _ = spoken_lines([(k * step, (k + 1) * step, text) for k, text in enumerate(texts)])
    return [text for _, _, text in kept]


def dropped(text: str) -> dict[str, int]:
    return dict(spoken_lines([(0.0, 2.0, text)])[1])


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("(applause)", ""),
        ("♪ la la la ♪", ""),
        (">> JIM: what a goal", "what a goal"),
        (">>Yes!", "Yes!"),
        ("- Really?", "Really?"),
        ("-Really? -No.", "Really? No."),
        ("- Come on - Where to", "Come on Where to"),
        ("– Well", "Well"),
        ("*laughs* fine", "fine"),
        ("（拍手）ありがとう", "ありがとう"),
        ("[ __ ] you [Music] and", "you and"),
        ("it[coughs]is", "it is"),
        ("(laughs). Okay", "Okay"),
        ("(audience cheering loudly) what a goal", "what a goal"),
        ("DR. SMITH: yes. O'BRIEN: sure", "yes. sure"),
        ("MAN #2: hello", "hello"),
        ("JIM (V.O.): hello", "hello"),
        ("NASA: the agency", "the agency"),
        ("BOB: HELLO THERE", "HELLO THERE"),
        (">> THE MAYOR: HELLO", "HELLO"),
        ("-[coughs] Hello", "Hello"),
        ("[laughs] BOB: hi", "hi"),
        ("# la la la #", ""),
        ("well ♪ la la ♪ then ♫ lo ♫", "well then"),
        ("Music] hello", "hello"),
    ],
)
def test_notes_lyrics_turns_and_names_go_word_by_word(text: str, kept: str):
    assert " ".join(said(text)) == kept


@pytest.mark.parametrize(
    "text",
    [
        "we won 12-10 at 3:45",
        "so a - b it is",
        "word(s) and f(x)",
        "call (202) 555-0100",
        "(a) first (b) second",
        "i.e. this state-of-the-art x-ray",
        "hi :) there :( ok (: yes",
        "5 > 2 and 3 < 4",
        "-5 degrees",
        "we are #1 # ok",
        "he said Bob: yes",
        "the agency called NASA: a name",
        "HERE IS THE SCORE: THREE",
        "THE SCORE: THREE TO ONE",
        "at 10:30 AM: start",
        "5 * 3 * 2",
        "the agency (which was founded in nineteen fifty eight by a president) flew",
        "see http://x.com: now",
    ],
)
def test_what_only_looks_like_a_mark_stays(text: str):
    assert said(text) == [text]


def test_a_note_may_go_on_in_the_next_line():
    assert said("(audience cheering", "and applauding) hello") == ["hello"]
    assert said("[long note", "goes on] and", "more") == ["and", "more"]


def test_a_lyric_goes_on_to_its_closing_note():
    assert said("♪ la la", "la la ♪ hi", "hello") == ["hi", "hello"]
    assert said("♪ one ♪", "two", "♪ three ♪", "four") == ["two", "four"]


def test_a_mark_that_is_never_closed_costs_its_line_at_most():
    assert said("hello [never", "closed", "at all") == ["hello", "closed", "at all"]
    assert said("♪ one two", "three four", "five", "six") == ["three four", "five", "six"]
    assert said("hello ♪ " + "la " * 12 + "and a whole transcript") == ["hello and a whole transcript"]


def test_two_notes_far_apart_leave_what_is_said_between_them():
    assert said("♪", "hello there", "♪", step=20) == ["hello there"]


def test_what_is_dropped_is_counted_by_kind():
    assert dropped("(loud applause) ♪ la ♪ >> JIM: [ __ ] *laughs* yes") == {
        "parenthesis": 2,
        "music": 3,
        "turn": 1,
        "speaker": 1,
        "bracket": 3,
        "asterisk": 1,
    }


def timed(*words: str) -> list[Word]:
    return [Word(start=float(k), end=k + 0.5, word=word) for k, word in enumerate(words)]


def test_a_mark_inside_a_timed_line_takes_no_other_word_and_no_time():
    words = timed("so", "[Music]", "we", "[", "__", "]", "go", ">>", "JIM:", "yes")
    kept, counts = spoken(words, "corrected", ["so [Music] we [ __ ] go >> JIM: yes"])
    assert kept == [words[0], words[2], words[6], words[9]]
    assert counts == {"bracket": 4, "turn": 1, "speaker": 1}


def test_released_drops_the_timed_line_that_holds_a_bracket():
    words = timed("so", "[Music]", "we", "go", ">>", "on")
    kept, counts = spoken(words, "released", ["so [Music] we", "go >> on"])
    assert [word["word"] for word in kept] == ["go", ">>", "on"]
    assert counts == {"bracket": 3}


def test_names_count_at_the_start_of_a_line_only_also_when_the_video_ends_before_the_captions():
    words = timed("then", "came", "BOB:", "hello")
    kept, _ = spoken(words, "corrected", ["not in the video", "then came", "BOB: hello", "nor this"])
    assert [word["word"] for word in kept] == ["then", "came", "hello"]


def test_words_without_their_lines_still_lose_their_marks():
    kept, counts = spoken(timed("a", "[Music]", "b"), "corrected", ["other text"])
    assert [word["word"] for word in kept] == ["a", "b"]
    assert counts == {"bracket": 1}


def test_the_lines_time_belongs_to_the_words_that_are_spoken():
    assert split_words([(0.0, 2.0, ">> JIM: what a goal yes")]) == [
        {"start": 0.0, "end": 0.5, "word": "what"},
        {"start": 0.5, "end": 1.0, "word": "a"},
        {"start": 1.0, "end": 1.5, "word": "goal"},
        {"start": 1.5, "end": 2.0, "word": "yes"},
    ]


def test_an_untimed_line_with_an_inaudible_word_is_left_out_whole():
    assert said("it is [inaudible] over", "then [laughs] this") == ["then this"]
    assert dropped("it is [inaudible] over") == {"inaudible": 4}


def test_captions_for_the_deaf_give_the_spoken_words_and_the_counts():
    texts = ["(applause)", "♪ la la la ♪", ">> JIM: what a goal", "&gt;&gt; Yes!", "- Really?", "*laughs*"]
    texts += ["BOB: it is [inaudible] over", "（拍手）"]
    cues = "\n\n".join(
        f"00:00:{2 * k + 1:02d}.000 --> 00:00:{2 * k + 2:02d}.900\n{text}" for k, text in enumerate(texts)
    )
    captions = read_captions(f"WEBVTT\n\n{cues}".encode(), "a.vtt")
    video = {"video_id": "v", "subtitles": captions.lines, "caption_words": captions.words}
    counts: Counter[str] = Counter()
    (row,) = caption_words([video], "corrected", counts)
    assert isinstance(row, dict)
    assert [word["word"] for word in row["words"]] == ["what", "a", "goal", "Yes!", "Really?"]
    assert set(counts) == {"parenthesis", "music", "turn", "speaker", "asterisk", "inaudible"}


@pytest.mark.parametrize("text", ["[ ", "♪ ", "( ", "*a ", "- ", "A: ", ">> ", "a. ", "- A ", "[a\n", "x"])
def test_marks_without_end_are_read_in_time_that_grows_with_their_number(text: str):
    started = time.monotonic()
    spoken_lines([(k / 10, 1.0, line) for k, line in enumerate((text * 50_000 + ":]").split("\n"))])
    assert time.monotonic() - started < 8
