"""Questions about a whole video: seen first, answered turn by turn over what is kept, to each viewer alone."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from livecc_assets.commentary.conversation import Conversation, Reply
from livecc_assets.commentary.engine import Engine, load_engine
from livecc_assets.commentary.streams import Streams
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.models import embedded
from livecc_assets.web import conversing
from livecc_assets.web.site import Model, Site
from tests.waiting import until
from tests.web.fakes import CONFIG, FakeStreams, client, hear, site
from tests.web.test_live import SEEN, START, send, sit

CHAT = {"type": "start", "source": "file", "mode": "chat"}


class FakeConversation:
    """Answers with what it was shown and asked so far."""

    gate = threading.Event()

    def __init__(self, engine: Any, video: str, start: float | None, end: float | None, config: Any) -> None:
        if start == 5.0:
            raise MediaError("undecodable", f"{video} is broken")
        self.seen, self.asked = (start, end), list[str]()

    def ask(self, question: str, most: int, hear: Callable[[str], bool]) -> Reply:
        if question == "too long?":
            raise UserError("begin a new one")
        if question == "fail":
            raise RuntimeError("/srv/inside")
        FakeConversation.gate.wait(30)
        self.asked.append(question)
        return Reply(f"{self.seen}: {' '.join(self.asked)}", 0.1, "end" if hear("x") else "interrupt")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[FakeConversation]]:
    FakeConversation.gate.set()
    monkeypatch.setattr(conversing, "Conversation", FakeConversation)
    yield FakeConversation
    FakeConversation.gate.set()


def talking(folder: Path, *streams: FakeStreams, **limits: Any) -> Site:
    made = site(folder, *streams, **limits)
    made.models = [Model(one.name, one.streams, object()) for one in made.models]  # type: ignore[arg-type]
    return made


def test_a_video_is_seen_first_and_every_turn_knows_those_before(
    tmp_path: Path, video: Path, fake: type[FakeConversation]
) -> None:
    with client(talking(tmp_path, FakeStreams(), FakeStreams())) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        talk.send_json(CHAT | {"at": 1.0, "until": 4.0})
        ready = hear(talk, "ready")
        assert (ready["mode"], ready["at"], ready["until"], ready["name"]) == ("chat", 1.0, 4.0, "six.mp4")
        assert {hear(talk, "looked")["model"] for _ in range(2)} == {0, 1}
        for question, text in (("who?", "(1.0, 4.0): who?"), ("why?", "(1.0, 4.0): who? why?")):
            talk.send_json({"type": "ask", "text": question})
            answers = [hear(talk, "answer") for _ in range(2)]
            assert {(one["model"], one["question"], one["text"]) for one in answers} == {
                (0, question, text),
                (1, question, text),
            }
            assert all(one["latency"] >= 0 for one in answers)


def test_two_viewers_conversations_share_nothing(tmp_path: Path, video: Path, fake: type[FakeConversation]) -> None:
    served = talking(tmp_path, FakeStreams())
    with client(served) as page, page.websocket_connect("/live") as one, page.websocket_connect("/live") as two:
        for talk, name in ((one, "one"), (two, "two")):
            send(page, sit(talk), video)
            talk.send_json(CHAT)
            hear(talk, "looked")
            talk.send_json({"type": "ask", "text": name})
        assert [hear(talk, "answer")["text"] for talk in (one, two)] == ["(None, None): one", "(None, None): two"]


def test_a_conversation_takes_a_seat_and_a_place_of_the_model_and_gives_them_back(
    tmp_path: Path, video: Path, fake: type[FakeConversation]
) -> None:
    streams = FakeStreams(most=1)
    served = talking(tmp_path, streams)
    with client(served) as page, page.websocket_connect("/live") as one:
        send(page, sit(one), video)
        one.send_json(CHAT)
        hear(one, "looked")
        with page.websocket_connect("/live") as two:
            send(page, sit(two), video)
            two.send_json(CHAT)
            assert two.receive_json() == {"type": "refused", "text": "No stream is left."}
        one.send_json(START)  # from asking to commenting, in the same place
        hear(one, "ready", run=2)
        assert [stream.closed for stream in streams.opened] == [True, False]
        one.send_json(SEEN)
        assert hear(one, "said")["end"] == 3.0


def test_who_leaves_in_the_middle_of_an_answer_frees_everything(
    tmp_path: Path, video: Path, fake: type[FakeConversation]
) -> None:
    streams = FakeStreams()
    served = talking(tmp_path, streams)
    with client(served) as page:
        with page.websocket_connect("/live") as talk:
            send(page, sit(talk), video)
            talk.send_json(CHAT)
            hear(talk, "looked")
            fake.gate.clear()
            talk.send_json({"type": "ask", "text": "who?"})
            until(lambda: served.models[0].conversing.locked(), 5, "it does not answer")
            threading.Timer(0.2, fake.gate.set).start()
        until(lambda: served.seats.taken == 0, 10, "the seat was not freed")
        assert streams.opened[0].closed and list(tmp_path.iterdir()) == []
        assert not served.models[0].conversing.locked()


def test_who_starts_over_and_over_waits_in_words_and_holds_one_place(
    tmp_path: Path, video: Path, fake: type[FakeConversation]
) -> None:
    streams = FakeStreams()
    served = talking(tmp_path, streams)
    with client(served) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        with served.models[0].conversing:  # another viewer's conversation works
            for run in (1, 2, 3):
                talk.send_json(CHAT)
                hear(talk, "ready", run=run)
            until(lambda: sum(not one.closed for one in streams.opened) == 1, 5, "earlier places are still taken")
            talk.send_json(CHAT)
            told = talk.receive_json()
            assert told["type"] == "error" and "wait for a moment" in told["text"]
        assert hear(talk, "looked")["run"] == 3


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"source": "camera"}, "choose a file"),
        ({"source": "address", "address": "http://127.0.0.1:1/a.mkv"}, "choose a file"),
        ({"at": 9.0}, "six.mp4: nothing lies between 9 and 6 s"),
        ({"at": 3.0, "until": 2.0}, "six.mp4: nothing lies between 3 and 2 s"),
    ],
)
def test_what_nothing_can_be_asked_about_is_refused_in_words(
    tmp_path: Path, video: Path, fake: type[FakeConversation], asked: dict[str, Any], words: str
) -> None:
    streams = FakeStreams()
    with client(talking(tmp_path, streams)) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        talk.send_json(CHAT | asked)
        told = talk.receive_json()
        assert told["type"] == "error" and words in told["text"] and streams.opened == []


def test_a_question_that_cannot_be_put_is_told_and_the_conversation_goes_on(
    tmp_path: Path, video: Path, fake: type[FakeConversation]
) -> None:
    with client(talking(tmp_path, FakeStreams())) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        talk.send_json(CHAT)
        hear(talk, "looked")
        talk.send_json({"type": "ask", "text": "too long?"})
        assert talk.receive_json()["text"] == "begin a new one"
        talk.send_json({"type": "ask", "text": "who?"})
        assert hear(talk, "answer")["text"] == "(None, None): who?"


@pytest.mark.parametrize("broken", ["video", "model"])
def test_a_video_or_model_that_fails_ends_in_words_without_a_path(
    tmp_path: Path, video: Path, fake: type[FakeConversation], broken: str
) -> None:
    streams = FakeStreams()
    with client(talking(tmp_path, streams)) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        talk.send_json(CHAT | ({"at": 5.0} if broken == "video" else {}))
        hear(talk, "ready")
        if broken == "model":
            hear(talk, "looked")
            talk.send_json({"type": "ask", "text": "fail"})
        told = talk.receive_json()
        assert told["type"] == "error" and "/" not in told["text"] and "inside" not in told["text"]
        assert broken == "model" or told["text"] == "six.mp4 is broken"
        until(lambda: streams.opened[0].closed, 5, "its place was not freed")
        talk.send_json({"type": "ask", "text": "who?"})
        assert talk.receive_json()["text"] == "This conversation is over; start again."


@pytest.fixture(scope="module")
def engine() -> Engine:
    return load_engine(embedded.locate("tiny-qwen2-vl"))


def test_a_real_model_answers_as_the_command_line_does(tmp_path: Path, video: Path, engine: Engine) -> None:
    config = CONFIG.but(frame_pixels=3136, total_pixels=31360)
    served = Site([Model("tiny", Streams(engine, config), engine)], config, tmp_path)
    own = Conversation(engine, str(video), 1.0, 4.0, config)
    questions = ("Who has the ball?", "And then?")
    with client(served) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        talk.send_json(CHAT | {"at": 1.0, "until": 4.0})
        hear(talk, "looked")
        for question in questions:
            talk.send_json({"type": "ask", "text": question})
            assert hear(talk, "answer")["text"] == own.ask(question).text
