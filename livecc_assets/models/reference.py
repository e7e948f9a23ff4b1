"""A model is named, never hard-wired: the reference string becomes a local folder of weights.

Forms: ``hub:owner/name[@revision]``, ``embedded:<name>``, ``s3://bucket/prefix``, or a folder's path.
"""

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from livecc_assets.core.errors import UserError
from livecc_assets.core.text import brief
from livecc_assets.models import embedded
from livecc_assets.store.s3_client import reading, split

#: Weights of other frameworks and pickles: never wanted where safetensors exist.
UNWANTED = ("*.h5", "*.msgpack", "*.ot", "*.tflite", "*.gguf", "*.pth", "*.pt", "pytorch_model*.bin", "*.pkl")
#: How remedies call what names a model.
_SETTING = "the model's address"
_SAMPLES, _SAMPLE_BYTES, _WHOLE_BYTES = 64, 64 * 1024, 16 * 1024 * 1024


def resolve(ref: str, home: Path) -> Path:
    """Folder with the weights of ``ref``; downloads into ``home/models`` or the hub's own cache when needed.

    Raises :class:`UserError` with the remedy when the weights are absent or fail their check.
    """
    if ref.startswith("embedded:"):
        return embedded.verified(ref.removeprefix("embedded:"), home)
    if ref.startswith("hub:"):
        return _from_hub(ref)
    if ref.startswith("s3://"):
        return _from_s3(ref, home)
    folder = Path(ref.removeprefix("file://")).expanduser()
    if not folder.is_dir():
        raise UserError(f"model folder {folder} does not exist; name a folder, hub:owner/name, s3:// or embedded:name")
    return folder.resolve()


def digest(ref: str) -> str:
    """A cheap string that changes when the weights behind ``ref`` change, for input keys.

    Embedded weights: their recorded sha256. Hub: the reference itself, so pin ``@revision`` where it matters. S3: the
    objects' names and ETags. Folder: names, sizes and contents (large files by 64 blocks spread over them; a
    fine-tuned file differs in all its trained tensors, but a frozen one may fill its end).
    """
    if ref.startswith("embedded:"):
        weights = embedded.entry(ref.removeprefix("embedded:"))
        if weights.files:
            lines = "".join(f"{name} {value}\n" for name, value in sorted(weights.files.items()))
            return f"{ref}#{hashlib.sha256(lines.encode()).hexdigest()[:16]}"
        return f"{ref}#{folder_digest(embedded.locate(weights.name))}"
    if ref.startswith("hub:"):
        name, revision = hub_name(ref)
        return f"hub:{name}@{revision}"
    if ref.startswith("s3://"):
        lines = "".join(f"{key} {etag}\n" for key, etag in sorted(_s3_objects(ref)))
        return f"s3#{hashlib.sha256(lines.encode()).hexdigest()[:16]}"
    return f"folder#{folder_digest(resolve(ref, Path('.')))}"


def hub_name(ref: str) -> tuple[str, str]:
    """``hub:owner/name@revision`` as (``owner/name``, revision); the revision is ``main`` when not given."""
    name, _, revision = ref.removeprefix("hub:").partition("@")
    if name.count("/") != 1 or not all(name.split("/")):
        raise UserError(f"{ref} is not a hub reference; write hub:owner/name or hub:owner/name@revision")
    return name, revision or "main"


def folder_digest(folder: Path) -> str:
    """Identity of a folder of weights; hidden files are left out, modification times do not count."""
    whole = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder)
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in inner.parts):
            whole.update(f"{inner} {path.stat().st_size} {_sampled_sha256(path)}\n".encode())
    return whole.hexdigest()[:16]


def _sampled_sha256(path: Path) -> str:
    size = path.stat().st_size
    if size <= _WHOLE_BYTES:
        return embedded.sha256(path)
    part = hashlib.sha256()
    with path.open("rb") as file:
        for i in range(_SAMPLES):
            file.seek((size - _SAMPLE_BYTES) * i // (_SAMPLES - 1))
            part.update(file.read(_SAMPLE_BYTES))
    return part.hexdigest()


def _from_hub(ref: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    name, revision = hub_name(ref)
    try:
        return Path(snapshot_download(name, revision=revision, ignore_patterns=list(UNWANTED)))
    except RepositoryNotFoundError:
        raise UserError(f"{ref}: no such model on the hub, or it needs a token (hf auth login)") from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        raise UserError(
            f"{ref} is not in the local hub cache and cannot be downloaded ({type(error).__name__}): "
            "connect to the hub, copy the snapshot and name its folder, or use the sample profile"
        ) from error


def _s3_objects(ref: str) -> list[tuple[str, str]]:
    """(key relative to the prefix, ETag) of every object below ``ref``."""
    bucket, key = split(ref)
    prefix = key.strip("/") + "/"
    with reading(ref, _SETTING) as client:
        found = [
            (item["Key"].removeprefix(prefix), item["ETag"].strip('"'))
            for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            for item in page.get("Contents", [])
            if not item["Key"].endswith("/")
        ]
    if not found:
        raise UserError(f"{ref} holds no objects; check the bucket, the prefix and AWS_ENDPOINT_URL")
    return found


def _from_s3(ref: str, home: Path) -> Path:
    """Download a prefix once per content; a reader sees the folder complete or not at all."""
    objects = _s3_objects(ref)
    target = home / "models" / "s3" / digest(ref).partition("#")[2]
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if target.is_dir():
            return target
        draft = Path(tempfile.mkdtemp(dir=target.parent, prefix="draft-"))
        try:
            _download(ref, [key for key, _ in objects], draft)
            os.replace(draft, target)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return target


def _place(ref: str, key: str, folder: Path) -> Path:
    """Where an object goes, with its folder. UserError for a key that leaves ``folder`` or that no file system takes."""
    try:
        path = (folder / key).resolve()
        if folder.resolve() not in path.parents:
            raise UserError(f"{ref} holds the key {brief(key)}, which leaves its folder; remove it")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except (OSError, ValueError) as error:  # also: a name that is a folder's already, or holds a NUL
        raise UserError(
            f"{ref} holds the key {brief(key)}, which is no file's name ({brief(error)}); remove it"
        ) from None
    return path


def _download(ref: str, keys: list[str], folder: Path) -> None:
    from livecc_assets.store.s3_transfer import receive

    bucket, prefix = split(ref)
    with reading(ref, _SETTING) as client:
        for key in keys:
            path = _place(ref, key, folder)
            receive(client, bucket, f"{prefix.strip('/')}/{key}", path, digest=False)
