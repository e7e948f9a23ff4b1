"""Which files are in force and valid, and what is wrong with the others."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from livecc_assets.core.errors import UserError
from livecc_assets.core.names import fault
from livecc_assets.graph.settings.choices import SETS, Kind
from livecc_assets.graph.settings.mistakes import InvalidSettingsError, Mistake, Mistakes, meant, mistakes
from livecc_assets.graph.settings.models import MODELS, Experiment, Launcher, Profile, Selection
from livecc_assets.graph.settings.yaml_file import SHIPPED, YamlFile, read_file

FOLDERS: dict[Kind, str] = {
    "profile": "profiles",
    "selection": "selections",
    "experiment": "experiments",
    "launcher": "launchers",
    "results": "results",
}

#: Says what in a file names something that is not there.
References = Callable[[YamlFile, Any], Iterator[Mistake]]


def files(kind: Kind, home: Path) -> list[Path]:
    """The files of a kind: those of the package and those of the state folder, which count where a name is there twice."""
    folders = (SHIPPED / FOLDERS[kind], home / FOLDERS[kind])
    return [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.yaml"))]


def misnamed(kind: Kind, home: Path) -> Iterator[tuple[Path, str]]:
    """Files in the state folder that were meant to be of this kind but have another ending, and the remedy."""
    folder = home / FOLDERS[kind]
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix != ".yaml" and path.suffix.lower() in (".yml", ".yaml"):
            yield path, f"{path}: only files that end in .yaml are read; rename it"


def read_model(path: Path, kind: Kind, references: References | None = None) -> Any:
    """The model of a file. Raises UserError for one that cannot be read, InvalidSettingsError for one that holds mistakes."""
    file = read_file(path)
    model = MODELS[kind]
    found: list[Mistake] = []
    made: Any = None
    try:
        made = model.model_validate(file.values)
    except ValidationError as error:
        found += mistakes(error, model, file.values, file=file).found
    if references:
        found += references(file, made)
    if found:
        raise InvalidSettingsError(Mistakes(str(path), found))
    if isinstance(made, Profile):
        made._file = str(path)
    return made


def guess_kind(path: Path) -> Kind:
    """What a file seems to be: by its folder, else by its keys."""
    for kind, folder in FOLDERS.items():
        if path.resolve().parent.name == folder:
            return kind
    values = read_file(path).values
    if values.get("kind") in ("local", "docker", "kubernetes") or "needs" in values:
        return "launcher"
    if values.keys() >= {"source", "tables"}:
        return "results"
    if values.keys() & {"stage1", "stage2", "instructions"} and not values.keys() & {"name", "source", "video"}:
        return "experiment"
    if any(isinstance(values.get(name), dict) for name in SETS):
        return "selection"
    if any(isinstance(values.get(name), str) for name in SETS):
        return "experiment"
    return "profile"


@dataclass
class Found:
    """The valid selections and experiments of the profile in force, and the invalid files: (kind, name, path, lines)."""

    selections: dict[str, Selection] = field(default_factory=dict)
    experiments: dict[str, Experiment] = field(default_factory=dict)
    invalid: list[tuple[Kind, str, Path, str]] = field(default_factory=list)


class Checker:
    """Checks files against each other. ``profile_path`` is the profile in force, ``profile_name`` its name."""

    def __init__(self, home: Path, profile_path: Path, profile_name: str) -> None:
        self.home, self.profile_path, self.profile_name = home, profile_path, profile_name
        self._profiles: dict[str, Path] | None = None
        self._selections: dict[str, dict[str, set[str]]] = {}

    def read(self, path: Path, kind: Kind) -> Any:
        """The model of a file whose references are good, too."""
        return read_model(path, kind, {"selection": self._belongs, "experiment": self._refers}.get(kind))

    def belongs(self, values: dict[str, Any]) -> str:
        """Name of the profile that a selection's or experiment's values belong to."""
        return values.get("profile") or self.profile_name

    def in_force(self) -> Found:
        """All selections and experiments of the profile in force."""
        found = Found()
        groups: list[tuple[Kind, dict[str, Any]]] = [
            ("selection", found.selections),
            ("experiment", found.experiments),
        ]
        for kind, valid in groups:
            wrong: dict[str, tuple[Path, str]] = {}
            for path in files(kind, self.home):
                try:
                    if self._is_of_another_profile(path):
                        continue
                    valid[path.stem] = self.read(path, kind)
                    wrong.pop(path.stem, None)
                except UserError as error:
                    valid.pop(path.stem, None)
                    wrong[path.stem] = path, str(error)
            for path, text in misnamed(kind, self.home):
                if path.stem not in valid:
                    wrong[path.stem] = path, text
            for name, (path, text) in sorted(wrong.items()):
                found.invalid.append((kind, name, path, text))
        return found

    def _is_of_another_profile(self, path: Path) -> bool:
        name = self.belongs(read_file(path).values)
        return name != self.profile_name and isinstance(name, str) and name in self.profiles()

    def profiles(self) -> dict[str, Path]:
        """Files of the known profiles by name: those that ship, those of the state folder, and the one in force."""
        if self._profiles is None:
            self._profiles = {}
            for path in files("profile", self.home):
                if path.resolve() != self.profile_path.resolve():
                    self._profiles[_name_of(path)] = path
            self._profiles[self.profile_name] = self.profile_path
        return self._profiles

    def _belongs(self, file: YamlFile, made: Any) -> Iterator[Mistake]:
        name = file.path.stem
        if wrong := fault(name):
            yield Mistake((), f"its name {name!r} becomes a partition's, and {wrong}; rename the file", 1)
        profile = file.values.get("profile")
        if isinstance(profile, str) and profile not in self.profiles():
            known = sorted(self.profiles())
            what = f"no profile is called {profile!r}{meant(profile, known) or '.'} Known: {', '.join(known)}"
            yield Mistake(("profile",), what, file.line(("profile",)))

    def _refers(self, file: YamlFile, made: Experiment | None) -> Iterator[Mistake]:
        yield from self._belongs(file, made)
        profile = self.belongs(file.values)
        if made is None or profile not in self.profiles():
            return
        for kind in SETS:
            chosen, known = getattr(made, kind), self._sets(profile)
            if chosen is None or kind in known.get(chosen, ()):
                continue
            names = sorted(name for name, sets in known.items() if kind in sets)
            why = f"no selection is called {chosen!r}{meant(chosen, names) or '.'}"
            if chosen in known:
                why = f"the selection {chosen!r} has no valid section {kind}; see `livecc config check`."
            yield Mistake((kind,), f"{why} Known: {', '.join(names) or 'none'}", file.line((kind,)))
        sources = self._sources(profile) if made.instructions else None
        for number, name in enumerate(made.instructions if sources is not None else ()):
            if name not in (sources or ()):
                known_names = sorted(sources or ())
                what = f"profile {profile} has no instruction source {name!r}{meant(name, known_names) or '.'}"
                keys = ("instructions", number)
                yield Mistake(keys, f"{what} Known: {', '.join(known_names) or 'none'}", file.line(keys))

    def _sets(self, profile: str) -> dict[str, set[str]]:
        """By selection of a profile: the sets that it has; none for an invalid one."""
        if profile not in self._selections:
            known: dict[str, set[str]] = {}
            for path in files("selection", self.home):
                try:
                    if self.belongs(read_file(path).values) != profile:
                        continue
                    known[path.stem] = set(self.read(path, "selection").sets)
                except UserError:
                    known[path.stem] = set()
            self._selections[profile] = known
        return self._selections[profile]

    def _sources(self, profile: str) -> set[str] | None:
        """Instruction sources of a profile; None where its file is not valid, which is told of that file."""
        try:
            return set(read_model(self.profiles()[profile], "profile").instructions)
        except UserError:
            return None


def _name_of(path: Path) -> str:
    try:
        return str(read_file(path).values.get("name") or path.stem)
    except UserError:
        return path.stem


def read_launcher(path: Path) -> dict[str, Any]:
    """The options of a launcher file, checked."""
    launcher: Launcher = read_model(path, "launcher")
    return launcher.as_config()
