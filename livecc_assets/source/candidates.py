"""What lies in a folder: videos with the files that belong to them, and files that belong to none."""

import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from livecc_assets.core.ids import shown_id
from livecc_assets.source.captions import FORMATS
from livecc_assets.source.listing import Entry, entries
from livecc_assets.store.rows import Rejected

_VIDEO = ".mp4 .m4v .mov .3gp .3g2 .mkv .webm .avi .flv .wmv .asf .mpg .mpeg .ts .m2ts .mts .ogv"
_AUDIO = ".mp3 .wav .flac .ogg .oga .opus .m4a .aac .wma"
_PLAYLIST = ".m3u8 .m3u .pls .ffconcat .mpd .asx .smil .xspf"
VIDEO_ENDINGS, AUDIO_ENDINGS, PLAYLIST_ENDINGS = (frozenset(line.split()) for line in (_VIDEO, _AUDIO, _PLAYLIST))
PARTIAL_ENDINGS = frozenset({".part", ".ytdl", ".crdownload"})
#: ISO 639-1, and the three-letter codes that subtitle tools write.
_CODES = """
aa ab af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et
eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw ja jv ka kg ki
kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr
nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th
ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
eng deu ger fra fre spa ita por rus jpn zho chi kor ara hin nld dut pol tur swe nor dan fin ces cze ell gre heb hun und
"""
_LANGUAGES = frozenset(_CODES.split())
_SUFFIX = re.compile(r"[._ -](?P<code>[A-Za-z]{2,3})(?P<rest>(?:[-_.][A-Za-z0-9]+)*)")
_AUTOMATIC = {"orig", "auto", "asr", "automatic", "generated"}


@dataclass(frozen=True)
class CaptionFile:
    """Captions beside a video: ``tag`` as its name says (``en-gb``), None where it says nothing."""

    name: str
    uri: str
    tag: str | None
    automatic: bool


@dataclass(frozen=True)
class Candidate:
    """One thing in the folder that must end as a row or in ``rejected``: a video with its sidecars, or a stray file.

    ``problem`` is set when the listing alone shows that it is no usable video.
    """

    name: str
    uri: str
    stem: str
    size: int
    captions: tuple[CaptionFile, ...] = ()
    info: str | None = None
    truth: str | None = None
    problem: Rejected | None = field(default=None, compare=False)


def scan(folder_uri: str) -> list[Candidate]:
    """All candidates of a local folder or an s3:// prefix, sub-folders included, by name.

    Captions belong to the video in the same folder whose name they carry: NAME.vtt, NAME.en.vtt, NAME_en.srt,
    NAME.en-US.json3, NAME.ttml; of two fitting names the longer wins. So do NAME.info.json and NAME.truth.json.
    Raises UserError when there is no such folder.
    """
    found = entries(folder_uri)
    videos = {e.name: e for e in found if e.trouble is None and _ending(e.name) in VIDEO_ENDINGS}
    stems: dict[str, list[str]] = {}
    for name in videos:
        stems.setdefault(_stem(name), []).append(name)
    sidecars: dict[str, dict[str, list[Entry]]] = {}
    strays: list[Candidate] = []
    for entry in found:
        if entry.name in videos:
            continue
        role, stem = _role(entry, stems)
        if entry.trouble is None and stem is not None:
            sidecars.setdefault(stem, {}).setdefault(role, []).append(entry)
        else:
            strays.append(_stray(entry, role))
    candidates = [_video(entry, sidecars.get(_stem(entry.name), {})) for entry in videos.values()]
    return sorted([*candidates, *strays], key=lambda candidate: candidate.name)


def _video(entry: Entry, beside: dict[str, list[Entry]]) -> Candidate:
    stem = _stem(entry.name)
    captions = []
    for file in beside.get("captions", []):
        tag, automatic = _language(file.name[len(stem) : -len(_ending(file.name))])
        captions.append(CaptionFile(file.name, file.uri, tag, automatic))
    info, truth = (next((e.uri for e in beside.get(role, [])), None) for role in ("info", "truth"))
    return Candidate(entry.name, entry.uri, PurePosixPath(stem).name, entry.size, tuple(captions), info, truth)


def _role(entry: Entry, stems: dict[str, list[str]]) -> tuple[str, str | None]:
    """(what a file is, the stem of the video that it belongs to or None)."""
    name = entry.name
    for role in ("info", "truth"):
        if name.endswith(f".{role}.json"):
            stem = name.removesuffix(f".{role}.json")
            return role, stem if stem in stems else None
    ending = _ending(name)
    if ending.removeprefix(".") in FORMATS:
        bare = name[: -len(ending)]
        fits = [stem for stem in stems if bare == stem or (bare.startswith(stem) and _is_suffix(bare[len(stem) :]))]
        return "captions", max(fits, key=len, default=None)
    return ending, None


def _is_suffix(suffix: str) -> bool:
    match = _SUFFIX.fullmatch(suffix)
    return bool(match and match["code"].lower() in _LANGUAGES)


def _language(suffix: str) -> tuple[str | None, bool]:
    """(language tag, whether the name says that a machine wrote the captions) of a suffix such as ``.en-orig``."""
    match = _SUFFIX.fullmatch(suffix)
    if match is None:
        return None, False
    parts = [match["code"].lower(), *re.split(r"[-_.]", match["rest"].lower().lstrip("-_."))]
    return "-".join(part for part in parts if part and part not in _AUTOMATIC), bool(_AUTOMATIC & set(parts))


def _stray(entry: Entry, role: str) -> Candidate:
    """A file that is no video and belongs to none, with the reason in words."""
    name = entry.name
    if entry.trouble is not None:
        kind, (reason, detail) = "error", entry.trouble
    elif role in {"captions", "info", "truth"}:
        kind, reason = "filtered", "no_video"
        detail = f"no video in the folder carries the name of {name}; name them alike or remove it"
    elif role in AUDIO_ENDINGS:
        kind, reason, detail = "filtered", "no_picture", f"{name} is a sound file without a picture"
    elif role in PLAYLIST_ENDINGS:
        kind, reason = "error", "playlist"
        detail = f"{name} is a playlist, not a video; give the video files themselves"
    elif role in PARTIAL_ENDINGS:
        kind, reason, detail = "error", "partial_download", f"{name} is an unfinished download; finish or remove it"
    else:
        kind, reason, detail = "filtered", "not_a_video", f"{name} is no video, no captions and no metadata; ignored"
    problem = Rejected(name, kind, reason, detail, shown_id(_stem(name).rpartition("/")[2]))
    return Candidate(name, entry.uri, PurePosixPath(_stem(name)).name, entry.size, problem=problem)


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _stem(name: str) -> str:
    """The name without its last ending, folder included."""
    ending = PurePosixPath(name).suffix
    return name[: -len(ending)] if ending else name
