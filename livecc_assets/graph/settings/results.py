"""Published results: what others measured, each figure with its source, for the leaderboard (method 4.6)."""

import math
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator

from livecc_assets.core.rules import Rule
from livecc_assets.graph.settings.fields import Real, Section, Whole
from livecc_assets.graph.settings.patterns import WEB_ADDRESS

#: What a published row may give: names of measures on the leaderboard (evaluation/measures.py).
Measured = Literal[
    "win_rate",
    "livesports_qa",
    "livesports_qa_ocr",
    "livesports_qa_who",
    "livesports_qa_when",
    "livesports_qa_what",
    "videomme",
    "videomme_subtitles",
    "mvbench",
    "ovobench",
    "ovobench_RTVP",
    "ovobench_BT",
    "ovobench_FAR",
    "event_f1",
    "words_per_second",
]
MEASURED: tuple[str, ...] = get_args(Measured)


class Conditions(Section):
    """How a measure was taken. What is left out is shown as not stated."""

    n: Whole | None = Field(default=None, ge=1, description="Events or questions behind each figure.")
    videos: Whole | None = Field(default=None, ge=1, description="Videos that they are of.")
    chance: Real | None = Field(default=None, ge=0, le=100, description="What guessing reaches, in percent.")
    judge: str | None = Field(default=None, min_length=1, description="Who judged.")
    opponent: str | None = Field(default=None, min_length=1, description="Whom the model was judged against.")
    protocol: str | None = Field(
        default=None, min_length=1, description="How the answers were got: by logits, generated, live, offline."
    )
    rules: Rule | None = Field(default=None, description="Whether the published scripts' rules counted.")


class Figure(Section):
    """One published figure. The number alone may stand for the whole section."""

    value: Real = Field(description="The figure: percent, for words_per_second words a second.")
    interval: tuple[Real, Real] | None = Field(default=None, description="Its 95 % interval, [low, high].")
    n: Whole | None = Field(default=None, ge=1, description="Events or questions behind this figure.")

    @model_validator(mode="after")
    def _interval_holds_the_figure(self) -> Self:
        if self.interval is not None and not self.interval[0] <= self.value <= self.interval[1]:
            raise ValueError(f"{self.value} lies outside its interval {list(self.interval)}")
        return self


_NumberAlone = BeforeValidator(
    lambda value: value if isinstance(value, dict | Figure) else {"value": value},
    json_schema_input_type=float | dict[str, Any],
)


class PublishedModel(Section):
    """One row of a table: a model and its figures."""

    model: str = Field(min_length=1, description="The model, by the name that its authors use.")
    figures: dict[Measured, Annotated[Figure, _NumberAlone]] = Field(
        min_length=1, description="By measure: the figure alone, or a mapping."
    )
    note: str = Field(default="", description="What a reader should know of this row.")

    @model_validator(mode="after")
    def _shares_are_percent(self) -> Self:
        for name, figure in self.figures.items():
            least, most = (0, 100) if name != "words_per_second" else (0, math.inf)
            for given in (figure.value, *(figure.interval or ())):
                if not least <= given <= most:
                    kind = "percentage; give 0 to 100" if name != "words_per_second" else "pace; give words a second"
                    raise ValueError(f"{name}: {given} is no {kind}")
        return self


class Table(Section):
    """Rows that were measured under the same conditions."""

    where: str = Field(default="", description="Where in the source it stands, such as Table 4.")
    conditions: dict[Measured, Conditions] = Field(
        default_factory=dict, description="By measure: how it was taken in this table."
    )
    rows: list[PublishedModel] = Field(min_length=1, description="The models.")


class Results(Section):
    """A file of published results."""

    source: str = Field(min_length=1, description="Who published it: authors, title, identifier.")
    url: str = Field(default="", pattern=WEB_ADDRESS, description="Where it can be read.")
    tables: list[Table] = Field(min_length=1, description="Its tables, or parts of them.")
