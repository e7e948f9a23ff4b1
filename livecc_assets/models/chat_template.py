"""A chat template is a program that came with the model. It is rendered in a sandbox, and here within bounds of time and memory.

The library's sandbox lets it reach nothing, but loops, powers and repeated texts could take any time and memory.
"""

import math
import resource
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import FrameType
from typing import Any

from jinja2 import Environment, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models.folder_check import using
from livecc_assets.models.model_documents import MAX_TEMPLATE_BYTES, REMEDY

#: Seconds of this thread's processor, and bytes of memory beyond what the process has. A usual template takes a millisecond.
SECONDS, MEMORY = 10.0, 2**30
#: Seconds of the process's processor after which the system ends it. Within one long step of native code, such as a comparison of
#: lists that hold each other many times over, no clock in Python is looked at.
_LAST_SECONDS = 3 * SECONDS
#: How Jinja calls the code that it makes of a template which is no file.
_CODE = "<template>"
_ONE_AT_A_TIME = threading.Lock()


class _TooLongError(Exception):
    """The template runs longer than any."""


def rendered(tokenizer: Any, messages: Sequence[Mapping[str, str]], name: str) -> str:
    """The prompt for the messages, with the assistant's turn opened. UserError names the model in every other case."""
    with using(name):
        _look_at(tokenizer.chat_template, name)
        try:
            with _bounds(), _time():
                text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except _TooLongError:
            raise UserError(f"{brief(name)}: its chat template runs longer than {SECONDS:g} s; {REMEDY}") from None
        except MemoryError:
            raise UserError(f"{brief(name)}: its chat template takes more than {MEMORY:,} bytes; {REMEDY}") from None
    if not isinstance(text, str) or len(text) > MAX_TEMPLATE_BYTES + sum(len(one["content"]) for one in messages):
        raise UserError(f"{brief(name)}: its chat template makes no prompt, or an endless one; {REMEDY}")
    return text


def _look_at(template: Any, name: str) -> None:
    for one in template.values() if isinstance(template, dict) else [template]:
        if not isinstance(one, str) or len(one) > MAX_TEMPLATE_BYTES:
            raise UserError(
                f"{brief(name)} has a chat template of more than {MAX_TEMPLATE_BYTES:,} characters; {REMEDY}"
            )
        if _multiplies(one):
            raise UserError(f"{brief(name)}: its chat template multiplies, which no template needs; {REMEDY}")


@lru_cache(maxsize=8)
def _multiplies(template: str) -> bool:
    """Whether it holds ``*`` or ``**``: one step of these can take hours, and no limit on steps would see it."""
    parsed = Environment(extensions=[_Generation, "jinja2.ext.loopcontrols"]).parse(template)
    return next(parsed.find_all((nodes.Pow, nodes.Mul)), None) is not None


class _Generation(Extension):
    """The library's own tag, which marks what the assistant says; only its body counts here."""

    tags = {"generation"}  # noqa: RUF012 -- as Jinja declares it

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


@contextmanager
def _time() -> Iterator[None]:
    """Steps of the template's code look at the clock; the processor's, for a machine may be busy with other things."""
    end, before = time.thread_time() + SECONDS, sys.gettrace()

    def look(frame: FrameType, event: str, argument: object) -> Any:
        if time.thread_time() > end:
            raise _TooLongError
        return look if frame.f_code.co_filename == _CODE else None

    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def _bounds() -> Iterator[None]:
    """The process may grow by ``MEMORY`` meanwhile, and use its processor so long, after which the system ends it (SIGXCPU).

    One thread at a time has this. The others, if any, wait in native code or read ahead little.
    """
    with _ONE_AT_A_TIME:
        with open("/proc/self/statm", encoding="ascii") as file:
            size = int(file.read().split()[0]) * resource.getpagesize()
        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = math.ceil(used.ru_utime + used.ru_stime + _LAST_SECONDS)
        with _limited(resource.RLIMIT_AS, size + MEMORY), _limited(resource.RLIMIT_CPU, seconds):
            yield


@contextmanager
def _limited(kind: int, wanted: int) -> Iterator[None]:
    """A limit of this process, where none that is tighter is in force."""
    soft, hard = resource.getrlimit(kind)
    tighter = soft == resource.RLIM_INFINITY or wanted < soft
    if tighter:
        resource.setrlimit(kind, (wanted, hard))
    try:
        yield
    finally:
        if tighter:
            resource.setrlimit(kind, (soft, hard))
