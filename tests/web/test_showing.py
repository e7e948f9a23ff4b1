"""A block comes to the models when the viewer has seen it."""

import struct
import time
from collections.abc import Iterator
from typing import Any, cast

import pytest
import torch

from livecc_assets.commentary.interval import Block
from livecc_assets.core.errors import MediaError
from livecc_assets.web.commentator import Commentator
from livecc_assets.web.pace import Pace
from livecc_assets.web.playhead import Playhead
from livecc_assets.web.showing import Showing
from tests.waiting import until


class Watching:
    """In a commentator's place: keeps what it is shown."""

    def __init__(self) -> None:
        self.shown: list[float] = []
        self.ended = False

    def show(self, block: Block) -> None:
        self.shown.append(block.origin_s + block.end_s)

    def end(self) -> None:
        self.ended = True


def blocks(count: int = 5, fault: Exception | None = None) -> Iterator[Block]:
    for index in range(count):
        yield Block(float(index), index + 1.0, torch.zeros(2, 3, 28, 28, dtype=torch.uint8), 10.0)
    if fault:
        raise fault


def showing(source: Iterator[Block], playhead: Playhead, **more: Any) -> tuple[Showing, Watching, list[dict[str, Any]]]:
    one, told = Watching(), list[dict[str, Any]]()
    given: dict[str, Any] = {"seconds": 600.0, "fps": 2.0, "pace": Pace(2.0, 6.0)} | more
    return Showing(source, [cast(Commentator, one)], playhead, told.append, **given), one, told


def test_no_block_is_shown_before_the_viewer_has_seen_it() -> None:
    playhead = Playhead(10.0)
    made, one, _ = showing(blocks(), playhead)
    time.sleep(0.1)
    assert one.shown == []
    playhead.tell(12.5, playing=False)
    until(lambda: len(one.shown) == 2, 5, "what was seen was not shown")
    time.sleep(0.1)
    assert one.shown == [11.0, 12.0] and not one.ended
    playhead.tell(10.2, playing=False)  # back: nothing is shown twice
    playhead.tell(30.0, playing=False)
    until(lambda: one.ended, 5, "it did not end")
    assert one.shown == [11.0, 12.0, 13.0, 14.0, 15.0]
    made.close()


def test_a_live_source_waits_for_nobody() -> None:
    made, one, _ = showing(blocks(), Playhead(0.0), live=True)
    until(lambda: one.ended, 5, "it did not end")
    assert len(one.shown) == 5
    made.close()


def test_a_page_that_cannot_play_gets_pictures_and_playback_begins_with_the_first() -> None:
    sent: list[bytes] = []
    began = time.monotonic()
    made, one, _ = showing(blocks(2), Playhead(0.0), pictures=sent.append)
    until(lambda: one.ended, 10, "it did not end")
    assert time.monotonic() - began >= 1.9, "in real time"
    assert [struct.unpack_from("<d", data)[0] for data in sent] == [10.0, 10.5, 11.0, 11.5]
    assert all(data[8:10] == b"\xff\xd8" for data in sent)
    made.close()


@pytest.mark.parametrize("fault", [MediaError("gone", "it broke off"), RuntimeError("inside")])
def test_a_fault_of_the_source_is_told_in_words_after_what_came_before(fault: Exception) -> None:
    playhead = Playhead(100.0)
    made, one, told = showing(blocks(2, fault), playhead)
    until(lambda: one.ended, 5, "it did not end")
    assert len(one.shown) == 2
    assert [message["type"] for message in told] == ["error"]
    assert "inside" not in told[0]["text"] and "gone:" not in told[0]["text"]
    made.close()


def test_it_ends_in_words_at_the_most_seconds() -> None:
    made, one, told = showing(blocks(), Playhead(100.0), seconds=3.0)
    until(lambda: one.ended, 5, "it did not end")
    assert one.shown == [11.0, 12.0, 13.0]
    assert told == [{"type": "notice", "text": "It ends here: at most 0.05 minutes are shown."}]
    made.close()


def test_who_leaves_while_waiting_ends_the_reading() -> None:
    closed: list[bool] = []

    def endless() -> Iterator[Block]:
        try:
            yield from blocks(1000)
        finally:
            closed.append(True)

    made, one, told = showing(endless(), Playhead(0.0))
    made.close()
    assert closed == [True] and one.shown == [] and told == [] and not one.ended


def test_a_page_that_says_it_is_at_the_end_is_shown_no_more_than_a_player_plays() -> None:
    made, one, told = showing(blocks(1000), Playhead(1e6), pace=Pace(2.0, 6.0))
    time.sleep(1.2)
    assert 6 <= len(one.shown) <= 9
    until(lambda: told, 10, "nothing was told")
    assert [message["text"] for message in told] == ["This plays more quickly than is commented; the words come later."]
    made.close()


def test_who_begins_anew_over_and_over_gains_nothing() -> None:
    pace, shown = Pace(2.0, 6.0), 0
    began = time.monotonic()
    while time.monotonic() < began + 1.0:
        made, one, _ = showing(blocks(1000), Playhead(1e6), pace=pace)
        time.sleep(0.05)
        made.close()
        shown += len(one.shown)
    assert shown <= 6 + 2 + 1
