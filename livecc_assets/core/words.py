"""A spoken word, as rows of words hold it in every stage."""

from typing import TypedDict


class Word(TypedDict):
    """A word and when it is said, in seconds of the source video."""

    start: float
    end: float
    word: str
