"""What is recorded in MLflow, and where it can be looked at afterwards."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Checkpoint:
    """The artifact behind a model: what names it in MLflow and where its weights are."""

    experiment: str
    stage: str
    input_key: str
    data_version: str
    uri: str


@dataclass(frozen=True)
class Dataset:
    """A dataset artifact by name, version and place; ``context`` is "training" or "evaluation"."""

    name: str
    data_version: str
    uri: str
    context: str = "training"

    @property
    def digest(self) -> str:
        """MLflow keeps at most 36 characters of a digest; the full data version is a tag of the run."""
        return self.data_version[:36]


@dataclass(frozen=True)
class Recorded:
    """Where a recording can be looked at. With a ``warning`` it did not reach the server, wholly or in part."""

    run_id: str | None = None
    model_id: str | None = None
    run_url: str | None = None
    model_url: str | None = None
    warning: str | None = None


@dataclass(frozen=True)
class Score:
    """One number of a benchmark. ``subset`` "all" (or "") is the whole benchmark; what is None is not logged."""

    metric: str
    value: float | None
    subset: str = "all"
    low: float | None = None
    high: float | None = None
    n: int | None = None
