"""Which of a video's captions to take: the asked-for language first, then people's over a machine's."""

from livecc_assets.core.errors import MediaError
from livecc_assets.source.candidates import Candidate, CaptionFile
from livecc_assets.source.captions import FORMATS, read_captions
from livecc_assets.source.cues import Captions
from livecc_assets.source.embedded import read_embedded
from livecc_assets.source.listing import read_small
from livecc_assets.source.metadata import Metadata


def find_captions(candidate: Candidate, about: Metadata, language: str) -> Captions | None:
    """The best captions of a video: a file beside it, else a track inside it; None where there is neither.

    Files in the language, or without a language in their name, come before the track inside, and that before files in
    other languages (the language filter names these). Raises MediaError when the chosen captions cannot be read.
    """
    ranked = sorted(candidate.captions, key=lambda file: (_distance(file, language), file.automatic))
    near = [file for file in ranked if _distance(file, language) < 3]
    if near:
        return _best(near, about, language)
    inside = read_embedded(candidate.uri, language)
    if inside is not None:
        return inside
    return _best(ranked, about, language) if ranked else None


def _best(files: list[CaptionFile], about: Metadata, language: str) -> Captions:
    """Among files of the nearest language, people's captions: known by name or metadata, else by timing whole lines."""
    nearest = _distance(files[0], language)
    rivals = [file for file in files if _distance(file, language) == nearest]
    read: list[tuple[tuple[bool, int], Captions]] = []
    failure: MediaError | None = None
    for file in rivals:
        try:
            captions = read_captions(read_small(file.uri), file.name.rsplit("/", 1)[-1])
        except MediaError as error:
            failure = failure or error
            continue
        order = FORMATS.index(captions.format)
        read.append(((_is_automatic(file, captions, about), order), captions))
    if read:
        return min(read, key=lambda item: item[0])[1]
    assert failure is not None
    raise failure


def _is_automatic(file: CaptionFile, captions: Captions, about: Metadata) -> bool:
    """Whether a machine wrote the captions. Metadata that lists both kinds in a language leaves it to the timing."""
    if file.automatic:
        return True
    if file.tag:
        human, automatic = file.tag in about.human, file.tag in about.automatic
        if human != automatic:
            return automatic
    return captions.words is not None


def _distance(file: CaptionFile, language: str) -> int:
    """0 for the language itself, 1 for a name without language, 3 for another language."""
    if file.tag is None or file.tag == "und":
        return 1
    main = file.tag.partition("-")[0]
    return 0 if main in {language, {"en": "eng"}.get(language, language)} else 3
