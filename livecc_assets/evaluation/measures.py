"""What the leaderboard measures: which score row each measure is, its unit, and which other measure it is a part of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Unit = Literal["%", "points", "words a second"]


@dataclass(frozen=True)
class Measure:
    """A measure by the name that documents know it by; ``asset``, ``metric`` and ``subset`` find its score row.

    A part is shown under the measure that ``of`` names.
    """

    name: str
    asset: str
    metric: str
    title: str
    subset: str = "all"
    unit: Unit = "%"
    about: str = ""
    of: str = ""


_CC, _QA, _OVO = "livesports_cc_score", "livesports_qa_score", "ovobench_score"

#: All measures, in the order of the page.
MEASURES = (
    Measure("event_f1", _CC, "event_f1", "Event F1", about="events named at the right moment"),
    Measure(
        "win_rate", _CC, "win_rate", "LiveSports-3K CC, win rate", about="at 50 % the model is as good as the opponent"
    ),
    Measure(
        "position_gap",
        _CC,
        "position_gap",
        "LiveSports-3K CC, position gap",
        unit="points",
        about="what being shown first to the judge is worth",
    ),
    Measure("timely_f1", _CC, "timely_f1", "Timely F1", about="content words said when a human says them"),
    Measure("timely_f1_chance", _CC, "timely_f1_chance", "beside another video's words", of="timely_f1"),
    Measure("livesports_qa", _QA, "accuracy", "LiveSports-3K QA"),
    Measure("livesports_qa_ocr", _QA, "accuracy", "OCR", "ocr:yes", of="livesports_qa"),
    Measure("livesports_qa_who", _QA, "accuracy", "Who", "q_type:who", of="livesports_qa"),
    Measure("livesports_qa_when", _QA, "accuracy", "When", "q_type:when", of="livesports_qa"),
    Measure("livesports_qa_what", _QA, "accuracy", "What", "q_type:what", of="livesports_qa"),
    Measure("videomme", "videomme_score", "accuracy", "Video-MME without subtitles"),
    Measure("videomme_subtitles", "", "", "Video-MME with subtitles"),
    Measure("mvbench", "mvbench_score", "mean_accuracy", "MVBench", about="mean over task types"),
    Measure("ovobench", _OVO, "mean_accuracy", "OVO-Bench", about="mean over groups of tasks"),
    Measure("ovobench_RTVP", _OVO, "mean_accuracy", "RTVP", "group:RTVP", of="ovobench"),
    Measure("ovobench_BT", _OVO, "mean_accuracy", "BT", "group:BT", of="ovobench"),
    Measure("ovobench_FAR", _OVO, "mean_accuracy", "FAR", "group:FAR", of="ovobench"),
    Measure("words_per_second", _CC, "words_per_second", "Pace of the commentary", unit="words a second"),
)
BY_NAME = {one.name: one for one in MEASURES}
#: What a run of Video-MME with subtitles says of its protocol.
WITH_SUBTITLES = "with subtitles"


def shown_as(name: str, protocol: str | None) -> str:
    """The measure under which a row is shown: documents have always called both runs of Video-MME `videomme`."""
    return "videomme_subtitles" if name == "videomme" and WITH_SUBTITLES in (protocol or "") else name
