"""A page that lies takes no more of the model than one that plays."""

import time
from pathlib import Path

from livecc_assets.web.site import Site
from tests.web.fakes import FakeStreams, client, hear
from tests.web.test_live import START, picture, send, sit

END = {"type": "at", "at": 1000.0, "playing": True, "rate": 16}


def test_who_begins_anew_at_the_end_again_and_again_is_shown_what_a_player_plays(
    served: Site, streams: FakeStreams, video: Path
) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        began = time.monotonic()
        for run in (1, 2):
            talk.send_json(START)
            hear(talk, "ready", run=run)
            talk.send_json(END)
            hear(talk, "ended", run=run)
        # Twelve seconds of video: six at once, the others two a second.
        assert time.monotonic() - began >= 2.9
        assert sum(len(stream.shown) for stream in streams.opened) <= 8


def test_a_camera_ahead_of_the_clock_is_left_out_and_counted(served: Site, streams: FakeStreams) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        talk.send_json({"type": "start", "source": "camera"})
        hear(talk, "ready")
        for second in range(5, 400, 5):
            talk.send_bytes(picture(float(second)))
        talk.send_bytes(b"\0" * 8 + b"no picture")  # it is not looked at, either: too many came
        talk.send_json({"type": "ask", "text": "who?"})
        assert hear(talk, "answer")["text"] == "who? 0"
        time.sleep(0.5)
        talk.send_bytes(picture(0.5))
        said = hear(talk, "said")
        assert (said["start"], said["skipped"]) == (0.5, 80)
        assert streams.opened[0].shown == [0.5]


def test_questions_are_refused_in_words_when_too_many_come_at_once(served: Site) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        talk.send_json({"type": "start", "source": "camera"})
        hear(talk, "ready")
        for number in range(8):
            talk.send_json({"type": "ask", "text": f"{number}?"})
            hear(talk, "answer")
            talk.send_bytes(picture(0.0))
        talk.send_json({"type": "ask", "text": "one more?"})
        while (message := talk.receive_json())["type"] == "said":
            pass
        assert message["type"] == "error" and "ask again" in message["text"]
