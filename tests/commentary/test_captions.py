"""Cards: what stands on the screen at a time."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from livecc_assets.commentary.captions import LINE, LINES, STAYS, Screen, cards
from livecc_assets.commentary.utterance import Utterance


def shown(said: list[Utterance], seconds: float) -> list[str]:
    card = Screen(cards(said)).at(seconds)
    return card.shown(seconds) if card else []


def test_words_appear_as_they_are_said_and_stay_for_a_while() -> None:
    said = [Utterance(0.0, 1.0, "Red passes"), Utterance(1.0, 2.0, ""), Utterance(2.0, 3.0, "to Blue")]
    assert shown(said, 0.0) == ["Red"]
    assert shown(said, 0.5) == ["Red passes"]
    assert shown(said, 1.9) == ["Red passes"]
    assert shown(said, 2.5) == ["Red passes to Blue"]
    assert shown(said, 3.0 + STAYS - 0.01) == ["Red passes to Blue"]
    assert shown(said, 3.0 + STAYS) == []


def test_a_long_silence_clears_the_screen() -> None:
    said = [Utterance(0.0, 1.0, "kick off"), Utterance(9.0, 10.0, "goal")]
    assert shown(said, 8.9) == [] and shown(said, 9.0) == ["goal"]


def test_a_full_card_gives_way_to_the_next_one() -> None:
    said = [Utterance(float(i), i + 1.0, "eleven char words here") for i in range(8)]
    found = cards(said)
    assert len(found) > 1
    for card, after in pairwise(found):
        assert card.end == after.start, "no blank screen while somebody speaks"


def test_silence_has_no_cards() -> None:
    assert cards([]) == [] and cards([Utterance(0.0, 1.0, " ")]) == []
    assert Screen([]).at(0.0) is None


TEXT = st.lists(st.text("ab.é", min_size=1, max_size=70), max_size=6).map(" ".join)


@given(st.lists(TEXT, max_size=20))
def test_no_word_is_lost_and_lines_keep_their_width(texts: list[str]) -> None:
    found = cards([Utterance(float(i), i + 1.0, text) for i, text in enumerate(texts)])
    words = [word["word"] for card in found for line in card.lines for word in line]
    assert words == " ".join(texts).split()
    for card in found:
        assert len(card.whole) <= LINES
        assert all(len(line) <= LINE or " " not in line for line in card.whole), "only a single word may be longer"
        assert card.start < card.end
