"""What a worker on this machine gets of the orchestrator's environment: no secret but those that its work needs."""

from collections.abc import Iterator, Mapping
from typing import Any

from livecc_assets.core.redaction import holds_secret

#: Where an address with a password is the way out of this network.
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})
#: With which the hub hands out models.
_HUB = frozenset({"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"})


def needed(environment: Mapping[str, str], task: Mapping[str, Any]) -> dict[str, str]:
    """The environment of a worker that makes one of the graph's artifacts. ``task`` is what the launcher hands it.

    Media from strangers are decoded in it, so it holds the store's keys, those that its config names (``api_key_env``), and
    the hub's where it reads a model from there. A worker of somebody else's asset, whose task has no input key, gets all.
    """
    if "input_key" not in task:
        return dict(environment)
    texts = list(_texts(task.get("config") or {}))
    wanted = {text for key, text in texts if key.endswith("_env")}
    if any(text.startswith("hub:") for _, text in texts):
        wanted |= _HUB

    def kept(name: str, value: str) -> bool:
        own = name.startswith("AWS_") or name.lower() in _PROXIES or name in wanted
        return own or not holds_secret(name, value)

    return {name: value for name, value in environment.items() if kept(name, value)}


def _texts(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """All texts of a config, each with the key under which it stands."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield from _texts(one, str(name))
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, key)
