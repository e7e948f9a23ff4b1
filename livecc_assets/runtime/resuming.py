"""Going through the items of a step, with what an earlier attempt finished served and only the rest computed."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from livecc_assets.store.parts import Parts, Row, mark

T = TypeVar("T")

#: What was made of so many items.
Made = tuple[int, list[Row]]


def resumed(
    parts: Parts, items: Iterable[T], compute: Callable[[list[T]], Iterable[Row]], unit: int = 1, at_once: int = 1
) -> Iterator[Made]:
    """(number of items, their rows) for each ``unit`` items, in order.

    ``at_once`` units are computed at the same time, each in a thread of its own, and each is kept as soon as it is
    finished, whatever the others do. Twice as many are under way at most.
    """

    def made(number: int, some: list[T]) -> Made:
        name = mark(number, some)
        rows = parts.take(name)
        if rows is None:
            rows = list(compute(some))
            parts.keep(name, len(some), rows)
        return len(some), rows

    units = enumerate(_stretches(items, unit))
    if at_once == 1:
        for number, some in units:
            yield made(number, some)
        return
    with ThreadPoolExecutor(at_once) as pool:
        pending: deque[Future[Made]] = deque()
        try:
            for number, some in units:
                pending.append(pool.submit(made, number, some))
                if len(pending) >= 2 * at_once:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


def _stretches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    left = iter(items)
    while some := list(islice(left, size)):
        yield some
