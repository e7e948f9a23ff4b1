"""Which language a text is in (method 1.0 and 1.10)."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from livecc_assets.models.folder_check import checked, loading, using
from livecc_assets.models.reference import resolve


class LanguageDetector(Protocol):
    """Text to (language code, probability in 0...1)."""

    def __call__(self, text: str, /) -> tuple[str, float]: ...


def detector(ref: str, home: Path) -> LanguageDetector:
    """The detector that a model reference names, loaded once and called per text.

    ``embedded:py3langid`` is a naive Bayes model over byte n-grams whose scores are normalised to probabilities;
    anything else is a text classifier in the transformers format whose labels are language codes, such as the
    paper's papluca/xlm-roberta-base-language-detection. Raises UserError when the weights are absent or unsound.
    """
    folder = resolve(ref, home)
    return _byte_ngrams(folder) if ref == "embedded:py3langid" else _classifier(checked(folder))


def _byte_ngrams(folder: Path) -> LanguageDetector:
    from py3langid.langid import LanguageIdentifier

    identifier = LanguageIdentifier.from_modelpath(folder / "model.npz.xz", norm_probs=True)

    def detect(text: str) -> tuple[str, float]:
        label, score = identifier.classify(text)
        return str(label), float(score)

    return detect


def _classifier(folder: Path) -> LanguageDetector:
    """A sequence classifier; text beyond its limit is cut, as in the published filter."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    with loading(folder):
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, use_safetensors=True, trust_remote_code=False
        ).eval()
        positions = int(getattr(model.config, "max_position_embeddings", 514))
        limit = min(int(tokenizer.model_max_length), positions - 2)
        if limit < 1 or set(model.config.id2label) != set(range(model.config.num_labels)):
            raise ValueError("it reads no text or does not name its languages")
    run: Callable[..., torch.Tensor] = lambda **inputs: model(**inputs).logits  # noqa: E731

    def detect(text: str) -> tuple[str, float]:
        with using(folder), torch.inference_mode():
            inputs = tokenizer(text, truncation=True, max_length=limit, return_tensors="pt")
            scores = run(**inputs)[0].float().softmax(-1)
            best = int(scores.argmax())
        return str(model.config.id2label[best]), float(scores[best])

    return detect
