"""The kinds of settings file and the model of each."""

from livecc_assets.graph.settings.choices import Kind
from livecc_assets.graph.settings.experiment import Experiment
from livecc_assets.graph.settings.launcher import Launcher
from livecc_assets.graph.settings.profile import Profile
from livecc_assets.graph.settings.results import Results
from livecc_assets.graph.settings.selection import Selection

MODELS: dict[Kind, type[Profile] | type[Selection] | type[Experiment] | type[Launcher] | type[Results]] = {
    "profile": Profile,
    "selection": Selection,
    "experiment": Experiment,
    "launcher": Launcher,
    "results": Results,
}

__all__ = ["MODELS", "Experiment", "Launcher", "Profile", "Results", "Selection"]
