"""The tiny base's tokenizer: byte-level BPE with Qwen2's splitting rule, special tokens and chat format."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

from livecc_assets.sample.match import ACTORS, PLACES, VERBS, Event, sentence

#: Qwen2-VL's added tokens, in Qwen2-VL's order.
SPECIALS = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
]
VOCABULARY = 1024

# Qwen2's pre-tokenizer: contractions, words with one leading mark, single digits, runs of punctuation, line ends, spaces.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)

# Same output as Qwen2-VL's template: a default system turn, one placeholder a medium, optional "Picture n: ", "Video n: ".
CHAT_TEMPLATE = """\
{%- set seen = namespace(pictures=0, videos=0) -%}
{%- macro turn(role) -%}
{{- '<|im_start|>' ~ role ~ '\\n' -}}
{%- endmacro -%}
{%- if messages and messages[0]['role'] != 'system' -%}
{{- turn('system') ~ 'You are a helpful assistant.<|im_end|>\\n' -}}
{%- endif -%}
{%- for message in messages -%}
{{- turn(message['role']) -}}
{%- if message['content'] is string -%}
{{- message['content'] -}}
{%- else -%}
{%- for part in message['content'] -%}
{%- if part['type'] == 'image' or 'image' in part or 'image_url' in part -%}
{%- set seen.pictures = seen.pictures + 1 -%}
{{- ('Picture ' ~ seen.pictures ~ ': ' if add_vision_id else '') ~ '<|vision_start|><|image_pad|><|vision_end|>' -}}
{%- elif part['type'] == 'video' or 'video' in part -%}
{%- set seen.videos = seen.videos + 1 -%}
{{- ('Video ' ~ seen.videos ~ ': ' if add_vision_id else '') ~ '<|vision_start|><|video_pad|><|vision_end|>' -}}
{%- elif 'text' in part -%}
{{- part['text'] -}}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- turn('assistant') -}}
{%- endif -%}
"""

# Words that titles, captions, questions and options of the sample world use; anything else is spelled in bytes or pieces.
_ENGLISH = """
 the a an and of to in on at is are was it this that with for from by as he she they we you I what who when where
which how why not no yes all one two three four five six seven eight nine ten first second third last next after
before then now again here there left right middle centre near far high low hard fast slow big small up down over
under away along across between behind player players ball pitch field match game team goal flag grass crowd action
clip video picture frame moment scene commentary shoot shoots kick jump jumps fall falls wave waves slide slides run
runs pass stand throw catch does do happens happening appears live highlights friendly training session park evening
morning summer winter cup league final round day night football soccer sports Please describe answer question
options following best correct letter name say tell give watch look see during begins ends starts None Nobody
Nothing Yes No The This What Who When Where Which How Red Blue Yellow Black White Option Video Title Answer only
real time events your own words short one word shown kit colour place side seconds music applause
"""


def _corpus() -> list[str]:
    events = [Event(v / 100, 0, *names) for v, *names in product((0, 1), ACTORS, VERBS, PLACES)]
    said = [sentence(e) for e in events]
    lines = said + [" ".join(said[n : n + 3]) for n in range(len(said))]
    lines += [" " + s.capitalize() + "." for s in said]
    lines += [f"{s[0].upper()}{s[1:]}. ..." for s in said] + [f"{' '.join(s.split()[:2])} ..." for s in said]
    lines += [f"Time={n}.0-{n + 1}.0s" for n in range(240)]
    lines += [
        "system\nYou are a helpful assistant.\n",
        "user\n",
        "assistant\n",
        " ...",
        "...",
        "A. ",
        "B. ",
        "C. ",
        "D. ",
        "\n\n",
    ] * 60
    for word in _ENGLISH.split():
        lines += [word, f" {word}", f" {word.lower()}, {word.lower()}.", word.lower()] * 6
    return lines


def write_tokenizer(folder: Path) -> None:
    """Train the tokenizer and write tokenizer.json, tokenizer_config.json and chat_template.jinja into `folder`."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY - len(SPECIALS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(), trainer)
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIALS])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "Qwen2Tokenizer",
        "add_prefix_space": False,
        "bos_token": None,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": None,
        "errors": "replace",
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": False,
        "model_max_length": 32768,
        "chat_template": CHAT_TEMPLATE,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")
