"""The training loop: sequences in, a trained model and its log out (method 2.7)."""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from livecc_assets.core.errors import UserError
from livecc_assets.models.qwen2_vl import load_model, load_processor
from livecc_assets.store.rows import Rejected
from livecc_assets.training import checkpoints, engine
from livecc_assets.training.config import TrainingConfig
from livecc_assets.training.data import Cursor, Loader, Mixture, Sample, Source
from livecc_assets.training.features import FeatureCache
from livecc_assets.training.sequence import IGNORED

#: What is added up over all sequences trained on: tokens, those learnt, and words given, spoken and left out of the context.
COUNTED = ("tokens", "learnt", "words", "spoken", "dropped_previous")
#: Called after a step with (step, total, metrics).
Report = Callable[[int, int, dict[str, float]], None]


@dataclass(frozen=True)
class Outcome:
    """What a stage did: files of the finished model (none on ranks other than the first), its log, rejected rows, facts."""

    files: list[Path]
    log: list[dict[str, Any]]
    rejected: list[Rejected]
    facts: dict[str, Any]


def step_count(config: TrainingConfig, samples: int) -> int:
    """Optimiser steps of the stage: every sample ``epochs`` times, the last batch filled up from a further epoch."""
    return config.max_steps or max(1, math.ceil(samples * config.epochs / config.global_batch))


def accumulation_steps(config: TrainingConfig, world_size: int) -> int:
    """Micro batches of one sequence that each rank adds up for an optimiser step."""
    if config.global_batch % world_size:
        raise UserError(f"training: global_batch {config.global_batch} is no multiple of the {world_size} processes")
    return config.global_batch // world_size


def train(
    init: Path, sources: Sequence[Source], config: TrainingConfig, home: Path, work: Path, report: Report | None = None
) -> Outcome:
    """Trains the model folder ``init`` on ``sources`` and writes the result under ``work``/model.

    ``home`` keeps compiled extensions; ``work`` keeps resumable checkpoints: a run that was killed continues from the
    last complete one with the same losses as a run that was not. Every rank of a torchrun world calls this.
    """
    engine.prepare_environment(config, home)
    world = engine.join_world(config)
    accumulation = accumulation_steps(config, world.size)
    torch.manual_seed(config.seed)
    processor = load_processor(init)
    mixture = Mixture(sources, processor, config.sequence_options)
    if not len(mixture):
        raise UserError("the training set is empty: loosen the selection's thresholds or add videos")
    total = step_count(config, len(mixture))
    model = load_model(init, config.device, config.dtype).train()
    frozen = engine.freeze(model, config.freeze)
    if config.gradient_checkpointing:
        model.activation_checkpointing_enable({"use_reentrant": False})
        model.config.use_cache = False
    runner = engine.build_engine(model, config, accumulation, total)
    resumed = _resume(runner, config, work, len(mixture), world)
    cursor = resumed.cursors[world.rank] if resumed else Cursor(world.rank)
    log, done = (list(resumed.log), resumed.step) if resumed else ([], 0)
    totals = dict(resumed.totals) if resumed else {}
    loader = Loader(mixture, config.seed, cursor, world.size, config.num_workers, config.error_limit)
    loop = _Loop(runner, model, config, world, accumulation, loader, totals)
    loop.log = log
    if resumed:
        loop.window = _Window(**resumed.window)
    try:
        for step in range(done + 1, total + 1):
            entry = loop.step(step, total)
            if report is not None and world.lead:
                report(step, total, {key: entry[key] for key in ("loss", "lr", "tokens_per_s", "grad_norm")})
            if config.save_every and step % config.save_every == 0 and step < total:
                _save(runner, config, work, len(mixture), world, loop, step)
    finally:
        loader.close()
    files = _finish(runner, model, config, init, work, world, loop.log)
    facts = {
        "steps": total,
        "resumed_at_step": done,
        "samples": len(mixture),
        "processes": world.size,
        "frozen_parameters": frozen,
        "trained_parameters": sum(p.numel() for p in model.parameters()) - frozen,
        **{name: round(value, 2) for name, value in loop.totals.items()},
    }
    rejected = [row for one in _gather(cursor, world) for row in one.rejected.values()]
    return Outcome(files, loop.log, rejected, facts)


class _Loop:
    """One optimiser step after another."""

    def __init__(
        self,
        runner: Any,
        model: Any,
        config: TrainingConfig,
        world: engine.World,
        accumulation: int,
        loader: Loader,
        totals: dict[str, float],
    ) -> None:
        self.runner, self.model, self.config, self.world = runner, model, config, world
        self.accumulation, self.loader, self.totals = accumulation, loader, totals
        self.log: list[dict[str, Any]] = []
        frozen_vision = not any(p.requires_grad for p in model.model.visual.parameters())
        self.features = FeatureCache(model, loader, config.cache_mb * 2**20, frozen_vision)
        self.window = _Window()

    def step(self, step: int, total: int) -> dict[str, Any]:
        """Gradients of the global batch and one update; returns the metrics of the step."""
        started = time.monotonic()
        batch = [next(self.loader) for _ in range(self.accumulation)]
        counts = Counter[str]()
        for sample in batch:
            counts.update(
                {"tokens": len(sample.sequence), "learnt": sample.sequence.label_count}, **sample.sequence.facts
            )
        summed = dict(zip(COUNTED, self._sum([float(counts[name]) for name in COUNTED]), strict=True))
        tokens, learnt = summed["tokens"], summed["learnt"]
        lr = float(self.runner.get_lr()[0])
        loss_sum = 0.0
        for sample in batch:
            loss_sum += self._accumulate(sample, learnt)
        loss = self._sum([loss_sum])[0] / self.config.global_batch
        if not math.isfinite(loss):
            raise UserError(f"training: the loss is {loss} at step {step}; lower learning_rate or check the data")
        seconds = time.monotonic() - started
        for name, value in (summed | {"seconds": seconds, "sequences": float(self.config.global_batch)}).items():
            self.totals[name] = self.totals.get(name, 0.0) + value
        self.window.add(loss, tokens, seconds)
        norm = self.runner.get_global_grad_norm()
        entry = {
            "step": step,
            "loss": loss,
            "lr": lr,
            "tokens_per_s": tokens / max(seconds, 1e-9),
            "grad_norm": float(norm) if norm is not None else 0.0,
            "epoch": round(step * self.config.global_batch / len(self.loader.mixture), 4),
        }
        if step % self.config.log_every == 0 or step in (1, total):
            self.log.append(entry | self.window.means())
            self.window = _Window()
        return entry

    def _accumulate(self, sample: Sample, learnt: float) -> float:
        """One sequence forward and backward; returns its contribution to the sum of losses over the global batch."""
        sequence = sample.sequence
        targets = (sequence.labels[1:] != IGNORED).nonzero().flatten()
        # Only positions whose successor is learnt need logits: with 152,064 entries each this is most of the memory.
        inputs = self.features.inputs(sample)
        logits = self.runner(**inputs, logits_to_keep=targets.to(self.runner.device), use_cache=False).logits[0]
        labels = sequence.labels[1:][targets].to(logits.device)
        total = torch.nn.functional.cross_entropy(logits.float(), labels, reduction="sum")
        # The engine averages over micro batches and ranks: by token that must be the mean over all learnt tokens.
        by_token = self.config.loss_weighting == "token"
        loss = total * (self.config.global_batch / learnt) if by_token else total / len(targets)
        self.runner.backward(loss)
        self.runner.step()
        return float(loss.detach())

    def _sum(self, values: list[float]) -> list[float]:
        """Each value summed over all ranks."""
        if self.world.size == 1:
            return values
        import torch.distributed as dist

        tensor = torch.tensor(values, dtype=torch.float64, device=self.runner.device)
        dist.all_reduce(tensor)
        return tensor.tolist()


@dataclass
class _Window:
    """Losses and speed since the last line of the log."""

    losses: list[float] = field(default_factory=list)
    tokens: float = 0.0
    seconds: float = 0.0

    def add(self, loss: float, tokens: float, seconds: float) -> None:
        self.losses.append(loss)
        self.tokens += tokens
        self.seconds += seconds

    def means(self) -> dict[str, float]:
        return {
            "loss": sum(self.losses) / len(self.losses),
            "tokens_per_s": self.tokens / max(self.seconds, 1e-9),
        }


def _identity(config: TrainingConfig, rows: int, world: engine.World) -> str:
    # How often things are logged, saved or read ahead changes no weight.
    neutral = config.but(log_every=1, save_every=1, num_workers=1, cache_mb=0)
    return checkpoints.identity(neutral.as_config(), rows, world.size)


def _resume(
    runner: Any, config: TrainingConfig, work: Path, rows: int, world: engine.World
) -> checkpoints.ResumePoint | None:
    point = checkpoints.read_resume(work / "steps", _identity(config, rows, world))
    if point is not None:
        runner.load_checkpoint(str(work / "steps"), tag=point.tag, load_module_strict=False)
    return point


def _save(
    runner: Any, config: TrainingConfig, work: Path, rows: int, world: engine.World, loop: _Loop, step: int
) -> None:
    """A complete checkpoint of every rank, then the file that says so."""
    tag = f"step-{step}"
    runner.save_checkpoint(str(work / "steps"), tag=tag, exclude_frozen_parameters=True)
    cursors = _gather(loop.loader.cursor, world)  # also waits for every rank's files
    if world.lead:
        about = _identity(config, rows, world)
        point = checkpoints.ResumePoint(tag, step, about, cursors, loop.log, loop.totals, asdict(loop.window))
        checkpoints.write_resume(work / "steps", point)


def _gather(cursor: Cursor, world: engine.World) -> list[Cursor]:
    if world.size == 1:
        return [cursor]
    import torch.distributed as dist

    found: list[Any] = [None] * world.size
    dist.all_gather_object(found, cursor)
    return found


def _finish(
    runner: Any,
    model: Any,
    config: TrainingConfig,
    init: Path,
    work: Path,
    world: engine.World,
    log: list[dict[str, Any]],
) -> list[Path]:
    """The finished model with its log; the first rank's files."""
    state = runner._zero3_consolidated_16bit_state_dict() if config.zero_stage == 3 else None
    if not world.lead:
        return []
    model.config.use_cache = True
    files = checkpoints.write_model(model, state, init, work / "model")
    path = work / "model" / "training_log.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for entry in log), "utf-8")
    return sorted({*files, path})
