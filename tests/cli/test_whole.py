"""Outputs that are written at the end: what is kept beside them until then, and where nothing can be kept."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from livecc_assets.cli.film import check_film
from livecc_assets.cli.growing import GrowingFile
from livecc_assets.cli.targets import check_target, is_stdout, special, target
from livecc_assets.cli.whole import Part, Whole
from livecc_assets.commentary.utterance import Utterance
from livecc_assets.core.errors import UserError
from tests.waiting import until

SAID = [Utterance(0.0, 3.0, "one two"), Utterance(3.0, 4.0, "three")]


class Lines(Whole):
    """An output of as many lines as were said; ``trouble`` is raised instead."""

    def __init__(self, out: Path, notice, trouble: BaseException | None = None) -> None:
        super().__init__(out, notice)
        self._out, self._trouble, self.tries = out, trouble, 0

    def _write(self, ended_early: str) -> None:
        self.tries += 1
        if self._trouble is not None:
            raise self._trouble
        with target(self._out) as file:
            file.write(f"{len(self._said)} {ended_early}")


def test_the_part_grows_and_goes_when_the_output_stands(tmp_path: Path) -> None:
    told = list[str]()
    sink = Lines(tmp_path / "a.txt", told.append)
    for number, one in enumerate(SAID):
        sink.add(one)
        assert len((tmp_path / "a.txt.part").read_text().splitlines()) == number + 1
    sink.finish("It ends early.")
    assert (tmp_path / "a.txt").read_text() == "2 It ends early." and told == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


@pytest.mark.parametrize("trouble", [KeyboardInterrupt(), OSError(28, "No space left on device"), UserError("no")])
def test_an_output_that_fails_leaves_its_part_says_where_and_is_not_tried_again(
    trouble: BaseException, tmp_path: Path
) -> None:
    told = list[str]()
    sink = Lines(tmp_path / "a.txt", told.append, trouble)
    sink.add(SAID[0])
    with pytest.raises(type(trouble)):
        sink.finish()
    sink.finish("It ends early.")
    assert sink.tries == 1 and [path.name for path in tmp_path.iterdir()] == ["a.txt.part"]
    assert told == [f"{tmp_path / 'a.txt.part'}: what was said, as JSON lines"]


def test_nothing_is_written_where_nothing_was_said_and_a_foreign_part_stays(tmp_path: Path) -> None:
    (tmp_path / "a.txt.part").write_text("somebody's")
    sink = Lines(tmp_path / "a.txt", print)
    sink.finish("It ends early.")
    assert sink.tries == 0
    sink.finish()
    assert (tmp_path / "a.txt").exists() and (tmp_path / "a.txt.part").read_text() == "somebody's"


def test_a_line_names_its_model_where_several_speak(tmp_path: Path) -> None:
    part = Part(tmp_path / "a.html")
    part.add(SAID[0], "ä")
    part.add(SAID[1])
    first, second = map(json.loads, (tmp_path / "a.html.part").read_text("utf-8").splitlines())
    assert first == {"model": "ä", "start": 0.0, "end": 3.0, "text": "one two"} and "model" not in second


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[tuple[Path, list[str]]]:
    """A pipe, and what its reader got."""
    path, got = tmp_path / "pipe", list[str]()
    os.mkfifo(path)
    reader = threading.Thread(target=lambda: got.append(path.read_text()), daemon=True)
    reader.start()
    yield path, got
    reader.join(10)


def test_a_pipe_gets_the_whole_output_at_the_end_and_nothing_stands_beside_it(pipe: tuple[Path, list[str]]) -> None:
    path, got = pipe
    sink = Lines(path, print)
    sink.add(SAID[0])
    assert os.listdir(path.parent) == ["pipe"]
    sink.finish()
    assert path.is_fifo() and os.listdir(path.parent) == ["pipe"]
    until(lambda: got, 10, "the reader gets nothing")
    assert got == ["1 "]


OUTPUT = """
import sys
from pathlib import Path
from livecc_assets.cli.growing import GrowingFile
from livecc_assets.cli.targets import check_target, target
from livecc_assets.cli.whole import Part
from livecc_assets.commentary.utterance import Utterance
out = Path(sys.argv[1])
check_target(out)
Part(out).add(Utterance(0.0, 1.0, "kept"))
if sys.argv[2] == "whole":
    with target(out, binary=True) as file:
        file.write(b"one\\ntwo\\n")
else:
    file = GrowingFile(out)
    file.write("one\\n")
    file.write("two\\n")
    file.close()
"""


@pytest.mark.parametrize("way", ["whole", "growing"])
@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_standard_output_has_many_names(name: str, way: str, tmp_path: Path) -> None:
    if name == "link":
        (tmp_path / name).symlink_to("/dev/stdout")
    command = [sys.executable, "-c", OUTPUT, name, way]
    assert subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=tmp_path).stdout == b"one\ntwo\n"
    log = tmp_path / "log"
    log.write_bytes(b"before\n")
    with log.open("ab") as file:
        subprocess.run(command, stdout=file, check=True, cwd=tmp_path)
    assert log.read_bytes() == b"before\none\ntwo\n", "what a shell redirects is written to, not replaced"
    assert sorted(set(os.listdir(tmp_path)) - {"link"}) == ["log"] and not Path("/dev/stdout.part").exists()


@pytest.mark.parametrize("way", ["whole", "growing"])
def test_the_shells_substitute_for_a_file_is_written_to(way: str) -> None:
    read, write = os.pipe()
    subprocess.run([sys.executable, "-c", OUTPUT, f"/dev/fd/{write}", way], pass_fds=[write], check=True)
    os.close(write)
    with os.fdopen(read) as file:
        assert file.read() == "one\ntwo\n"


def test_a_film_goes_to_no_open_file(tmp_path: Path) -> None:
    for name in ("/dev/stdout", "/dev/fd/1"):
        with pytest.raises(UserError, match="--format mp4 needs a file; name one with -o"):
            check_film(name)
    with (tmp_path / "film.mp4").open("wb") as file, pytest.raises(UserError, match="is no file"):
        check_film(f"/dev/fd/{file.fileno()}")
    assert check_film(tmp_path / "film.mp4") == tmp_path / "film.mp4"


def test_ordinary_names_are_ordinary(tmp_path: Path) -> None:
    (tmp_path / "1").write_text("a")
    (tmp_path / "circle").symlink_to("circle")
    for name in ("1", "none", "circle"):
        assert not is_stdout(tmp_path / name) and not special(tmp_path / name)
    check_target(tmp_path / "1")
    file = GrowingFile(tmp_path / "1")
    file.write("b")
    file.close()
    assert (tmp_path / "1").read_text() == "b"
