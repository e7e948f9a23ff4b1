"""``livecc livesports review``: the sheet, the page with the clips, and what comes back from it."""

import csv
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from livecc_assets.cli.main import main
from livecc_assets.evaluation.review_page import review_page
from livecc_assets.evaluation.review_sheet import read_sheet
from livecc_assets.evaluation.schemas import SCHEMAS
from livecc_assets.graph.settings import load_settings
from livecc_assets.media.frames import Video
from tests.artifacts import write
from tests.browser import CHROMIUM, browser
from tests.commentary.commentary_videos import write_video
from tests.evaluation.builders import event
from tests.evaluation.test_decisions import question
from tests.waiting import until

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


def propose(home: Path, video: str, **more: Any) -> None:
    store = load_settings(home).store()
    rows = [event("v", 0, begin=2.0, end=6.0, path=video, event_title=HOSTILE, **more), event("v", 1, path=video)]
    write(store, "livesports_events", "all", rows, SCHEMAS["livesports_events"])
    asked = [question(path=video), question("v_1_who", path=video, question=HOSTILE)]
    write(store, "livesports_questions", "all", asked, SCHEMAS["livesports_questions"])


def review(home: Path, *options: str | Path) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "livesports", "review", *map(str, options)])


def test_the_folder_holds_a_sheet_a_page_and_a_clip_of_each_event(home: Path, tmp_path: Path) -> None:
    propose(home, str(write_video(tmp_path / "match.mp4", 10)))
    done = review(home, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "2 events and 2 questions to review, 2 clips" in done.output
    with Video.open(str(tmp_path / "out" / "clips" / "0001.mp4")) as clip:
        assert clip.duration == pytest.approx(4.0, abs=0.2)
    rows = list(csv.DictReader((tmp_path / "out" / "review.csv").open(encoding="utf-8")))
    assert [row["id"] for row in rows] == ["v_0", "v_1", "v_0_who", "v_1_who"]
    again = review(home, "-o", tmp_path / "out")
    assert again.exit_code == 1 and "not empty; name a new folder" in again.output


def test_a_clip_that_cannot_be_cut_is_told_and_the_sheet_is_written(home: Path, tmp_path: Path) -> None:
    propose(home, str(tmp_path / "gone.mp4"))
    done = review(home, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "v_0: no clip" in done.output and (tmp_path / "out" / "review.csv").is_file()
    assert review(home, "-o", tmp_path / "sheet", "--without-clips").exit_code == 0
    assert not (tmp_path / "sheet" / "clips").exists()


def test_without_proposals_it_says_what_to_do(home: Path, tmp_path: Path) -> None:
    done = review(home, "-o", tmp_path / "out")
    assert done.exit_code == 1 and "no events were proposed yet" in done.output and not (tmp_path / "out").exists()


def test_texts_from_outside_are_never_markup() -> None:
    page = review_page([event(event_title=HOSTILE, event_asr_text=HOSTILE)], [], {})
    assert "<img" not in page and "alert(2)</script>" not in page and page.count("</script>") == 3


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_an_annotator_decides_by_key_and_saves_a_sheet_that_can_be_read(home: Path, tmp_path: Path) -> None:
    propose(home, str(write_video(tmp_path / "match.mp4", 10)))
    assert review(home, "-o", tmp_path / "out").exit_code == 0
    with browser(tmp_path / "profile") as tab:
        tab.open((tmp_path / "out" / "index.html").as_uri())
        until(lambda: tab.ask("document.getElementById('clip').readyState >= 1"), 120, "the clip is not shown")
        assert tab.ask("document.getElementById('clip').duration") == pytest.approx(4.0, abs=0.2)
        assert tab.ask("document.querySelector('#form h2').textContent") == HOSTILE
        for key, at in (("b", 1.5), ("e", 3.0)):
            tab.ask(f"(document.getElementById('clip').currentTime = {at})")
            until(lambda: not tab.ask("document.getElementById('clip').seeking"), 60, "the clip does not seek")
            tab.ask(
                f"document.getElementById('clip').dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}}))"
            )
        for key in "ynjy":  # the second thought counts
            tab.ask(f"document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}', bubbles: true}}))")
        tab.ask("document.querySelector('input[type=radio][value=B]').click()")
        assert tab.ask("document.getElementById('where').textContent") == "2 of 2, 2 decided"
        (tmp_path / "a.csv").write_text(tab.ask("csv()"), "utf-8")
        tab.open((tmp_path / "out" / "index.html").as_uri())
        assert tab.ask("document.getElementById('where').textContent") == "1 of 2, 2 decided", (
            "nothing is lost by a reload"
        )
    found = read_sheet("a", tmp_path / "a.csv")
    assert not found.rejected
    assert [found.decisions[key].keep for key in ("v_0", "v_1")] == [False, True]
    marked = found.decisions["v_0"]
    assert (marked.begin, marked.end) == (3.5, 5.0), "seconds of the video, whose clip begins at 2 s"
    assert found.decisions["v_1_who"].answer == "B" and found.decisions["v_0"].title == HOSTILE
