"""What all models of settings share: the base class, and the kinds of value that YAML files hold."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from livecc_assets.core.errors import UserError
from livecc_assets.core.names import fault
from livecc_assets.graph.settings.patterns import DEVICE


class Section(BaseModel):
    """A mapping of a settings file. Unknown keys are mistakes; values do not change once they are read."""

    #: Models are built when they are first asked for: no command needs all of them.
    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, protected_namespaces=(), defer_build=True
    )

    @classmethod
    def of(cls, config: Mapping[str, Any], where: str = "") -> Self:
        """From values that came without a file, such as a worker's config. Raises UserError: one line, keys under ``where``."""
        try:
            return cls.model_validate(dict(config))
        except ValidationError as error:
            from livecc_assets.graph.settings.mistakes import mistakes

            raise UserError(mistakes(error, cls, dict(config), where).summary()) from None

    def as_config(self) -> dict[str, Any]:
        """All values, defaults included, as JSON has them: what enters an input key."""
        return self.model_dump(mode="json", by_alias=True)

    def but(self, **changes: Any) -> Self:
        """A copy with other values, checked like the original."""
        return type(self).of(dict(self) | changes)


def _no_truth_value(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("must be a number")
    return value


def _as_written(value: Any, check: ValidatorFunctionWrapHandler) -> float:
    """A whole number stays one, so that texts made of it read as the file does; YAML's text ``2e-5`` becomes a number."""
    checked = check(_no_truth_value(value))
    return value if isinstance(value, int) else checked


#: Takes no `yes` for 1, which it equals.
NoTruthValue = BeforeValidator(_no_truth_value)
#: A whole number.
Whole = Annotated[int, NoTruthValue]
#: Any number.
Real = Annotated[float, WrapValidator(_as_written), PlainSerializer(lambda value: value, Any)]
#: A number from 0 to 1.
Share = Annotated[Real, Field(ge=0, le=1)]
#: Names; ids and names that look like numbers to YAML are text all the same.
Names = list[Annotated[str, Field(coerce_numbers_to_str=True)]]


def _ordered(band: tuple[float | None, float | None]) -> tuple[float | None, float | None]:
    low, high = band
    if low is not None and high is not None and low > high:
        raise ValueError(f"the lower limit {low:g} is above the upper one {high:g}")
    return low, high


#: ``[low, high]``, both inclusive; null lifts a limit, or both.
Band = Annotated[
    tuple[Real | None, Real | None],
    BeforeValidator(
        lambda value: (None, None) if value is None else value,
        json_schema_input_type=tuple[Real | None, Real | None] | None,
    ),
    AfterValidator(_ordered),
]

#: A section that may be left empty: ``key:`` without a value is ``{}``.
Empty = BeforeValidator(lambda value: {} if value is None else value)
#: A list that may be left empty.
NoneListed = BeforeValidator(lambda value: [] if value is None else value)

#: Where PyTorch runs a model.
Device = Annotated[str, Field(pattern=DEVICE)]


def _reference(text: str) -> str:
    kind, colon, rest = text.partition(":")
    if not colon or kind in ("s3", "file") or "/" in kind or "\\" in kind:
        return text
    if kind not in MODEL_KINDS:
        near = get_close_matches(kind, MODEL_KINDS, 1, 0.55)
        hint = f"; did you mean `{near[0]}:{rest}`?" if near else "."
        raise ValueError(
            f"{kind!r} is no kind of model{hint} Allowed: embedded:NAME, hub:OWNER/NAME[@REVISION], s3://…, a folder"
        )
    owner, slash, name = rest.partition("@")[0].partition("/")
    if kind == "hub" and (not slash or not owner or not name or "/" in name):
        raise ValueError(f"{text!r} is no model of the hub; write hub:OWNER/NAME or hub:OWNER/NAME@REVISION")
    if kind == "embedded" and not rest:
        raise ValueError("name the embedded model, such as embedded:tiny-qwen2-vl")
    return text


#: What may stand before the colon of a model reference.
MODEL_KINDS = ("embedded", "hub")
#: A model reference: ``embedded:NAME``, ``hub:OWNER/NAME[@REVISION]``, ``s3://…`` or a folder.
Model = Annotated[str, Field(min_length=1), AfterValidator(_reference)]


def _batch_name(name: str) -> str:
    if name != "*" and (wrong := fault(name)):
        raise ValueError(f"{name!a} names no batch: the name {wrong}")
    return name


#: Names of batches; ``*`` stands for all.
BatchNames = list[Annotated[str, Field(coerce_numbers_to_str=True), AfterValidator(_batch_name)]]


def in_order(section: Section, *pairs: tuple[str, str]) -> None:
    """Raise ValueError where the first key of a pair is larger than the second."""
    for low, high in pairs:
        if (least := getattr(section, low)) > (most := getattr(section, high)):
            raise ValueError(f"{low} ({least:.12g}) is above {high} ({most:.12g})")
