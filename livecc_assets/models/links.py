"""Links in a model folder: whoever packed it chose where they lead, and what they lead to may end in a published checkpoint."""

import os
from pathlib import Path

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief

#: Files and folders in a model folder. The largest models have some hundred, a clone with its history some thousand.
MAX_ENTRIES = 50_000
_REMEDY = "put a copy of the file in its place if you know where it leads, or remove it"


def check_links(folder: Path) -> None:
    """UserError for a link, at any depth of the folder, that leads out of it or nowhere. The folder may itself be a link."""
    root, count = folder.resolve(), 0
    for place, folders, files in os.walk(root):
        count += len(folders) + len(files)
        if count > MAX_ENTRIES:
            raise UserError(f"{brief(folder)} holds more than {MAX_ENTRIES:,} files; name the folder of one model")
        for name in [*folders, *files]:
            path = Path(place, name)
            if path.is_symlink():
                led(path, root)


def led(path: Path, folder: Path) -> Path:
    """The real file behind a path in a model folder. UserError where a link leads out of the folder or nowhere.

    Two kinds of folder are made of links, and theirs may leave: a snapshot in the hub's cache, whose files lie in ``blobs`` of
    the same repository, and an artifact's folder, whose files lie under their own names in the store.
    """
    root = folder.resolve()
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:  # it dangles, or goes in a circle
        why = getattr(error, "strerror", None) or "it leads in a circle"
        raise UserError(f"{brief(path)} is a link that leads nowhere ({brief(why)}); {_REMEDY}") from None
    if not (target.is_relative_to(root) or _hubs(target, root) or _stores(target, path, root)):
        raise UserError(f"{brief(path)} is a link that leaves the model's folder; {_REMEDY}")
    return target


def _hubs(target: Path, root: Path) -> bool:
    """``models--OWNER--NAME/snapshots/REVISION/FILE`` leads to ``models--OWNER--NAME/blobs/HASH``, which is no link."""
    return root.parent.name == "snapshots" and target.parent == root.parent.parent / "blobs"


def _stores(target: Path, path: Path, root: Path) -> bool:
    """``folders/ASSET/KEY-ATTEMPT/NAME`` leads to ``…/files-ATTEMPT/NAME``: see ``Artifact.folder``."""
    inner = path.parent.resolve() / path.name
    if root.parent.parent.name != "folders" or not inner.is_relative_to(root):
        return False
    name = inner.relative_to(root).parts
    attempt, ending = target.parts[: -len(name)][-1:], target.parts[-len(name) :]
    return ending == name and attempt[0].startswith("files-") and root.name.endswith(attempt[0].removeprefix("files"))
