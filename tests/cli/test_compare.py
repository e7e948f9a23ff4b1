"""``livecc compare``: a video commented by several models, or an event of the benchmark as it was commented and judged."""

import json
import os
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from livecc_assets.cli.main import main
from livecc_assets.commentary.schemas import SCHEMAS as COMMENTARY
from livecc_assets.evaluation.schemas import SCHEMAS
from livecc_assets.graph.settings import load_settings
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store
from tests.artifacts import write
from tests.browser import CHROMIUM, browser
from tests.commentary.commentary_videos import write_video
from tests.evaluation.builders import event, judgement, said
from tests.waiting import until

HUMAN = [[2.0, 4.0, "Red wins <the ball>."], [4.5, 6.0, "What a pass!"]]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "match.mp4", 10)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("LIVECC_HOME", "LIVECC_ROOT", "LIVECC_PROFILE"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return tmp_path / "home"


@pytest.fixture
def store(home: Path, video: Path) -> Store:
    """Two experiments that commented an event of the video; one was judged better than the opponent, one worse."""
    store = load_settings(home).store()
    of_video: dict[str, Any] = {"path": str(video), "event_asr": json.dumps(HUMAN), "event_title": "A <b>match</b>"}
    events = write(
        store,
        "livesports_events",
        "all",
        [event("v", 0, begin=2.0, end=6.0, **of_video), event("v", 1, begin=7.0, end=9.0, **of_video)],
        SCHEMAS["livesports_events"],
    )
    for name, text, winner in (("alpha", "Red takes it", "model"), ("beta", "<i>nothing", "opponent")):
        spoken = said("v", 0, (2.0, text), (5.0, "goal"), begin=2.0, end=6.0)
        made = write(
            store, "livesports_commentary", name, [spoken], COMMENTARY["livesports_commentary"], upstream=[events]
        )
        row = judgement("v", 0, winner, winner, "event-f1") | {"score_model": 61.5, "score_opponent": 20.0}
        write(store, "livesports_judgements", name, [row], SCHEMAS["livesports_judgements"], upstream=[made, events])
    return store


def livecc(home: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["--home", str(home), "compare", *arguments])


def refused(result: Result) -> str:
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.strip().splitlines()
    return line


def compared(home: Path, name: str, out: Path, *models: str) -> str:
    words = [part for model in models for part in ("--model", model)]
    done = livecc(home, name, *words, "-o", str(out))
    assert done.exit_code == 0, done.output
    return out.read_text("utf-8")


def columns_of(page: str) -> list[tuple[str, str, str]]:
    """(Heading, line under it, words) of each column."""
    parts = re.findall(r'<h2>(.*?)</h2>\n<p class="about">(.*?)</p>\n<section.*?>\n(.*?)\n</section>', page, re.DOTALL)
    return [(name, about, " ".join(re.findall(r'class="w"[^>]*>(.*?)</button>', box))) for name, about, box in parts]


def times_of(page: str) -> list[list[float]]:
    return json.loads(re.search(r"const times = (.*);", page).group(1))  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["v/0", "v_0"])
def test_an_event_stands_beside_the_human_words_with_the_verdict(
    name: str, home: Path, store: Store, tmp_path: Path
) -> None:
    human, alpha, beta = columns_of(page := compared(home, name, tmp_path / "c.html", "alpha", "beta"))
    assert human[0] == "Human commentary" and human[2] == "Red wins &lt;the ball&gt;. What a pass!"
    assert alpha[0] == "alpha" and alpha[2] == "Red takes it goal"
    assert 'class="verdict won">judge event-f1: closer to the human than other (61.5 to 20)' in alpha[1]
    assert beta[2] == "&lt;i&gt;nothing goal"
    assert 'class="verdict lost">judge event-f1: other is closer to the human' in beta[1]
    assert page.count("<h1>A &lt;b&gt;match&lt;/b&gt;</h1>") == 1 and "<b>" not in page
    times = times_of(page)
    assert times[0] == [0.0, 0.5], "the page's video is the event's part, from its first second on"
    assert len(times) == page.count('class="w"') == 7 + 4 + 2


def test_the_page_holds_the_events_part_of_the_video_alone(home: Path, store: Store, tmp_path: Path) -> None:
    import base64

    from livecc_assets.media.frames import Video

    page = compared(home, "v/0", tmp_path / "c.html", "alpha", "beta")
    data = re.search(r'src="data:video/mp4;base64,([^"]+)"', page)
    assert data
    (tmp_path / "cut.mp4").write_bytes(base64.b64decode(data.group(1)))
    with Video.open(str(tmp_path / "cut.mp4")) as cut:
        assert cut.duration == pytest.approx(5.0, abs=0.15), "from 2 s to a second after the last word"
    assert not re.search(
        r"https?:|//[a-z]|url\(|@import|<link|<script src|<img|fetch\(", re.sub(r"base64,[^\"]+", "", page)
    )


def test_commentary_that_a_run_would_make_anew_says_so(
    home: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livecc_assets.graph import status

    monkeypatch.setattr(status, "to_be_made", lambda step, names, *_: {"beta"} & set(names))
    human, alpha, beta = columns_of(compared(home, "v/0", tmp_path / "c.html", "alpha", "beta"))
    assert "stale: `livecc status` says why" in beta[1]
    assert "stale" not in human[1] + alpha[1]


def test_a_part_that_no_page_holds_is_one_line(
    home: Path, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livecc_assets.cli import compare_event

    monkeypatch.setattr(compare_event, "MAX_VIDEO_BYTES", 1000)
    line = refused(livecc(home, "v/0", "--model", "alpha", "-o", str(tmp_path / "c.html")))
    assert "this part has" in line and "choose a shorter one" in line
    assert not (tmp_path / "c.html").exists()


def test_one_experiment_stands_beside_the_human(home: Path, store: Store, tmp_path: Path) -> None:
    names = [name for name, *_ in columns_of(compared(home, "v/0", tmp_path / "c.html", "beta"))]
    assert names == ["Human commentary", "beta"]


def test_what_is_missing_is_one_line_with_the_command_that_makes_it(home: Path, store: Store, tmp_path: Path) -> None:
    out = str(tmp_path / "c.html")
    line = refused(livecc(home, "v/0", "--model", "alpha", "--model", "gamma", "-o", out))
    assert "livesports_commentary[gamma] was never materialised (there are: alpha, beta)" in line
    assert "livecc evaluate gamma" in line
    assert "events are VIDEO_ID/EVENT_ID, there are v/" in refused(livecc(home, "v/7", "--model", "alpha", "-o", out))
    line = refused(livecc(home, "v/1", "--model", "alpha", "-o", out))
    assert "holds nothing of v/1; `livecc rejected livesports_commentary alpha`" in line
    assert "named twice" in refused(livecc(home, "v/0", "--model", "alpha", "--model", "alpha", "-o", out))
    for option in (["--query", "x"], ["--start", "1"], ["--end", "2"], ["--device", "cpu"]):
        assert refused(livecc(home, "v/0", "--model", "alpha", "-o", out, *option)).startswith(f"livecc: {option[0]}: ")
    assert list(tmp_path.glob("c.html*")) == []


def test_a_store_without_events_says_so(home: Path, tmp_path: Path) -> None:
    line = refused(livecc(home, "v/0", "--model", "a", "-o", str(tmp_path / "c.html")))
    assert "no such file, and there are no benchmark events yet" in line


def test_commentary_of_an_earlier_benchmark_is_not_shown(home: Path, store: Store, tmp_path: Path, video: Path) -> None:
    rows = [event("v", 0, begin=1.0, end=6.0, path=str(video))]
    write(store, "livesports_events", "all", rows, SCHEMAS["livesports_events"], key="other")
    line = refused(livecc(home, "v/0", "--model", "alpha", "-o", str(tmp_path / "c.html")))
    assert line.endswith(
        "livesports_commentary[alpha] was made from another livesports_events[all]; run `livecc evaluate alpha`"
    )


def test_verdicts_on_earlier_commentary_are_not_shown(home: Path, store: Store, tmp_path: Path) -> None:
    events = store.current("livesports_events", "all")
    assert events
    spoken = said("v", 0, (3.0, "something else"), begin=2.0, end=6.0)
    schema = COMMENTARY["livesports_commentary"]
    write(store, "livesports_commentary", "alpha", [spoken], schema, upstream=[events], key="newer")
    line = refused(livecc(home, "v/0", "--model", "alpha", "-o", str(tmp_path / "c.html")))
    assert "livesports_judgements[alpha] was made from another livesports_commentary[alpha]" in line


def test_an_event_without_a_verdict_says_why(home: Path, store: Store, tmp_path: Path) -> None:
    commentary = store.current("livesports_commentary", "alpha")
    assert commentary
    unjudged = Rejected("v_0", "error", "no_verdict", "the judge <did> not answer", "v")
    schema = SCHEMAS["livesports_judgements"]
    write(store, "livesports_judgements", "alpha", [unjudged], schema, upstream=[commentary], key="newer")
    _, alpha = columns_of(compared(home, "v/0", tmp_path / "c.html", "alpha"))
    assert 'class="verdict ">no verdict: the judge &lt;did&gt; not answer<' in alpha[1]


TINY = "embedded:tiny-qwen2-vl"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second model of the same kind under another name."""
    from livecc_assets.models.reference import resolve

    folder = tmp_path_factory.mktemp("models") / "other"
    folder.mkdir()
    for file in resolve(TINY, folder).iterdir():
        if file.is_file() and file.suffix in (".json", ".safetensors"):
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.mark.live
def test_a_video_is_commented_by_every_model_now(home: Path, video: Path, other: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.html"
    done = livecc(home, str(video), "--model", TINY, "--model", str(other), "--query", "what <now>?", "-o", str(out))
    assert done.exit_code == 0, done.output
    page = out.read_text("utf-8")
    first, second = columns_of(page)
    assert (first[0], second[0]) == (TINY, str(other))
    assert first[2] and first[2] == second[2], "the same weights say the same"
    assert "asked: “what &lt;now&gt;?”" in page
    assert not list(tmp_path.glob("c.html.*")), "what was said so far is in the page now"


@pytest.mark.live
def test_a_part_of_a_video_counts_from_its_start(home: Path, video: Path, other: Path, tmp_path: Path) -> None:
    out = tmp_path / "c.html"
    words = [str(video), "--model", TINY, "--model", str(other), "--start", "4", "--end", "8", "-o", str(out)]
    assert livecc(home, *words).exit_code == 0
    page = out.read_text("utf-8")
    assert "seconds 4.0 to 8.0 of match.mp4" in page
    times = times_of(page)
    assert times[0][0] == 0.0 and max(end for _, end in times) <= 4.0


def test_an_interrupt_keeps_what_was_said(
    home: Path, video: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from livecc_assets.commentary import engine
    from livecc_assets.commentary.utterance import Utterance

    def some(*_: Any):
        yield Utterance(0.0, 3.0, "one two")
        raise KeyboardInterrupt

    monkeypatch.setattr(engine, "comment_video", some)
    out = tmp_path / "c.html"
    done = livecc(home, str(video), "--model", TINY, "--model", str(other), "-o", str(out))
    assert done.exit_code == 130 and "c.html.part: what was said" in done.stderr
    assert not out.exists()
    (row,) = map(json.loads, (tmp_path / "c.html.part").read_text("utf-8").splitlines())
    assert row == {"model": TINY, "start": 0.0, "end": 3.0, "text": "one two"}


def speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model says two words, and none is loaded."""
    from livecc_assets.commentary import engine
    from livecc_assets.commentary.utterance import Utterance

    monkeypatch.setattr(engine, "load_engine", lambda *_: None)
    monkeypatch.setattr(engine, "comment_video", lambda *_: iter([Utterance(0.0, 3.0, "one two")]))


def test_a_page_goes_to_a_pipe_as_it_is(
    home: Path, video: Path, other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaks(monkeypatch)
    pipe, got = tmp_path / "pipe", list[str]()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    done = livecc(home, str(video), "--model", TINY, "--model", str(other), "-o", str(pipe))
    reader.join(10)
    assert done.exit_code == 0, done.output
    assert [words for _, _, words in columns_of(got[0])] == ["one two", "one two"]
    assert pipe.is_fifo() and not list(tmp_path.glob("pipe.*"))


@pytest.mark.parametrize("name", ["-", "/dev/stdout"])
def test_standard_output_holds_the_page_alone(
    name: str, home: Path, video: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaks(monkeypatch)
    done = livecc(home, str(video), "--model", TINY, "--model", str(other), "-o", name)
    assert done.exit_code == 0, done.output
    assert len(columns_of(done.stdout)) == 2 and done.stdout.rstrip().endswith("</html>")
    assert f"{name}: words:" in done.stderr and not Path("/dev/stdout.part").exists()


def test_bad_requests_for_a_video_are_one_line(home: Path, video: Path, tmp_path: Path) -> None:
    out = str(tmp_path / "c.html")
    assert "name two or more" in refused(livecc(home, str(video), "--model", TINY, "-o", out))
    assert "is a stream, and the page holds its video" in refused(livecc(home, "-", "--model", TINY, "-o", out))
    both = ["--model", TINY, "--model", "nowhere", "-o", out]
    assert "--model nowhere: no such folder and no trained experiment" in refused(livecc(home, str(video), *both))
    assert "mend --start and --end" in refused(livecc(home, str(video), *both, "--start", "40"))


_LIT = "[...document.querySelectorAll('.columns > section')].map(s => s.querySelectorAll('.w:not(.ahead)').length)"


@pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
def test_a_browser_lights_each_columns_words_as_the_video_plays(home: Path, store: Store, tmp_path: Path) -> None:
    compared(home, "v/0", tmp_path / "c.html", "alpha", "beta")
    with browser(tmp_path / "profile", "--force-prefers-reduced-motion") as tab:
        tab.open((tmp_path / "c.html").as_uri())
        until(lambda: tab.ask("video.readyState >= 2"), 120, "the video is not shown")
        assert tab.ask("video.error") is None
        assert tab.ask(_LIT) == [1, 1, 1]
        tab.ask("go(2.6)")
        until(lambda: tab.ask("!video.seeking"), 60, "the video does not go to a time")
        assert tab.ask(_LIT) == [5, 3, 1], "words at 2.6 s: four of the first sentence and one of the second"
        assert tab.ask("[...document.querySelectorAll('.w.current')].map(w => w.textContent)") == ["What"]
        tab.ask("document.querySelectorAll('.columns > section')[1].querySelectorAll('.w')[3].click()")
        until(lambda: tab.ask("!video.seeking"), 60, "a click on a word does not go there")
        assert tab.ask("video.currentTime") == pytest.approx(3.0, abs=0.05)
        assert tab.ask(_LIT) == [6, 4, 2]
        assert tab.ask("getComputedStyle(document.getElementById('now')).display") == "none"
        tops = tab.ask("[...document.querySelectorAll('.columns > section')].map(s => s.getBoundingClientRect().top)")
        assert len(set(tops)) == 1, "the columns stand side by side"
