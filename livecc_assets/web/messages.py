"""What a page may say over its socket. Everything else is refused in a line."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from livecc_assets.commentary.prompts import DEFAULT_QUERY
from livecc_assets.core.errors import UserError

#: Bytes of a message: a camera's picture is the largest.
MOST_BYTES = 1 << 20
#: Characters of a question or query.
LONGEST_TEXT = 500

Seconds = Annotated[float, Field(ge=0, le=7 * 24 * 3600, allow_inf_nan=False)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)]


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Start(_Message):
    """Begin a source: the file that was uploaded, an address, or the camera.

    ``mode``: it is commented as it plays, or looked at as a whole and asked about (a file alone), from second ``at`` to
    ``until``; 0 is the end. ``player``: the page plays the video itself and tells where it is; otherwise pictures are sent
    to it.
    """

    type: Literal["start"]
    source: Literal["file", "address", "camera"]
    address: str = Field(default="", max_length=2000)
    mode: Literal["comment", "chat"] = "comment"
    at: Seconds = 0.0
    until: Seconds = 0.0
    query: Text = DEFAULT_QUERY
    player: bool = True


class At(_Message):
    """Where playback is."""

    type: Literal["at"]
    at: Seconds
    playing: bool
    rate: Annotated[float, Field(ge=0.1, le=16, allow_inf_nan=False)] = 1.0


class Query(_Message):
    """What is asked of the commentary from now on."""

    type: Literal["query"]
    text: Text


class Ask(_Message):
    """A question in the middle of the stream."""

    type: Literal["ask"]
    text: Text


Message = Start | At | Query | Ask
_READER: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])


def read_message(text: str) -> Message:
    """A message from its JSON. Raises UserError saying what is wrong with it."""
    try:
        return _READER.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(f"This was not understood ({place or 'message'}: {first['msg']}). Reload the page.") from None
