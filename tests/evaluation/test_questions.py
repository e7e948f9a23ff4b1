"""Questions about known events have one right answer, and the seed decides the rest."""

from collections import Counter

from livecc_assets.evaluation.event_f1 import Vocabulary
from livecc_assets.evaluation.questions import propose_questions
from livecc_assets.evaluation.schemas import SCHEMAS
from livecc_assets.sample.match import ACTORS, VERBS, plan_match
from livecc_assets.store.rows import Rejected
from tests.evaluation.builders import event, happening

WORDS = Vocabulary(("black", "blue", "red", "white"), ("falls", "jumps", "kicks", "waves"))
ALL = {"max_questions": 0}


def match_events(count=30):
    rows = []
    for seed in range(count):
        plan = plan_match(seed, 28.0)
        rows.append(event(f"m{seed}", 0, [vars(one) for one in plan.events], end=28.0))
    return rows


def test_questions_fit_the_schema_and_are_answered_by_the_truth():
    made = [row for row in propose_questions(match_events(), ALL) if isinstance(row, dict)]
    assert len(made) > 60
    for row in made:
        assert list(row) == SCHEMAS["livesports_questions"].names
        assert [option[:3] for option in row["options"]] == ["A. ", "B. ", "C. ", "D. "]
        assert len(set(row["options"])) == 4
        right = row["options"]["ABCD".index(row["answer"])][3:]
        plan = plan_match(int(row["video_id"][1:]), 28.0)
        if row["q_type"] == "who":
            assert right in ACTORS
            time = float(row["question"].split(" at ")[1].split()[0])
            verb = row["question"].split()[1]
            assert [e.actor for e in plan.events if e.verb == verb and abs(e.time - time) < 0.06] == [right]
        elif row["q_type"] == "what":
            assert right in VERBS
        else:
            actor, verb = row["question"].removesuffix("?").split()[-2:]
            times = [e.time for e in plan.events if (e.actor, e.verb) == (actor, verb)]
            assert [f"{time:.1f} s" for time in times] == [right]
            wrong = [float(option[3:].split()[0]) for option in row["options"] if option[3:] != right]
            assert all(abs(time - times[0]) >= 1.9 for time in wrong)


def test_all_three_kinds_are_asked_and_letters_are_balanced():
    made = [row for row in propose_questions(match_events(60), ALL) if isinstance(row, dict)]
    kinds, letters = Counter(row["q_type"] for row in made), Counter(row["answer"] for row in made)
    assert min(kinds.values()) > len(made) / 6
    assert min(letters[letter] for letter in "ABCD") > len(made) / 8


def test_the_seed_decides():
    rows = match_events(5)
    assert list(propose_questions(rows)) == list(propose_questions(rows))
    assert list(propose_questions(rows)) != list(propose_questions(rows, {"seed": 1}))


def test_an_event_without_truth_or_without_known_events_is_rejected_with_its_reason():
    first, second = propose_questions([event(truth=None), event("w", truth=[])], vocabulary=WORDS)
    assert isinstance(first, Rejected)
    assert isinstance(second, Rejected)
    assert first.reason == second.reason == "no_truth"
    assert first.detail != second.detail


def test_ambiguous_questions_are_left_out_not_asked():
    """Two players do the same at once, so neither who nor when is unique; only three times are left to choose from."""
    truth = [happening(5, "red"), happening(5.5, "blue"), happening(12, "red")]
    made = list(propose_questions([event(truth=truth)], {"questions_per_event": 12, "max_questions": 0}, WORDS))
    asked = [row for row in made if isinstance(row, dict)]
    assert len(made) == 12
    assert not [row for row in asked if row["q_type"] == "who" and "5." in row["question"]]
    assert not [row for row in asked if row["q_type"] == "when" and "red" in row["question"]]


def test_a_vocabulary_too_small_for_distractors_asks_nothing():
    made = list(propose_questions([event(truth=[happening(5)], end=6.0)]))
    assert [row.reason for row in made if isinstance(row, Rejected)] == ["ambiguous"] * 3


def test_a_limit_spreads_questions_over_events_and_kinds_and_names_those_left_out():
    made = list(propose_questions(match_events(40), {"max_questions": 24}))
    asked = [row for row in made if isinstance(row, dict)]
    left = [row for row in made if isinstance(row, Rejected) and row.reason == "enough_questions"]
    assert len(asked) == 24
    assert len({row["video_id"] for row in asked}) == 24
    assert min(Counter(row["q_type"] for row in asked).values()) >= 5
    touched = {row["video_id"] if isinstance(row, dict) else row.video_id for row in made}
    assert len(touched) == 40
    assert len(left) >= 1
