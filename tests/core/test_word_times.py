"""Words of any recogniser become sound ones, and each mending is counted."""

import math
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from livecc_assets.core.word_times import KINDS, LONGEST, ROOMY, SLACK, USUAL, WordListError, sound_words


def mended(*rows, duration: float | None = None, **options) -> tuple[list[tuple], dict[str, int]]:
    """((start, end, word) in spoken order, counts) of rows of the same form."""
    found = sound_words([{"start": s, "end": e, "word": w} for s, e, w in rows], duration, **options)
    return [(word["start"], word["end"], word["word"]) for word in found.words], found.counts


GOOD = ((0.1, 0.5, "one"), (0.5, 0.9, "two"), (3.0, 3.25, "three"))


def test_sound_words_come_back_as_they_are() -> None:
    assert mended(*GOOD, duration=3.25) == (list(GOOD), {})
    assert mended() == ([], {})


@pytest.mark.parametrize(
    ("rows", "words", "counts"),
    [
        # out of order, sharing a start, lying in each other
        ([GOOD[2], GOOD[0], GOOD[1]], [*GOOD], {"unsorted": 1}),
        ([(1.0, 1.2, "b"), (1.0, 1.2, "a")], [(1.0, 1.2, "b"), (1.0, 1.2, "a")], {}),
        ([(1.0, 9.0, "a"), (2.0, 2.5, "b")], [(1.0, 2.5, "a"), (2.0, 2.5, "b")], {"overlong": 1}),
        ([(1.0, 1.5, "a"), (1.0, 1.0, "b")], [(1.0, 1.5, "a"), (1.0, 1.5, "b")], {"overlong": 1}),
        ([(1.0, 1.5, "a"), (1.4, 1.9, "b")], [(1.0, 1.5, "a"), (1.4, 1.9, "b")], {}),
        # one time that is not there
        ([(1.0, None, "a"), (1.2, 1.4, "b")], [(1.0, 1.2, "a"), (1.2, 1.4, "b")], {"no_end": 1}),
        ([(1.0, math.nan, "a"), (9.0, 9.2, "b")], [(1.0, 1.0 + USUAL, "a"), (9.0, 9.2, "b")], {"no_end": 1}),
        ([(1.0, 1.2, "a"), (None, 1.3, "b")], [(1.0, 1.2, "a"), (1.2, 1.3, "b")], {"no_start": 1}),
        ([(math.inf, 0.1, "a"), (1.0, 1.2, "b")], [(0.0, 0.1, "a"), (1.0, 1.2, "b")], {"no_start": 1}),
        # inverted by a little, by much; no length
        ([(1.1, 1.0, "a")], [(1.0, 1.0, "a")], {"inverted": 1, "zero_length": 1}),
        ([(7.5, 4.2, "a")], [(7.5, 7.5, "a")], {"inverted": 1, "zero_length": 1}),
        ([(1.0, 1.0, "a")], [(1.0, 1.0, "a")], {"zero_length": 1}),
        # of other kinds
        ([("1.5", "2", "a"), ("x", 3.0, "b")], [(1.5, 2.0, "a"), (2.7, 3.0, "b")], {"text_time": 2, "no_start": 1}),
        ([(True, 2.0, "a")], [(1.7, 2.0, "a")], {"no_start": 1}),
        ([(1.0, 10**400, "a")], [(1.0, 1.3, "a")], {"no_end": 1}),
        ([(1.0, 2.0, 2016), (2.0, 2.5, None)], [(1.0, 2.0, "2016")], {"no_word": 1}),
        ([(1.0, 2.0, " ice \n cream "), (2.0, 3.0, " \t"), (3.0, 4.0, "\u200b")], [(1.0, 2.0, "ice cream")], {"empty": 2}),
        # given twice
        ([*GOOD, *GOOD], [*GOOD], {"repeated": 3}),
        ([(1.0, 1.4, "a"), (1.02, 1.42, "a")], [(1.0, 1.4, "a")], {"repeated": 1}),
        ([(1.0, 1.4, "no"), (1.4, 1.8, "no")], [(1.0, 1.4, "no"), (1.4, 1.8, "no")], {}),
        ([(1.0, 1.0, "no"), (1.0, 1.0, "no")], [(1.0, 1.0, "no"), (1.0, 1.0, "no")], {"zero_length": 2}),
        ([(1.0, 1.0, "a"), (2.0, 2.0, "b")] * 2, [(1.0, 1.0, "a"), (2.0, 2.0, "b")],
         {"repeated": 2, "zero_length": 2}),
    ],
)  # fmt: skip
def test_each_fault_is_mended_and_counted(rows, words, counts) -> None:
    found, counted = mended(*rows)
    assert [(pytest.approx(start), pytest.approx(end), word) for start, end, word in found] == words
    assert counted == counts


@pytest.mark.parametrize(
    ("rows", "duration", "expected"),
    [
        # numbers that an alignment left out lie between their neighbours
        ([(1.0, 1.2, "in"), (None, None, "2016"), (2.0, 2.2, "we")], None, [(1.2, 2.0)]),
        ([(1.0, 1.2, "in"), (None, None, "20"), (None, None, "16"), (2.0, 2.2, "we")], None, [(1.2, 1.6), (1.6, 2.0)]),
        ([(1.0, 1.2, "in"), (None, None, "2016"), (30.0, 30.2, "we")], None, [(1.2, 1.2 + ROOMY)]),
        ([(1.0, 1.2, "in"), (None, None, "2016"), (1.1, 1.3, "we")], None, [(1.1, 1.1)]),
        ([(None, None, "2016"), (1.5, 2.0, "was")], None, [(0.5, 1.5)]),
        ([(None, None, "2016"), (0.0, 2.0, "was")], None, [(0.0, 0.0)]),
        ([(1.0, 1.2, "in"), (None, None, "2016")], 1.5, [(1.2, 1.5)]),
        ([(1.0, 1.2, "in"), (None, None, "2016")], None, [(1.2, 2.2)]),
    ],
)
def test_words_without_times_lie_between_their_neighbours(rows, duration, expected) -> None:
    found, counts = mended(*rows, duration=duration)
    assert [(start, end) for start, end, word in found if word in {"2016", "20", "16"}] == expected
    assert counts["no_times"] == len(expected)
    assert [word for *_, word in found] == [word for *_, word in rows]


@pytest.mark.parametrize(
    ("row", "kept", "kind"),
    [
        ((9.8, 10.4, "a"), (9.8, 10.0, "a"), "cut"),
        ((10.2, 10.4, "a"), (10.0, 10.0, "a"), "cut"),
        ((10.1 + SLACK, 12.0, "a"), None, "outside"),
        ((-0.2, 0.3, "a"), (0.0, 0.3, "a"), "cut"),
        ((-5.0, -4.0, "a"), None, "outside"),
    ],
)
def test_words_never_leave_their_video(row, kept, kind) -> None:
    found, counts = mended(row, duration=10.0)
    assert found == ([kept] if kept else [])
    assert counts[kind] == 1


def test_a_word_that_hides_a_pause_is_shortened_where_that_is_asked_for() -> None:
    rows = ((39.5, 39.9, "Hi."), (40.0, 60.0, "Now"), (60.2, 90.0, "over."))
    assert mended(*rows) == (list(rows), {})
    found, counts = mended(*rows, longest=LONGEST)
    assert found == [(39.5, 39.9, "Hi."), (57.0, 60.0, "Now"), (60.2, 63.2, "over.")], (
        "a sentence's last word comes first"
    )
    assert counts == {"long": 2}


def test_a_word_list_comes_in_several_forms() -> None:
    rows = [[0.1, 0.5, "one"], (0.5, 0.9, "two"), {"start": 1.0, "end": 1.2, "text": "three", "score": 0.4}]
    assert [word["word"] for word in sound_words(rows).words] == ["one", "two", "three"]
    assert sound_words([*rows, 7, "four", None, [1.0, 2.0]]).counts == {"no_word": 4}
    assert sound_words(iter(rows)).words == sound_words(rows).words


@pytest.mark.parametrize("words", [None, 7, "words", b"words", {"start": 1.0, "end": 2.0, "word": "a"}])
def test_what_is_no_list_is_refused(words) -> None:
    with pytest.raises(WordListError) as caught:
        sound_words(words)
    assert caught.value.reason == "malformed_words"


def test_a_list_without_any_time_is_refused() -> None:
    with pytest.raises(WordListError, match="not one of 2 words has a time") as caught:
        sound_words([{"word": "a"}, {"start": None, "end": "soon", "word": "b"}], 10.0)
    assert caught.value.reason == "no_word_times"


def test_an_equal_word_without_length_is_no_repetition_when_it_is_read_again() -> None:
    found, counts = mended((1.0, 1.5, "no"), (1.0, 1.0, "no"), (2.0, 2.5, "way"))
    assert found == [(1.0, 1.25, "no"), (1.25, 1.5, "no"), (2.0, 2.5, "way")]
    assert counts == {"overlong": 1}
    assert mended(*found) == (found, {})


def test_a_long_word_that_others_lie_in_is_not_put_behind_them() -> None:
    found, counts = mended((1.0, 8.0, "a"), (2.0, 3.0, "b"), (4.0, 5.0, "c"), longest=3.0)
    assert found == [(1.0, 3.0, "a"), (2.0, 3.0, "b"), (4.0, 5.0, "c")]
    assert counts == {"long": 1, "overlong": 1}


TIMES = st.one_of(
    st.none(), st.booleans(), st.floats(), st.floats(-2, 40), st.integers(), st.text(max_size=4), st.just("3.5")
)
WORDS = st.one_of(st.none(), st.integers(), st.text(max_size=4), st.sampled_from(["goal", "no", "2016", " ", "end."]))
ITEMS = st.fixed_dictionaries({}, optional={"start": TIMES, "end": TIMES, "word": WORDS, "score": st.floats()})


@settings(max_examples=300, deadline=None)
@given(
    st.lists(ITEMS, max_size=12),
    st.one_of(st.none(), st.integers(0, 40_000).map(lambda ms: ms / 1000)),
    st.sampled_from([math.inf, LONGEST]),
)
def test_any_list_becomes_sound_or_is_refused_with_a_reason(items, duration, longest) -> None:
    try:
        found = sound_words(items, duration, longest)
    except WordListError:  # the one documented error; anything else fails the test
        return
    starts, ends = [word["start"] for word in found.words], [word["end"] for word in found.words]
    assert starts == sorted(starts) and ends == sorted(ends)
    assert all(
        0 <= start <= end <= (math.inf if duration is None else duration)
        for start, end in zip(starts, ends, strict=True)
    )
    assert all(math.isfinite(time) for time in (*starts, *ends))
    assert set(found.counts) <= set(KINDS)
    texts = (str(item["word"]) for item in items if isinstance(item.get("word"), str | int))
    given_words = Counter(" ".join(text.split()) for text in texts)
    kept = Counter(word["word"] for word in found.words)
    assert kept <= given_words, "no word comes from nowhere, or twice"
    left_out = sum(found.counts.get(kind, 0) for kind in ("no_word", "empty", "outside", "repeated"))
    assert len(items) == len(found.words) + left_out, "and none is lost unseen"
    assert sound_words(found.words, duration, longest).words == found.words, "sound words are left alone"
