"""A model folder from a stranger is bounded and checked before a library reads it, and every fault is one line."""

import json
import shutil
import struct
import tracemalloc
from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.models import embedded
from livecc_assets.models.folder_check import checked, loading
from livecc_assets.models.qwen2_vl import load_model, load_processor
from livecc_assets.models.text_lm import TextLM
from livecc_assets.source.language import detector
from tests.models.hostile import GIB, Spoil, config, gguf, grown, index, merged, refusal, safetensors, tensor, written

WEIGHTS, OTHER = "model.safetensors", "other.safetensors"
UINT32, UINT64, TEXT, LIST = (struct.pack("<I", kind) for kind in (4, 10, 8, 9))


@pytest.mark.parametrize("name", sorted(embedded.REGISTRY))
def test_the_embedded_weights_are_sound(name: str):
    assert checked(embedded.locate(name)) == embedded.locate(name)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (grown("tokenizer.json", 5 * GIB), "tokenizer.json has 5,368,709,120 bytes"),
        (grown("vocab.json", GIB), "vocab.json"),
        (grown("merges.txt", GIB), "merges.txt"),
        (grown("spiece.model", GIB), "spiece.model"),
        (grown("chat_template.jinja", GIB), "chat_template.jinja"),
        (grown("tokenizer_config.json", GIB), "tokenizer_config.json"),
        (grown("preprocessor_config.json", GIB), "preprocessor_config.json"),
        (grown("generation_config.json", GIB), "generation_config.json"),
        (grown("config.json", 5 * 1024 * 1024), "config.json has 5,242,880 bytes"),
        (grown("model.safetensors.index.json", 17 * 1024 * 1024), "index.json has 17,825,792 bytes"),
    ],
)
def test_a_text_beyond_its_size_is_refused_unread(folder: Path, spoil: Spoil, told: str):
    spoil(folder)
    tracemalloc.start()
    line = refusal(folder)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert told in line
    assert "or name another model" in line
    assert peak < 16 * 1024 * 1024


def test_a_template_beside_the_others_is_bounded_too(folder: Path):
    (folder / "additional_chat_templates").mkdir()
    grown("additional_chat_templates/tool.jinja", GIB)(folder)
    assert "tool.jinja" in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b'"text"', b"null", b"{", b"\xff\xfe",
     b'{"a": ' * 40 + b"1" + b"}" * 40, b"[" * 100_000, b'{"a": 1' + b"0" * 5000 + b"}"],
    ids=["empty", "list", "text", "null", "cut", "no UTF-8", "deep", "very deep", "5000 digits"],
)  # fmt: skip
def test_a_configuration_that_is_no_shallow_object_is_refused(folder: Path, content: bytes):
    written("config.json", content)(folder)
    assert "config.json is no JSON object that can be used" in refusal(folder)


@pytest.mark.parametrize(
    ("spoil", "setting"),
    [
        (config(text_config={"num_hidden_layers": 10_000_000}), "num_hidden_layers"),
        (config(vision_config={"depth": 10_000_000}), "depth"),
        (config(num_hidden_layers=1001), "num_hidden_layers"),
        (config(text_config={"hidden_size": 10**9}), "hidden_size"),
        (config(text_config={"vocab_size": 10**12}), "vocab_size"),
        (config(text_config={"vocab_size": -1}), "vocab_size"),
        (config(text_config={"vocab_size": "many"}), "vocab_size"),
        (config(text_config={"intermediate_size": [1, 10**9]}), "intermediate_size"),
        (config(text_config={"num_attention_heads": 10**6}), "num_attention_heads"),
        (config(vision_config={"patch_size": 10**6}), "patch_size"),
        (config(text_config={"hidden_size": float("nan")}), "hidden_size"),
        (config(num_labels=10**9), "num_labels"),
        (config(text_config={"max_position_embeddings": 2**31}), "max_position_embeddings"),
        (config(max_source_positions=10**9), "max_source_positions"),
        (config(vision_config={"image_size": {"height": 10**9}}), "image_size"),
        (config(parts=[{"deep": {"n_layer": 10**4300 - 1}}]), "n_layer"),
    ],
)
def test_a_number_that_no_model_has_is_refused_wherever_it_stands(folder: Path, spoil: Spoil, setting: str):
    spoil(folder)
    assert f"config.json: {setting} is " in refusal(folder)


def test_a_classifier_with_more_classes_than_any_is_refused(folder: Path):
    config(id2label={str(number): "x" for number in range(70_000)})(folder)
    assert "id2label names 70,000 classes" in refusal(folder)


@pytest.mark.parametrize(
    "name", ["preprocessor_config.json", "video_preprocessor_config.json", "processor_config.json"]
)
@pytest.mark.parametrize("values", [{"max_pixels": 2**31}, {"min_pixels": 2**29}, {"size": {"longest_edge": 10**12}},
                                    {"image_processor": {"max_pixels": 2**40}}])  # fmt: skip
def test_pixels_that_no_image_has_are_refused(folder: Path, name: str, values: dict[str, object]):
    merged(name, **values)(folder)
    assert f"{name}: {'longest_edge' if 'size' in values else 'm'}" in refusal(folder)


@pytest.mark.parametrize(
    "settings",
    [
        {"vocab_size": 4_000_000, "hidden_size": 8192},
        {"num_hidden_layers": 1000, "hidden_size": 8192},
        {"num_hidden_layers": 100, "hidden_size": 4096, "intermediate_size": 100_000},
        {"num_hidden_layers": 100, "hidden_size": 4096, "num_experts": 256, "moe_intermediate_size": 4096},
    ],
)
def test_a_small_folder_cannot_ask_for_a_large_model(folder: Path, settings: dict[str, int]):
    config(text_config=settings)(folder)
    assert "asks for a model of about" in refusal(folder)


def test_a_table_of_positions_counts_only_where_it_is_learned(folder: Path):
    config(text_config={"max_position_embeddings": 10_485_760})(folder)
    checked(folder)
    written("config.json", b'{"hidden_size": 768, "max_position_embeddings": 10485760}')(folder)
    assert "asks for a model of about" in refusal(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"1234567",
        safetensors({}, length=80 * 1024 * 1024),
        safetensors({}, length=2**63),
        safetensors([1]),
        safetensors(b"{\xff}"),
        safetensors(b'{"a":' * 100_000),
        safetensors({"a": tensor(0, 8, [2], "F99")}, 8),
        safetensors({"a": tensor(0, 8, [2])}, 4),
        safetensors({"a": tensor(0, 8, [3])}, 8),
        safetensors({"a": tensor(0, 8, [-2])}, 8),
        safetensors({"a": tensor(0, 8, [2**62, 2**62])}, 8),
        safetensors({"a": tensor(0, 8, [2]), "b": tensor(4, 12, [2])}, 12),
        safetensors({"a": tensor(0, 8, [2]), "b": tensor(12, 20, [2])}, 20),
    ],
    ids=["empty", "cut", "80 MB", "2**63", "list", "no UTF-8", "deep", "type", "outside", "shape", "negative",
         "overflow", "overlap", "gap"],
)  # fmt: skip
def test_an_unsound_header_of_weights_is_refused(folder: Path, content: bytes):
    written(OTHER, content)(folder)
    assert OTHER in refusal(folder)


def test_a_header_of_80_mb_is_refused_unread(folder: Path):
    written(OTHER, safetensors(b"{", length=80_000_000))(folder)
    grown(OTHER, 200_000_000)(folder)
    assert "a header of 80,000,000 bytes in a file of 200,000,000" in refusal(folder)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (index({"a": "../../secret.safetensors"}), "no file's name"),
        (index({"a": ".."}), "no file's name"),
        (index({"a": 7}), "no file's name"),
        (index({"a": "x" * 300}), "no file's name"),
        (index({"a": "model\0.safetensors"}), "no file's name"),
        (index({"a": "model-00002-of-00002.safetensors"}), "not in the folder"),
        (index(["model.safetensors"]), "no weight_map"),
        (index({}), "no weight_map"),
    ],
)
def test_an_index_names_plain_files_of_the_folder(folder: Path, spoil: Spoil, told: str):
    index({"a": WEIGHTS})(folder)
    checked(folder)
    spoil(folder)
    assert told in refusal(folder)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"PK\3\4", "does not begin with GGUF"),
        (gguf([], version=99), "version is 99"),
        (gguf([], tensors=2**60), "tensors"),
        (gguf([], count=2**60), "settings"),
        (gguf([], count=3), "ends within its head"),
        (gguf([("a", TEXT + struct.pack("<Q", 2**60))]), "more than 67,108,864 bytes"),
        (gguf([("a", LIST + UINT32 + struct.pack("<Q", 2**60))]), "a list of"),
        (gguf([("a", LIST + LIST + struct.pack("<Q", 1))]), "a list of"),
        (gguf([("a", struct.pack("<I", 77))]), "unknown type 77"),
        (gguf([("llama.block_count", UINT64 + struct.pack("<Q", 10**7))]), "num_hidden_layers is 10000000"),
        (
            gguf([("llama.embedding_length", UINT32 + struct.pack("<I", 8192)),
                  ("llama.block_count", UINT32 + struct.pack("<I", 1000))]),
            "asks for a model of about",
        ),
    ],
)  # fmt: skip
def test_the_head_of_a_gguf_file_is_bounded(tmp_path: Path, content: bytes, told: str):
    written("weights.gguf", content)(tmp_path)
    assert told in refusal(tmp_path)


def table(*tensors: tuple[list[int], int, int], data: int = 0) -> bytes:
    """A GGUF file without settings: each tensor as its shape, type and offset; then zeros."""
    lines = [
        struct.pack("<Q", 1) + b"t" + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)
        for shape, kind, offset in tensors
    ]
    head = gguf([], tensors=len(tensors)) + b"".join(lines)
    return head + bytes(-len(head) % 32 + data)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (table(([8], 0, 0), data=31), "its tensors need"),
        (table(([8], 0, 2**40), data=32), "its tensors need"),
        (table(([2**40, 2**40], 0, 0), data=32), "its tensors need"),
        (table(*[([8], 0, 0)] * 3, data=32), "its tensors need"),
        (table(([8], 77, 0), data=32), "unknown type 77"),
        (table(([1] * 9, 0, 0), data=32), "9 dimensions"),
        (gguf([], tensors=2), "ends within its head"),
        (gguf([("general.alignment", UINT32 + struct.pack("<I", 0))]), "its alignment is 0"),
    ],
)
def test_the_tensors_of_a_gguf_file_lie_in_it(tmp_path: Path, content: bytes, told: str):
    written("weights.gguf", table(([8], 0, 0), ([256], 12, 32), data=32 + 144))(tmp_path)
    checked(tmp_path)
    written("weights.gguf", content)(tmp_path)
    assert told in refusal(tmp_path)


def variable(shape: list[int], kind: int, held: int, data: int | None = None) -> bytes:
    """One variable of a CTranslate2 model: its name, shape, type, and how many bytes it says that it has."""
    head = struct.pack(f"<HB{len(shape)}IBI", 2, len(shape), *shape, kind, held)
    return head[:2] + b"v\0" + head[2:] + bytes(held if data is None else data)


def ctranslate2(*variables: bytes, version: int = 6, aliases: bytes = bytes(4)) -> bytes:
    head = struct.pack("<IH", version, 12) + b"WhisperSpec\0" + struct.pack("<II", 3, len(variables))
    return head + b"".join(variables) + aliases


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (ctranslate2(variable([2, 2], 0, 64)), "of type 0 and shape [2, 2] has 64 bytes"),
        (ctranslate2(variable([2**32 - 1] * 3, 0, 16)), "has 16 bytes"),
        (ctranslate2(variable([4], 9, 16)), "of type 9"),
        (ctranslate2(variable([1] * 200, 0, 4)), "200 dimensions"),
        (ctranslate2(variable([2**20], 1, 2**20, data=10)), "ends within v"),
        (ctranslate2(variable([4], 1, 4), aliases=struct.pack("<I", 2**31)), "aliases"),
        (ctranslate2(variable([4], 1, 4), aliases=struct.pack("<I", 5)), "no CTranslate2 model"),
        (ctranslate2(variable([4], 1, 4), version=3), "its version is 3"),
        (ctranslate2(), "it names 0 variables"),
    ],
)
def test_the_variables_of_a_ctranslate2_model_fit_their_shapes_and_the_file(tmp_path: Path, content: bytes, told: str):
    written("model.bin", ctranslate2(variable([2, 2], 0, 16), variable([], 4, 2)))(tmp_path)
    checked(tmp_path)
    written("model.bin", content)(tmp_path)
    assert told in refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.bin", b""),
        ("model.bin", b"PK\3\4 a pickle of torch"),
        ("model.bin", struct.pack("<IH", 6, 12) + b"WhisperSpec\0" + struct.pack("<II", 3, 2**31)),
        ("vad.onnx", b""),
    ],
)
def test_other_weights_need_a_head_of_their_kind(tmp_path: Path, name: str, content: bytes):
    written(name, content)(tmp_path)
    assert name in refusal(tmp_path)


@pytest.mark.parametrize("load", [load_processor, load_model, lambda path: TextLM.load(str(path), path),
                                  lambda path: detector(str(path), path)],
                         ids=["processor", "model", "text", "language"])  # fmt: skip
def test_every_door_looks_at_the_folder_first(folder: Path, load: Spoil):
    grown("tokenizer.json", 5 * GIB)(folder)
    with pytest.raises(UserError, match=r"tokenizer\.json has 5,368,709,120 bytes"):
        load(folder)


def test_a_recogniser_is_looked_at_first(tmp_path: Path):
    from livecc_assets.live_whisperx.asr import FasterWhisper

    shutil.copytree(embedded.locate("whisper-tiny.en"), tmp_path / "asr")
    grown("tokenizer.json", 5 * GIB)(tmp_path / "asr")
    with pytest.raises(UserError, match=r"tokenizer\.json has 5,368,709,120 bytes"):
        FasterWhisper.load({"model": str(tmp_path / "asr")}, tmp_path)


@pytest.mark.parametrize("content", [b"{}", b"[]", b"nonsense", b'{"model": {"type": "BPE"}}', b"\xff"])
def test_a_tokenizer_that_its_library_refuses_is_one_line_at_each_door(folder: Path, content: bytes):
    written("tokenizer.json", content)(folder)
    for load in (load_processor, lambda path: TextLM.load(str(path), path, device="cpu")):
        with pytest.raises(UserError) as caught:
            load(folder)
        assert "\n" not in str(caught.value)
        assert str(folder) in str(caught.value)


@pytest.mark.parametrize(
    "spoil",
    [
        written(WEIGHTS, safetensors({"a": tensor(0, 8, [2])}, 8)),
        config(text_config={"hidden_size": 64, "num_attention_heads": 4}),
        config(text_config={"num_attention_heads": 0}),
        config(text_config={"hidden_act": "no such function"}),
        config(text_config=[]),
        config(vision_config="none"),
        config(dtype="os.system"),
        config(text_config={"rope_parameters": {"rope_type": 7}}),
    ],
)
def test_weights_that_their_library_refuses_are_one_line(folder: Path, spoil: Spoil):
    spoil(folder)
    with pytest.raises(UserError) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "values",
    [{"image_mean": [0.5]}, {"image_std": [0, 0, 0]}, {"image_mean": "x"}, {"min_pixels": -1}, {"max_pixels": 10**30},
     {"rescale_factor": None}, {"size": [1]}, {"image_processor": 5}],
)  # fmt: skip
def test_a_preprocessor_with_impossible_values_is_one_line(folder: Path, values: dict[str, object]):
    path = folder / "preprocessor_config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), "utf-8")
    with pytest.raises(UserError, match=r"preprocessor_config\.json") as caught:
        load_processor(folder)
    assert "\n" not in str(caught.value)


class PanicException(BaseException):
    """As a panic in Rust looks from Python."""


PanicException.__module__ = "pyo3_runtime"


@pytest.mark.parametrize(
    "error", [KeyError("a\nb"), OSError("no"), RuntimeError("x" * 9999), PanicException("index 9")]
)
def test_what_a_library_raises_becomes_one_line(error: BaseException):
    with (
        pytest.raises(UserError, match=r"^hub:a/b cannot be loaded \(\w+: .*or name another model$") as caught,
        loading("hub:a/b"),
    ):
        raise error
    assert caught.value.__cause__ is error
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "error", [KeyboardInterrupt(), SystemExit(1), MemoryError(), GeneratorExit(), UserError("own")]
)
def test_what_ends_a_process_or_is_a_line_already_stays_what_it_is(error: BaseException):
    with pytest.raises(type(error)) as caught, loading("hub:a/b"):
        raise error
    assert caught.value is error
