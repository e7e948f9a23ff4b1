"""A causal language model that answers one question: how surprising is this text after that prompt?

Used by the text-loss filters (method 1.3; paper section 3, stages A2 and B4) and by the likelihood judge. Imports torch
at the top: only workers and commands that need it import this module.
"""

import copy
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock

from livecc_assets.core.errors import UserError
from livecc_assets.core.rules import Rule
from livecc_assets.core.shortage import AT
from livecc_assets.core.text import brief
from livecc_assets.models import embedded
from livecc_assets.models.chat_template import rendered
from livecc_assets.models.folder_check import checked, loading, using, whole
from livecc_assets.models.model_documents import REMEDY
from livecc_assets.models.reference import resolve

#: What a causal model reads: chat messages with ``role`` and ``content``.
Messages = list[dict[str, str]]
_HEAD_TOKENS = 64  # kept from the start of a prompt that is too long: system text, title and the question's opening
_BATCH_TOKENS = 1024  # of one padded batch on a CPU; more only costs memory there


class TextLM:
    """A chat model with its tokenizer, used for scoring only."""

    def __init__(self, model: Any, tokenizer: Any, max_tokens: int = 512) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer
        self.max_tokens = max_tokens
        self.device = next(model.parameters()).device
        self.name = str(getattr(tokenizer, "name_or_path", "") or "the text model")
        self._ids = model.get_input_embeddings().num_embeddings

    @classmethod
    def load(
        cls, ref: str, home: Path, dtype: str = "float32", device: str | None = None, max_tokens: int = 512
    ) -> "TextLM":
        """Load a model reference. ``device`` defaults to the GPU where there is one.

        GGUF weights (``embedded:smollm2``) are converted to safetensors once, under ``home/models``. Raises
        :class:`UserError` when the weights are absent or unsound, or the reference is no chat model.
        """
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()
        folder = checked(_as_safetensors(ref, checked(resolve(ref, home)), home))
        device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        with loading(ref):
            tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        if not tokenizer.chat_template:
            raise UserError(f"{ref} has no chat template: name an instruction-tuned text model")
        with loading(ref):
            try:
                loaded: Any = AutoModelForCausalLM.from_pretrained(
                    folder,
                    dtype=getattr(torch, dtype),
                    use_safetensors=True,
                    trust_remote_code=False,
                    output_loading_info=True,
                )
            except OSError as error:
                raise UserError(
                    f"{ref} cannot be loaded from safetensors ({brief(error)}); convert it with save_pretrained"
                ) from None
        model, about = loaded
        whole(about["missing_keys"], ref)
        return cls(model.to(device), tokenizer, max_tokens)

    def loss(self, prompt_messages: Messages, answer: str, rule: Rule = "corrected") -> tuple[float, int]:
        """Mean next-token loss (nats) of ``answer`` as the assistant's reply, and its number of tokens.

        The end-of-turn tokens are not counted. An answer without tokens raises ``ValueError``.
        """
        return next(iter(self.losses([(prompt_messages, answer)], rule)))

    def losses(
        self,
        pairs: Sequence[tuple[Messages, str]],
        rule: Rule = "corrected",
        progress: Callable[[int, int], None] | None = None,
    ) -> list[tuple[float, int]]:
        """Losses of many (prompt, answer) pairs in the order given, computed in batches of similar length.

        ``released`` divides by the labels above 0, as the published script does: token id 0 is then summed but not
        counted (method 6, item 6). ``corrected`` divides by all answer tokens, and 0 stands nowhere apart.
        """
        encoded = [self._encode(messages, answer) for messages, answer in pairs]
        results: list[tuple[float, int]] = [(0.0, 0)] * len(pairs)
        done = 0
        for batch in _batches([len(ids) for ids, _ in encoded], _BATCH_TOKENS if self.device.type == "cpu" else 16384):
            for index, (total, labels) in zip(batch, self._sums([encoded[i] for i in batch]), strict=True):
                counted = int((labels > 0).sum()) if rule == "released" else len(labels)
                results[index] = (total / counted if counted else float("nan"), len(labels))
            done += len(batch)
            if progress:
                progress(done, len(pairs))
        return results

    def _encode(self, messages: Messages, answer: str) -> tuple[list[int], int]:
        """Token ids of prompt and answer together, and where the answer starts."""
        prompt = rendered(self.tokenizer, messages, self.name)
        with using(self.name):
            prompt_ids = self.tokenizer(prompt, add_special_tokens=False).input_ids
            answer_ids = self.tokenizer(answer, add_special_tokens=False).input_ids
        if max([*prompt_ids, *answer_ids], default=0) >= self._ids:
            raise UserError(f"{brief(self.name)} has tokens beyond its {self._ids:,} embeddings; {REMEDY}")
        if not answer_ids:
            raise ValueError("the answer has no tokens")
        answer_ids = answer_ids[: self.max_tokens - min(len(prompt_ids), self.max_tokens // 2)] or answer_ids[:1]
        room = self.max_tokens - len(answer_ids)
        if len(prompt_ids) > room:  # cut the middle: the oldest previous words matter least
            head = min(_HEAD_TOKENS, room // 2)
            prompt_ids = prompt_ids[:head] + prompt_ids[len(prompt_ids) - (room - head) :]
        return prompt_ids + answer_ids, len(prompt_ids)

    @torch.inference_mode()
    def _sums(self, rows: list[tuple[list[int], int]]) -> Iterator[tuple[float, torch.Tensor]]:
        """Summed cross-entropy (float32 or better) and labels of each row, one padded forward pass for all."""
        width = max(len(ids) for ids, _ in rows)
        ids = torch.zeros(len(rows), width, dtype=torch.long)
        for row, (tokens, _) in enumerate(rows):
            ids[row, : len(tokens)] = torch.tensor(tokens)  # right padding cannot be seen by a causal model
        first = min(start for _, start in rows) - 1
        keep = torch.arange(first, width - 1, device=self.device)
        logits = self.model(input_ids=ids.to(self.device), logits_to_keep=keep, use_cache=False).logits
        for row, (tokens, start) in enumerate(rows):
            labels = torch.tensor(tokens[start:])
            scores = logits[row, start - 1 - first : len(tokens) - 1 - first].float()
            total = torch.nn.functional.cross_entropy(scores, labels.to(self.device), reduction="sum")
            yield float(total), labels


def _batches(lengths: list[int], max_cells: int) -> Iterator[list[int]]:
    """Group indices of similar length so that rows x longest row stays near ``max_cells``."""
    batch: list[int] = []
    for index in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[index] > max_cells:
            yield batch
            batch = []
        batch.append(index)
    if batch:
        yield batch


def _as_safetensors(ref: str, folder: Path, home: Path) -> Path:
    """The folder itself, or its GGUF file converted once; other processes wait and then read the result."""
    gguf = sorted(folder.glob("*.gguf"))
    if not gguf or (folder / "config.json").is_file():
        return folder
    identity = embedded.remembered_sha256(gguf[0], home)[:16]
    target = home / "models" / f"{gguf[0].stem}-{identity}"
    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):
        if not target.is_dir():
            draft = Path(tempfile.mkdtemp(dir=target.parent, prefix="draft-"))
            try:
                with loading(ref):
                    try:
                        _convert(folder, gguf[0].name, draft)
                    except ImportError as error:
                        raise UserError(f"{ref} is a GGUF file and needs the package gguf: pip install gguf") from error
                    except Exception as error:
                        error.add_note(f"{AT}while it was converted into {target.parent}")
                        raise
                os.replace(draft, target)
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    return target


def _convert(folder: Path, file: str, target: Path) -> None:
    """Write tokenizer and de-quantised weights; float16 halves the file and is far finer than 4 bits."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    AutoTokenizer.from_pretrained(folder, gguf_file=file).save_pretrained(target)
    quantised = AutoModelForCausalLM.from_pretrained(folder, gguf_file=file)
    config = copy.deepcopy(quantised.config)
    vars(config).pop("quantization_config", None)
    # The library refuses to save a model that it knows as GGUF, although its weights are plain by now.
    plain = AutoModelForCausalLM.from_config(config)
    plain.load_state_dict(quantised.state_dict())
    plain.to(torch.float16).save_pretrained(target)
