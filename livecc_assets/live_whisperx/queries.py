"""B6: does the speech comment on what is seen, and which request would elicit it? (method 1.9; paper section 3.2).

Two writers. ``openai`` asks a chat model, as the paper does: it accepts a clip only if four criteria hold, and then
invents a generic request. ``template`` picks a ready request by category and pace, and refuses only what counting
words can tell. A refused clip is a row with ``accepted`` false; the selection turns it away as ``query_refused``.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from livecc_assets.core.text import brief, sound_values
from livecc_assets.store.rows import Rejected

if TYPE_CHECKING:
    from livecc_assets.models.chat_replies import ChatClient
    from livecc_assets.store.interface import Blobs

QUICK_WORDS_PER_SECOND = 2.5
_PERSONAL = frozenset({"i", "i'm", "i've", "i'd", "i'll", "me", "my", "mine", "myself"})
_PERSONAL_SHARE, _DISTINCT_SHARE = 0.12, 0.08


@dataclass(frozen=True)
class Decision:
    """A writer's answer: the request (None when refused) and why."""

    query: str | None
    reason: str


class Writer(Protocol):
    """Decides on one clip. Raises :class:`QueryError` when no decision can be had."""

    def __call__(self, clip: dict[str, Any]) -> Decision: ...


class QueryError(Exception):
    """The writer failed on this clip; the row is in error."""


@cache
def templates() -> dict[str, dict[str, list[str]]]:
    """Requests by category and pace."""
    return yaml.safe_load((Path(__file__).parent / "query_templates.yaml").read_text("utf-8"))


def template_writer(clip: dict[str, Any]) -> Decision:
    """A ready request by category and pace, drawn by the clip's id; the clip's words and title never enter it.

    Of the four criteria only two can be counted: speech full of "I" and "my" is personal, speech of very few
    different words is garbled. The others are not judged.
    """
    words = [word["word"].strip().strip(".,!?").lower() for word in clip["words"]]
    personal = sum(word in _PERSONAL for word in words) / len(words)
    if personal > _PERSONAL_SHARE:
        return Decision(None, f"template: personal, {personal:.0%} of the words are I, me or my")
    if len(set(words)) / len(words) < _DISTINCT_SHARE:
        return Decision(None, f"template: garbled, {len(set(words))} different words in {len(words)}")
    pace = "quick" if clip["words_per_second"] >= QUICK_WORDS_PER_SECOND else "calm"
    choices = templates().get(clip["category"], templates()["other"])[pace]
    seed = int.from_bytes(hashlib.blake2b(clip["clip_id"].encode(), digest_size=8).digest(), "big")
    return Decision(choices[seed % len(choices)], f"template: {pace}")


_PROMPT = """\
This is the automatic transcription of what is said in a part of a video:

"{speech}"

First decide whether all four of these statements hold:
1. The speech describes or comments on what the video shows at that moment.
2. The speaker does not tell of personal experiences or feelings.
3. It is one speaker's voice, not a conversation between several people.
4. The text is clean: no garbled, broken or meaninglessly repeated passages.

If all four hold, the result is YES; then also invent a request that a viewer could make so that an assistant who \
watches the video would comment in this manner and style. The request must be generic: it may not give away what \
happens, who appears or what is said. If any statement fails, the result is NO and the request is empty.

Answer with one JSON object in a fenced json block and nothing else:
```json
{{"result": "YES" or "NO", "query": "the request"}}
```"""

_YES, _NO = {"YES", "TRUE"}, {"NO", "FALSE"}


def query_prompt(clip: dict[str, Any]) -> str:
    """The one user message about a clip."""
    return _PROMPT.format(speech=" ".join(word["word"].strip() for word in clip["words"]))


def parse_reply(reply: str) -> Decision:
    """The decision in a reply: its last JSON object with a result, whatever stands around it (reasoning, fences, drafts).

    Raises ``ValueError`` for anything that is not the wanted JSON.
    """
    from livecc_assets.models.chat_reply import answer_of, objects

    answers = [one for one in objects(answer_of(reply)) if "result" in one]
    if not answers:
        raise ValueError(f"the reply holds no JSON object with a result: {brief(reply, 80)!r}")
    answer = sound_values(answers[-1])
    result, query = str(answer.get("result", "")).strip().upper(), str(answer.get("query") or "").strip()
    if result in _NO:
        return Decision(None, "refused by the model: not all four criteria hold")
    if result not in _YES or not query:
        raise ValueError(
            f"result {brief(result, 40)!r} with query {brief(query, 80)!r} is neither a refusal nor a request"
        )
    return Decision(query, "accepted by the model")


def model_writer(client: "ChatClient", attempts: int = 3) -> Writer:
    """A writer that asks a chat model; a reply that cannot be parsed is asked for again, ``attempts`` times in all."""
    from livecc_assets.core.retry import ask_again
    from livecc_assets.models.chat_endpoint import ChatError

    def write(clip: dict[str, Any]) -> Decision:
        tries = count()
        try:
            return ask_again(
                lambda: parse_reply(client.ask(query_prompt(clip), attempt=next(tries)).text), attempts, ValueError
            )
        except ChatError as error:
            raise QueryError(str(error)) from error
        except ValueError as error:
            line = f"{attempts} replies of {client.model} could not be read; the last: {error}"
            raise QueryError(line) from error

    return write


def load_writer(config: dict[str, Any], blobs: "Blobs | None" = None) -> Writer:
    """The writer that the profile's ``queries`` section names; ``blobs``: the store in which a model's replies are kept."""
    if config["writer"] == "template":
        return template_writer
    from livecc_assets.models.chat_replies import client_of

    return model_writer(client_of(config, blobs), config.get("attempts", 3))


def substitute(config: dict[str, Any]) -> dict[str, str]:
    """What the asset's page says of a writer that is not the paper's."""
    if config["writer"] == "openai":
        return {}
    return {"substitute": "requests by category and pace, in place of the paper's GPT-4o"}


def commentary_queries(clips: Iterable[dict[str, Any]], write: Writer) -> Iterator[dict[str, Any] | Rejected]:
    """Rows of ``commentary_queries``; a clip that the writer fails on is an *error*."""
    for clip in clips:
        try:
            decision = write(clip)
        except QueryError as error:
            yield Rejected(clip["clip_id"], "error", "no_query", str(error), clip["video_id"])
            continue
        ids = {"clip_id": clip["clip_id"], "video_id": clip["video_id"]}
        yield {**ids, "accepted": decision.query is not None, "query": decision.query, "reason": decision.reason}
