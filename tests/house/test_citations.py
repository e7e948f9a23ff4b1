"""What code cites is in the repository: sections of docs/method.md, headings of docs/design.md."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.places import REPOSITORY

FOLDERS = ("livecc_assets", "jobs", "resources", "tests", "benchmarks", "scripts", "k8s", ".ci")
ENDINGS = {".py", ".yaml", ".sh", ".html", ".txt", ".json", ".Dockerfile", ""}

# A line may break, and a comment sign stand, between any two words.
NUMBER = r"\d+(?:\.\d+)?"
METHOD = re.compile(rf"\bmethod[\s#]+({NUMBER}(?:(?:,| and| to|[-–])[\s#]*{NUMBER})*)")
DESIGN = re.compile(r'docs/design\.md,[\s#]+"([^"]+)"')
ELSEWHERE = re.compile(
    r"\b[Ss]pec(?:ification)?(?:'s)?(?:[\s#]+sections?)?[\s#]+\d|\bthe spec\b|spec/livecc|shared/(?:spec|design)"
    r'|(?<!docs/)\b[Dd]esign(?:\.md)?,[\s#]+"'
)


def sources() -> Iterator[tuple[str, str]]:
    """(name, text) of every file that may cite."""
    own = Path(__file__).resolve()
    for folder in FOLDERS:
        for path in sorted((REPOSITORY / folder).rglob("*")):
            inside = path.relative_to(REPOSITORY)
            if path == own or path.suffix not in ENDINGS or not path.is_file() or "__pycache__" in inside.parts:
                continue
            if inside.parts[:2] == ("tests", "golden"):
                continue
            try:
                yield str(inside), path.read_text("utf-8")
            except UnicodeDecodeError:
                continue


def cited_sections(text: str) -> list[str]:
    """Numbers that follow the word "method": "method 1.1, 1.8-1.10" gives three."""
    return [number for found in METHOD.finditer(text) for number in re.findall(NUMBER, found.group(1))]


def headings(name: str) -> list[str]:
    text = (REPOSITORY / "docs" / name).read_text("utf-8")
    text = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"^#+ (.+)$", text, re.MULTILINE)


def sections() -> set[str]:
    return {found.group(1) for title in headings("method.md") if (found := re.match(rf"({NUMBER})\.? ", title))}


def test_every_cited_section_of_the_method_exists() -> None:
    cited = {(name, number) for name, text in sources() for number in cited_sections(text)}
    assert len(cited) > 60
    known = sections()
    assert sorted(f"{name}: method {number}" for name, number in cited if number not in known) == []


def test_every_cited_heading_of_the_design_exists() -> None:
    cited = {(name, title) for name, text in sources() for title in DESIGN.findall(text)}
    assert len(cited) >= 5
    known = headings("design.md")
    assert sorted(f'{name}: "{title}"' for name, title in cited if title not in known) == []


def test_nothing_is_cited_that_a_clone_lacks() -> None:
    found = [
        f"{name}:{text.count(chr(10), 0, hit.start()) + 1}: {hit.group()!r}"
        for name, text in sources()
        for hit in ELSEWHERE.finditer(text)
    ]
    assert found == []


def test_no_section_of_the_method_is_numbered_twice() -> None:
    numbers = [found.group(1) for title in headings("method.md") if (found := re.match(rf"({NUMBER})\.? ", title))]
    assert len(numbers) == len(set(numbers)) > 40


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("clips (A1, method 1.2; paper section 3.1)", ["1.2"]),
        ("(method 1.1, 1.8-1.10)", ["1.1", "1.8", "1.10"]),
        ("(method 3.1 to 3.6)", ["3.1", "3.6"]),
        ("(method 6 and 10)", ["6", "10"]),
        ("counted (method 6, item 6)", ["6"]),
        ("# by method\n# 2.4", ["2.4"]),
        ("methods 1.2, a method of 3", []),
    ],
)
def test_citations_are_read_as_they_are_written(text: str, numbers: list[str]) -> None:
    assert cited_sections(text) == numbers


@pytest.mark.parametrize(
    "text",
    [
        "(spec 1.2)",
        "spec section 2.7",
        "spec\n    # sections 6",
        "the spec says",
        'see design, "Launchers"',
        "../shared/design.md",
    ],
)
def test_a_citation_that_leads_outside_is_seen(text: str) -> None:
    assert ELSEWHERE.search(text)


@pytest.mark.parametrize("text", ['pod["spec"]', "spec: 1", 'docs/design.md, "Launchers"', "specs 3", "kind of spec"])
def test_other_uses_of_the_words_are_free(text: str) -> None:
    assert not ELSEWHERE.search(text)
