"""Requests are generic, repeatable, and refused clips say why."""

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.live_whisperx.queries import (
    QueryError,
    commentary_queries,
    load_writer,
    model_writer,
    parse_reply,
    query_prompt,
    template_writer,
    templates,
)
from livecc_assets.live_whisperx.schemas import SCHEMAS
from livecc_assets.models.chat_endpoint import ChatError, Reply
from livecc_assets.store.blobs import LocalBlobs
from livecc_assets.store.rows import Rejected
from tests.mock_endpoint import MockEndpoint

CATEGORIES = [
    "Howto & Style", "Sports", "Education", "Autos & Vehicles", "Science & Technology", "Gaming", "News & Politics",
]  # fmt: skip


def _clip(clip_id="v:0", text="red shoots very hard on the left", category: str | None = "Sports", speed=2.0):
    words = [{"start": float(i), "end": i + 1.0, "word": word} for i, word in enumerate(text.split())]
    return {"clip_id": clip_id, "video_id": "v", "category": category, "words": words, "words_per_second": speed}


def test_every_category_of_the_method_has_requests_for_both_paces():
    assert set(CATEGORIES) < set(templates())
    for paces in templates().values():
        assert set(paces) == {"quick", "calm"}
        assert all(len(set(requests)) == len(requests) >= 3 for requests in paces.values())


def test_a_clip_gets_the_same_request_every_time_and_clips_differ():
    asked = [template_writer(_clip(f"v{i}:0")).query for i in range(40)]
    assert asked == [template_writer(_clip(f"v{i}:0")).query for i in range(40)]
    assert set(asked) == set(templates()["Sports"]["calm"])


def test_category_and_pace_choose_the_request_and_content_does_not():
    assert template_writer(_clip(speed=3.0)).query in templates()["Sports"]["quick"]
    assert template_writer(_clip(category="Gaming")).query in templates()["Gaming"]["calm"]
    assert template_writer(_clip(category=None)).query in templates()["other"]["calm"]
    assert template_writer(_clip(text="blue falls over in the middle")).query == template_writer(_clip()).query


@pytest.mark.parametrize(
    ("text", "reason"),
    [("I think my day was great and I told my mother", "personal"), ("music " * 50, "garbled")],
)
def test_personal_and_garbled_speech_is_refused_by_counting(text, reason):
    decision = template_writer(_clip(text=text))
    assert decision.query is None
    assert reason in decision.reason


@pytest.mark.parametrize(
    "reply",
    [
        '```json\n{"result": "YES", "query": "Call the game."}\n```',
        'Sure!\n```\n{"result": "yes", "query": " Call the game. "}\n```\nDone.',
        'It fits: {"result": "YES", "query": "Call the game."} I hope.',
    ],
)
def test_replies_are_read_with_and_without_a_fence(reply):
    assert parse_reply(reply).query == "Call the game."


@pytest.mark.parametrize(
    "around",
    [
        "<think>the schema is {{result, query}}</think>\n{json}",
        "{json}\nI kept it generic {{as asked}}.",
        '```json\n{{"result": "NO", "query": ""}}\n```\nOn reflection:\n```json\n{json}\n```',
        "```json\n{json}\n```\nI hope this helps.",
    ],
)
@pytest.mark.parametrize("result", ['"YES"', "true"])
@pytest.mark.parametrize("query", ["Comment on the match", "Write it as ```text``` please"])
def test_the_one_object_is_found_whatever_stands_around_it(around: str, result: str, query: str) -> None:
    assert parse_reply(around.format(json=f'{{"result": {result}, "query": "{query}"}}')).query == query


def test_a_request_that_was_cut_inside_a_character_can_be_kept() -> None:
    assert parse_reply('{"result": "YES", "query": "Call it \\ud83d"}').query == "Call it \ufffd"


def test_a_no_is_a_refusal():
    decision = parse_reply('{"result": "NO", "query": ""}')
    assert decision.query is None
    assert "refused" in decision.reason


@pytest.mark.parametrize("reply", ["", "YES", '{"result": "YES", "query": ""}', "[1]", '{"result": "MAYBE"}', "{"])
def test_anything_else_is_no_answer(reply):
    with pytest.raises(ValueError, match=r".*"):
        parse_reply(reply)


def test_the_prompt_quotes_the_speech_and_names_four_criteria():
    prompt = query_prompt(_clip(text="red shoots"))
    assert '"red shoots"' in prompt
    assert all(f"\n{number}. " in prompt for number in (1, 2, 3, 4))


class Endpoint:
    """Answers from a list."""

    model = "a model"

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), 0

    def ask(self, prompt, attempt=0):
        self.asked += 1
        reply = self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return Reply(reply)


def test_an_unreadable_reply_is_asked_for_again_but_not_for_ever():
    endpoint = Endpoint("nonsense", '{"result": "YES", "query": "Call it."}')
    assert model_writer(endpoint)(_clip()).query == "Call it."  # type: ignore[arg-type]
    assert endpoint.asked == 2
    endpoint = Endpoint(*["nonsense"] * 9)
    with pytest.raises(QueryError, match="3 replies of a model could not be read"):
        model_writer(endpoint)(_clip())  # type: ignore[arg-type]
    assert endpoint.asked == 3


def test_a_silent_endpoint_makes_an_error_row_and_the_others_go_on():
    endpoint = Endpoint(ChatError("no answer"), '{"result": "NO", "query": ""}')
    failed, refused = commentary_queries([_clip("a:0"), _clip("b:0")], model_writer(endpoint))  # type: ignore[arg-type]
    assert isinstance(failed, Rejected)
    assert (failed.id, failed.kind, failed.reason, failed.detail) == ("a:0", "error", "no_query", "no answer")
    assert isinstance(refused, dict)
    assert (refused["accepted"], refused["query"]) == (False, None)


def test_rows_fit_the_schema():
    (row,) = commentary_queries([_clip()], template_writer)
    assert isinstance(row, dict)
    assert list(row) == SCHEMAS["commentary_queries"].names


def test_writers_are_named_in_the_profile(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    assert load_writer({"writer": "template"}) is template_writer
    with pytest.raises(UserError, match="set OPENAI_API_KEY"):
        load_writer({"writer": "openai", "model": "m", "base_url": ""})


def test_a_refused_text_is_its_clips_error_and_a_second_run_asks_nothing(tmp_path) -> None:
    def reply(prompt: str):
        filtered = (400, '{"error": {"code": "content_filter"}}')
        return filtered if "knocked him out cold" in prompt else '{"result": "YES", "query": "Comment on this"}'

    endpoint, blobs = MockEndpoint(reply), LocalBlobs(tmp_path)
    clips = [_clip(f"v{n}:0", text) for n, text in enumerate(("a fine pass", "he has knocked him out cold", "a goal"))]
    config = {"writer": "openai", "model": "m", "base_url": endpoint.url}
    rows = list(commentary_queries(clips, load_writer(config, blobs)))
    assert [row.reason if isinstance(row, Rejected) else row["query"] for row in rows] == [
        "Comment on this", "no_query", "Comment on this",
    ]  # fmt: skip
    assert isinstance(rows[1], Rejected) and "content_filter" in rows[1].detail
    assert list(commentary_queries([clips[0], clips[2]], load_writer(config, blobs))) == [rows[0], rows[2]]
    endpoint.close()
    assert endpoint.calls == 3
