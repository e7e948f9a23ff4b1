"""What lies in a folder: videos with the files that belong to them, files that belong to none, and what is passed over."""

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from livecc_assets.core.errors import MediaError
from livecc_assets.core.ids import shown_id
from livecc_assets.source.captions import ENDINGS
from livecc_assets.source.listing import entries, read_small
from livecc_assets.source.metadata import is_playlist
from livecc_assets.source.side_files import fragment_of, side_kind
from livecc_assets.source.walking import HARMLESS, Entry
from livecc_assets.store.rows import Kind, Note, Rejected

_VIDEO = ".mp4 .m4v .mov .3gp .3g2 .mkv .webm .avi .flv .wmv .asf .mpg .mpeg .ts .m2ts .mts .ogv"
_AUDIO = ".mp3 .wav .flac .ogg .oga .opus .m4a .aac .wma"
_PLAYLIST = ".m3u8 .m3u .pls .ffconcat .mpd .asx .smil .xspf"
VIDEO_ENDINGS, AUDIO_ENDINGS, PLAYLIST_ENDINGS = (frozenset(line.split()) for line in (_VIDEO, _AUDIO, _PLAYLIST))
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

    ``problem`` is set when the listing alone shows that it is no usable video: a Note where it is no video at all.
    ``fragments``: names of the other halves, where by its name it is one of a download that was not merged.
    """

    name: str
    uri: str
    stem: str
    size: int
    captions: tuple[CaptionFile, ...] = ()
    info: str | None = None
    truth: str | None = None
    problem: Rejected | Note | None = field(default=None, compare=False)
    fragments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Survey:
    """What lies in a folder: candidates by name, and how many files of each kind are passed over."""

    candidates: list[Candidate]
    passed_over: dict[str, int]


def scan(folder_uri: str, follow_links: bool = False) -> list[Candidate]:
    """The candidates of :func:`survey`."""
    return survey(folder_uri, follow_links).candidates


def survey(folder_uri: str, follow_links: bool = False) -> Survey:
    """All candidates of a local folder or an s3:// prefix, sub-folders included, by name, and what is passed over.

    Captions belong to the video in the same folder whose name they carry: NAME.vtt, NAME.en.vtt, NAME_en.srt,
    NAME.en-US.json3, NAME.en.srv3, NAME.ttml, NAME.ass; of two fitting names the longer wins. So do NAME.info.json
    and NAME.truth.json.
    Raises UserError when there is no such folder.
    """
    passed_over = Counter[str]()
    found: list[Entry] = []
    for entry in entries(folder_uri, follow_links):
        if kind := side_kind(entry.name):
            passed_over[kind] += 1
        else:
            found.append(entry)
    fragments = _fragments(found)
    if needless := {name for name, others in fragments.items() if others is None}:
        passed_over["fragments"] = len(needless)
        found = [entry for entry in found if entry.name not in needless]
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
        elif role == "info" and entry.trouble is None and _of_a_playlist(entry):
            passed_over["playlist_metadata"] += 1
        else:
            strays.append(_stray(entry, role))
    candidates = [
        _video(entry, sidecars.get(_stem(name), {}), fragments.get(name) or ()) for name, entry in videos.items()
    ]
    in_order = sorted([*candidates, *strays], key=lambda candidate: candidate.name)
    return Survey(in_order, dict(sorted(passed_over.items())))


def _fragments(found: list[Entry]) -> dict[str, tuple[str, ...] | None]:
    """For each fragment of a download the names of the others; None for one that is passed over.

    That is one whose merged video is there, or the sound to a picture that tells of it.
    """
    media = [e.name for e in found if e.trouble is None and _ending(e.name) in VIDEO_ENDINGS | AUDIO_ENDINGS]
    whole = {_stem(name) for name in media if _ending(name) in VIDEO_ENDINGS}
    groups: dict[str, list[str]] = {}
    for name in media:
        if (download := fragment_of(name)) is not None:
            groups.setdefault(download, []).append(name)
    result: dict[str, tuple[str, ...] | None] = {}
    for download, names in groups.items():
        pictures = [name for name in names if _ending(name) in VIDEO_ENDINGS]
        for name in names:
            if download in whole:
                result[name] = None
            elif pictures and len(names) > 1:
                others = tuple(other for other in names if other != name)
                result[name] = others if name in pictures else None
    return result


def _of_a_playlist(entry: Entry) -> bool:
    """Whether metadata without a video are those of a playlist or channel, which a downloader writes beside its videos."""
    try:
        return is_playlist(read_small(entry.uri))
    except (MediaError, OSError):
        return False


def _video(entry: Entry, beside: dict[str, list[Entry]], fragments: tuple[str, ...]) -> Candidate:
    stem = _stem(entry.name)
    captions = []
    for file in beside.get("captions", []):
        tag, automatic = _language(file.name[len(stem) : -len(_ending(file.name))])
        captions.append(CaptionFile(file.name, file.uri, tag, automatic))
    info, truth = (next((e.uri for e in beside.get(role, [])), None) for role in ("info", "truth"))
    own = PurePosixPath(stem).name
    return Candidate(entry.name, entry.uri, own, entry.size, tuple(captions), info, truth, fragments=fragments)


def _role(entry: Entry, stems: dict[str, list[str]]) -> tuple[str, str | None]:
    """(what a file is, the stem of the video that it belongs to or None)."""
    name = entry.name
    for role in ("info", "truth"):
        if name.endswith(f".{role}.json"):
            stem = name.removesuffix(f".{role}.json")
            return role, stem if stem in stems else None
    ending = _ending(name)
    if ending.removeprefix(".") in ENDINGS:
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
    shown = shown_id(_stem(name).rpartition("/")[2])
    kind: Kind = "filtered"
    if entry.trouble is not None:
        reason, detail = entry.trouble
        kind = "filtered" if reason in HARMLESS else "error"
    elif role in {"captions", "info", "truth"}:
        reason = "no_video"
        detail = f"no video in the folder carries the name of {name}; name them alike or remove it"
    elif role in AUDIO_ENDINGS:
        reason, detail = "no_picture", f"{name} is a sound file without a picture"
    elif role in PLAYLIST_ENDINGS:
        kind, reason = "error", "playlist"
        detail = f"{name} is a playlist, not a video; give the video files themselves"
    else:
        reason, detail = "not_a_video", f"{name} is no video, no captions and no metadata; ignored"
    # What is no video is no row that was lost: it would make the share of broken videos look smaller.
    problem = (
        Rejected(name, kind, reason, detail, shown) if kind == "error" else Note(name, reason, detail, shown, 1, kind)
    )
    return Candidate(name, entry.uri, PurePosixPath(_stem(name)).name, entry.size, problem=problem)


def _ending(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _stem(name: str) -> str:
    """The name without its last ending, folder included."""
    ending = PurePosixPath(name).suffix
    return name[: -len(ending)] if ending else name
