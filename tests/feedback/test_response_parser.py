import json

import pytest

from tests.support.review_moments import moment
from understudy.contract.intent import Mode
from understudy.feedback.answer_text import UnfinishedThought
from understudy.feedback.provider import MalformedResponse
from understudy.feedback.response_parser import read_opinion

GOOD = {"reason": "low hull", "mode": "FLEE", "target": 0, "confidence": 0.9}


def test_a_good_answer_is_understood_bare_or_fenced() -> None:
    for text in (json.dumps(GOOD), f"```json\n{json.dumps(GOOD)}\n```", f"  {json.dumps(GOOD)}\n"):
        opinion = read_opinion(text, moment(attackers=2))
        assert (opinion.mode, opinion.target, opinion.confidence, opinion.reason) == (Mode.FLEE, 0, 0.9, "low hull")


def test_a_target_must_have_been_there() -> None:
    assert read_opinion(json.dumps({**GOOD, "target": 12}), moment(attackers=2)).target == 12
    with pytest.raises(MalformedResponse, match="not there"):
        read_opinion(json.dumps({**GOOD, "target": 13}), moment(attackers=2))


def test_a_reason_is_one_printable_line_of_bounded_length() -> None:
    reason = "\x1b[31mred\n\nnews\u202e " + "long " * 500
    said = read_opinion(json.dumps({**GOOD, "reason": reason}), moment()).reason
    assert said.startswith("[31mred news") and said.isprintable() and len(said) <= 500


BARE = json.dumps(GOOD)
WRAPPED = {
    "thought": f"<think>The hull is low. {{maybe FIGHT}}</think>{BARE}",
    "thought with a draft": f'<think>\n{{"mode": "FIGHT", "confidence": 1}} or rather\n</think>\n\n{BARE}',
    "thought whose beginning is in the template": f"The hull is low.\n</think>\n{BARE}",
    "two thoughts": f"<think>a</think><think>b</think>{BARE}",
    "thinking in capitals": f"<THINKING>low</THINKING> {BARE}",
    "Magistral": f"[THINK]low[/THINK]{BARE}",
    "Kimi": f"◁think▷low◁/think▷{BARE}",
    "gpt-oss": f"<|channel|>analysis<|message|>low<|end|><|start|>assistant<|channel|>final<|message|>{BARE}<|return|>",
    "gpt-oss with a format": f"<|channel|>final <|constrain|>JSON<|message|>{BARE}",
    "end of turn": f"{BARE}<|im_end|>",
    "several ends": f"{BARE}<|eot_id|></s>",
    "DeepSeek's end": f"{BARE}<｜end▁of▁sentence｜>",
    "GLM's box": f"<|begin_of_box|>{BARE}<|end_of_box|>",
    "answer tags": f"<think>x</think><answer>{BARE}</answer>",
    "prose around a fence": f"Here is my answer:\n```json\n{BARE}\n```\nI hope that this helps!",
    "fence in capitals": f"```JSON\n{BARE}\n```",
    "fence of no language with prose": f"Sure.\n```\n{BARE}\n```",
    "fence that is not closed": f"```json\n{BARE}",
    "prose before": f"I would flee: {BARE}",
    "prose behind": f"{BARE}\n\nExplanation: the hull is low [1].",
    "prose with braces before": f"Given {{hull: 20%}} and [shield], I say {BARE}",
    "trailing comma": BARE[:-1] + ",}",
    "trailing comma and line": BARE[:-1] + ",\n}\n```",
    "fenced with a trailing comma": f"```json\n{BARE[:-1]},\n}}\n```",
    "keys in capitals": json.dumps({key.capitalize(): value for key, value in GOOD.items()}),
    "mode in small letters": json.dumps({**GOOD, "mode": " flee "}),
}


@pytest.mark.parametrize("text", WRAPPED.values(), ids=WRAPPED.keys())
def test_an_answer_is_understood_however_a_server_wraps_it(text: str) -> None:
    opinion = read_opinion(text, moment(attackers=2))
    assert (opinion.mode, opinion.target, opinion.confidence, opinion.reason) == (Mode.FLEE, 0, 0.9, "low hull")


def test_a_comma_before_a_bracket_inside_a_reason_stays() -> None:
    text = json.dumps({**GOOD, "reason": "fly (left,) or {right,}"})[:-1] + ",}"
    assert read_opinion(text, moment()).reason == "fly (left,) or {right,}"


@pytest.mark.parametrize(
    ("value", "confidence"),
    [("0.9", 0.9), (" 0.9 ", 0.9), ("90%", 0.9), ("90 %", 0.9), (90, 0.9), ("90", 0.9), (100, 1.0), (85.5, 0.855),
     (1, 1.0), (0, 0.0), ("5%", 0.05), ("1", 1.0)],
)  # fmt: skip
def test_a_confidence_is_read_as_models_spell_it(value: object, confidence: float) -> None:
    assert read_opinion(json.dumps({**GOOD, "confidence": value}), moment()).confidence == pytest.approx(confidence)


@pytest.mark.parametrize(
    ("value", "target"),
    [("12", 12), (12.0, 12), ("12.0", 12), ("object 12", 12), ("Object #12", 12), ("#12", 12), ("0", 0), ("none", 0),
     ("None", 0), ("", 0), (None, None)],
)  # fmt: skip
def test_a_target_is_read_as_models_spell_it(value: object, target: int | None) -> None:
    assert read_opinion(json.dumps({**GOOD, "target": value}), moment(attackers=2)).target == target


def test_a_reason_may_be_left_out() -> None:
    assert read_opinion(json.dumps({**GOOD, "reason": None}), moment()).reason == ""


def test_a_thought_without_an_end_is_told_apart() -> None:
    for text in ("<think>The hull is", f"<think>Maybe {BARE}", "[THINK]", "<|channel|>analysis<|message|>We"):
        with pytest.raises(UnfinishedThought):
            read_opinion(text, moment())


AMBIGUOUS = {
    "two answers": f"{BARE}\n{json.dumps({**GOOD, 'mode': 'FIGHT'})}",
    "two fences": f"```json\n{BARE}\n```\nor\n```json\n{BARE}\n```",
    "a mode twice": '{"mode": "FLEE", "mode": "FIGHT", "confidence": 1}',
    "a mode twice in two spellings": '{"mode": "FLEE", "Mode": "FIGHT", "confidence": 1}',
    "an object in a sentence": f"The form {BARE} is what you want, but I will not judge.",
    "a list": f"```json\n[{BARE}]\n```",
    "a list with prose": f"My answers: [{BARE}]",
    "an answer inside another object": json.dumps({"answer": GOOD}),
    "a thought behind": f"{BARE}<think>but",
    "cut off": BARE[:-5],
    "out of 5 or 10": json.dumps({**GOOD, "confidence": 4}),
    "out of 10": json.dumps({**GOOD, "confidence": 10}),
    "more than all": json.dumps({**GOOD, "confidence": 101}),
    "less than nothing": json.dumps({**GOOD, "confidence": "-5%"}),
    "a confidence in words": json.dumps({**GOOD, "confidence": "high"}),
    "a number of a thousand digits": json.dumps({**GOOD, "confidence": "0." + "9" * 1000}),
    "a target that is not there": json.dumps({**GOOD, "target": "13"}),
    "a target and a half": json.dumps({**GOOD, "target": "12.5"}),
    "below zero": json.dumps({**GOOD, "target": -1}),
    "an infinite target": '{"mode": "FLEE", "confidence": 1, "target": 1e999}',
    "a comma too many": BARE[:-1] + ",,}",
}


@pytest.mark.parametrize("text", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_what_could_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(MalformedResponse):
        read_opinion(text, moment(attackers=2))


@pytest.mark.timeout(200)
@pytest.mark.parametrize(
    "piece", ["{", "[", '{"a":', '{"a":[', '{"', "{,}", "<think>", "```", '{"a":1,', "<|channel|>final"]
)
def test_hostile_text_takes_no_time(piece: str) -> None:
    for length in (19_000, 900_000):
        with pytest.raises(MalformedResponse):
            read_opinion(piece * (length // len(piece)), moment())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I think you should flee!",
        json.dumps([GOOD]),
        json.dumps(GOOD) + json.dumps(GOOD),
        json.dumps({**GOOD, "mode": "RUN"}),
        json.dumps({**GOOD, "mode": None}),
        json.dumps({**GOOD, "confidence": 2}),
        json.dumps({**GOOD, "confidence": True}),
        json.dumps({**GOOD, "confidence": float("nan")}),
        '{"mode": "FLEE", "confidence": 1' + "0" * 400 + "}",
        json.dumps({**GOOD, "target": "alien"}),
        json.dumps({**GOOD, "target": 1.5}),
        json.dumps({**GOOD, "reason": ["no"]}),
        json.dumps({"mode": "FLEE"}),
        "[" * 15_000,
        " " * 30_000,
    ],
    ids=range(16),
)
def test_a_malformed_response_is_named_as_such(text: str) -> None:
    with pytest.raises(MalformedResponse):
        read_opinion(text, moment(attackers=1))
