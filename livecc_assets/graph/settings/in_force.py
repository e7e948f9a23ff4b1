"""Where things are and which profile, selections and experiments are in force; plain files and environment."""

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from livecc_assets.core.errors import UserError
from livecc_assets.graph.settings.choices import Kind
from livecc_assets.graph.settings.yaml_file import SHIPPED, read_yaml
from livecc_assets.store import layout
from livecc_assets.store.store import Store

if TYPE_CHECKING:
    from livecc_assets.graph.settings.checking import Checker, Found
    from livecc_assets.graph.settings.models import Experiment, Profile, Selection


@dataclass(frozen=True)
class InvalidFile:
    """A selection or experiment that cannot be used; ``message`` is one line with its file, line and remedy."""

    kind: Kind
    name: str
    path: Path
    message: str


@dataclass(frozen=True)
class Settings:
    """The state folder, the artifact root and the profile; files are read, and the models loaded, on first use."""

    home: Path
    root: str
    profile_path: Path

    @cached_property
    def profile(self) -> "Profile":
        """Models, thresholds and hyper-parameters of the profile in force; UserError when its file is not valid."""
        from livecc_assets.graph.settings.checking import read_model

        return read_model(self.profile_path, "profile")

    @cached_property
    def profile_name(self) -> str:
        """The profile's name, by which files belong to it; its file's name where the file cannot be read."""
        try:
            return str(read_yaml(self.profile_path).get("name") or self.profile_path.stem)
        except UserError:
            return self.profile_path.stem

    @cached_property
    def checker(self) -> "Checker":
        """Checks files against those in force."""
        from livecc_assets.graph.settings.checking import Checker

        return Checker(self.home, self.profile_path, self.profile_name)

    @cached_property
    def _found(self) -> "Found":
        return self.checker.in_force()

    @property
    def selections(self) -> "dict[str, Selection]":
        """Valid training-set recipes by name: those of the package and those under ``LIVECC_HOME``/selections."""
        return self._found.selections

    @property
    def experiments(self) -> "dict[str, Experiment]":
        """Valid experiments by name: those of the package and those under ``LIVECC_HOME``/experiments."""
        return self._found.experiments

    @cached_property
    def invalid(self) -> list[InvalidFile]:
        """Selections and experiments that would be in force if they held no mistake."""
        return [InvalidFile(*one) for one in self._found.invalid]

    def why_invalid(self, name: str) -> str | None:
        """What is wrong with the selection or experiment of that name; None where nothing is known against it."""
        return next((one.message for one in self.invalid if one.name == name), None)

    @property
    def cache(self) -> Path:
        """Local copies of remote artifacts and converted weights; safe to delete."""
        return self.home / "cache"

    def store(self) -> Store:
        """The artifact store under ``root``. Raises UserError where another layout made what lies there."""
        store = Store(self.root, self.cache)
        layout.check(store.blobs)
        return store


def load_settings(home: str | Path | None = None, root: str | None = None, profile: str | None = None) -> Settings:
    """Settings from the arguments, else from LIVECC_HOME, LIVECC_ROOT and LIVECC_PROFILE, else the defaults.

    ``profile`` is the path of a YAML file, or a name: that of a file in ``LIVECC_HOME``/profiles, or one that ships with
    the package (``sample``, ``paper``).
    """
    place = Path(home or os.environ.get("LIVECC_HOME") or ".livecc").expanduser().resolve()
    name = profile or os.environ.get("LIVECC_PROFILE") or "sample"
    folders = place / "profiles", SHIPPED / "profiles"
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
    else:
        path = next((folder / f"{name}.yaml" for folder in folders if (folder / f"{name}.yaml").is_file()), Path(name))
    if not path.is_file():
        known = sorted({item.stem for folder in folders if folder.is_dir() for item in folder.glob("*.yaml")})
        raise UserError(
            f"LIVECC_PROFILE={name}: no such profile; give the path of a YAML file or one of: {', '.join(known)}"
        )
    return Settings(place, root or os.environ.get("LIVECC_ROOT") or str(place / "artefacts"), path)
