"""The page: complete in itself, safe, and working in a browser."""

import base64
import html
import json
import re
from pathlib import Path

import pytest

from livecc_assets.commentary.page import render_page
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import UserError
from tests.browser import CHROMIUM, browser
from tests.waiting import until

SAID = [
    Utterance(0.0, 3.0, "kick off here"),
    Utterance(3.0, 4.0, "Red passes"),
    Utterance(4.0, 5.0, ""),
    Utterance(5.0, 6.0, "<b>Blue & co</b> shoots"),
    Utterance(9.0, 10.0, "what a goal"),
]


def test_video_is_inside_the_page_byte_for_byte(video: Path) -> None:
    page = render_page(video, SAID, "t", "m")
    data = re.search(r'src="data:video/mp4;base64,([^"]+)"', page)
    assert data and base64.b64decode(data.group(1)) == video.read_bytes()


def test_nothing_is_fetched_from_anywhere(video: Path) -> None:
    page = re.sub(r"base64,[^\"]+", "", render_page(video, SAID, "t", "m"))
    assert "default-src 'none'" in page
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link|<script src|<img|fetch\(", page)


def test_words_titles_and_queries_are_text_not_markup(video: Path) -> None:
    evil = '<script>alert("{{video}}")</script>'
    page = render_page(video, [Utterance(0.0, 1.0, evil)], evil, evil, evil)
    assert page.count("<script>") == 1
    assert page.count("base64,") == 1
    assert html.escape(evil) in page


def test_every_word_has_its_time(video: Path) -> None:
    page = render_page(video, SAID, "t", "m")
    times = json.loads(re.search(r"const times = (.*);", page).group(1))  # type: ignore[union-attr]
    assert len(times) == page.count('class="w"') == sum(len(u.text.split()) for u in SAID)
    assert times[:4] == [[0.0, 1.0], [1.0, 2.0], [2.0, 3.0], [3.0, 3.5]]


def test_a_silent_model_is_said_to_be_silent(video: Path) -> None:
    assert "said nothing" in render_page(video, [Utterance(0.0, 3.0, "")], "t", "m")


def test_a_video_too_large_to_embed_is_refused_with_the_remedy(video: Path) -> None:
    with pytest.raises(UserError, match=rf"{video.name} is .* MiB, too large .*ffmpeg.*vtt"):
        render_page(video, SAID, "t", "m", max_bytes=1000)


_PROBE = """
<script>
const out = {}, at = () => document.querySelectorAll(".w:not(.ahead)").length;
const wait = ms => new Promise(done => setTimeout(done, ms));
const settle = async () => { do await wait(300); while (video.seeking); };
video.addEventListener("loadeddata", async () => {
  out.duration = video.duration; out.size = [video.videoWidth, video.videoHeight];
  out.begin = at();
  words[4].click(); await settle();
  out.clicked = [video.currentTime, at(), document.querySelector(".w.current").textContent, now.textContent];
  video.currentTime = 7.5; await settle();
  out.silent = [at(), document.querySelectorAll(".w.current").length];
  document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "j", bubbles: true})); await settle();
  out.back = video.currentTime;
  words[0].focus(); out.focus = document.activeElement === words[0];
  out.hidden = getComputedStyle(words[8]).opacity;
  hide.click(); out.unhidden = [document.querySelector(".words").classList.contains("hiding")];
  const result = document.createElement("pre"); result.id = "probe"; result.textContent = JSON.stringify(out);
  document.body.append(result);
});
</script></body>"""


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_browser_shows_words_in_time_and_jumps_on_a_click(video: Path, tmp_path: Path) -> None:
    page = render_page(video, SAID, "A match", "tiny model").replace("</body>", _PROBE)
    (tmp_path / "page.html").write_text(page, "utf-8")
    # In real time: virtual time may be over before a busy machine has decoded the video.
    with browser(tmp_path / "profile", "--force-prefers-reduced-motion") as tab:
        tab.open((tmp_path / "page.html").as_uri())
        until(lambda: tab.ask("!!document.querySelector('#probe')"), 120, "the page's script or the video did not run")
        out = json.loads(tab.ask("document.querySelector('#probe').textContent"))
    assert out["size"] == [112, 112] and out["duration"] == pytest.approx(12, abs=0.2)
    assert out["begin"] == 1, "the first word begins with the video"
    assert out["clicked"][0] == pytest.approx(3.5, abs=0.05)
    assert out["clicked"][1:] == [5, "passes", "kick off here Red passes"]
    assert out["silent"] == [9, 0], "the words said stay, none is current in silence"
    assert out["back"] == pytest.approx(2.5, abs=0.05)
    assert out["focus"] and float(out["hidden"]) < 1 and out["unhidden"] == [False]
