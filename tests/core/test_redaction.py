"""What is taken out of kept text, and what is left as it is."""

import base64
import json
import traceback
from urllib.parse import quote

import pytest

from livecc_assets.core.redaction import MARK, holds_secret, is_secret_name, redact, redacted, shown

KEY, PASSWORD = "wJalr/XUtn+FEMI=K7MDENG", "p4ss w0rd/1"
ENV = {
    "AWS_SECRET_ACCESS_KEY": KEY,
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/var/run/secrets/token",
    "AWS_ENDPOINT_URL": f"http://me:{quote(PASSWORD, safe='')}@s3.example:8333",
    "LIVECC_WEBHOOK_URL": "https://hooks.example.com/services/T0/B1/abcdefghijkl",
    "SERVICE_CREDENTIALS": '{\n "private_key": "MIIEvQIBADANBgkq"\n}',
    "POSTGRES_PASSWORD": "dagster",
    "EDITOR": "emacs-of-mine",
}


@pytest.mark.parametrize(
    "text",
    [
        KEY, quote(KEY, safe=""), base64.b64encode(KEY.encode()).decode(), json.dumps({"a": [KEY]}), repr(KEY), f"x{KEY}y",
        PASSWORD, quote(PASSWORD, safe=""), base64.b64encode(f"me:{PASSWORD}".encode()).decode(),
        "Max retries exceeded with url: /services/T0/B1/abcdefghijkl", "token abcdefghijkl", '"MIIEvQIBADANBgkq"',
    ],
)  # fmt: skip
def test_a_known_secret_goes_in_whatever_form_it_stands(text: str) -> None:
    left = redact(text, ENV)
    assert MARK in left
    assert not any(part in left for part in ("wJalr", "FEMI", "w0rd", "abcdefghijkl", "MIIEvQ"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("GET http://me:pw@host:1/x", f"GET http://{MARK}@host:1/x"),
        ("Authorization: Bearer eyJhbGciOi", f"Authorization: Bearer {MARK}"),
        ("OPENAI_API_KEY=short", f"OPENAI_API_KEY={MARK}"),
        ("{'HF_TOKEN': 'hf', 'HOME': '/root'}", f"{{'HF_TOKEN': '{MARK}', 'HOME': '/root'}}"),
        (
            "https://b/k?X-Amz-Credential=AK&X-Amz-Signature=0af&part=1",
            f"https://b/k?X-Amz-Credential={MARK}&X-Amz-Signature={MARK}&part=1",
        ),
        ("id AKIAIOSFODNN7EXAMPLE", f"id {MARK}"),
    ],
)
def test_a_secret_that_nobody_knows_here_goes_by_its_form(text: str, left: str) -> None:
    assert redact(text, {}) == left


@pytest.mark.parametrize(
    "text",
    [
        "training: 512/1000 loss=0.31 max_tokens=99 (31 s, 20 s left)", "TOKENIZERS_PARALLELISM=false",
        "File \"/opt/dagster/core.py\", line 3, in basic understanding", "s3://bucket/key/part-1.parquet",
        "/var/run/secrets/token", "emacs-of-mine", "api_key_env: OPENAI_API_KEY", "user@host and a: b@c",
    ],
)  # fmt: skip
def test_everything_else_stays(text: str) -> None:
    assert redact(text, ENV) == text


def test_messages_are_cleaned_inside_and_keep_their_shape() -> None:
    message = {"method": "log", "params": {"message": f"with {KEY}", "level": "info", "n": [1, None, KEY]}}
    assert redacted(message, ENV) == {
        "method": "log",
        "params": {"message": f"with {MARK}", "level": "info", "n": [1, None, MARK]},
    }


def test_names_and_values_that_must_not_be_written_down() -> None:
    assert is_secret_name("PGPASSWORD") and not is_secret_name("API_KEY_FILE") and not is_secret_name("MONKEYS_PATH")
    assert not is_secret_name("DAGSTER_RUN_STEP_KEY"), "a step's pod has its asset's name in it"
    assert (
        holds_secret("X", "http://a:b@c") and holds_secret("HF_TOKEN", "x") and not holds_secret("AWS_REGION", "eu-1")
    )


def test_an_error_that_tells_a_secret_is_shown_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", KEY)
    try:
        try:
            raise OSError(f"{KEY} was refused")
        except OSError as first:
            raise ValueError("nothing came back") from first
    except ValueError as error:
        clean = shown(error)
    told = "".join(traceback.format_exception(clean))
    assert KEY not in told and "was refused" in told and "nothing came back" in told and "test_redaction.py" in told


def test_an_error_without_a_secret_is_raised_as_it_is() -> None:
    error = ValueError("the disk is made of cheese")
    assert shown(error) is error
