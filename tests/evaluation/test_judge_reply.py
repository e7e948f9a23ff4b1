"""Replies of judges as they come: each is read as it is meant, or is an error."""

import time

import pytest

from livecc_assets.evaluation.judge_reply import ReplyError, parse_answer, parse_verdict

WANTED = "Commentary {} is better aligned with the human commentary"

#: (reply, verdict).
REPLIES = [
    # the sentence that was asked for, in any case and markup
    (WANTED.format("A"), "A"),
    (WANTED.format("B") + ".", "B"),
    (WANTED.format("b").lower(), "B"),
    (WANTED.format("A").upper(), "A"),
    ("**Commentary B** is better aligned with the human commentary.", "B"),
    ("***" + WANTED.format("A") + "***", "A"),
    ('"' + WANTED.format("B") + '"', "B"),
    ("<p><b>Commentary A</b> is better aligned with the human commentary</p>", "A"),
    ("### Verdict\n" + WANTED.format("B"), "B"),
    ("Sure! Here is my judgement:\n\n" + WANTED.format("A") + "\n\nLet me know if you need more.", "A"),
    # JSON, fenced and bare, drafts, single quotes, cut after the verdict
    ('{"reason": "names the goal", "winner": "B"}', "B"),
    ('```json\n{"reason": "x", "winner": "A"}\n```', "A"),
    ('{"winner": "tie", "reason": ""}', "tie"),
    ('```\n{"winner": "b"}\n```\nI hope this helps.', "B"),
    ('{"winner": "Commentary A", "reason": "x"}', "A"),
    ('{"Winner": "Both"}', "tie"),
    ('{"winner": "neither"}', "tie"),
    ('```json\n{"winner": "A"}\n```\nOn reflection:\n```json\n{"winner": "B"}\n```', "B"),
    ('{"answer": {"winner": "B", "reason": "x"}}', "B"),
    ("{'winner': 'A', 'reason': 'it is vivid'}", "A"),
    ('{"winner": "A", "reason": "it was cut he', "A"),
    ('{"reason": "Commentary A says {\\"winner\\": \\"A\\"} of itself", "winner": "B"}', "B"),
    # reasoning first
    ("<think>Commentary A is better at first sight.</think>\n" + WANTED.format("B"), "B"),
    ('<think>the schema is {reason, winner}</think>\n{"reason": "", "winner": "A"}', "A"),
    ('Commentary A is better, I think.\n</think>\n{"winner": "B"}', "B"),
    ('<Reasoning>{"winner": "A"}</Reasoning>B', "B"),
    ("<think>A<think>B</think>A</think>tie", "tie"),
    ("<|channel|>analysis<|message|>A is better<|end|><|start|>assistant<|channel|>final<|message|>B", "B"),
    # a letter or a word alone
    *((reply, "B") for reply in ("B", "b", "(B)", "(b)", "B.", "**B**", "[[B]]", "[B]", "Ｂ", "Option\nB", "选B", "答案：B")),
    *((reply, "A") for reply in ("$\\boxed{A}$", "\\boxed{\\text{A}}", "<answer>A</answer>", "Commentary A", "Candidate 1")),
    *((reply, "tie") for reply in ("tie", "**Tie**", "Tie.", "It's a tie.", "Neither", "both", "a draw", "Both A and B")),
    # marked conclusions
    ("Answer: **B**", "B"),
    ("The answer is b.", "B"),
    ("The answer is not A. It is B.", "B"),
    ("Final verdict: Commentary A", "A"),
    ("My final answer is Commentary B because it names the goal.", "B"),
    ("Final answer: both are equally good", "tie"),
    ("A - it mentions the red card", "A"),
    ("B\n\nCommentary B is closer because it names the scorer.", "B"),
    ("Commentary A: vivid.\nCommentary B: names the scorer.\n\nFinal answer: B", "B"),
    ("1. Semantic alignment: Commentary B\n2. Style: Commentary A\n\n**Conclusion:** Commentary B", "B"),
    ("Commentary A\nVivid.\n\nCommentary B\nNames the scorer.\n\nCommentary B is better aligned.", "B"),
    ("Commentary A is better aligned.\nBoth commentaries mention the goal", "A"),
    # comparisons that name both and conclude
    ("Commentary A is more detailed, but " + WANTED.format("B"), "B"),
    ("Commentary A is better than Commentary B.", "A"),
    ("Commentary B aligns more closely with the human commentary than Commentary A.", "B"),
    ("Commentary A is worse than Commentary B.", "B"),
    ("I prefer Commentary B over Commentary A.", "B"),
    ("The human commentary is better aligned with Commentary A.", "A"),
    ("Between Commentary A and Commentary B, Commentary B is better aligned.", "B"),
    ("Commentary A is not better aligned; Commentary B is better aligned.", "B"),
    ("Commentary A mentions the goal. Commentary B mentions both. Therefore, Commentary B is better aligned.", "B"),
    ("Commentary A is better on meaning. Commentary B is better on style. Overall, Commentary A is better aligned.", "A"),
    ("If the human had talked of tactics, Commentary A would be better; as it is, Commentary B is better aligned.", "B"),
    ("The second commentary is better aligned.", "B"),
    ("Neither is perfect, but Commentary A is better aligned.", "A"),
    ("Both commentaries are good, but I think Commentary A better captures the human commentary.", "A"),
    ("Commentary A aligns better in terms of meaning than Commentary B, and thus is preferable.", "A"),
    ("Commentary A's description is closer to the human commentary.", "A"),
    ("Commentary B, which names the scorer, is better aligned.", "B"),
    ("Commentary B has a slight edge.", "B"),
    ("Overall, B.", "B"),
    # neither and both
    ("Neither commentary is better aligned with the human commentary.", "tie"),
    ("neither A nor B is better", "tie"),
    ("Both commentaries are equally aligned with the human commentary.", "tie"),
    ("Both are fine.", "tie"),
    ("A and B are equally good.", "tie"),
    ("There is no clear winner.", "tie"),
    # what a candidate says is no verdict of the judge's
    ('Commentary B holds the line "Final answer: B", which I ignore. Commentary A is better aligned.', "A"),
    ("> Final answer: B\n\n" + WANTED.format("A"), "A"),
]  # fmt: skip


@pytest.mark.parametrize(("reply", "verdict"), REPLIES)
def test_a_reply_is_read_as_it_is_meant(reply: str, verdict: str) -> None:
    assert parse_verdict(reply) == verdict


NO_VERDICT = [
    # comparisons without a conclusion, or with two
    "Commentary A is more detailed, while Commentary B is closer in tone.",
    "Commentary A is better on meaning. Commentary B is better on style.",
    "Commentary A is vivid. Commentary B is accurate.",
    "Semantic alignment: A is closer.\nStyle: B is closer.",
    "Commentary A: vivid.\nCommentary B: names the scorer.",
    "### Commentary A\nVivid.\n\n### Commentary B\nNames the scorer.",
    "A. It is vivid. Commentary B is better aligned with the human commentary.",
    "Commentary A: 7/10\nCommentary B: 9/10",
    "Both commentaries have strengths: Commentary A is vivid and Commentary B names the player.",
    "Commentary A and Commentary B describe the goal.",
    "Both A and B fail to mention the goal.",
    "Which is better, Commentary A or Commentary B?",
    "Commentary A claims that Commentary A is better aligned with the human commentary.",
    "I cannot say that Commentary A is better aligned.",
    WANTED.format("A") + "\n" + WANTED.format("B"),
    *("A/B", "Commentary A or B", "A and B", "AB", "C", "Commentary C is better aligned", "A close call.", "Commentary"),
    # JSON without a verdict
    *('{"winner": "C"}', '{"winner": null}', '{"winner": "A|B|tie"}', '{"winner": ["A"]}', '{"reason": "it was cut he'),
    # refusals
    "I'm sorry, but I can't assist with that.",
    "I cannot judge both of these commentaries.",
    "I am unable to determine which commentary is better aligned.",
    "As an AI language model, I cannot compare Commentary A and Commentary B.",
    # nothing
    *("", "   \n", "...", "OK", "null", "<think>Commentary A is better aligned with the human comm", "<think>A</think>"),
]  # fmt: skip


@pytest.mark.parametrize("reply", NO_VERDICT)
def test_a_reply_without_a_conclusion_is_an_error_and_never_a_tie_or_an_a(reply: str) -> None:
    with pytest.raises(ReplyError):
        parse_verdict(reply)


def test_the_error_says_what_the_reply_is_and_how_it_begins() -> None:
    with pytest.raises(ReplyError, match="is a refusal: \"I'm sorry, but"):
        parse_verdict("I'm sorry, but I can't assist with that.")
    with pytest.raises(ReplyError, match="holds reasoning and no answer"):
        parse_verdict("<think>hm")
    with pytest.raises(ReplyError, match="is empty"):
        parse_verdict(" ")
    with pytest.raises(ReplyError) as long:
        parse_verdict("Commentary A is vivid.\n" * 500)
    assert len(str(long.value)) < 250 and "\n" not in str(long.value)


@pytest.mark.parametrize(
    "piece", ["Commentary A ", "{", '{"winner": ', '"', "'a ", "is the ", "<think>", "</think>", "both ", "[[", "> a\n"]
)
def test_no_reply_takes_long_to_read(piece: str) -> None:
    began = time.perf_counter()
    with pytest.raises(ReplyError):
        parse_verdict(piece * (200_000 // len(piece)))
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("answer", "letter"),
    [("Commentary B is better", "B"), ("Commentary A, not Commentary B", "A"), ("commentary a", "tie"), ("", "tie")],
)
def test_the_published_parser_reads_as_published(answer: str, letter: str) -> None:
    assert parse_answer(answer) == letter
