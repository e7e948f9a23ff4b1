"""What ``livecc chat`` does: questions from a prompt, a pipe or the command line, answers as they grow."""

import json
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from livecc_assets.cli.comment_source import check_source, told
from livecc_assets.cli.saying import say, say_piece
from livecc_assets.commentary.config import CommentaryConfig
from livecc_assets.commentary.prompts import check_question
from livecc_assets.core.errors import MediaError, UserError
from livecc_assets.media.live_address import live_address
from livecc_assets.models.reference import resolve
from livecc_assets.store.media_cache import held

if TYPE_CHECKING:
    from livecc_assets.commentary.conversation import Conversation

_PROMPT = "> "


def check_questions(questions: Sequence[str]) -> None:
    """UserError for one among those of the command line that is empty or no text: before a model is loaded."""
    for question in questions:
        try:
            check_question(question)
        except UserError as error:
            raise UserError(f"--question: {error}") from error


def open_conversation(
    video: str,
    model_ref: str,
    config: dict[str, Any],
    home: Path,
    start: float | None,
    end: float | None,
    progress: Callable[[int, int | None, str], None],
) -> "Conversation":
    """A conversation about a file (s3:// too) with the model of a reference.

    ``config`` holds the profile's ``commentary`` and ``video`` sections. Every mistake of the caller is a UserError of one line.
    """
    settings = CommentaryConfig.from_profile(config)
    stream = live_address(video)
    if stream is not None:
        raise UserError(f"{stream.name} is a stream, and a conversation is about a whole video; give a file")
    name, path, _ = check_source(video, start, end, "vtt")
    with held(path):  # the model may take minutes to come
        folder = resolve(model_ref, home)
        progress(0, None, f"loading {model_ref}")
        from livecc_assets.commentary.conversation import Conversation  # torch: only once there is work to do
        from livecc_assets.commentary.engine import load_engine

        engine = load_engine(folder, config.get("device") or "cpu", config.get("dtype"))
        progress(0, None, f"looking at {name}")
        try:
            return Conversation(engine, path, start, end, settings)
        except MediaError as error:
            raise told(name, error) from error


def answer(
    conversation: "Conversation",
    questions: Iterable[str],
    max_tokens: int,
    as_json: bool,
    last_word: bool = False,
    forgiving: bool = False,
) -> None:
    """Print the answer to each question: on a terminal as it grows, elsewhere when it is complete.

    Ctrl-C stops an answer, and a second one meanwhile ends all. With ``last_word`` one is enough. A question that cannot be
    put is told in a line and, if ``forgiving``, the next one is waited for.
    """
    growing = sys.stdout.isatty() and not as_json
    for question in questions:
        with _stoppable() as stopped:

            def hear(piece: str, stopped: Callable[[], bool] = stopped) -> bool:
                if growing and piece:
                    say_piece(piece)
                return not stopped()

            try:
                reply = conversation.ask(question, max_tokens, hear)
            except UserError as error:
                if not forgiving:
                    raise
                say(f"livecc: {error}", err=True)
                continue
        if as_json:
            row = {"question": question, "answer": reply.text, "latency": round(reply.latency, 3)}
            click.echo(json.dumps(row | {"stopped": reply.stopped}))
        else:
            say_piece("" if growing else reply.text, nl=True)
        if reply.stopped == "length":
            say(f"cut at {max_tokens} tokens; --max-tokens allows more", err=True)
        if reply.stopped == "interrupt" and last_word:
            raise KeyboardInterrupt


def typed() -> Iterator[str]:
    """What is typed at a prompt, until Ctrl-D. Ctrl-C drops a line that is not finished."""
    import readline  # noqa: F401  (with it, `input` edits lines and remembers them)

    ask = input if sys.stdout.isatty() else _ask_aside
    while True:
        try:
            line = ask(_PROMPT)
        except EOFError:
            say_piece("", nl=True, err=True)
            return
        except KeyboardInterrupt:
            say_piece("", nl=True, err=True)
            continue
        except UnicodeDecodeError:
            say("livecc: this line is no UTF-8 text; write it again", err=True)
            continue
        if line.strip():
            yield line.strip()


def _ask_aside(prompt: str) -> str:
    """As ``input``, with the prompt on standard error: standard output belongs to the answers."""
    say_piece(prompt, err=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def read() -> Iterator[str]:
    """The lines of standard input that hold something, in UTF-8 whatever the locale is.

    Each is taken as it comes. UserError where none holds anything, or at a line that is no text, by its number.
    """
    asked = False
    lines = iter(sys.stdin.buffer.readline, b"") if sys.stdin else ()  # None where it was closed
    for number, line in enumerate(lines, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise UserError(f"standard input, line {number}: this is no UTF-8 text; convert it (iconv)") from error
        if text:
            asked = True
            yield text
    if not asked:
        raise UserError("standard input holds no question; write one a line, or give --question TEXT")


@contextmanager
def _stoppable() -> Iterator[Callable[[], bool]]:
    """Within it a first Ctrl-C is noted, which the given function tells; a second one interrupts."""
    noted = list[bool]()

    def note(*_: object) -> None:
        if noted:
            raise KeyboardInterrupt
        noted.append(True)

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN:  # else whoever started this process wants it undisturbed
        signal.signal(signal.SIGINT, note)
    try:
        yield lambda: bool(noted)
    finally:
        signal.signal(signal.SIGINT, before)
