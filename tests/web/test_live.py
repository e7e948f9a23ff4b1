"""The socket, from sitting down to leaving: a file, an address and a camera, and viewers who never see each other."""

import errno
import io
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.websockets import WebSocketDisconnect

from livecc_assets.commentary.interval import Block
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.web.site import Site
from livecc_assets.web.sources import Source
from tests.dripping import dripping
from tests.waiting import until
from tests.web.fakes import FakeStreams, client, hear, site

START = {"type": "start", "source": "file", "query": "q"}
SEEN = {"type": "at", "at": 100.0, "playing": False}


def sit(talk: Any) -> str:
    message = talk.receive_json()
    assert message["type"] == "seated", message
    return message["viewer"]


def send(page: Any, viewer: str, video: Path, name: str = "six.mp4") -> Any:
    return page.put(f"/live/{viewer}/video", params={"name": name}, content=video.read_bytes())


def picture(at: float, size: tuple[int, int] = (64, 48)) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.zeros((size[1], size[0], 3), dtype=np.uint8)).save(file, "JPEG")
    return struct.pack("<d", at) + file.getvalue()


def test_a_file_is_sent_watched_and_commented_as_it_plays(served: Site, video: Path) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        answer = send(page, sit(talk), video)
        assert answer.status_code == 200 and answer.json()["seconds"] == pytest.approx(6, abs=0.2)
        talk.send_json(START)
        ready = hear(talk, "ready")
        assert (ready["run"], ready["at"], ready["live"], ready["name"]) == (1, 0.0, False, "six.mp4")
        for at in (3.0, 4.0):
            talk.send_json({"type": "at", "at": at, "playing": False})
            assert hear(talk, "said")["end"] == at
        talk.send_json({"type": "ask", "text": "who?"})
        assert hear(talk, "answer")["text"] == "who? 2"
        talk.send_json({"type": "query", "text": "sing"})
        assert hear(talk, "query")["text"] == "sing"
        for at in (5.0, 6.0):  # one by one: a block that still waits gives way to the next
            talk.send_json({"type": "at", "at": at, "playing": False})
            said = hear(talk, "said")
            assert (said["end"], said["text"]) == (at, f"sing: {at - 1:g} to {at:g}")
        hear(talk, "ended")


def test_who_goes_elsewhere_in_the_file_begins_anew_there(served: Site, streams: FakeStreams, video: Path) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        talk.send_json(START)
        hear(talk, "ready", run=1)
        talk.send_json(START | {"at": 2.0})
        assert hear(talk, "ready", run=2)["at"] == 2.0
        talk.send_json(SEEN)
        said = hear(talk, "said")
        assert (said["run"], said["start"], said["end"]) == (2, 2.0, 5.0)
        assert [one.closed for one in streams.opened] == [True, False]


def test_a_page_that_cannot_play_the_file_gets_its_pictures(served: Site, video: Path) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        talk.send_json(START | {"player": False})
        hear(talk, "ready")
        shown = [talk.receive_bytes() for _ in range(6)]
        assert [struct.unpack_from("<d", one)[0] for one in shown] == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]


def test_two_models_comment_the_same_seconds_side_by_side(tmp_path: Path, video: Path) -> None:
    with client(site(tmp_path, FakeStreams(), FakeStreams())) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        talk.send_json(START)
        hear(talk, "ready")
        talk.send_json({"type": "at", "at": 3.2, "playing": False})
        said = [hear(talk, "said") for _ in range(2)]
        assert sorted(one["model"] for one in said) == [0, 1]
        assert {(one["start"], one["end"]) for one in said} == {(0.0, 3.0)}


def test_two_viewers_share_nothing(served: Site, streams: FakeStreams, video: Path) -> None:
    with client(served) as page, page.websocket_connect("/live") as one, page.websocket_connect("/live") as two:
        first, second = sit(one), sit(two)
        assert first != second
        send(page, first, video)
        two.send_json(START)
        assert two.receive_json() == {"type": "error", "text": "No file was sent yet; choose one."}
        one.send_json(START | {"query": "mine"})
        hear(one, "ready")
        two.send_json({"type": "start", "source": "camera", "query": "yours"})
        hear(two, "ready")
        one.send_json(SEEN)
        assert hear(one, "said")["text"].startswith("mine")
        two.send_json({"type": "ask", "text": "who?"})
        assert two.receive_json()["text"] == "who? 0", "nothing of the first viewer's was seen, and nothing of it came"
        assert streams.opened[0] is not streams.opened[1]


def test_a_cameras_pictures_are_seen_and_kept_nowhere(served: Site, tmp_path: Path) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        talk.send_bytes(picture(0.0))
        assert "No camera" in talk.receive_json()["text"]
        talk.send_json({"type": "start", "source": "camera"})
        assert hear(talk, "ready")["live"] is True
        talk.send_bytes(picture(0.5))
        said = hear(talk, "said")
        assert (said["start"], said["text"]) == (0.5, "seen (1, 3, 48, 64)")
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 8,
        struct.pack("<d", float("nan")) + b"x",
        picture(-1.0),
        picture(1.0)[:40],
        picture(1.0, (4000, 3000)),
    ],
)
def test_what_is_no_picture_of_a_camera_is_told_and_the_next_one_is_seen(served: Site, data: bytes) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        talk.send_json({"type": "start", "source": "camera"})
        hear(talk, "ready")
        talk.send_bytes(data)
        assert talk.receive_json()["type"] == "error"
        talk.send_bytes(picture(0.5))
        assert hear(talk, "said")["start"] == 0.5


def test_who_comes_too_late_is_refused_in_words_before_any_work(tmp_path: Path, video: Path) -> None:
    streams = FakeStreams()
    served = site(tmp_path, streams, viewers=1)
    with client(served) as page:
        with page.websocket_connect("/live") as one:
            sit(one)
            with page.websocket_connect("/live") as two:
                refused = two.receive_json()
                assert refused["type"] == "refused" and "seat" in refused["text"] and "Try again" in refused["text"]
                with pytest.raises(WebSocketDisconnect) as ended:
                    two.receive_json()
                assert ended.value.code == 1013
            assert streams.opened == []
        until(lambda: served.seats.taken == 0, 10, "the seat was not freed")
        with page.websocket_connect("/live") as three:
            sit(three)


def test_a_model_without_room_refuses_in_words_and_nobody_keeps_half_a_place(tmp_path: Path) -> None:
    roomy, full = FakeStreams(), FakeStreams(most=0)
    with client(site(tmp_path, roomy, full)) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        talk.send_json({"type": "start", "source": "camera"})
        assert talk.receive_json() == {"type": "refused", "text": "No stream is left."}
        with pytest.raises(WebSocketDisconnect):
            talk.receive_json()
        assert [one.closed for one in roomy.opened] == [True]


def test_who_leaves_frees_the_seat_the_stream_and_the_file(
    served: Site, streams: FakeStreams, video: Path, tmp_path: Path
) -> None:
    with client(served) as page:
        with page.websocket_connect("/live") as talk:
            viewer = sit(talk)
            send(page, viewer, video, "../../../evil.mp4")
            talk.send_json(START)
            assert hear(talk, "ready")["name"] == "evil.mp4"
            assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*") if path.is_file()] == []
            assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["uploaded-video"]
        until(lambda: served.seats.taken == 0, 10, "the seat was not freed")
        assert list(tmp_path.iterdir()) == [] and streams.opened[0].closed
        assert send(page, viewer, video).status_code == 404
    assert streams.closed, "the end of the server closes its models"


def test_a_file_is_refused_in_words_before_it_is_read_when_it_is_too_large(tmp_path: Path, video: Path) -> None:
    served = site(tmp_path, FakeStreams(), upload_bytes=1000, seconds=3.0)
    with client(served) as page, page.websocket_connect("/live") as talk:
        answer = send(page, sit(talk), video)
        assert answer.status_code == 400 and "larger than" in answer.json()["text"]
        assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_too_long_or_no_video_is_refused_in_words(tmp_path: Path, video: Path) -> None:
    served = site(tmp_path, FakeStreams(), seconds=3.0)
    with client(served) as page, page.websocket_connect("/live") as talk:
        viewer = sit(talk)
        assert "at most" in send(page, viewer, video).json()["text"]
        answer = page.put(f"/live/{viewer}/video?name=a.mp4", content=b"#EXTM3U\nfile:///etc/passwd\n")
        assert answer.status_code == 400 and answer.json()["text"].startswith("a.mp4 is a playlist")
        talk.send_json(START)
        assert "No file" in talk.receive_json()["text"]


def test_an_address_is_checked_before_it_is_opened(tmp_path: Path) -> None:
    served = site(tmp_path, FakeStreams(), hosts=frozenset({"a.example"}))
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        for address in ("file:///etc/passwd", "/etc/passwd", "http://127.0.0.1:1/a.mp4"):
            talk.send_json({"type": "start", "source": "address", "address": address})
            assert talk.receive_json()["type"] == "error"
        assert not hasattr(served.models[0].streams, "opened") or served.models[0].streams.opened == []  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "fault",
    [
        OSError(errno.ENOSPC, "No space left on device", "{path}"),
        OSError(errno.EIO, "Input/output error", "{path}"),
        MediaError("undecodable", "{path}: Invalid data"),
        UserError("uploaded-video: look at '{path}'"),
    ],
    ids=["disk full", "broken disk", "media", "user"],
)
def test_a_fault_of_a_file_is_told_under_the_name_that_its_viewer_gave(
    served: Site, video: Path, tmp_path: Path, fault: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(source: Source, *given: Any) -> Iterator[Block]:
        raise type(fault)(*(one.format(path=source.path) if isinstance(one, str) else one for one in _given(fault)))
        yield

    monkeypatch.setattr(Source, "blocks", broken)
    with client(served) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video, "mine.mp4")
        talk.send_json(START)
        hear(talk, "ready")
        told = talk.receive_json()
        assert told["type"] == "error"
        assert str(tmp_path) not in told["text"] and "uploaded-video" not in told["text"] and "/" not in told["text"]
        assert "mine.mp4" in told["text"] or isinstance(fault, OSError)


def _given(fault: Exception) -> tuple[Any, ...]:
    if isinstance(fault, OSError):
        return (fault.errno, fault.strerror, fault.filename)
    return (fault.reason, fault.detail) if isinstance(fault, MediaError) else fault.args


@pytest.mark.parametrize("leave", ["the page", "the source"])
def test_who_leaves_an_address_that_drips_leaves_no_thread_behind(
    served: Site, streams: FakeStreams, leave: str
) -> None:
    def reading() -> list[str]:
        return [thread.name for thread in threading.enumerate() if thread.name in ("showing", "live")]

    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", 0.2) as (port, begun), client(served) as page:
        with page.websocket_connect("/live") as talk:
            sit(talk)
            talk.send_json({"type": "start", "source": "address", "address": f"http://127.0.0.1:{port}/a.mkv"})
            hear(talk, "ready")
            assert begun.wait(5)
            assert sorted(reading()) == ["live", "showing"]
            if leave == "the source":
                talk.send_json({"type": "start", "source": "camera"})
                hear(talk, "ready", run=2)
                until(lambda: not reading(), 1, lambda: str(reading()))
        until(lambda: not reading(), 1, lambda: str(reading()))


def test_a_dead_address_is_told_in_words(served: Site) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        talk.send_json({"type": "start", "source": "address", "address": "http://127.0.0.1:1/a.mp4?key=secret"})
        hear(talk, "ready")
        told = talk.receive_json()
        assert told["type"] == "error" and "cannot be reached" in told["text"] and "secret" not in told["text"]


@pytest.mark.parametrize("text", ["{", '{"type": "nosuch"}', '{"type": "ask", "text": "who?"}'])
def test_what_cannot_be_done_is_told_and_the_seat_is_kept(served: Site, text: str) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        talk.send_text(text)
        assert talk.receive_json()["type"] == "error"
        talk.send_json({"type": "start", "source": "camera"})
        hear(talk, "ready")


def test_a_message_that_is_too_large_costs_the_seat(served: Site) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        talk.send_text("x" * (2 << 20))
        assert talk.receive_json() == {"type": "refused", "text": "That message is too large."}
    until(lambda: served.seats.taken == 0, 10, "the seat was not freed")


@pytest.mark.parametrize("limits", [{"waiting": 0.2}, {"idle": 0.2}], ids=["nothing chosen", "nothing happens"])
def test_a_seat_where_nothing_happens_is_given_up_in_words(tmp_path: Path, limits: dict[str, Any]) -> None:
    served = site(tmp_path, FakeStreams(), **limits)
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        refused = talk.receive_json()
        assert refused["type"] == "refused" and "for a while" in refused["text"]
    until(lambda: served.seats.taken == 0, 10, "the seat was not freed")


def test_a_page_that_does_not_read_does_not_fill_the_memory(served: Site) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        [viewer] = page.app.state.viewers.values()  # type: ignore[attr-defined]
        for number in range(5000):
            viewer._loop.call_soon_threadsafe(viewer._put, {"type": "notice", "text": str(number)})
        time.sleep(0.2)
        assert viewer.outgoing.qsize() <= 300


def test_a_camera_ends_in_words_at_the_most_seconds(tmp_path: Path) -> None:
    served = site(tmp_path, FakeStreams(), seconds=0.3)
    with client(served) as page, page.websocket_connect("/live") as talk:
        sit(talk)
        talk.send_json({"type": "start", "source": "camera"})
        hear(talk, "ready")
        time.sleep(0.4)
        talk.send_bytes(picture(0.4))
        told = [talk.receive_json() for _ in range(2)]
        assert {message["type"] for message in told} == {"ended", "error"}
        assert [message["text"] for message in told if "text" in message] == [
            "It ends here: at most 0.005 minutes are shown."
        ]


def test_who_goes_elsewhere_while_the_model_is_full_keeps_the_seat(
    served: Site, streams: FakeStreams, video: Path
) -> None:
    with client(served) as page, page.websocket_connect("/live") as talk:
        send(page, sit(talk), video)
        talk.send_json(START)
        hear(talk, "ready", run=1)
        streams.most = 0
        talk.send_json(START | {"at": 2.0})
        assert talk.receive_json() == {"type": "error", "text": "No stream is left."}
        streams.most = 1
        talk.send_json(START | {"at": 2.0})
        hear(talk, "ready", run=2)
