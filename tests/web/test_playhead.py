"""The playhead goes with the player, and lets nobody see ahead of it."""

import threading
import time

from livecc_assets.web.playhead import Playhead


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_it_stands_until_it_is_told_to_play_and_goes_on_by_the_clock() -> None:
    clock = Clock()
    head = Playhead(2.0, clock)
    clock.now += 5
    assert head.position == 2.0
    head.tell(3.0, playing=True)
    clock.now += 1.5
    assert head.position == 4.5
    head.tell(4.5, playing=True, rate=2.0)
    clock.now += 1
    assert head.position == 6.5
    head.tell(6.5, playing=False)
    clock.now += 60
    assert head.position == 6.5


def test_what_was_seen_is_not_waited_for() -> None:
    head = Playhead(5.0)
    assert head.wait(5.0) and head.wait(1.0)


def test_a_wait_ends_when_playback_comes_there_and_not_sooner() -> None:
    head = Playhead(0.0)
    done: list[float] = []
    thread = threading.Thread(target=lambda: done.append(head.wait(1.0) and head.position))
    thread.start()
    time.sleep(0.1)
    head.tell(0.9, playing=True)
    thread.join(5)
    assert done[0] >= 1.0


def test_a_wait_ends_when_a_paused_player_is_moved_past_it() -> None:
    head = Playhead(0.0)
    thread = threading.Thread(target=head.wait, args=(1.0,))
    thread.start()
    head.tell(4.0, playing=False)
    thread.join(5)
    assert not thread.is_alive()


def test_nobody_waits_for_a_viewer_who_has_left() -> None:
    head = Playhead(0.0)
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(head.wait(1.0)))
    thread.start()
    head.stop()
    thread.join(5)
    assert found == [False] and head.wait(0.0) is False
