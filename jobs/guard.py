"""Keeps secrets out of what Dagster records when a sensor or a schedule fails."""

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from livecc_assets.core.errors import UserError
from livecc_assets.core.redaction import redact, shown

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


def without_secrets(function: Callable[Given, Answer]) -> Callable[Given, Answer]:
    """``function``, whose errors tell no secret. Stands directly over the function of every sensor and schedule.

    Dagster keeps the error of a tick in its database, shows it in the UI and logs it, and libraries quote addresses with
    their passwords. A UserError stays one line of its kind; of other errors the redacted traceback is left. Raises
    TypeError for a generator, whose body runs after this guard has ended.
    """
    if inspect.isgeneratorfunction(function):
        raise TypeError(f"{function.__name__} is a generator; return a list of run requests instead")

    @functools.wraps(function)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Answer:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if (kept := shown(error)) is error:
                raise
            if isinstance(error, UserError):
                kept = type(error)(redact(str(error)))
        raise kept  # outside of the handler, or the error with the secret would hang on it as its context

    return guarded
