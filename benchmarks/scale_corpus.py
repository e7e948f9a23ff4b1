"""A simulated corpus on disk: manifests and score tables of thousands of batches, made as the steps would have made them.

Every artifact stands where ``make_plan`` expects it, with the schema, the layout and the manifest of the real writer. The
three tables that the selection joins hold rows, one clip a video; the tables that only ``livecc status`` looks at are
empty, and all empty files of one schema are hard links to one file. Nothing is flushed to the disk (no fsync).
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from livecc_assets.graph.plan import Plan, make_plan
from livecc_assets.graph.settings import Settings
from livecc_assets.graph.snapshot import StoreSnapshot
from livecc_assets.graph.step import Step
from livecc_assets.orchestration.steps import BY_ASSET, STEPS
from livecc_assets.source import folders
from livecc_assets.store.artifact import REJECTED, ROWS
from livecc_assets.store.manifest import Manifest, StoredFile
from livecc_assets.store.rows import REJECTED_SCHEMA
from livecc_assets.store.writer import GROUP_ROWS

CREATED = "2026-01-01T00:00:00+00:00"
ATTEMPT = "20260101T000000-0-simulated"
CATEGORIES = ["Howto & Style", "Sports", "Education", "People & Blogs", "Gaming", "Music"]
#: What the selection joins; the other tables of a batch are empty.
JOINED = ("caption_clips", "caption_clip_losses", "talking_head_scores")


@dataclass(frozen=True)
class Size:
    """How large the corpus is: ``batches`` of ``videos`` videos, one clip each, of ``words`` words."""

    batches: int = 2850
    videos: int = 2000
    words: int = 4


def batch_name(number: int) -> str:
    """Names that sort by number."""
    return f"batch-{number:04}"


def tables(number: int, size: Size) -> dict[str, pa.Table]:
    """The joined tables of one batch; scores are drawn so that about the paper's shares pass (method 1.1)."""
    rng, count = np.random.default_rng(number), size.videos
    videos = [f"{number:05}{index:06}" for index in range(count)]
    clips = [f"{video}:0" for video in videos]
    speech = [{"start": float(n), "end": n + 1.0, "word": f"word{n}"} for n in range(size.words)]
    columns = {
        "caption_clips": {
            "clip_id": clips,
            "video_id": videos,
            "batch": [batch_name(number)] * count,
            "path": [f"{video}.mp4" for video in videos],
            "sha256": [hashlib.sha256(video.encode()).hexdigest() for video in videos],
            "title": [f"A video of a simulated corpus, number {index}" for index in range(count)],
            "category": [CATEGORIES[place] for place in rng.integers(0, len(CATEGORIES), count)],
            "start": rng.integers(0, 600, count) / 10,
            "end": rng.integers(900, 2400, count) / 10,
            "words": pa.array([speech], BY_ASSET["caption_clips"].schema().field("words").type).take([0] * count),
            "previous": [""] * count,
            "words_per_second": rng.uniform(1, 4, count).round(3),
            "distinct_words": rng.integers(20, 300, count),
        },
        "caption_clip_losses": {
            "clip_id": clips,
            "video_id": videos,
            "loss": rng.normal(3.6, 1.3, count).round(4),
            "tokens": rng.integers(60, 900, count),
        },
        "talking_head_scores": {
            "video_id": videos,
            "score": rng.beta(0.5, 4.0, count).round(4),
            "frames": np.full(count, 8),
        },
    }
    return {name: _typed(name, found) for name, found in columns.items()}


def _typed(asset: str, columns: dict[str, object]) -> pa.Table:
    schema: pa.Schema = BY_ASSET[asset].schema()
    return pa.table([pa.array(columns[f.name], f.type) for f in schema], schema=schema)  # type: ignore[arg-type]


class Corpus:
    """Writes artifacts into the local store of ``settings`` without the writer's care for crashes."""

    def __init__(self, settings: Settings, videos: Path) -> None:
        self.settings, self.store, self.videos = settings, settings.store(), videos
        self.root = Path(self.store.root)
        self._empty: dict[str, tuple[Path, str, int]] = {}

    def register(self, size: Size) -> list[str]:
        """The batches' records; all of them name one folder of videos."""
        (self.root / "_batches").mkdir(parents=True, exist_ok=True)
        names = [batch_name(number) for number in range(size.batches)]
        about = json.dumps({"uri": str(self.videos), "captions": "optional"}, sort_keys=True)
        for name in names:
            (self.root / "_batches" / f"{name}.json").write_text(about)
        return names

    def fill(self, size: Size) -> None:
        """Every artifact of every batch, and the list of evaluation videos."""
        names, seen = self.register(size), dict[str, str]()
        real = folders.listing_digest
        # All batches name one folder: it is listed once here, and for each batch when `livecc status` is measured.
        folders.listing_digest = lambda uri: seen.setdefault(uri, seen.get(uri) or real(uri))
        try:
            self._artifact(BY_ASSET["evaluation_videos"], "all", StoreSnapshot(self.store), self._evaluation())
            for number, name in enumerate(names):
                view, made = StoreSnapshot(self.store), tables(number, size)
                for step in STEPS:
                    if step.partitioned_by == "batch":
                        self._artifact(step, name, view, made.get(step.asset))
        finally:
            folders.listing_digest = real

    def _evaluation(self) -> pa.Table:
        """As many benchmark videos as LiveSports-3K has, all of them in the corpus."""
        ids = [f"{number:05}{7:06}" for number in range(416)]
        return _typed("evaluation_videos", {"video_id": ids, "benchmark": ["livesports"] * len(ids)})

    def _artifact(self, step: Step, partition: str, view: StoreSnapshot, rows: pa.Table | None) -> None:
        found = make_plan(step, self.settings, view, partition)
        folder = self.root / found.place
        folder.mkdir(parents=True, exist_ok=True)
        schema = step.schema()
        files = [
            self._table(found, "part", ROWS, rows) if rows is not None else self._link(found, "part", ROWS, schema),
            self._link(found, "rejected", REJECTED, REJECTED_SCHEMA),
        ]
        manifest = Manifest(
            step.asset,
            found.stored_partition,
            found.input_key,
            ATTEMPT,
            found.code_version,
            found.config,
            files,
            found.upstream,
            rows=rows.num_rows if rows is not None else 0,
            columns={field.name: str(field.type) for field in schema},
            checks={"error_share": True},
            created=CREATED,
        )
        (folder / "manifest.json").write_bytes(manifest.to_json())
        pointer = json.dumps({"place": found.place, "at": CREATED, "run_id": ""})
        (self.root / step.asset / partition / "_current.json").write_text(pointer)

    def _table(self, found: Plan, stem: str, name: str, rows: pa.Table) -> StoredFile:
        key = f"{found.place}/{stem}-{ATTEMPT}-00000.parquet"
        sink = pa.BufferOutputStream()
        pq.write_table(rows, sink, compression="zstd", row_group_size=GROUP_ROWS)
        data = sink.getvalue()
        (self.root / key).write_bytes(data)
        return StoredFile(name, key, data.size, hashlib.sha256(data).hexdigest())

    def _link(self, found: Plan, stem: str, name: str, schema: pa.Schema) -> StoredFile:
        key = f"{found.place}/{stem}-{ATTEMPT}-00000.parquet"
        kind = REJECTED if name == REJECTED else found.step.asset
        count = 0
        if kind in self._empty:
            first, sha, count = self._empty[kind]
            # A file system allows some ten thousand links to a file.
            if count % 30000:
                os.link(first, self.root / key)
                self._empty[kind] = (first, sha, count + 1)
                return StoredFile(name, key, first.stat().st_size, sha)
        made = self._table(found, stem, name, schema.empty_table())
        self._empty[kind] = (self.root / key, made.sha256, 1)
        return made
