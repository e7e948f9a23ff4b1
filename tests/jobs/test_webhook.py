"""A failed run is told to a webhook: what is sent, what is never sent, and what happens when nobody listens."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dagster as dg
import pytest

from jobs import webhook
from jobs.notify import notify_failures


class Listener:
    """A web server that answers with the next of ``answers`` (200 when there are none left) and keeps what it is sent."""

    def __init__(self) -> None:
        self.answers, self.got, self.retry_after = list[int](), list[dict](), ""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(outer.answers.pop(0) if outer.answers else 200)
                self.send_header("Location", "http://127.0.0.1:9/")
                if outer.retry_after:
                    self.send_header("Retry-After", outer.retry_after)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/hooks/s3cr3t-path"


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made = Listener()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@dg.op
def fine() -> None:
    """Ends well."""


@dg.op
def broken() -> None:
    """Fails with a secret in its words."""
    raise RuntimeError("no route to https://user:hunter2@db.example/x?X-Amz-Signature=abcdef, key is planted-value-77")


@dg.job
def half_broken() -> None:
    fine()
    broken()


def _failure(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> dg.RunFailureSensorContext:
    """What the sensor is given for a failed run."""
    return dg.build_run_status_sensor_context(
        sensor_name="notify_failures",
        dagster_instance=instance,
        dagster_run=result.dagster_run,
        dagster_event=result.get_run_failure_event(),
    ).for_run_failure()


def _told(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.setenv("LIVECC_WEBHOOK_URL", listener.url)
    monkeypatch.setenv("LIVECC_DAGSTER_UI", "http://127.0.0.1:3000/")
    monkeypatch.setenv("SOME_API_KEY", "planted-value-77")
    with dg.DagsterInstance.ephemeral() as instance:
        result = half_broken.execute_in_process(
            instance=instance, raise_on_error=False, tags={"dagster/partition": "drop-1", "note": "planted-value-77"}
        )
        context = _failure(instance, result)
        list(notify_failures(context) or [])
    (found,) = listener.got
    assert found["url"] == f"http://127.0.0.1:3000/runs/{result.dagster_run.run_id}"
    return found


def test_a_failed_run_is_told_with_its_step_and_reason(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    found = _told(listener, monkeypatch)
    assert (found["event"], found["job"], found["partition"]) == ("run_failed", "half_broken", "drop-1")
    assert [one["step"] for one in found["failed_steps"]] == ["broken"]
    assert "no route to" in found["text"]


def test_no_secret_is_sent(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = json.dumps(_told(listener, monkeypatch))
    for secret in ("hunter2", "abcdef", "planted-value-77", "s3cr3t-path"):
        assert secret not in sent


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc.def-123456", "abc.def-123456"),
        ("password=swordfish;", "swordfish"),
        ("'aws_secret_access_key': 'wJalrXUtnFEMI'", "wJalrXUtnFEMI"),
        ("AKIAIOSFODNN7EXAMPLE is not allowed", "AKIAIOSFODNN7EXAMPLE"),
        ("Incorrect API key provided: sk-proj-abcdefghij", "abcdefghij"),
        ("https://bucket.example/key?X-Amz-Credential=me&X-Amz-Signature=f00", "f00"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out_and_the_rest_stays(text: str, secret: str) -> None:
    assert secret not in webhook.clean(text)
    plain = "livecc_base[sample]: the worker ended with exit code 3, see s3://bucket/log.txt at 12:30"
    assert webhook.clean(plain) == plain


def test_long_errors_are_cut() -> None:
    assert len(webhook.clean("x" * 10_000)) == webhook.LONGEST


def test_a_service_that_stumbles_is_tried_again_a_few_times(listener: Listener, pauses: list[float]) -> None:
    listener.answers = [503, 429]
    webhook.post(listener.url, {"a": 1})
    assert (len(listener.got), [round(pause - 0.125) for pause in pauses]) == (3, [1, 2])
    listener.answers = [500, 500, 500, 500]
    with pytest.raises(webhook.AwayError, match="answered 500, 3 times"):
        webhook.post(listener.url, {"a": 1})


def test_a_busy_service_is_not_asked_before_the_time_that_it_names(listener: Listener, pauses: list[float]) -> None:
    listener.answers, listener.retry_after = [429], "17"
    webhook.post(listener.url, {"a": 1})
    assert (len(listener.got), pauses) == (2, [17.0])


@pytest.mark.usefixtures("pauses")
def test_no_log_of_a_library_keeps_the_address(listener: Listener, caplog: pytest.LogCaptureFixture) -> None:
    listener.answers = [503]
    with caplog.at_level("INFO"):
        webhook.post(listener.url, {"a": 1})
        with pytest.raises(webhook.AwayError):
            webhook.post("http://127.0.0.1:9/s3cr3t-path", {"a": 1})
    assert "s3cr3t" not in caplog.text


@pytest.mark.parametrize("answer", [404, 302])
def test_a_wrong_address_or_a_redirect_is_not_tried_again(listener: Listener, answer: int, pauses: list[float]) -> None:
    listener.answers = [answer]
    with pytest.raises(webhook.WebhookError, match=f"answered {answer}") as caught:
        webhook.post(listener.url, {"a": 1})
    assert pauses == []
    assert not isinstance(caught.value, webhook.AwayError)
    assert len(listener.got) == 1


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:9/s3cr3t", "file:///etc/passwd", "http://[broken/s3cr3t", "http://127.0.0.1:9/s3cr3t part"],
)
@pytest.mark.usefixtures("pauses")
def test_errors_never_name_the_address(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(webhook.WebhookError) as caught:
        webhook.post(url, {})
    assert "s3cr3t" not in str(caught.value)
    assert "passwd" not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_without_an_address_nothing_is_sent_and_the_sensor_says_how_to_set_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LIVECC_WEBHOOK_URL", raising=False)
    with dg.DagsterInstance.ephemeral() as instance:
        result = half_broken.execute_in_process(instance=instance, raise_on_error=False)
        context = _failure(instance, result)
        found = notify_failures(context)
    (skipped,) = [found] if isinstance(found, dg.SkipReason) else list(found or [])
    assert isinstance(skipped, dg.SkipReason)
    assert "LIVECC_WEBHOOK_URL" in str(skipped.skip_message)
