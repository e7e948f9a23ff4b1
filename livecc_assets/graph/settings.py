"""Where things are and which profile, selections and experiments are in force; plain files and environment."""

import logging
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.core.names import fault
from livecc_assets.store.store import Store

_log = logging.getLogger(__name__)

#: The YAML files that ship.
SHIPPED = Path(__file__).resolve().parents[1] / "config"


def read_yaml(path: Path) -> dict[str, Any]:
    """A YAML file that holds a mapping; UserError names the file and the line otherwise."""
    try:
        found = yaml.safe_load(path.read_text("utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; give a path or one of the names that ship with the package") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid YAML ({' '.join(str(error).split())}); mend the file") from None
    if not isinstance(found, dict):
        raise UserError(f"{path}: expected `name: value` lines; mend the file")
    return found


@dataclass(frozen=True)
class Settings:
    """The state folder, the artifact root and the profile; selections and experiments are read on first use."""

    home: Path
    root: str
    profile_path: Path

    @cached_property
    def profile(self) -> dict[str, Any]:
        """Models, thresholds and hyper-parameters of the profile in force."""
        return read_yaml(self.profile_path)

    def _files(self, kind: str) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for folder in (SHIPPED / kind, self.home / kind):
            for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
                if wrong := fault(path.stem):
                    _log.warning(f"{str(path)!r} is passed over: as a name, {path.stem!r} {wrong}; rename the file")
                    continue
                text = read_yaml(path)
                if text.get("profile", self.profile["name"]) == self.profile["name"]:
                    found[path.stem] = text
        return found

    @cached_property
    def selections(self) -> dict[str, dict[str, Any]]:
        """Training-set recipes by name: those of the package and those under ``LIVECC_HOME``/selections."""
        return self._files("selections")

    @cached_property
    def experiments(self) -> dict[str, dict[str, Any]]:
        """Experiments by name: those of the package and those under ``LIVECC_HOME``/experiments."""
        return self._files("experiments")

    @property
    def cache(self) -> Path:
        """Local copies of remote artifacts and converted weights; safe to delete."""
        return self.home / "cache"

    def store(self) -> Store:
        """The artifact store under ``root``."""
        return Store(self.root, self.cache)


def load_settings(home: str | Path | None = None, root: str | None = None, profile: str | None = None) -> Settings:
    """Settings from the arguments, else from LIVECC_HOME, LIVECC_ROOT and LIVECC_PROFILE, else the defaults.

    ``profile`` is a name that ships with the package (``sample``, ``paper``) or the path of a YAML file.
    """
    place = Path(home or os.environ.get("LIVECC_HOME") or ".livecc").expanduser().resolve()
    name = profile or os.environ.get("LIVECC_PROFILE") or "sample"
    path = Path(name) if name.endswith((".yaml", ".yml")) else SHIPPED / "profiles" / f"{name}.yaml"
    if not path.is_file():
        shipped = ", ".join(sorted(item.stem for item in (SHIPPED / "profiles").glob("*.yaml")))
        raise UserError(f"LIVECC_PROFILE={name}: no such profile; give the path of a YAML file or one of: {shipped}")
    return Settings(place, root or os.environ.get("LIVECC_ROOT") or str(place / "artefacts"), path)
