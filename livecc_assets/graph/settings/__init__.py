"""Settings: which files are in force, and the models that say what may stand in them.

Importing this package loads no pydantic: the models are read with the first file (:mod:`livecc_assets.graph.settings.models`).
"""

from livecc_assets.graph.settings.in_force import InvalidFile, Settings, load_settings
from livecc_assets.graph.settings.yaml_file import SHIPPED, read_yaml

__all__ = ["SHIPPED", "InvalidFile", "Settings", "load_settings", "read_yaml"]
