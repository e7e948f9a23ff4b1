"""Profile: the models that score, hear and describe clips (method 1.3 to 1.10)."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from livecc_assets.core.rules import Rule
from livecc_assets.graph.settings.choices import DType
from livecc_assets.graph.settings.fields import Device, Empty, Model, Real, Section, Whole
from livecc_assets.graph.settings.patterns import WEB_ADDRESS


class TextLoss(Section):
    """The text model whose loss says how surprising a clip's words are."""

    model: Model = Field(description="Chat model, as a model reference.")
    dtype: DType = Field(default="float32", description="Number format of the weights.")
    device: Device | None = Field(default=None, description="Where it runs; null: on the GPU where there is one.")
    max_tokens: Whole = Field(
        default=512, ge=1, description="Most tokens of a clip with its context; longer ones are cut."
    )
    rule: Rule = Field(default="corrected", description="Whether the published code's defects are reproduced.")


class FaceShare(Section):
    """Share of frames with a face: a substitute for machines without the paper's model."""

    scorer: Literal["face-share"] = Field(description="Share of frames with a face.")
    model: Model = Field(description="Face detector, as a model reference.")
    frames: Whole = Field(default=8, ge=1, description="Frames looked at, evenly spread over the video.")


class PYes(Section):
    """The paper's scorer: the probability that Qwen2-VL answers Yes."""

    scorer: Literal["p-yes"] = Field(description="P(Yes) of a vision-language model.")
    model: Model = Field(description="Vision-language model, as a model reference.")
    frames: Whole = Field(default=8, ge=1, description="Frames looked at, evenly spread over the video.")
    rule: Rule = Field(default="corrected", description="Whether the published code's defects are reproduced.")
    device: Device | None = Field(default=None, description="Where it runs; null: on the GPU where there is one.")
    dtype: DType | None = Field(default=None, description="Number format; null: the one of the weights.")


TalkingHead = Annotated[FaceShare | PYes, Field(discriminator="scorer")]


class SpeechRecognition(Section):
    """Speech recognition of the SFT branch."""

    model: Model = Field(description="Whisper model in CTranslate2 form, as a model reference.")
    engine: Literal["faster-whisper"] = Field(default="faster-whisper", description="The program that runs it.")
    language: str | None = Field(
        default=None, min_length=2, description="Language of the speech; null: detected per video."
    )
    compute_type: Literal[
        "default", "auto", "int8", "int8_float32", "int8_float16", "int8_bfloat16", "int16", "float16", "bfloat16", "float32"
    ] = Field(default="int8", description="Number format, as CTranslate2 names it.")  # fmt: skip
    device: Literal["cpu", "cuda", "auto"] = Field(default="cpu", description="Where it runs.")
    batch_size: Whole = Field(default=1, ge=1, description="Pieces of sound recognised at the same time.")
    beam_size: Whole = Field(default=5, ge=1, description="Width of the beam search.")
    temperature: Real | None = Field(
        default=None, ge=0, description="Sampling temperature; null: the library's own ladder of temperatures."
    )
    rule: Rule = Field(
        default="corrected",
        description="How channels are mixed down: as published (plain average), or by ITU-R BS.775.",
    )


class FaceAndVoice(Section):
    """Seconds with a face and a voice: a substitute for Light-ASD."""

    scorer: Literal["face-and-voice"] = Field(description="Seconds with a face in view and a voice.")
    model: Model = Field(description="Face detector, as a model reference.")
    voice_model: Literal["embedded:silero"] = Field(default="embedded:silero", description="Voice activity detector.")
    working_side: Whole = Field(
        default=168, ge=16, description="Longer side of the frames in which faces are sought, in pixels."
    )


class LightASD(Section):
    """The paper's scorer."""

    scorer: Literal["light-asd"] = Field(description="Light-ASD.")
    model: Model = Field(
        description="Folder with Light-ASD's weights (finetuning_TalkSet.model or safetensors), as a model reference."
    )
    face_model: Model = Field(
        description="Face detector, as a model reference: insightface's ONNX file (det_500m.onnx), or embedded:mtcnn."
    )
    device: Device | None = Field(default=None, description="Where it runs; null: on the GPU where there is one.")
    rule: Rule = Field(
        default="corrected",
        description="Whether 6 s of each 30 s are looked at in squeezed frames, as published, or all of the clip.",
    )


ActiveSpeaker = Annotated[FaceAndVoice | LightASD, Field(discriminator="scorer")]


class TemplateQueries(Section):
    """Ready requests by category and pace: a substitute for GPT-4o."""

    writer: Literal["template"] = Field(description="Ready requests.")
    workers: Whole = Field(default=1, ge=1, description="Clips judged at the same time.")


class Price(Section):
    """What a model costs, per million tokens, in any one currency."""

    input: Real = Field(ge=0, description="A million tokens of requests.")
    output: Real = Field(ge=0, description="A million tokens of replies.")


class Budget(Section):
    """Most that is spent at an endpoint; null: no limit. What was answered before is kept and costs nothing."""

    calls: Whole | None = Field(default=None, ge=1, description="Requests in a run.")
    tokens: Whole | None = Field(default=None, ge=1, description="Tokens in a run, in and out.")
    cost: Real | None = Field(default=None, gt=0, description="Money in a run; needs `price`.")
    calls_per_day: Whole | None = Field(default=None, ge=1, description="Requests in a day (UTC), of all runs.")
    tokens_per_day: Whole | None = Field(default=None, ge=1, description="Tokens in a day, of all runs.")
    cost_per_day: Real | None = Field(default=None, gt=0, description="Money in a day, of all runs; needs `price`.")


class Endpoint(Section):
    """A chat model behind an endpoint that speaks OpenAI's protocol."""

    model: str = Field(min_length=1, description="Model name, as the endpoint knows it.")
    base_url: str = Field(
        default="",
        pattern=WEB_ADDRESS,
        description="Endpoint of your own (http:// or https://); empty: OpenAI's.",
    )
    api_key_env: str = Field(
        default="OPENAI_API_KEY", min_length=1, description="Environment variable that holds the key."
    )
    workers: Whole = Field(default=16, ge=1, description="Requests at the same time.")
    timeout: Real = Field(default=45.0, gt=0, description="Longest wait for an answer, in seconds.")
    retry_refused: bool = Field(
        default=False,
        description="Ask again what the endpoint refused before (400, 413, 422) while it took other requests.",
    )
    price: Price | None = Field(default=None, description="What the model costs; null: not known.")
    budget: Annotated[Budget, Empty] = Field(default_factory=Budget, description="Most that is spent.")

    @model_validator(mode="after")
    def _money_has_a_price(self) -> Self:
        if self.price is None and (self.budget.cost is not None or self.budget.cost_per_day is not None):
            raise ValueError("a budget of money needs `price`: name price.input and price.output")
        return self


class OpenAIQueries(Endpoint):
    """The paper's writer: a chat model."""

    writer: Literal["openai"] = Field(description="A chat model.")
    attempts: Whole = Field(default=3, ge=1, description="How often an unreadable reply is asked for again.")


Queries = Annotated[TemplateQueries | OpenAIQueries, Field(discriminator="writer")]


class Language(Section):
    """The detector of the clips' language."""

    model: Model = Field(description="Text classifier, as a model reference.")
