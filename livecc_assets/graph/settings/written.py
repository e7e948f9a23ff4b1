"""Settings files that `livecc evaluate` writes: the experiment of a model as it is, and a profile with other benchmark data."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from livecc_assets.core.errors import UserError
from livecc_assets.core.folders import made
from livecc_assets.core.names import checked_name
from livecc_assets.graph.settings.checking import FOLDERS, files
from livecc_assets.graph.settings.in_force import Settings
from livecc_assets.graph.settings.models import Experiment, Profile
from livecc_assets.graph.settings.yaml_file import SHIPPED, read_yaml

#: First line of these files; a file without it is somebody's own and is not written over.
HEADER = "# Written by `livecc evaluate`."

Values = dict[str, Any]


def model_experiment(settings: Settings, name: str, model: str, told: Mapping[str, Any]) -> tuple[Path, Values, bool]:
    """(File, values, whether it is new) of the experiment that evaluates ``model`` as it is, without training.

    ``told``: keys of an experiment file; None leaves one to what stands there. Nothing is written. Raises UserError for a
    name that cannot be a partition's, or is another experiment's.
    """
    checked_name(name, "experiment")
    given = {key: value for key, value in told.items() if value is not None}
    standing = {path.stem: path for path in files("experiment", settings.home)}.get(name)
    if standing is None:
        about = {"profile": settings.profile_name, "description": f"{model}, evaluated as it is."}
        values = about | given | {"stage1": {"init_model": model}}
        Experiment.of(values, f"experiment {name}")
        return settings.home / FOLDERS["experiment"] / f"{name}.yaml", values, True
    values = read_yaml(standing)
    if values.get("stage1") != {"init_model": model} or values.keys() & {"live_cc", "live_whisperx"}:
        raise UserError(f"{standing}: the experiment {name} is another one; choose another --name")
    if (profile := values.get("profile", settings.profile_name)) != settings.profile_name:
        raise UserError(f"{standing}: the experiment {name} is of the profile {profile}; name that, or another --name")
    if other := sorted(key for key, value in given.items() if values.get(key) != value):
        raise UserError(
            f"{standing}: the experiment {name} stands with another {', '.join(other)}; choose another --name, or edit the file"
        )
    return standing, values, False


def profile_with(settings: Settings, sections: Mapping[str, Any]) -> tuple[Path, Values, Profile] | None:
    """(File, values, model) of the profile in force with other sections; None where that changes nothing.

    The file stands in the state folder, in place of the one that ships under the same name. Nothing is written. Raises
    UserError for values that no profile takes, and where the profile in force is a file of somebody's own.
    """
    path = settings.profile_path
    values = read_yaml(path) | dict(sections)
    profile = Profile.of(values, "profile")
    if profile.as_config() == settings.profile.as_config():
        return None
    profile._file = str(path)
    if path.resolve().parent == SHIPPED / FOLDERS["profile"]:
        return settings.home / FOLDERS["profile"] / path.name, values, profile
    if not path.read_text("utf-8").startswith(HEADER):
        wanted = yaml.safe_dump(dict(sections), default_flow_style=True, sort_keys=False, width=10**6).strip()
        raise UserError(f"{path} is a profile of your own, and stays as it is; write into it: {wanted[1:-1]}")
    return path, values, profile


def write(path: Path, values: Values, about: str) -> None:
    """Write a settings file whole, under a header that says where it comes from; ``about`` is one more line of it."""
    made(path.parent)
    staged = path.with_name(f".{path.name}.{os.getpid()}")
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=120)
    staged.write_text(f"{HEADER} {about}\n{text}", "utf-8")
    staged.replace(path)
