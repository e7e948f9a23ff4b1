"""Judging against endpoints that refuse, break, stop, or are dead: what came is kept, and every verdict arrives that can."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.evaluation import assets
from livecc_assets.evaluation.judge import judgements
from livecc_assets.evaluation.judging import make_judge, would_spend
from livecc_assets.evaluation.opponent import opponent_texts
from livecc_assets.models import chat_breaker
from livecc_assets.models.chat_budget import BudgetError
from livecc_assets.runtime.resuming import flowing
from livecc_assets.store.blobs import LocalBlobs
from livecc_assets.store.rows import Rejected
from tests.artifacts import finished
from tests.evaluation.builders import event
from tests.evaluation.test_canaries import the_closest
from tests.evaluation.test_resuming import EVENTS as CC_EVENTS
from tests.evaluation.test_resuming import SAID as CC_SAID
from tests.evaluation.test_resuming import judging_tasks
from tests.mock_endpoint import MockEndpoint, longer_wins
from tests.waiting import until

EVENTS = [event(f"v{n}", event_asr_text=f"Red jumps over {n} men.") for n in range(200)]
SAID = {(row["video_id"], 0): "red jumps" + " high" * (2 * (n % 2)) for n, row in enumerate(EVENTS)}
OTHERS = {(row["video_id"], 0): "blue falls low" for row in EVENTS}


@pytest.fixture
def endpoint() -> Iterator[MockEndpoint]:
    one = MockEndpoint()
    yield one
    one.close()


def judged(url: str, folder: Path, number: int = 200, **more) -> list:
    """The rows of so many events, 16 at a time."""
    config = {"kind": "openai", "model": "m", "base_url": url, "workers": 16, "pause": 0.01, **more}
    judge = make_judge(config, folder, [], LocalBlobs(folder / "store"))
    rows = flowing(EVENTS[:number], lambda one: list(judgements(judge, SAID, [one], "o", OTHERS)), judge.workers)
    return [row for some in rows for row in some]


def errors(rows: list) -> list[Rejected]:
    return [row for row in rows if isinstance(row, Rejected)]


def test_a_second_run_asks_nothing_and_says_the_same(endpoint: MockEndpoint, tmp_path: Path) -> None:
    first = judged(endpoint.url, tmp_path, 50)
    assert (endpoint.calls, errors(first)) == (100, [])
    assert {(row["ab_winner"], row["ba_winner"]) for row in first} == {("model", "model"), ("opponent", "opponent")}
    assert judged(endpoint.url, tmp_path, 50, workers=3, timeout=7, attempts=2) == first
    assert endpoint.calls == 100


def test_busy_failing_and_broken_answers_cost_no_verdict(tmp_path: Path) -> None:
    endpoint = MockEndpoint(busy=0.1, failing=0.1, broken=0.13, seed=3)
    rows = judged(endpoint.url, tmp_path)
    endpoint.close()
    assert (len(rows), errors(rows)) == (200, [])
    assert endpoint.paid == 400 < endpoint.calls


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_text_is_its_events_error_row_and_the_others_are_judged(
    endpoint: MockEndpoint, tmp_path: Path, status: int
) -> None:
    body = '{"error": {"code": "content_filter", "message": "The prompt was filtered"}}'
    endpoint.reply = lambda prompt: (status, body) if "over 77 men" in prompt else longer_wins(prompt)
    rows = judged(endpoint.url, tmp_path)
    (refused,) = errors(rows)
    assert (len(rows), refused.id, refused.reason) == (200, "v77_0", "no_verdict")
    assert f"HTTP {status}" in refused.detail and "content_filter: The prompt was filtered" in refused.detail
    assert endpoint.calls == 399, "its other order was not asked for"


@pytest.mark.parametrize("status", [401, 403, 404, 429])
def test_a_refused_key_or_an_empty_account_ends_the_run_and_what_came_is_kept(
    endpoint: MockEndpoint, tmp_path: Path, status: int
) -> None:
    body = '{"error": {"code": "insufficient_quota"}}'
    endpoint.reply = lambda prompt: longer_wins(prompt) if endpoint.paid < 100 else (status, body)
    with pytest.raises(UserError, match=rf"HTTP {status} .*what came is kept"):
        judged(endpoint.url, tmp_path)
    assert endpoint.calls - endpoint.paid <= 16, "nobody asked again"
    before, endpoint.reply = endpoint.calls, longer_wins
    assert errors(judged(endpoint.url, tmp_path)) == []
    assert endpoint.calls == before + 300


def test_an_endpoint_that_refuses_everything_is_told_after_a_few(endpoint: MockEndpoint, tmp_path: Path) -> None:
    endpoint.reply = lambda prompt: (400, '{"error": "unknown parameter seed"}')
    with pytest.raises(UserError, match=r"refuses every request .*unknown parameter seed"):
        judged(endpoint.url, tmp_path)
    assert endpoint.calls < 40


def test_many_refused_texts_are_error_rows_again_and_nothing_is_left_to_ask(
    endpoint: MockEndpoint, tmp_path: Path
) -> None:
    endpoint.reply = lambda prompt: (400, "") if re.search(r"over 1?[3-5]\d men", prompt) else longer_wins(prompt)
    first = judged(endpoint.url, tmp_path)
    assert len(errors(first)) == 60
    calls = endpoint.calls
    assert judged(endpoint.url, tmp_path) == first
    assert endpoint.calls == calls, "what was refused is not sent again"


def test_a_reply_without_a_verdict_is_kept_and_never_asked_for_again(endpoint: MockEndpoint, tmp_path: Path) -> None:
    endpoint.reply = lambda prompt: "I'm sorry, I can't." if "over 3 men" in prompt else longer_wins(prompt)
    (first,) = errors(judged(endpoint.url, tmp_path, 10))
    assert first.detail == "ab: the reply is a refusal: \"I'm sorry, I can't.\""
    calls = endpoint.calls
    assert errors(judged(endpoint.url, tmp_path, 10)) == [first]
    assert (calls, endpoint.calls) == (19, 19)


def test_a_budget_ends_the_run_before_the_call_that_is_too_much(endpoint: MockEndpoint, tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match="50 calls"):
        judged(endpoint.url, tmp_path, budget={"calls": 50})
    assert endpoint.calls == 50
    assert errors(judged(endpoint.url, tmp_path, 30)) == []
    assert endpoint.calls <= 60 + 32


def test_the_price_is_told_before_and_counts_only_what_is_not_kept(endpoint: MockEndpoint, tmp_path: Path) -> None:
    judged(endpoint.url, tmp_path, 20)
    price = {"input": 2.5, "output": 10}
    config = {"kind": "openai", "model": "m", "base_url": endpoint.url, "price": price}
    judge = make_judge(config, tmp_path, [], LocalBlobs(tmp_path / "store"))
    expected = would_spend(judge, EVENTS[:50], SAID, OTHERS)
    assert expected is not None and expected.calls == 60 + 18, "with the canaries"
    assert expected.cost == pytest.approx((expected.tokens_in * 2.5 + expected.tokens_out * 10) / 1e6)
    assert endpoint.calls == 40, "nothing was asked"


def test_the_asset_and_the_command_share_what_was_asked(endpoint: MockEndpoint, tmp_path: Path) -> None:
    endpoint.reply = the_closest
    judge = {"kind": "openai", "model": "m", "base_url": endpoint.url, "workers": 8}
    store, task = judging_tasks(tmp_path, judge)("x")
    assets.livesports_judgements(task)
    made = finished(task, store)
    assert (made.count, made.manifest.metadata["judge_calls"]) == (60, endpoint.calls)
    assert set(made.manifest.metadata["canaries"]) == {"identical", "human_words", "injected_order"}
    calls, texts = endpoint.calls, {(row["video_id"], 0): row["pred"] for row in CC_SAID}
    one = make_judge(judge | {"workers": 1}, tmp_path, [], store.blobs)
    rows = list(judgements(one, texts, CC_EVENTS, "o", opponent_texts({"kind": "title-caption"}, CC_EVENTS)[1]))
    assert errors(rows) == [] and endpoint.calls == calls


PROGRAM = """
import sys
from pathlib import Path
from tests.evaluation.test_judge_endpoints import judged
judged(sys.argv[1], Path(sys.argv[2]))
"""


def test_after_a_kill_at_most_what_was_in_flight_is_asked_again(tmp_path: Path) -> None:
    endpoint = MockEndpoint(latency=0.05)
    environment = os.environ | {"PYTHONPATH": os.getcwd()}
    run = subprocess.Popen([sys.executable, "-c", PROGRAM, endpoint.url, str(tmp_path)], env=environment)
    until(lambda: endpoint.paid >= 200, 60, "it never came half way")
    run.send_signal(signal.SIGKILL)
    run.wait()
    endpoint.latency = 0
    assert errors(judged(endpoint.url, tmp_path)) == []
    endpoint.close()
    assert endpoint.calls <= 400 + 16


def test_one_that_takes_connections_and_never_answers_is_dead_after_one_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chat_breaker, "DEAD_FROM_START", 0.4)
    with socket.create_server(("127.0.0.1", 0), backlog=64) as silent:
        began = time.monotonic()
        with pytest.raises(UserError, match=r"none answered; .*timed out"):
            judged(f"http://127.0.0.1:{silent.getsockname()[1]}/v1", tmp_path, timeout=0.5)
        assert time.monotonic() - began < 5


@pytest.mark.live
def test_a_dead_endpoint_is_over_in_a_minute_and_a_hundred_calls(tmp_path: Path) -> None:
    endpoint = MockEndpoint(failing=1.0)
    began = time.monotonic()
    with pytest.raises(UserError, match="gave no answer for"):
        judged(endpoint.url, tmp_path, workers=32, pause=1.0)
    endpoint.close()
    assert time.monotonic() - began < 60 and endpoint.calls < 100
