"""Events that are worth a look: the closest calls of one experiment, and those on which experiments part."""

import shlex
from pathlib import Path
from typing import Any

from livecc_assets.evaluation import pictures
from livecc_assets.evaluation.comparison import verdict
from livecc_assets.evaluation.divided import closest, divided
from livecc_assets.evaluation.schemas import SCHEMAS, score_row
from tests.artifacts import new_store, write
from tests.evaluation.builders import judgement


def scored(video: str, number: int, model: float, opponent: float) -> dict[str, Any]:
    winner = "tie" if model == opponent else "model" if model > opponent else "opponent"
    row = judgement(video, number, winner, winner, "event-f1")
    return row | {"score_model": model, "score_opponent": opponent}


def test_a_verdict_is_said_in_words() -> None:
    assert verdict(judgement()) == ("judge published: closer to the human than other", "won")
    assert verdict(judgement(ab="opponent", ba="opponent"))[1] == "lost"
    assert verdict(judgement(ab="tie", ba="tie")) == ("judge published: tie with other", "")
    flipped = "judge published: wins when shown before other, loses when shown after"
    assert verdict(judgement(ab="model", ba="opponent")) == (flipped, "")
    assert verdict(scored("v", 0, 2.0, 1.5))[0].endswith("than other (2 to 1.5)")


def test_events_whose_winner_changes_with_the_order_are_the_closest() -> None:
    rows = [judgement("v", 0), judgement("v", 1, "model", "opponent"), judgement("a_b", 2, "opponent", "tie")]
    assert [look.event for look in closest("mine", rows)] == ["a_b/2", "v/1"], "a verdict in both orders is not close"
    assert closest("mine", rows)[0].command == "livecc compare a_b/2 --model mine -o compare.html"


def test_a_judge_that_scores_calls_the_smallest_distance_closest() -> None:
    rows = [scored("v", 0, 9.0, 1.0), scored("v", 1, 5.0, 4.5), scored("v", 2, 0.0, 0.0), scored("v", 3, 8.0, 8.0)]
    assert [look.event for look in closest("mine", rows)] == ["v/3", "v/2", "v/1"], "equals that said something first"


def test_experiments_part_where_one_wins_what_the_other_loses() -> None:
    rows = {
        "a": [scored("v", 0, 1, 0), scored("v", 1, 9, 0), scored("v", 2, 1, 0)],
        "b": [scored("v", 0, 0, 1), scored("v", 1, 1, 8), scored("v", 2, 3, 0)],
        "c": [scored("v", 0, 1, 1), scored("v", 9, 1, 0)],
    }
    wide, narrow = divided(rows)
    assert (wide.event, wide.experiments) == ("v/1", ("a", "b"))
    assert (narrow.event, narrow.experiments) == ("v/0", ("a", "b"))
    assert "a: judge event-f1: closer to the human" in wide.why and "b: judge event-f1: other is closer" in wide.why
    assert divided({"a": rows["a"]}) == divided({}) == []


def test_a_command_survives_any_name() -> None:
    (look, *_) = divided({"a b": [scored("v; rm", 0, 1, 0)], "c": [scored("v; rm", 0, 0, 1)]})
    assert shlex.split(look.command) == [
        "livecc", "compare", "v; rm/0", "--model", "a b", "--model", "c", "-o", "compare.html",
    ]  # fmt: skip


def test_pages_of_scores_say_how_to_look_at_the_closest_events(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    scores = []
    for name, model in (("alpha", 9.0), ("beta", 1.0)):
        rows = [scored("v", 3, model, 5.0), scored("v", 4, 5.0, 5.0)]
        judged = write(store, "livesports_judgements", name, rows, SCHEMAS["livesports_judgements"])
        row = score_row("win_rate", "all", 50.0, 2, (40.0, 60.0))
        scores.append(
            write(store, "livesports_cc_score", name, [row], SCHEMAS["livesports_cc_score"], upstream=[judged])
        )
    drawn = pictures.cc_score(scores[0], {})
    assert isinstance(drawn["scores"], bytes)
    assert "```\nlivecc compare v/4 --model alpha -o compare.html\n```" in str(drawn["compare"])
    board = write(store, "leaderboard", "all", [], SCHEMAS["leaderboard"], upstream=scores)
    drawn = pictures.leaderboard(board, {})
    assert str(drawn["compare"]).count("livecc compare") == 1
    assert "livecc compare v/3 --model alpha --model beta -o compare.html" in str(drawn["compare"])
