"""What a selection asks of one of its two sets, and which batches that set is made of."""

from collections.abc import Callable
from typing import Any, Literal

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.step import Pick, named_batches
from livecc_assets.store.store import Store

Set = Literal["live_cc", "live_whisperx"]


def recipe_of(name: Set) -> Callable[[Settings, str], dict[str, Any]]:
    """The selection's section ``name``, as a step's settings. UserError where the selection has no such section."""

    def of(settings: Settings, selection: str) -> dict[str, Any]:
        wanted = getattr(settings.selections[selection], name)
        if wanted is None:
            raise UserError(f"selections/{selection}.yaml has no section {name}, so there is no such set to make")
        return wanted.as_config()

    return of


def batches_of(name: Set) -> Pick:
    """Picks the batches that the selection's section ``name`` is made of."""
    section = recipe_of(name)

    def pick(settings: Settings, store: Store, selection: str) -> list[str]:
        return named_batches(section(settings, selection)["batches"], store)

    return pick
