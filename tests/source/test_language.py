"""Language detection, by the embedded model and by a classifier of the hub's format."""

from pathlib import Path

import pytest

from livecc_assets.core.errors import UserError
from livecc_assets.source.language import detector

SENTENCES = {
    "en": "The striker turns away from two defenders and shoots from the edge of the box, and it is a goal.",
    "de": "Der Stürmer dreht sich von zwei Verteidigern weg und schießt vom Rand des Strafraums, und es ist ein Tor.",
    "fr": "L'attaquant se détourne de deux défenseurs et tire depuis le bord de la surface, et c'est un but.",
    "es": "El delantero se aleja de dos defensores y dispara desde el borde del área, y es un gol.",
}


@pytest.fixture(scope="module")
def detect(tmp_path_factory):
    return detector("embedded:py3langid", tmp_path_factory.mktemp("home"))


@pytest.mark.parametrize(("language", "sentence"), SENTENCES.items())
def test_sentences_are_told_apart_with_high_probability(language, sentence, detect):
    label, score = detect(sentence)
    assert label == language
    assert 0.9 < score <= 1.0


def test_text_without_letters_is_no_certain_language(detect):
    assert detect("")[1] < 0.9
    assert detect("1 2 3")[1] < 0.9


def test_classifier_in_the_transformers_format_gives_its_label_and_cuts_long_text(tmp_path: Path):
    torch = pytest.importorskip("torch")
    tokenizers = pytest.importorskip("tokenizers")
    transformers = pytest.importorskip("transformers")
    vocabulary = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "goal": 4, "tor": 5}
    model = tokenizers.Tokenizer(tokenizers.models.WordLevel(vocabulary, "<unk>"))
    model.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=model, unk_token="<unk>", pad_token="<pad>", model_max_length=16
    ).save_pretrained(tmp_path)
    torch.manual_seed(0)
    config = transformers.XLMRobertaConfig(
        vocab_size=6, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
        max_position_embeddings=18, id2label={0: "en", 1: "de"}, label2id={"en": 0, "de": 1},
    )  # fmt: skip
    transformers.XLMRobertaForSequenceClassification(config).save_pretrained(tmp_path)
    detect = detector(str(tmp_path), tmp_path)
    label, score = detect("goal " * 400)
    assert label in {"en", "de"}
    assert 0.5 <= score <= 1.0
    assert detect("goal " * 400) == detect("goal " * 500)


def test_unknown_reference_says_what_to_name():
    with pytest.raises(UserError, match="does not exist"):
        detector("/no/such/model", Path("home"))
