"""The command line as it explains itself: a public interface, kept to the letter by a snapshot."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from livecc_assets.cli.lazy import Entry, LazyGroup
from livecc_assets.cli.main import COMMANDS, main

SNAPSHOT = Path(__file__).parent / "help_snapshot.txt"


def commands(group: click.Group = main, *path: str) -> Iterator[list[str]]:
    """Words of every command, those of groups in groups included."""
    yield list(path)
    for name in sorted(group.commands):
        found = group.load(name) if isinstance(group, LazyGroup) else group.commands[name]
        if isinstance(found, click.Group):
            yield from commands(found, *path, name)
        else:
            yield [*path, name]


def explained(words: list[str]) -> str:
    """``livecc WORDS --help`` on a terminal of 80 columns."""
    result = CliRunner().invoke(main, [*words, "--help"], prog_name="livecc", terminal_width=80)
    assert result.exit_code == 0, result.output
    return f"$ {' '.join(['livecc', *words, '--help'])}\n{result.stdout}"


def test_every_help_text_is_the_one_of_the_snapshot() -> None:
    found = "\n".join(explained(words) for words in commands())
    if os.environ.get("UPDATE_SNAPSHOTS"):
        SNAPSHOT.write_text(found, "utf-8")
    assert found == SNAPSHOT.read_text("utf-8"), "UPDATE_SNAPSHOTS=1 renews it; the diff belongs in the review"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_command_says_of_itself(name: str) -> None:
    found = main.load(name)
    assert found.name == name
    for limit in (20, 45, 60, 200):
        assert main.commands[name].get_short_help_str(limit) == found.get_short_help_str(limit)


def test_help_imports_no_command_and_nothing_of_the_graph() -> None:
    code = (
        "import sys\n"
        "from livecc_assets.cli.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(*(name for name in sys.modules if name.startswith(('livecc_assets', 'pyarrow', 'yaml', 'pydantic'))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.splitlines()[-1].split()) == {
        "livecc_assets",
        "livecc_assets.cli",
        "livecc_assets.cli.lazy",
        "livecc_assets.cli.main",
        "livecc_assets.cli.saying",
        "livecc_assets.core",
        "livecc_assets.core.ending",
        "livecc_assets.core.errors",
        "livecc_assets.core.folders",
        "livecc_assets.core.redaction",
        "livecc_assets.core.shortage",
        "livecc_assets.core.text",
    }


def test_a_misspelt_command_is_wrong_usage_and_meets_a_suggestion() -> None:
    result = CliRunner().invoke(main, ["statu"])
    assert result.exit_code == 2
    assert "Did you mean 'status'?" in result.stderr


def test_completion_of_a_commands_options_reaches_the_command_itself() -> None:
    said = {"_LIVECC_COMPLETE": "bash_complete", "COMP_WORDS": "livecc status --", "COMP_CWORD": "2"}
    result = CliRunner().invoke(main, [], prog_name="livecc", env=said)
    assert {"plain,--json", "plain,--all"} <= set(result.output.splitlines())


def test_an_entry_that_names_no_command_is_a_defect_that_says_so() -> None:
    group = LazyGroup("g", registry={"x": Entry("livecc_assets.core.errors:UserError", "X.")})
    with pytest.raises(AssertionError, match="UserError is not a command"):
        group.load("x")
