"""The DeepSpeed engine: process group, ZeRO configuration, optimiser and schedule (method 2.7)."""

import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from livecc_assets.core.errors import UserError
from livecc_assets.training.config import TrainingConfig

#: Bytes of one ZeRO communication bucket's elements, as published.
BUCKET = 500_000_000


@dataclass(frozen=True)
class World:
    """The processes that train together: this one's rank, and how many."""

    rank: int
    size: int

    @property
    def lead(self) -> bool:
        """Whether this process writes what is written once."""
        return self.rank == 0


def prepare_environment(config: TrainingConfig, home: Path) -> None:
    """Settings that DeepSpeed reads at import: the accelerator, where it builds extensions, and the way to ninja."""
    if config.device == "cpu":
        os.environ["DS_ACCELERATOR"] = "cpu"
        # Otherwise the number of devices is counted with numactl, which a bare machine lacks.
        os.environ.setdefault("LOCAL_SIZE", os.environ.get("LOCAL_WORLD_SIZE", "1"))
    # Nothing here is compiled; this keeps torch.compile (seconds of imports) out of DeepSpeed.
    os.environ.setdefault("TORCHDYNAMO_DISABLE", "1")
    os.environ.setdefault("TORCH_EXTENSIONS_DIR", str((home / "torch_extensions").resolve()))
    own = str(Path(sys.executable).parent)
    if own not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = own + os.pathsep + os.environ.get("PATH", "")
    if config.threads:
        torch.set_num_threads(config.threads)


def join_world(config: TrainingConfig) -> World:
    """Joins the process group that torchrun describes, or makes one of a single process without opening a port."""
    import deepspeed
    import torch.distributed as dist

    deepspeed.utils.logger.setLevel("WARNING")
    if config.device.startswith("cuda"):
        if not torch.cuda.is_available():
            raise UserError("training: device is cuda but no GPU is visible; set device: cpu or run on a GPU machine")
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    backend = "nccl" if config.device.startswith("cuda") else "gloo"
    if backend == "gloo":
        # DeepSpeed's optional same-host collectives are C++ that takes a minute to compile; gloo does the same work.
        deepspeed.ops.__compatible_ops__ = {}  # type: ignore[attr-defined]
    os.environ.setdefault("LOCAL_RANK", "0")
    if not dist.is_initialized() and "RANK" not in os.environ:
        dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)  # type: ignore[attr-defined]
    deepspeed.init_distributed(dist_backend=backend, auto_mpi_discovery=False, verbose=False)
    return World(dist.get_rank(), dist.get_world_size())


def freeze(model: torch.nn.Module, names: tuple[str, ...]) -> int:
    """Turns off gradients of every module whose name is in ``names``; returns the number of frozen parameters."""
    matched = {name: 0 for name in names}
    for path, parameter in model.named_parameters():
        for part in set(path.split(".")) & set(names):
            parameter.requires_grad_(False)
            matched[part] += parameter.numel()
    if absent := [name for name, count in matched.items() if not count]:
        raise UserError(f"training: freeze names {', '.join(absent)}, but the model has no such module")
    return sum(matched.values())


def schedule(step: int, total: int, warmup_ratio: float) -> float:
    """Factor of the learning rate: a linear rise over the warm-up, then half a cosine down to zero."""
    warmup = math.ceil(total * warmup_ratio)
    if step < warmup:
        return step / max(1, warmup)
    return max(0.0, 0.5 * (1.0 + math.cos(math.pi * (step - warmup) / max(1, total - warmup))))


def deepspeed_config(config: TrainingConfig, accumulation: int) -> dict[str, Any]:
    """The DeepSpeed JSON: the published ZeRO-2 settings, with the stage as configured."""
    zero: dict[str, Any] = {"stage": config.zero_stage}
    if config.zero_stage >= 1:
        zero |= {
            "allgather_partitions": True,
            "allgather_bucket_size": BUCKET,
            "reduce_bucket_size": BUCKET,
            "overlap_comm": False,
            "reduce_scatter": True,
            "contiguous_gradients": True,
        }
    if config.zero_stage == 3:
        zero["stage3_gather_16bit_weights_on_model_save"] = True
    return {
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": accumulation,
        "gradient_clipping": config.clip_norm,
        "communication_data_type": "fp32",
        "bf16": {"enabled": config.dtype == "bfloat16"},
        "zero_optimization": zero,
        "steps_per_print": sys.maxsize,
        "wall_clock_breakdown": False,
    }


def build_engine(model: torch.nn.Module, config: TrainingConfig, accumulation: int, total_steps: int) -> Any:
    """A DeepSpeed engine around ``model`` (already frozen where it shall be) with AdamW and the cosine schedule.

    The optimiser is PyTorch's own, as published; DeepSpeed's fused ones would be compiled first. Weight decay, zero in
    the paper, spares vectors (norms and biases).
    """
    import deepspeed

    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(
        [group for group in groups if group["params"]], lr=config.learning_rate, betas=config.betas, eps=config.epsilon
    )
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: schedule(step, total_steps, config.warmup_ratio)
    )
    engine, *_ = deepspeed.initialize(
        model=model,
        optimizer=optimizer,
        lr_scheduler=scheduler,  # type: ignore[arg-type]
        config=deepspeed_config(config, accumulation),
        dist_init_required=False,
    )
    return engine
