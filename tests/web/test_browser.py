"""In a real browser: words come with the video, questions are answered, and no viewer sees another's."""

import functools
import http.server
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import CHROMIUM, Tab, browser
from tests.waiting import until
from tests.web.serving import MODEL, serving

pytestmark = [pytest.mark.live, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")]

PLAYING = "--autoplay-policy=no-user-gesture-required"
CAMERA = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
#: Notes where playback is when a line of words comes, and what the page's policy forbids.
NOTING = """
window.came = []; window.forbidden = [];
document.addEventListener("securitypolicyviolation", event => forbidden.push(event.violatedDirective));
for (const [pane, list] of [...document.querySelectorAll(".lines")].entries())
  new MutationObserver(changes => { for (const change of changes) for (const line of change.addedNodes)
    came.push([pane, Number(line.dataset.at), document.querySelector("#video").currentTime, line.className]); })
    .observe(list, {childList: true});
"""
#: In the voice's place, which a browser without a screen has none of.
VOICE = "window.spoken = []; SpeechSynthesis.prototype.speak = words => { spoken.push(words.text); };"
SAID = "[...document.querySelectorAll('[data-model=\"0\"] li:not(.asked)')].map(line => line.lastChild.textContent)"
LINES = "[...document.querySelectorAll('.pane')].map(pane => pane.querySelectorAll('.lines li').length)"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(tmp_path_factory.mktemp("serve"), "--model", MODEL, "--model", MODEL, "--max-viewers", "3") as (at, _):
        yield at


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real video where the shared ones are, else one of the sample world's kind."""
    real = Path(os.environ.get("LIVECC_SHARED", "/nowhere")) / "media" / "v2d_test_video.mp4"
    if real.is_file():
        return real
    from tests.commentary.commentary_videos import write_video

    return write_video(tmp_path_factory.mktemp("film") / "film.mp4", 20)


def notice(tab: Tab) -> str:
    return tab.ask("document.querySelector('#notice').textContent")


def choose(tab: Tab, address: str, film: Path) -> None:
    """Start a file as a viewer does."""
    tab.open(address)
    tab.ask(NOTING + VOICE)
    root = tab.send("DOM.getDocument")["root"]["nodeId"]
    node = tab.send("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
    tab.send("DOM.setFileInputFiles", nodeId=node, files=[str(film)])
    tab.ask("document.querySelector('#start').click()")


def ask(tab: Tab, question: str) -> None:
    tab.ask(f"asked.value = {json.dumps(question)}; document.querySelector('#question button').click()")


def answers(tab: Tab) -> list[str]:
    return tab.ask("[...document.querySelectorAll('.asked b')].map(one => one.textContent)")


def test_words_come_with_the_video_and_questions_are_answered_to_their_viewer_alone(
    address: str, film: Path, tmp_path: Path
) -> None:
    with browser(tmp_path / "one", PLAYING) as one, browser(tmp_path / "two", PLAYING, *CAMERA) as two:
        choose(one, address, film)
        one.ask("document.querySelector('#speak').click()")
        until(lambda: one.ask("document.querySelector('#video').currentTime > 9"), 120, lambda: notice(one), every=0.5)
        two.open(address)
        two.ask("document.querySelector('[value=camera]').click(); document.querySelector('#start').click()")
        ask(one, "who has the ball?")
        until(lambda: len(answers(one)) == 2, 60, lambda: notice(one))
        until(
            lambda: two.ask("!watch.hidden && document.querySelector('#video').videoWidth > 0"), 60, lambda: notice(two)
        )
        until(
            lambda: two.ask("document.querySelector('[data-of=latency]').textContent !== '–'"), 60, lambda: notice(two)
        )
        ask(two, "what is this?")
        until(lambda: len(answers(two)) == 2, 60, lambda: notice(two))
        assert set(answers(one)) == {"who has the ball?"} and set(answers(two)) == {"what is this?"}
        one.picture(tmp_path / "film.png")
        two.picture(tmp_path / "camera.png")
        came: list[list[Any]] = one.ask("came")
        words = [(pane, start, now) for pane, start, now, kind in came if kind != "asked"]
        assert {pane for pane, *_ in words} == {0, 1}, "both models spoke"
        for pane, start, now in words:
            end = start + (3 if start == 0 else 1)
            assert -0.1 <= now - end <= 1.0, f"model {pane}: the words of {start} to {end} s came at {now:.2f} s"
        assert one.ask("forbidden") == []
        assert one.ask("spoken") == one.ask(SAID), "what the first model said was spoken"
        until(lambda: two.ask(f"{LINES}.length") == 2, 1, "two panes")


def test_a_viewer_goes_back_links_to_a_moment_and_takes_the_subtitles_along(
    address: str, film: Path, tmp_path: Path
) -> None:
    with browser(tmp_path / "profile", PLAYING) as tab:
        tab.send("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
        choose(tab, f"{address}#t=2", film)
        assert "00:02" in tab.text()
        until(lambda: len(tab.ask("came")) >= 4, 120, lambda: notice(tab), every=0.5)
        first = tab.ask("came")[0]
        assert first[1] == 2, "it began where the link leads"
        tab.ask("document.querySelector('#link').click()")
        until(lambda: "#t=" in tab.ask("location.href"), 10, "no link was made")
        tab.ask("newquery.value = 'Sing!'; document.querySelector('#requery button').click()")
        until(lambda: notice(tab) == "From now on: Sing!", 10, lambda: notice(tab))
        tab.ask("document.querySelector('.lines button').click()")
        until(lambda: tab.ask("document.querySelector('#video').currentTime") < 4, 10, "it did not go back")
        until(lambda: tab.ask("document.querySelectorAll('.here').length") == 2, 10, "no line is marked")
        tab.ask("document.querySelector('.subtitles').click()")
        file = tmp_path / "embedded-tiny-qwen2-vl.vtt"
        until(file.is_file, 20, lambda: str(list(tmp_path.iterdir())))
        text = until(file.read_text, 10, "an empty file")
        assert text.startswith("WEBVTT\n\n00:00:02.000 --> 00:00:05.000\n")


def test_an_address_is_shown_in_pictures_as_the_model_sees_it(address: str, tmp_path: Path) -> None:
    from tests.commentary.commentary_videos import write_video

    (tmp_path / "site").mkdir()
    film = write_video(tmp_path / "site" / "film.mkv", 12)  # as it comes: this server gives no parts
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(film.parent))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, browser(tmp_path / "profile") as tab:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        tab.open(f"{address}?url=http://127.0.0.1:{server.server_port}/{film.name}")
        tab.ask(NOTING)
        assert tab.ask("document.querySelector('[value=address]').checked") and tab.ask("watch.hidden"), "it asks first"
        tab.ask("document.querySelector('#start').click()")
        until(
            lambda: tab.ask("document.querySelector('#picture').naturalWidth > 0"), 120, lambda: notice(tab), every=0.5
        )
        assert tab.ask("document.querySelector('#video').hidden")
        # What is said of the film depends on it; that the seconds count says that the model was shown it.
        until(lambda: "over" in notice(tab), 120, lambda: notice(tab), every=0.5)
        assert tab.ask("forbidden") == []
        tab.picture(tmp_path / "address.png")
        server.shutdown()


def press(tab: Tab, key: str, code: int) -> None:
    for kind in ("keyDown", "keyUp"):
        text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
        tab.send("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)


def test_a_video_is_asked_about_by_keyboard_and_its_answers_are_a_conversation(
    address: str, film: Path, tmp_path: Path
) -> None:
    with browser(tmp_path / "profile", PLAYING) as tab:
        dark = {"name": "prefers-color-scheme", "value": "dark"}
        tab.send("Emulation.setEmulatedMedia", features=[dark])
        tab.open(address)
        tab.ask("document.querySelector('[name=mode]:checked').focus()")
        press(tab, "ArrowRight", 39)
        until(lambda: tab.ask("kinds.hidden && !document.querySelector('#range').hidden"), 5, "no range is offered")
        tab.picture(tmp_path / "setup.png")
        tab.ask(
            "document.querySelector('#from').value = 1; document.querySelector('#until').value = 6;"
            "window.forbidden = []; document.addEventListener('securitypolicyviolation', e => forbidden.push(e.blockedURI))"
        )
        root = tab.send("DOM.getDocument")["root"]["nodeId"]
        node = tab.send("DOM.querySelector", nodeId=root, selector="#file")["nodeId"]
        tab.send("DOM.setFileInputFiles", nodeId=node, files=[str(film)])
        tab.ask("document.querySelector('#start').click()")
        until(lambda: "whole video was seen" in notice(tab), 120, lambda: notice(tab), every=0.5)
        evil = '<img src=x onerror="window.evil = 1"> who?'
        for number, question in enumerate((evil, "And then?"), 1):
            until(lambda: tab.ask("document.activeElement.id") == "asked", 10, "the question's field has no focus")
            tab.send("Input.insertText", text=question)
            press(tab, "Enter", 13)
            until(lambda number=number: len(answers(tab)) == 2 * number, 120, lambda: notice(tab), every=0.5)
        assert answers(tab) == [evil, "And then?"] * 2, "each model was asked both, in order"
        times = tab.ask("[...document.querySelectorAll('.asked small')].map(one => one.textContent)")
        assert len(times) == 4 and all(one.startswith("answered in ") for one in times)
        assert tab.ask("document.querySelectorAll('.lines img').length") == 0 and not tab.ask("!!window.evil")
        shown = "[...document.querySelectorAll('.commenting')].filter(one => one.offsetParent).length"
        assert tab.ask(shown) == 0, "nothing of the commentary's is offered"
        assert tab.ask("forbidden") == []
        tab.picture(tmp_path / "chat.png")


def test_who_finds_no_seat_reads_why_and_gets_one_when_somebody_left(film: Path, tmp_path: Path) -> None:
    with (
        serving(tmp_path, "--model", MODEL, "--max-viewers", "1") as (address, _),
        browser(tmp_path / "one", PLAYING) as one,
        browser(tmp_path / "two", PLAYING) as two,
    ):
        choose(one, address, film)
        until(lambda: one.ask("!watch.hidden"), 60, lambda: notice(one))
        choose(two, address, film)
        until(lambda: "only seat is taken" in notice(two), 60, lambda: notice(two))
        two.picture(tmp_path / "refused.png")
        one.ask("document.querySelector('#again').click()")
        until(lambda: not list((tmp_path / "tmp").glob("*/*/*")), 30, "the file was not removed")
        two.ask("document.querySelector('#start').click()")
        until(lambda: two.ask("!watch.hidden"), 60, lambda: notice(two))
