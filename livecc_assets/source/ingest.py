"""YT-CC-Source: candidates become rows of videos with captions, or reasons why not (method 1.0)."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from livecc_assets.core.errors import MediaError
from livecc_assets.core.ids import first_fault, shown_id
from livecc_assets.core.text import LONGEST_TITLE, plain_line
from livecc_assets.source.candidates import Candidate, scan, survey
from livecc_assets.source.choosing import find_captions
from livecc_assets.source.cues import Captions
from livecc_assets.source.fitting import Section, fit_to_video
from livecc_assets.source.language import detector
from livecc_assets.source.listing import file_sha256, read_small
from livecc_assets.source.metadata import UNKNOWN, Metadata, read_metadata, read_truth
from livecc_assets.source.probe import Probe, probe
from livecc_assets.source.spoken import spoken_lines
from livecc_assets.store.rows import Note, Rejected, Row

__all__ = ["distinct_words", "named", "scan", "source_rows", "survey"]


class RefusedError(Exception):
    """A video that the method's rules leave out: slug and sentence."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Named:
    """A candidate with what its metadata say. ``twin``: the one before it that has its id. ``fault``: why it has no metadata,
    or no id that can be used.
    """

    candidate: Candidate
    video_id: str
    about: Metadata = UNKNOWN
    twin: str = ""
    fault: Rejected | Note | None = None


def named(candidates: Iterable[Candidate]) -> Iterator[Named]:
    """Candidates with their ids. Only this looks from one to another; no video is opened."""
    seen: dict[str, str] = {}
    for candidate in candidates:
        if candidate.problem is not None:
            yield Named(candidate, candidate.stem, fault=candidate.problem)
            continue
        try:
            info = candidate.info
            about = UNKNOWN if info is None else read_metadata(read_small(info), info.rsplit("/", 1)[-1])
        except MediaError as error:
            fault = Rejected(candidate.stem, "error", error.reason, error.detail, candidate.stem)
            yield Named(candidate, candidate.stem, fault=fault)
            continue
        video_id = about.video_id or candidate.stem
        if wrong := first_fault(id=video_id):
            detail = f"{candidate.name}: its {wrong}; rename the file, or mend the id in its .info.json"
            shown = shown_id(video_id)
            yield Named(candidate, shown, fault=Rejected(shown, "error", "malformed_id", detail, shown))
            continue
        yield Named(candidate, video_id, about, seen.get(video_id, ""))
        seen.setdefault(video_id, candidate.name)


def source_rows(
    candidates: Iterable[Named], config: Mapping[str, Any], home: Path | None = None, batch: str = ""
) -> Iterator[Row]:
    """Rows of ``yt_cc_source``, one a usable video of ``batch``; every video ends as a row or as a Rejected.

    ``config`` is the profile's section ``source``: min_height (pixels of the shorter side), min_duration,
    max_duration (seconds), language, caption_language_model (empty: no check), min_language_score, min_distinct_words,
    variable_frame_rate (reject or accept) and captions (required, or optional: then a video without captions that
    can be used is kept with none, for the branch that hears the words itself). ``home`` is the cache of
    model weights (``LIVECC_HOME`` by default).

    Kind ``error``: files that are broken. Kind ``filtered``: videos that the rules leave out. A Note says what is no video,
    and what was found amiss with a video that is kept: single cues that cannot be placed in time (id "video_id#cue-N"),
    captions that cannot be read ("video_id#captions"), a missing .info.json ("video_id#info"), a field of it that is too
    long ("video_id#title").
    """
    home = home or Path(os.environ.get("LIVECC_HOME", ".livecc"))
    steps = _Steps(config, home, batch)
    for one in candidates:
        yield from steps.video(one)


class _Steps:
    """One batch's filters."""

    def __init__(self, config: Mapping[str, Any], home: Path, batch: str) -> None:
        self.config = config
        self.home = home
        self.batch = batch
        self.language = str(config.get("language", "en"))

    def video(self, one: Named) -> Iterator[Row]:
        """The row of one video or its Rejected, and what is to be noted about it."""
        candidate, video_id, about = one.candidate, one.video_id, one.about
        if one.fault is not None:
            yield one.fault
            return
        if one.twin:
            detail = f"{candidate.name} has the id {video_id} of {one.twin}; rename or remove one of them"
            yield Rejected(candidate.name, "filtered", "duplicate_id", detail, video_id)
            return
        notes = [_no_info(candidate, video_id)] if about is UNKNOWN else []
        notes += [_long(candidate, field, video_id) for field in about.long]
        try:
            measures = _measures(candidate)
            self._check_video(candidate, about, measures)
            captions = self._captions(candidate, about, measures, video_id, notes)
            row = self._row(candidate, about, measures, captions, video_id)
        except MediaError as error:
            yield Rejected(shown_id(video_id), "error", error.reason, error.detail, shown_id(video_id))
            return
        except RefusedError as refusal:
            yield from (note for note in notes if note.kind is not None)
            yield Rejected(video_id, "filtered", refusal.reason, refusal.detail, video_id)
            return
        yield from notes
        yield row

    def _check_video(self, candidate: Candidate, about: Metadata, measures: Probe) -> None:
        """The metadata filter. Raises RefusedError with the first rule that the video fails."""
        name = candidate.name
        if not measures.has_audio and candidate.fragments:
            raise MediaError("unmerged_download", _unmerged(candidate, "picture"))
        if not measures.has_audio:
            raise RefusedError("no_audio", f"{name} has no soundtrack, so nobody speaks in it")
        low, high = self.config.get("min_duration", 30), self.config.get("max_duration", 600)
        if measures.duration < low:
            raise RefusedError("too_short", f"{name} lasts {measures.duration:.1f} s; at least {low} s are asked for")
        if measures.duration > high:
            raise RefusedError("too_long", f"{name} lasts {measures.duration:.1f} s; at most {high} s are asked for")
        side, least = min(measures.width, measures.height), self.config.get("min_height", 480)
        if side < least:
            size = f"{measures.width}x{measures.height}"
            raise RefusedError("low_resolution", f"{name} is {size}; the shorter side must have {least} pixels")
        if measures.variable and self.config.get("variable_frame_rate", "accept") == "reject":
            raise RefusedError(
                "variable_frame_rate",
                f"{name} has a variable frame rate, which this profile leaves out; re-encode it at a constant rate, or set "
                "variable_frame_rate: accept",
            )
        if about.language and not _same_language(about.language, self.language):
            raise RefusedError(
                "language", f"{name} is in {about.language} by its metadata; {self.language} is asked for"
            )

    def _captions(
        self, candidate: Candidate, about: Metadata, measures: Probe, video_id: str, notes: list[Note]
    ) -> Captions:
        """Captions on the video's clock that pass the caption filter; empty ones where captions are optional."""
        optional = self.config.get("captions", "required") == "optional"
        try:
            captions = find_captions(candidate, about, self.language)
            if captions is None:
                if optional:
                    return Captions("none", [], None)
                raise RefusedError(
                    "no_captions", f"{candidate.name} has no captions: no file beside it, no track inside"
                )
            section = None if about.section is None else Section(*about.section)
            captions = fit_to_video(captions, measures, section)
        except MediaError as error:
            if not optional:
                raise
            notes.append(Note(f"{video_id}#captions", error.reason, error.detail, video_id, kind="error"))
            return Captions("none", [], None)
        for problem in captions.problems:
            id = f"{video_id}#cue-{problem.number}"
            notes.append(Note(id, problem.reason, problem.detail, video_id, kind="filtered"))
        self._check_captions(candidate, captions)
        return captions

    def _check_captions(self, candidate: Candidate, captions: Captions) -> None:
        """The caption filter: enough distinct words, in the right language. Raises RefusedError."""
        lines, _ = spoken_lines([(line["start"], line["end"], line["text"]) for line in captions.lines])
        text = " ".join(text for _, _, text in lines)
        distinct = len(distinct_words(text))
        least = self.config.get("min_distinct_words", 30)
        if distinct < least:
            detail = f"the captions of {candidate.name} hold {distinct} distinct words; {least} are asked for"
            raise RefusedError("few_words", detail)
        model = self.config.get("caption_language_model")
        if not model:
            return
        label, score = _detector(str(model), self.home)(text)
        bound = self.config.get("min_language_score", 0.9)
        if label != self.language or score < bound:
            raise RefusedError(
                "caption_language",
                f"the captions of {candidate.name} read as {label} with probability {score:.2f}; {self.language} with "
                f"at least {bound} is asked for",
            )

    def _row(
        self, candidate: Candidate, about: Metadata, measures: Probe, captions: Captions, video_id: str
    ) -> dict[str, Any]:
        truth = candidate.truth
        digest, size = file_sha256(candidate.uri)
        return {
            "video_id": video_id,
            "batch": self.batch,
            "path": candidate.name,
            "sha256": digest,
            "size_bytes": size,
            "title": about.title or plain_line(candidate.stem) or video_id,
            "category": about.category,
            "language": about.language,
            "duration": measures.duration,
            "width": measures.width,
            "height": measures.height,
            "fps": measures.fps,
            "caption_format": captions.format,
            "subtitles": captions.lines,
            "caption_words": captions.words,
            "truth": read_truth(read_small(truth), truth.rsplit("/", 1)[-1]) if truth else None,
        }


def _measures(candidate: Candidate) -> Probe:
    """What the file's headers say. Raises MediaError; RefusedError for the sound of a download that was not merged."""
    try:
        return probe(candidate.uri)
    except MediaError as error:
        if error.reason == "no_video" and candidate.fragments:
            raise RefusedError("unmerged_download", _unmerged(candidate, "sound")) from error
        raise


def _unmerged(candidate: Candidate, half: str) -> str:
    others = ", ".join(name.rpartition("/")[2] for name in candidate.fragments)
    return (
        f"{candidate.name} holds only the {half} of a download whose picture and sound were not merged (see {others}); merge "
        "them with ffmpeg, or download it again where ffmpeg is installed"
    )


def _no_info(candidate: Candidate, video_id: str) -> Note:
    what = "is missing" if candidate.info is None else "is about a playlist"
    detail = f"{candidate.stem}.info.json {what}: the title is taken from the file name, the category is unknown"
    return Note(f"{video_id}#info", "no_info", detail, video_id)


def _long(candidate: Candidate, field: str, video_id: str) -> Note:
    kept = f"its start of {LONGEST_TITLE} characters is kept" if field == "title" else "it counts as unknown"
    detail = f"the {field} in {candidate.stem}.info.json is too long for one: {kept}"
    return Note(f"{video_id}#{field}", "long_metadata", detail, video_id)


#: Loaded when the first caption is looked at.
_detector = cache(detector)


def distinct_words(text: str) -> set[str]:
    """Words of a text without regard to case and surrounding punctuation."""
    return {word for word in (re.sub(r"^\W+|\W+$", "", part) for part in text.lower().split()) if word}


def _same_language(code: str, wanted: str) -> bool:
    """Whether a code such as en-US or eng names the wanted language."""
    main = re.split(r"[-_]", code.lower())[0]
    return main == wanted or (len(main) == 3 and {"eng": "en"}.get(main) == wanted)
