"""Words of a clip are read as one text; the detector that ships with the project tells languages apart."""

from pathlib import Path

from livecc_assets.live_whisperx.language import language_scores
from livecc_assets.source.language import detector


def _clip(name, text):
    words = [{"start": 0.0, "end": 1.0, "word": word} for word in text.split()]
    return {"clip_id": f"{name}:0", "video_id": name, "words": words}


def test_commentary_in_english_and_german_is_told_apart(tmp_path: Path):
    english = "and here comes the red team again with a long pass to the left what a chance for them to score"
    german = "und hier kommt die rote Mannschaft wieder mit einem langen Pass nach links was für eine Gelegenheit"
    detect = detector("embedded:py3langid", tmp_path)
    first, second = language_scores([_clip("a", english), _clip("b", german)], detect)
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["clip_id"], first["language"], second["language"]) == ("a:0", "en", "de")
    assert 0.9 < first["score"] <= 1


def test_the_detector_gets_all_words_joined_by_spaces():
    heard = []
    list(language_scores([_clip("a", "one two three")], lambda text: heard.append(text) or ("en", 1.0)))
    assert heard == ["one two three"]
