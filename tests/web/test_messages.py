"""What a page may say, and how everything else is refused."""

import json
import math
from typing import Any

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.web.messages import LONGEST_TEXT, Ask, At, Query, Start, read_message


def test_each_kind_is_read() -> None:
    assert read_message('{"type": "start", "source": "file", "at": 3, "query": " what? "}') == Start(
        type="start", source="file", at=3.0, query="what?"
    )
    assert read_message('{"type": "at", "at": 1.5, "playing": true}') == At(type="at", at=1.5, playing=True)
    assert read_message('{"type": "ask", "text": "who?"}') == Ask(type="ask", text="who?")
    assert read_message('{"type": "query", "text": "sing"}') == Query(type="query", text="sing")


@pytest.mark.parametrize(
    "message",
    [
        {}, {"type": "nosuch"}, {"type": "start", "source": "/etc/passwd"}, {"type": "start", "source": "file", "at": -1},
        {"type": "at", "at": math.inf, "playing": True}, {"type": "at", "at": math.nan, "playing": True},
        {"type": "at", "at": 1, "playing": True, "rate": 1000}, {"type": "ask", "text": " "},
        {"type": "ask", "text": "x" * (LONGEST_TEXT + 1)}, {"type": "ask", "text": ["x"]},
        {"type": "start", "source": "address", "address": "x" * 3000}, {"type": "start", "source": "file", "path": "/a"}, [], 1,
    ],
)  # fmt: skip
def test_everything_else_is_one_line_that_repeats_nothing_of_it(message: Any) -> None:
    with pytest.raises(UserError) as caught:
        read_message(json.dumps(message))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
    assert "/etc/passwd" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "\0", "[" * 100_000, '"' + "x" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="not understood"):
        read_message(text)
