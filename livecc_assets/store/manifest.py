"""The manifest: the only thing that makes an artifact exist (docs/design.md, "Artifacts")."""

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any


class DamagedError(Exception):
    """What is stored is not what was written: the rest of a sentence about the artifact."""


def digest(*parts: Any) -> str:
    """Stable hexadecimal digest (16 digits) of JSON-like values."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class StoredFile:
    """One file of an artifact: ``name`` is logical and stable, ``key`` carries the writer's attempt."""

    name: str
    key: str
    size: int
    sha256: str


def cut_short(file: StoredFile, size: int | None) -> str:
    """A file that is gone (None) or has another size than when it was written, in words."""
    return f"{file.key} is gone" if size is None else f"{file.key} has {size} bytes instead of {file.size}"


@dataclass(frozen=True)
class Upstream:
    """What was read: the artifact's place and its data version at the time."""

    asset: str
    partition: str
    input_key: str
    data_version: str


@dataclass(frozen=True)
class Manifest:
    """Everything known of a finished artifact. ``rows``/``rejected`` counts; ``reasons`` by "kind:reason". Notes
    (:class:`livecc_assets.store.rows.Note`) are in none of these, also where the ``rejected`` table lists them; ``metadata``
    counts them.

    ``contents``: what the files held that ``config`` names, by their places in it.
    """

    asset: str
    partition: str
    input_key: str
    attempt: str
    code_version: str
    config: dict[str, Any]
    files: list[StoredFile]
    upstream: list[Upstream]
    rows: int = 0
    rejected: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    checks: dict[str, bool] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    contents: dict[str, str] = field(default_factory=dict)
    run_id: str = ""
    created: str = ""
    seconds: float = 0.0

    @property
    def data_version(self) -> str:
        """Digest of the files' digests: equal content has an equal version, whoever wrote it and when."""
        return digest(sorted((file.name, file.sha256) for file in self.files))

    @property
    def errors(self) -> int:
        """Rejected rows that are errors, as against rows that the method's rules filtered."""
        return sum(count for reason, count in self.reasons.items() if reason.startswith("error:"))

    @property
    def error_share(self) -> float:
        """Errors as a share of everything that came out; a checkpoint, which has no rows, tells its ``samples``."""
        return self.errors / max(1, self.rows + self.rejected, int(self.metadata.get("samples", 0)))

    @property
    def passed(self) -> bool:
        """Whether every blocking check passed when the artifact was written."""
        return all(self.checks.values())

    def to_json(self) -> bytes:
        """The stored form; ``data_version`` is written out for people who read the file."""
        return json.dumps(asdict(self) | {"data_version": self.data_version}, indent=1, default=str).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "Manifest":
        """Read the stored form. Raises DamagedError where it is none."""
        try:
            found = json.loads(data)
            found.pop("data_version")
            found["files"] = [StoredFile(**file) for file in found["files"]]
            found["upstream"] = [Upstream(**one) for one in found["upstream"]]
            return cls(**found)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamagedError(f"its manifest cannot be read ({type(error).__name__})") from error
