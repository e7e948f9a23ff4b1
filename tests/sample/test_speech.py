"""The speech bank: what is recorded, and that its word times are those of the sound."""

from itertools import pairwise, product

import numpy as np
import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.sample import narration
from livecc_assets.sample.match import ACTORS, PLACES, VERBS, Event, sentence
from livecc_assets.sample.speech import RATE, Soundtrack, phrase, sentences


def everything_a_match_can_say() -> set[str]:
    cases = product((0.0, 0.01), ACTORS, VERBS, PLACES)
    return {sentence(Event(time, time + 2, actor, verb, place)) for time, actor, verb, place in cases}


def loudness(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(samples**2)))


def test_everything_that_a_match_can_say_is_recorded_word_for_word() -> None:
    for text in everything_a_match_can_say():
        assert [word.word for word in phrase(text).words] == text.split()


def test_every_narration_is_recorded() -> None:
    told = {*narration.VLOG, *narration.HOWTO, narration.CHANT, *narration.RUSH, *narration.COUNTING, *narration.GERMAN}
    assert told <= set(sentences())


def test_word_times_are_ordered_and_inside_the_recording() -> None:
    for text in sentences():
        spoken = phrase(text)
        assert spoken.words[0].start >= 0
        assert spoken.words[-1].end <= spoken.seconds + 0.001
        for word, following in pairwise(spoken.words):
            assert word.start < word.end <= following.start + 0.001


def test_the_sound_is_where_the_words_are() -> None:
    quiet = []
    for text in everything_a_match_can_say():
        spoken = phrase(text)
        first, last = round(spoken.words[0].start * RATE), round(spoken.words[-1].end * RATE)
        assert loudness(spoken.samples[first:last]) > 0.05, text
        quiet += [loudness(spoken.samples[: first - 160]), loudness(spoken.samples[last + 160 :])]
    assert np.median(quiet) < 0.01


def test_the_longest_sentence_is_over_before_the_next_event() -> None:
    assert max(phrase(text).seconds for text in everything_a_match_can_say()) < 2.75


def test_a_sentence_that_was_never_recorded_is_named_with_the_remedy() -> None:
    with pytest.raises(UserError, match=r"purple elephants.*make_speech_bank"):
        phrase("purple elephants")


def test_a_soundtrack_shifts_the_words_with_the_sound() -> None:
    text = sorted(everything_a_match_can_say())[0]
    sound = Soundtrack(6.0)
    end = sound.say(2.5, text)
    spoken = phrase(text)
    assert end == pytest.approx(2.5 + spoken.seconds)
    assert np.array_equal(sound.samples[40_000 : 40_000 + len(spoken.samples)], spoken.samples)
    assert not sound.samples[:40_000].any()
    assert [word.start for word in sound.words] == pytest.approx([word.start + 2.5 for word in spoken.words], abs=1e-3)
    assert sound.end == sound.words[-1].end


def test_a_sentence_that_does_not_fit_is_refused() -> None:
    text = sorted(everything_a_match_can_say())[0]
    with pytest.raises(ValueError, match="does not fit"):
        Soundtrack(2.0).say(1.5, text)
    with pytest.raises(ValueError, match="does not fit"):
        Soundtrack(9.0).say(-0.1, text)
