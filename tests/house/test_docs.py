"""The documentation tells the truth where a program can tell: links lead somewhere, commands and variables exist."""

import re
import shlex
from pathlib import Path

import click
import pytest

from livecc_assets.cli.main import main
from tests.house.places import PACKAGES, REPOSITORY

PAGES = [
    *sorted(REPOSITORY.glob("*.md")),
    *sorted((REPOSITORY / "docs").glob("*.md")),
    REPOSITORY / "k8s" / "README.md",
    REPOSITORY / "tests" / "golden" / "README.md",
]
every_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(REPOSITORY)))


def slug(title: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@every_page
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = (page.parent / name) if name else page
        assert path.exists(), f"{target} is no file"
        if anchor:
            assert anchor in {slug(title) for title in re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)}


@every_page
def test_every_command_that_is_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    said = re.findall(r"`livecc ([^`]+)`", text) + re.findall(r"^    (?:\w+=\S+ )*livecc (.+)$", text, re.MULTILINE)
    for line in said:
        words = shlex.split(line.partition("#")[0])
        assert exists(main, words), f"livecc {line}"


def exists(command: click.Command, words: list[str]) -> bool:
    """Whether these words begin with a command of the group; a word like COMMAND stands for any."""
    if not isinstance(command, click.Group) or not words or words[0].isupper() or words[0].startswith("-"):
        return True
    inner = command.get_command(click.Context(command), words[0])
    return inner is not None and exists(inner, words[1:])


def test_every_command_is_in_the_readme() -> None:
    text = (REPOSITORY / "README.md").read_text("utf-8")
    context = click.Context(main)
    missing = [name for name in main.list_commands(context) if not re.search(rf"`(?:livecc )?{name}\b", text)]
    assert missing == []


def test_every_variable_of_the_readme_is_read_somewhere() -> None:
    named = set(re.findall(r"\bLIVECC_[A-Z_]+\b", (REPOSITORY / "README.md").read_text("utf-8")))
    code = "\n".join(path.read_text("utf-8") for part in PACKAGES for path in (REPOSITORY / part).rglob("*.py"))
    assert len(named) >= 9
    assert sorted(name for name in named if f'"{name}"' not in code) == []


@pytest.mark.parametrize(
    ("words", "found"),
    [(["status"], True), (["nosuch"], False), (["COMMAND", "--help"], True), (["comment", "match.mp4"], True)],
)
def test_commands_are_looked_up_word_by_word(words: list[str], found: bool) -> None:
    assert exists(main, words) is found
