"""The text model's loss is the mean cross-entropy of the answer alone, however it is batched."""

import random
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from livecc_assets.core.errors import UserError
from livecc_assets.models.text_lm import TextLM

TEMPLATE = (
    "{% for m in messages %}<|im_start|> {{ m['role'] }} {{ m['content'] }} <|im_end|> {% endfor %}"
    "{% if add_generation_prompt %}<|im_start|> assistant {% endif %}"
)
WORDS = ["!", "<|im_start|>", "<|im_end|>", "system", "user", "assistant", "<unk>", *"abcdefghijklmnopqrstuvwxyz"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small random chat model whose token 0 is an exclamation mark, as Qwen2's is."""
    torch.manual_seed(0)
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", chat_template=TEMPLATE)
    config = LlamaConfig(
        vocab_size=len(WORDS), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, initializer_range=0.3,
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tiny-lm")
    fast.save_pretrained(path)
    LlamaForCausalLM(config).save_pretrained(path)
    return path


@pytest.fixture(scope="module")
def lm(folder: Path) -> TextLM:
    return TextLM.load(str(folder), folder, max_tokens=48, device="cpu")


def _chat(text: str):
    return [{"role": "system", "content": "s"}, {"role": "user", "content": text}]


def _by_hand(lm: TextLM, text: str, answer: str) -> list[float]:
    """Loss of each answer token from one unpadded pass over everything."""
    prompt = lm.tokenizer.apply_chat_template(_chat(text), tokenize=False, add_generation_prompt=True)
    ids = lm.tokenizer(prompt + answer, add_special_tokens=False).input_ids
    count = len(answer.split())
    with torch.no_grad():
        scores = lm.model(torch.tensor([ids])).logits[0, :-1].log_softmax(-1)
    losses = -scores.gather(1, torch.tensor(ids[1:])[:, None])[:, 0]
    return losses[-count:].tolist()


def test_the_loss_is_the_mean_over_the_answers_tokens(lm: TextLM):
    losses = _by_hand(lm, "a b c", "d e f g")
    assert lm.loss(_chat("a b c"), "d e f g") == (pytest.approx(sum(losses) / 4, rel=1e-5), 4)


def test_released_sums_token_zero_but_does_not_count_it(lm: TextLM):
    losses = _by_hand(lm, "a", "b ! c !")
    assert lm.loss(_chat("a"), "b ! c !", "corrected")[0] == pytest.approx(sum(losses) / 4, rel=1e-5)
    assert lm.loss(_chat("a"), "b ! c !", "released")[0] == pytest.approx(sum(losses) / 2, rel=1e-5)
    assert lm.loss(_chat("a"), "b c", "released")[0] == pytest.approx(sum(_by_hand(lm, "a", "b c")) / 2, rel=1e-5)


def test_batches_of_unequal_length_change_nothing_and_keep_the_order(lm: TextLM):
    rng = random.Random(5)
    letters = "abcdefghij"
    pairs = [
        (
            _chat(" ".join(rng.choices(letters, k=rng.randint(1, 12)))),
            " ".join(rng.choices(letters, k=rng.randint(1, 20))),
        )
        for _ in range(60)
    ]
    seen = []
    together = lm.losses(pairs, progress=lambda done, total: seen.append((done, total)))
    alone = [lm.loss(*pair) for pair in pairs]
    assert [tokens for _, tokens in together] == [tokens for _, tokens in alone]
    assert [loss for loss, _ in together] == pytest.approx([loss for loss, _ in alone], rel=1e-5)
    assert seen[-1] == (60, 60)
    assert len(seen) < 60


def test_a_long_prompt_loses_its_middle_and_never_the_answer(lm: TextLM):
    letters = " ".join("abcdefghij" * 20)
    loss, tokens = lm.loss(_chat(letters), "k l m n")
    assert tokens == 4
    assert loss > 0
    ids, start = lm._encode(_chat(letters), "k l m n")
    text = lm.tokenizer.decode(ids)
    assert len(ids) == 48
    assert text.startswith("<|im_start|> system s <|im_end|> <|im_start|> user a b")
    assert text.endswith("h i j <|im_end|> <|im_start|> assistant k l m n")
    assert start == 44


def test_an_answer_beyond_the_limit_is_cut_at_its_end(lm: TextLM):
    ids, start = lm._encode(_chat("a"), " ".join("b" * 100))
    assert len(ids) == 48
    assert lm.loss(_chat("a"), " ".join("b" * 100))[1] == 48 - start


def test_an_answer_without_tokens_is_refused(lm: TextLM):
    with pytest.raises(ValueError, match="no tokens"):
        lm.loss(_chat("a"), " ")


def test_a_model_without_a_chat_template_is_refused(folder: Path, tmp_path: Path):
    for file in folder.iterdir():
        if file.name != "chat_template.jinja":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(UserError, match="no chat template"):
        TextLM.load(str(tmp_path), tmp_path)


def test_the_embedded_model_tells_speech_from_noise_and_repetition():
    """SmolLM2 itself; its converted weights are kept in the project's cache, as for the demo."""
    home = Path(__file__).parents[2] / ".livecc"
    real = TextLM.load("embedded:smollm2", home)
    title = "Video Title: A match in the rain\nPlease try to output the possible speech transcription of the video "
    chat = _chat(f"{title}from start to end.")
    spoken = (
        "and here comes the red team again they pass it out to the left he looks up sends it in and oh that is just "
        "over the bar what a chance that was the goalkeeper was beaten"
    )
    words = spoken.split()
    random.Random(1).shuffle(words)
    (speech, _), (noise, _), (music, _) = real.losses(
        [(chat, spoken), (chat, " ".join(words)), (chat, " ".join(["music"] * 40))]
    )
    assert music < 1.5 < 2.5 < speech < 5.5 < noise
    folders = list((home / "models").glob("SmolLM2-135M-Instruct*/model.safetensors"))
    assert len(folders) == 1
