"""The displayed rows of a cue as words, cut where there is space, with the times that the format gives."""

from collections.abc import Iterable

from livecc_assets.source.cue_text import clean

#: A word with its own start in seconds, or None where the format gives none.
Said = tuple[float | None, str]
Row = tuple[Said, ...]


def rows_of(pieces: Iterable[tuple[float | None, str]], begin: float | None = None) -> tuple[Row, ...]:
    """Rows of words from pieces of markup (start or None, text) in reading order.

    A piece that does not begin with space goes on with the word before it ("10" + ",000"), which keeps its own start.
    The first word that begins in a piece has the piece's start. A line break ends a row; empty rows are left out.
    ``begin``: the cue's start, which the first word has where only parts of words are timed.
    """
    rows: list[list[tuple[float | None, list[str]]]] = [[]]
    open_word = timed = False
    for start, markup in pieces:
        timed = timed or start is not None
        for k, line in enumerate(clean(markup).split("\n")):
            if k:
                rows.append([])
                open_word = False
            words = line.split()
            if words and open_word and not line[0].isspace():
                rows[-1][-1][1].append(words.pop(0))
            for word in words:
                rows[-1].append((start, [word]))
                start = None
            if line:
                open_word = bool(rows[-1]) and not line[-1].isspace()
    kept = [[(start, "".join(parts)) for start, parts in row] for row in rows if row]
    if timed and begin is not None and kept and all(start is None for row in kept for start, _ in row):
        kept[0][0] = (begin, kept[0][0][1])
    return tuple(map(tuple, kept))
