"""One model for one viewer: always the newest, questions in between, nothing after the viewer has gone."""

from collections.abc import Iterator
from typing import Any

import pytest
import torch

from livecc_assets.commentary.interval import Block
from livecc_assets.core.errors import UserError
from livecc_assets.web.commentator import Commentator
from tests.waiting import until
from tests.web.fakes import FakeStreams


def block(start: float, seconds: float = 1.0) -> Block:
    return Block(start, start + seconds, torch.zeros(2, 3, 28, 28, dtype=torch.uint8))


class Heard(list[dict[str, Any]]):
    def of(self, kind: str) -> list[dict[str, Any]]:
        return [message for message in self if message["type"] == kind]


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def one(streams: FakeStreams, heard: Heard) -> Iterator[Commentator]:
    made = Commentator(streams.open("q"), heard.append)  # type: ignore[arg-type]
    yield made
    streams.gate.set()
    made.close()


def test_what_is_shown_is_said_with_its_cue_and_the_latencies(one: Commentator, heard: Heard) -> None:
    one.show(block(0.0, 3.0))
    until(lambda: heard.of("said"), 5, "it said nothing")
    said = heard.of("said")[0]
    assert (said["start"], said["end"], said["text"], said["stopped"]) == (0.0, 3.0, "q: 0 to 3", "end")
    assert said["cue"] == "00:00:00.000 --> 00:00:03.000\nq: 0 to 3\n\n"
    assert said["latency"] == said["latency_p50"] == said["latency_worst"] == 0.125
    assert said["real_time_factor"] == pytest.approx(0.125 / 3, abs=1e-3)


def test_a_late_model_sees_the_newest_block_and_the_rest_is_counted(
    one: Commentator, heard: Heard, streams: FakeStreams
) -> None:
    streams.gate.clear()
    one.show(block(0.0))
    until(lambda: one._block is None, 5, "the first block was not taken")
    for start in (1.0, 2.0, 3.0):
        one.show(block(start))
    streams.gate.set()
    until(lambda: len(heard.of("said")) == 2, 5, "two blocks were to be said")
    assert [message["start"] for message in heard.of("said")] == [0.0, 3.0]
    assert heard.of("said")[-1]["skipped"] == 2


def test_a_late_model_drops_the_oldest_pictures_of_a_camera(
    one: Commentator, heard: Heard, streams: FakeStreams
) -> None:
    streams.gate.clear()
    for number in range(30):
        one.push(torch.zeros(1, 3, 28, 28, dtype=torch.uint8), number / 2)
    streams.gate.set()
    until(lambda: heard and heard[-1].get("start") == 14.5, 5, "the newest picture was not seen")
    seen = streams.opened[0].shown
    assert seen == sorted(seen) and 16 <= len(seen) <= 17
    assert heard[-1]["skipped"] == 30 - len(seen)


def test_a_question_is_answered_before_the_next_block_and_after_the_end(
    one: Commentator, heard: Heard, streams: FakeStreams
) -> None:
    streams.gate.clear()
    one.show(block(0.0))
    until(lambda: one._block is None, 5, "the first block was not taken")
    one.show(block(1.0))
    one.ask("who?")
    one.end()
    streams.gate.set()
    until(lambda: heard.of("ended"), 5, "it did not end")
    assert [message["type"] for message in heard] == ["said", "answer", "said", "ended"]
    assert heard.of("answer")[0] == {"type": "answer", "at": 1.0, "question": "who?", "text": "who? 1", "latency": 0.25}
    one.ask("and now?")
    until(lambda: len(heard.of("answer")) == 2, 5, "a question after the end was not answered")


def test_too_many_questions_are_refused_in_words(one: Commentator, streams: FakeStreams) -> None:
    streams.gate.clear()
    one.ask("the one that is being answered")
    until(lambda: not one._questions, 5, "the first question was not taken")
    for _ in range(4):
        one.ask("who?")
    with pytest.raises(UserError, match="Too many questions"):
        one.ask("who?")


def test_a_query_counts_from_the_next_block_on(one: Commentator, heard: Heard) -> None:
    one.query("sing")
    one.show(block(0.0))
    until(lambda: heard.of("said"), 5, "it said nothing")
    assert heard.of("said")[0]["text"].startswith("sing")


def test_what_the_model_cannot_do_is_told_and_the_rest_goes_on(
    one: Commentator, heard: Heard, streams: FakeStreams
) -> None:
    def refuse(question: str) -> None:
        raise UserError("not this one")

    streams.opened[0].ask = refuse  # type: ignore[assignment, method-assign]
    one.ask("who?")
    one.show(block(0.0))
    until(lambda: heard.of("said"), 5, "it did not go on")
    assert heard.of("error")[0]["text"] == "not this one"


def test_a_failing_model_ends_in_words_and_tells_no_inside(heard: Heard, streams: FakeStreams) -> None:
    stream = streams.open("q")
    stream.show = lambda block: 1 / 0  # type: ignore[assignment, method-assign, return-value]
    one = Commentator(stream, heard.append)  # type: ignore[arg-type]
    one.show(block(0.0))
    until(lambda: heard.of("error"), 5, "nothing was told")
    assert "division" not in heard.of("error")[0]["text"]
    one.close()


def test_after_the_end_nothing_is_said_and_the_stream_is_closed(heard: Heard, streams: FakeStreams) -> None:
    one = Commentator(streams.open("q"), heard.append)  # type: ignore[arg-type]
    one.close()
    one.show(block(0.0))
    one.push(torch.zeros(1, 3, 28, 28, dtype=torch.uint8), 0.0)
    assert streams.opened[0].closed and heard == []
