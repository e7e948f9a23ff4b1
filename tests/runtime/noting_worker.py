"""A stage's worker that notes each row it finished in a file, which outlives it; a helper of test_kill.py."""

import importlib
import os
from collections.abc import Callable
from typing import Any

from livecc_assets.graph.step import steps_of
from livecc_assets.runtime.worker import run


def note(name: str) -> None:
    """One line, whole or not at all."""
    file = os.open(os.environ["FINISHED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(file, f"{name}\n".encode())
    os.close(file)


def after(owner: Any, method: str, names: Callable[..., list[str]]) -> None:
    """Note the rows when the method returns."""
    inner = getattr(owner, method)

    def noted(*given: Any, **named: Any) -> Any:
        made = inner(*given, **named)
        for name in names(*given):
            note(name)
        return made

    setattr(owner, method, noted)


def watch(stage: str) -> None:
    """Where a row of this stage is finished."""
    if stage == "live_cc":
        from livecc_assets.models.text_lm import TextLM

        after(TextLM, "losses", lambda lm, pairs, *_: [answer.split()[0] for _, answer in pairs])
    elif stage == "evaluation":
        from livecc_assets.evaluation.judge import LikelihoodJudge

        after(LikelihoodJudge, "judge", lambda judge, event, *_: [event["video_id"]])
    else:
        from livecc_assets.commentary import benchmark

        inner = benchmark.comment_events

        def noted(*given: Any) -> Any:
            for row in inner(*given):
                # A Note says something of the row before it.
                if isinstance(row, dict):
                    note(str(row["event_id"]))
                yield row

        benchmark.comment_events = noted


if __name__ == "__main__":
    watch(os.environ["STAGE"])
    run(steps_of(importlib.import_module(f"livecc_assets.{os.environ['STAGE']}.assets")))
