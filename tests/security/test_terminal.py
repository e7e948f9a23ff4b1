"""Names and titles from outside are shown; a terminal does not act on them."""

import re
import unicodedata
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from livecc_assets.cli.main import main
from livecc_assets.core.text import printable
from livecc_assets.runtime.progress import Progress
from livecc_assets.store.rows import Rejected
from livecc_assets.store.store import Store
from tests.artifacts import finished, task_of
from tests.house.places import REPOSITORY

#: Sets the window's title, clears the screen, goes to the next line, turns the direction of writing.
HOSTILE = "a\x1b]0;owned\x07\x1b[2Jb\nlivecc: all is well\x9b31m\u202egpj.exe\u2028"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31m", r"\x1b[31m"), ("a\nb\r", r"a\nb\r"), ("\x9b", r"\x9b"), ("\x00\x7f", r"\x00\x7f"),
        ("\u202egpj", r"\u202egpj"), ("\u2066\u2069\u200f\u061c", r"\u2066\u2069\u200f\u061c"), ("\u2028", r"\u2028"),
        ("\ud83d", "\ufffd"), ("Größe 東京 🎾 مباراة", "Größe 東京 🎾 مباراة"), ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ],
)  # fmt: skip
def test_what_a_terminal_acts_on_is_spelt_out_and_the_rest_stays(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(alphabet=st.characters(codec=None)))
def test_no_control_character_is_left_of_any_text(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(one) in ("Cc", "Zl", "Zp") for one in shown)
    assert printable(shown) == shown
    shown.encode()


def test_rejected_rows_and_states_are_one_harmless_line_each(tmp_path: Path) -> None:
    home = tmp_path / "home"
    store = Store(str(home / "artefacts"), home / "cache")
    task = task_of(store, home, "caption_words", "a", None, {})
    task.writer.add(Rejected(HOSTILE, "error", "broken", HOSTILE, HOSTILE))
    finished(task, store)
    store.set_current("caption_words", "a", store.place("caption_words", "a", task.input_key))
    result = CliRunner().invoke(main, ["--home", str(home), "rejected", "caption_words", "a"])
    assert result.exit_code == 0, result.output
    (line,) = result.output.splitlines()
    assert re.search(r"[\x00-\x1f\x7f-\x9f\u202e\u2028]", line) is None
    assert r"\x1b]0;owned\x07" in line


def test_an_error_that_quotes_a_name_does_nothing_to_the_terminal(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--home", str(tmp_path), "curate", HOSTILE])
    assert result.exit_code == 1
    assert "\x1b" not in result.output and "\u202e" not in result.output


def test_progress_that_names_a_video_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    lines: list[str] = []
    Progress("step", lines.append, quiet_for=0)(1, 1, HOSTILE)
    assert len(lines) == 1 and "\x1b" not in lines[0] and "\n" not in lines[0]
    assert "\x1b" not in capsys.readouterr().err


def test_commands_speak_through_one_door() -> None:
    """JSON, whose text is ASCII, and what a table of rich prints are the exceptions."""
    for path in (REPOSITORY / "livecc_assets" / "cli").glob("*.py"):
        for line in path.read_text("utf-8").splitlines():
            if path.name != "saying.py" and "click.echo(" in line:
                assert "json.dumps(" in line or "interrupted" in line, f"{path.name}: {line}"
