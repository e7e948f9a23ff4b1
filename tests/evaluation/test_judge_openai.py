"""The chat judge against a server on the loopback interface: what it asks, how it reads answers, when it gives up."""

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation.judge import JudgeError, judgements
from livecc_assets.evaluation.judge_openai import OpenAIJudge
from livecc_assets.evaluation.judge_prompt import ANSWER, judge_prompt
from tests.evaluation.builders import event
from tests.rows import rejected


class Server:
    """Answers chat completions with `reply(prompt)`: a text, or (status, raw body)."""

    def __init__(self, reply):
        self.requests = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.requests.append((self.path, dict(self.headers), body))
                answer = reply(body["messages"][0]["content"])
                status, raw = answer if isinstance(answer, tuple) else (200, None)
                if raw is None:
                    raw = json.dumps({"choices": [{"message": {"role": "assistant", "content": answer}}]})
                self.send_response(status)
                self.end_headers()
                self.wfile.write(raw.encode())

            def log_message(self, format, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def serve():
    servers = []

    def start(reply):
        servers.append(Server(reply))
        return servers[-1]

    yield start
    for server in servers:
        server.http.shutdown()
        server.http.server_close()


def make(server, monkeypatch, key="secret", **more):
    if key:
        monkeypatch.setenv("JUDGE_KEY", key)
    endpoint = {"base_url": server.url, "api_key_env": "JUDGE_KEY", "attempts": 4, "timeout": 60}
    return OpenAIJudge("gpt-test", **endpoint, **more)


def block(prompt, name):
    if f"---{name}---" in prompt:
        return prompt.split(f"---{name}---\n")[1].split("\n----------")[0]
    found = re.search(rf"<<<(\w+) {name}>>>\n(.*?)\n<<<\1 end of {name}>>>", prompt, re.DOTALL)
    assert found
    return found[2]


def prefers(word):
    def reply(prompt):
        letter = "A" if word in block(prompt, "Commentary A") else "B"
        return ANSWER.format(letter=letter)

    return reply


def test_both_orders_are_asked_and_the_same_commentary_wins_both(serve, monkeypatch):
    server = serve(prefers("jumps"))
    judge = make(server, monkeypatch)
    verdict = judge.judge(event(event_asr_text="Red jumps."), "red jumps", "a caption")
    assert (verdict.ab, verdict.ba, verdict.score_model) == ("model", "model", None)
    (path, headers, first), (_, _, second) = server.requests
    assert path == "/v1/chat/completions"
    assert headers["Authorization"] == "Bearer secret"
    assert (first["model"], first["temperature"], first["seed"], len(first["messages"])) == ("gpt-test", 0, 42, 1)
    prompt = first["messages"][0]["content"]
    assert (block(prompt, "Commentary A"), block(prompt, "Commentary B")) == ("red jumps", "a caption")
    assert block(prompt, "Human Commentary") == "Red jumps."
    swapped = second["messages"][0]["content"]
    assert (block(swapped, "Commentary A"), block(swapped, "Commentary B")) == ("a caption", "red jumps")


def test_a_model_that_takes_no_temperature_is_sent_none(serve, monkeypatch):
    server = serve(prefers("x"))
    make(server, monkeypatch, temperature=None, seed=None).judge(event(), "x", "y")
    assert set(server.requests[0][2]) == {"model", "messages"}


def test_a_judge_that_always_says_a_flips(serve, monkeypatch):
    judge = make(serve(lambda prompt: ANSWER.format(letter="A")), monkeypatch)
    verdict = judge.judge(event(), "x", "y")
    assert (verdict.ab, verdict.ba) == ("model", "opponent")


def test_a_reply_without_a_verdict_is_an_error_that_quotes_it_and_is_not_asked_again(serve, monkeypatch):
    server = serve(lambda prompt: "I'm sorry, but I cannot compare these.")
    (row,) = rejected(judgements(make(server, monkeypatch), {("v", 0): "x"}, [event()], "o", {("v", 0): "y"}))
    assert (row.kind, row.reason) == ("error", "no_verdict")
    assert row.detail.startswith("ab: the reply is a refusal: \"I'm sorry")
    assert len(server.requests) == 1


def test_both_are_fine_is_a_tie(serve, monkeypatch):
    judge = make(serve(lambda prompt: "Both are fine."), monkeypatch)
    assert judge.judge(event(), "x", "y")[:2] == ("tie", "tie")


def test_released_asks_and_reads_as_published(serve, monkeypatch):
    server = serve(lambda prompt: "commentary a.")
    assert make(server, monkeypatch, rule="released").judge(event(), "x", "y")[:2] == ("tie", "tie")
    assert make(server, monkeypatch).judge(event(), "x", "y")[:2] == ("model", "opponent")
    published, corrected = (server.requests[number][2]["messages"][0]["content"] for number in (0, 2))
    assert published == judge_prompt("x", "y", "Red jumps.")
    assert "---Commentary A---" not in corrected


def test_rate_limits_server_errors_and_garbage_are_retried_with_growing_pauses(serve, monkeypatch, pauses):
    replies = iter([(429, "slow down"), (503, "busy"), (200, "no json"), ANSWER.format(letter="B")])
    judge = make(serve(lambda prompt: next(replies)), monkeypatch)
    assert judge.client.ask("?").text == ANSWER.format(letter="B")
    assert [round(pause - 0.125) for pause in pauses] == [1, 2, 4]


def test_retries_end_and_the_event_is_rejected_with_the_last_problem(serve, monkeypatch, pauses):
    server = serve(lambda prompt: (500, "broken"))
    judge = make(server, monkeypatch, workers=1)
    (row,) = rejected(judgements(judge, {("v", 0): "said"}, [event()], "other", {("v", 0): "text"}))
    assert (row.kind, row.reason) == ("error", "no_verdict")
    assert "in 4 attempts" in row.detail
    assert "500" in row.detail
    assert len(server.requests) == 4


def test_a_reply_without_text_is_retried_then_given_up(serve, monkeypatch, pauses):
    raw = json.dumps({"choices": [{"message": {"content": None}}]})
    judge = make(serve(lambda prompt: (200, raw)), monkeypatch)
    with pytest.raises(JudgeError, match="no text"):
        judge.choose("x", "y", "z", "ab")
    assert len(pauses) == 3


def test_an_unreachable_endpoint_is_given_up(pauses):
    judge = OpenAIJudge("m", base_url="http://127.0.0.1:9/v1", attempts=2)
    with pytest.raises(JudgeError, match="in 2 attempts"):
        judge.choose("x", "y", "z", "ab")


@pytest.mark.parametrize("status", [401, 402, 403, 404])
def test_a_refused_request_stops_the_run_at_once(serve, monkeypatch, status):
    server = serve(lambda prompt: (status, "no"))
    judge = make(server, monkeypatch)
    with pytest.raises(UserError, match=f"HTTP {status}"):
        judge.judge(event(), "x", "y")
    assert len(server.requests) == 1


def test_a_local_endpoint_needs_no_key_and_the_public_one_does(serve, monkeypatch):
    monkeypatch.delenv("JUDGE_KEY", raising=False)
    server = serve(prefers("x"))
    judge = make(server, monkeypatch, key="")
    judge.choose("x", "y", "z", "ab")
    assert "Authorization" not in server.requests[0][1]
    with pytest.raises(UserError, match="set JUDGE_KEY"):
        OpenAIJudge("m", api_key_env="JUDGE_KEY")
