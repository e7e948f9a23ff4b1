"""A model folder is looked at before a library reads it, and what the library still raises becomes one line.

Nobody vouches for a model folder. Libraries read its files whole, build what the configuration asks for, and raise whatever
they meet. So each door that loads one calls :func:`checked` first, loads inside :func:`loading`, and calls what it
loaded inside :func:`using`.
"""

import re
import struct
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from livecc_assets.core.errors import UserError
from livecc_assets.core.shortage import raise_if_short
from livecc_assets.core.text import brief
from livecc_assets.models.config_check import check_weights
from livecc_assets.models.ctranslate2_check import check_ctranslate2
from livecc_assets.models.gguf_check import check_gguf
from livecc_assets.models.links import check_links
from livecc_assets.models.model_documents import MAX_TEMPLATE_BYTES, MAX_TEXT_BYTES, REMEDY, check_file, read_object
from livecc_assets.models.settings_check import SETTINGS, check_settings
from livecc_assets.models.tokenizer_check import check_tokenizer

#: Files that libraries read whole: configurations, tokenizers, vocabularies, templates.
_TEXTS = frozenset({".json", ".txt", ".jinja", ".model", ".tiktoken", ".bpe", ".vocab"})
_TEMPLATES = "additional_chat_templates"
_INDEX, _MAX_INDEX_BYTES = ".safetensors.index.json", 16 * 1024 * 1024
#: ``tokenizer.json``, and those for some version of a library that ``fast_tokenizer_files`` may list.
_TOKENIZER = re.compile(r"tokenizer\.(.+\.)?json")
_PLAIN_NAME = re.compile(r"[\w-][\w.+=-]{0,199}")
_MAX_HEADER = 16 * 1024 * 1024
#: Models that comment, by the type that their configuration names: others need other positions.
KIND = "qwen2_vl"
#: Weights as bfloat16 may take four times the bytes of the files, which leaves room for weights of four bits.
_WEIGHTS_PER_BYTE = 2
#: The error of torch that tells of the GPU, by its name, so that torch is not imported here.
_OF_THE_GPU = "AcceleratorError"


def checked(folder: Path | str) -> Path:
    """The folder itself. Raises :class:`UserError` in one line that names the file at fault and the remedy.

    Links come first, and sizes before anything is read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{brief(folder)} is no folder; name the folder of a model")
    check_links(folder)
    held = 0
    for path in sorted(folder.iterdir()):
        if path.suffix in _TEXTS:
            check_file(path, MAX_TEMPLATE_BYTES if path.suffix == ".jinja" else MAX_TEXT_BYTES)
        elif path.suffix == ".safetensors":
            held += _safetensors(path)
        elif path.suffix == ".gguf":
            check_gguf(path, _filled(path))
        elif path.suffix == ".onnx":
            _filled(path)
        elif path.name == "model.bin":
            check_ctranslate2(path, _filled(path))
        if path.name.endswith(_INDEX):
            _index(path)
        elif path.name in SETTINGS:
            check_settings(path)
        elif _TOKENIZER.fullmatch(path.name):
            check_tokenizer(path)
    for path in sorted((folder / _TEMPLATES).glob("*")):
        check_file(path, MAX_TEMPLATE_BYTES)
    if held and (path := folder / "config.json").is_file():
        check_weights(read_object(path), path, held * _WEIGHTS_PER_BYTE)
    return folder


def check_commentator(folder: Path) -> None:
    """Whether a folder that was checked holds what a commentary model is made of: its kind, tokenizer and weights.

    Raises :class:`UserError` where it does not. Nothing is loaded.
    """
    path = folder / "config.json"
    kind = read_object(path).get("model_type")
    if kind != KIND:
        raise UserError(f"{path} is of type {brief(repr(kind))}; only {KIND} models can be used here")
    if not (folder / "tokenizer.json").is_file():
        raise UserError(f"{folder} has no tokenizer.json: copy the one of Qwen/Qwen2-VL-7B-Instruct into it")
    if not any(folder.glob("*.safetensors")):
        raise UserError(f"{folder} holds no safetensors weights; save the model with safe_serialization")


@contextmanager
def loading(name: Path | str, doing: str = "loaded") -> Iterator[None]:
    """Around a library that loads a checked model: every error of its own becomes a UserError that names the model.

    What ran out, a fault of the GPU and what ends a process are no fault of the model.
    """
    try:
        yield
    except (UserError, MemoryError):
        raise
    except Exception as error:
        raise_if_short(error)
        if type(error).__name__ == _OF_THE_GPU or "CUDA" in str(error):
            raise
        raise _unusable(name, doing, error) from error
    except BaseException as error:
        # A panic in Rust (tokenizers, safetensors) is no Exception, and its class cannot be imported.
        if type(error).__module__ != "pyo3_runtime":
            raise
        raise _unusable(name, doing, error) from error


def using(name: Path | str) -> AbstractContextManager[None]:
    """As :func:`loading`, around a call of what was loaded: some rules of a tokenizer fail only at a text."""
    return loading(name, "used")


def whole(missing: Collection[str], name: Path | str) -> None:
    """UserError when the files lack weights of the model: its library would go on with random ones and only warn."""
    if missing:
        example = brief(min(missing))
        raise UserError(f"{brief(name)} lacks {len(missing)} weights of its model, such as {example}; {REMEDY}")


def _unusable(name: Path | str, doing: str, error: BaseException) -> UserError:
    return UserError(f"{brief(name)} cannot be {doing} ({type(error).__name__}: {brief(error)}); {REMEDY}")


def _filled(path: Path) -> int:
    size = check_file(path)
    if not size:
        raise UserError(f"{brief(path)} is empty; {REMEDY}")
    return size


def _safetensors(path: Path) -> int:
    """Size of a file whose header is sound. The library checks every type, shape and offset; it would read 100 MB for it."""
    from safetensors import SafetensorError, safe_open

    size = check_file(path)
    with path.open("rb") as file:
        start = file.read(8)
    length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
    if not 2 <= length <= min(_MAX_HEADER, size - 8):
        raise UserError(
            f"{brief(path)} has a header of {length:,} bytes in a file of {size:,}; at most {_MAX_HEADER:,} are read; {REMEDY}"
        )
    with loading(path):
        try:
            with safe_open(path, framework="numpy"):
                return size
        except SafetensorError as error:
            raise UserError(f"{brief(path)} is no sound safetensors file ({brief(error)}); {REMEDY}") from None


def _index(path: Path) -> None:
    """Each file that an index of weights names lies in the folder."""
    names = read_object(path, _MAX_INDEX_BYTES).get("weight_map")
    if not isinstance(names, dict) or not names:
        raise UserError(f"{brief(path)} has no weight_map; {REMEDY}")
    for name in names.values():
        if not isinstance(name, str) or not _PLAIN_NAME.fullmatch(name):
            raise UserError(f"{brief(path)} names {brief(repr(name))[:120]}, which is no file's name; {REMEDY}")
    for name in sorted(set(names.values())):
        if not (path.parent / name).is_file():
            raise UserError(f"{brief(path)} names {brief(name)}, which is not in the folder; {REMEDY}")
