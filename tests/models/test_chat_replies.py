"""A reply is paid for once, whoever asks again and wherever the endpoint is."""

import json
from pathlib import Path

import pytest

from livecc_assets.models.chat_budget import Spent
from livecc_assets.models.chat_endpoint import ChatEndpoint, ChatError, RefusedError, Reply, read_reply
from livecc_assets.models.chat_replies import ChatClient, Replies
from livecc_assets.store.blobs import LocalBlobs

REPLY = Reply("B", "gpt-4o-2024-08-06", 700, 12, 1.25)


class Endpoint(ChatEndpoint):
    """Answers each request once, and counts them."""

    def __init__(self, port: int = 1, **more) -> None:
        super().__init__("gpt-4o", f"http://127.0.0.1:{port}/v1", "NO_SUCH_KEY", **more)
        self.asked: list[str] = []

    def reply(self, prompt, **options):
        self.asked.append(prompt)
        if prompt == "fails":
            raise ChatError("no")
        return REPLY


def client(folder: Path, endpoint: ChatEndpoint, **options) -> ChatClient:
    return ChatClient(endpoint, Replies(LocalBlobs(folder), "gpt-4o"), **options)


def test_a_second_run_asks_nothing_whatever_its_address_patience_and_workers(tmp_path: Path) -> None:
    first, second = Endpoint(1), Endpoint(2, timeout=9, attempts=3)
    assert client(tmp_path, first, seed=42).ask("p") == REPLY
    again = client(tmp_path, second, seed=42)
    assert again.ask("p") == REPLY
    assert (first.asked, second.asked, again.served) == (["p"], [], 1)


def test_another_prompt_option_or_attempt_is_another_request(tmp_path: Path) -> None:
    endpoint = Endpoint()
    one, other = client(tmp_path, endpoint, seed=1), client(tmp_path, endpoint, seed=2)
    one.ask("p")
    one.ask("q")
    other.ask("p")
    one.ask("p", attempt=1)
    assert endpoint.asked == ["p", "q", "p", "p"]


def test_what_differs_from_call_to_call_is_no_part_of_what_a_reply_is_known_by(tmp_path: Path) -> None:
    endpoint = Endpoint()
    one = client(tmp_path, endpoint)
    for prompt in ("code 1", "code 2"):
        one.ask(prompt, known_as="code")
    assert endpoint.asked == ["code 1"]


def test_what_is_kept_says_who_was_asked_who_answered_and_what_it_took(tmp_path: Path) -> None:
    client(tmp_path, Endpoint(), seed=42).ask("p", about=lambda text: {"order": "ab", "verdict": text})
    (path,) = tmp_path.rglob("*.json")
    kept = json.loads(path.read_text())
    assert kept.pop("at").endswith("+00:00") and len(kept.pop("prompt_sha256")) == 64
    assert kept == {
        "requested_model": "gpt-4o",
        "returned_model": "gpt-4o-2024-08-06",
        "options": {"seed": 42},
        "order": "ab",
        "verdict": "B",
        "text": "B",
        "tokens_in": 700,
        "tokens_out": 12,
        "seconds": 1.25,
    }


def test_a_failure_is_not_kept_and_a_damaged_object_is_asked_anew(tmp_path: Path) -> None:
    endpoint = Endpoint()
    one = client(tmp_path, endpoint)
    for _ in range(2):
        with pytest.raises(ChatError):
            one.ask("fails")
    one.ask("p")
    (path,) = tmp_path.rglob("*.json")
    path.write_text("{")
    one.ask("p")
    assert endpoint.asked == ["fails", "fails", "p", "p"]


def test_what_a_request_would_take_is_told_before_and_is_nothing_for_a_kept_one(tmp_path: Path) -> None:
    one = client(tmp_path, Endpoint())
    wanted = one.would_spend("word " * 400)
    assert (wanted.calls, 400 <= wanted.tokens_in <= 600, wanted.tokens_out > 0) == (1, True, True)
    one.ask("word " * 400)
    assert one.would_spend("word " * 400).calls == 0


def body(message: dict, finish: str = "stop", **more) -> bytes:
    return json.dumps({"choices": [{"message": message, "finish_reason": finish}], **more}).encode()


def test_tokens_and_the_model_that_answered_are_read() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2}
    assert read_reply(body({"content": "B"}, model="m-1", usage=usage))[:4] == ("B", "m-1", 5, 2)
    assert read_reply(body({"content": [{"type": "text", "text": "B"}]}))[:4] == ("B", "", None, None)


@pytest.mark.parametrize(
    ("message", "finish", "text"),
    [
        ({"content": None, "refusal": "I can't."}, "stop", "I can't."),
        ({"content": None}, "content_filter", ""),
        ({"content": None, "reasoning_content": "hm"}, "length", ""),
        ({"content": ""}, "stop", ""),
    ],
)
def test_a_refusal_and_an_end_without_text_are_replies(message: dict, finish: str, text: str) -> None:
    assert read_reply(body(message, finish)).text == text


BROKEN = [
    b"",
    b"<html>",
    b"[]",
    b'{"choices": []}',
    b'{"choices": [{"message": {"content": 7}}]}',
    b'{"choices": [{"mess',
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_body_is_no_reply(broken: bytes) -> None:
    with pytest.raises((ValueError, KeyError, IndexError, TypeError, AttributeError)):
        read_reply(broken)


class Refusing(Endpoint):
    """Refuses one prompt, and has or has not answered others."""

    def __init__(self, takes: bool) -> None:
        super().__init__()
        if takes:
            self.remembered()

    def reply(self, prompt, **options):
        self.asked.append(prompt)
        if prompt == "long":
            raise RefusedError("gpt-4o refused the request (HTTP 413)")
        return REPLY


def test_what_an_endpoint_refused_while_it_took_others_is_not_sent_again_unless_wanted(tmp_path: Path) -> None:
    endpoint = Refusing(takes=True)
    with pytest.raises(RefusedError, match=r"HTTP 413\)$"):
        client(tmp_path, endpoint).ask("long")
    again = client(tmp_path, endpoint)
    with pytest.raises(RefusedError, match=r"HTTP 413\)$"):
        again.ask("long")
    assert endpoint.asked == ["long"] and again.would_spend("long") == Spent()
    wanted = client(tmp_path, endpoint, retry_refused=True)
    assert wanted.would_spend("long").calls == 1
    with pytest.raises(RefusedError):
        wanted.ask("long")
    assert endpoint.asked == ["long", "long"]


def test_an_endpoint_that_has_taken_nothing_yet_may_be_at_fault_itself_and_is_asked_again(tmp_path: Path) -> None:
    endpoint = Refusing(takes=False)
    for _ in range(2):
        with pytest.raises(RefusedError):
            client(tmp_path, endpoint).ask("long")
    assert endpoint.asked == ["long", "long"]


def test_a_reply_takes_the_place_of_a_refusal(tmp_path: Path) -> None:
    kept = Replies(LocalBlobs(tmp_path), "gpt-4o")
    kept.put_refusal("p", {}, "no")
    assert kept.refusal("p", {}) == "no" and kept.get("p", {}) is None
    kept.put("p", {}, REPLY)
    assert kept.refusal("p", {}) is None and kept.get("p", {}) == REPLY
