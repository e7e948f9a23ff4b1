"""What the engine says, as plain data: importable without torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Utterance:
    """Words of one interval, in seconds of the source video; ``text`` is empty where the model was silent."""

    start: float
    end: float
    text: str
