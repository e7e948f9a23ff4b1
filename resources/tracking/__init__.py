"""MLflow's side of the graph: one run per (experiment, stage), one LoggedModel per checkpoint, scores on that model.

Everything is found again before it is made: the same (experiment, stage, input key) always ends in the same run and
the same LoggedModel, whichever step comes first and however often it is repeated. So a tracking server that is away
loses no training: ``record_training`` and ``record_scores`` then return a warning instead of raising, and the next
materialisation of either asset records what was missed.

mlflow is imported inside the functions (it takes seconds, and the code location must load without it). Only
``MlflowClient`` is used: no active run, no global tracking URI, no patching.
"""

from resources.tracking.metrics import read_curve
from resources.tracking.names import WORKSPACE, flatten
from resources.tracking.records import Checkpoint, Dataset, Recorded, Score
from resources.tracking.server import MLFLOW_UI, ServerCommand, server_command
from resources.tracking.tracker import Tracker

__all__ = [
    "MLFLOW_UI",
    "WORKSPACE",
    "Checkpoint",
    "Dataset",
    "Recorded",
    "Score",
    "ServerCommand",
    "Tracker",
    "flatten",
    "read_curve",
    "server_command",
]
