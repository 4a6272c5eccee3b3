import json

import pytest

from tests.support.review_moments import moment
from understudy.contract.intent import Mode
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


@pytest.mark.parametrize(
    "babble",
    [
        "",
        "I think you should flee!",
        json.dumps([GOOD]),
        json.dumps(GOOD) + json.dumps(GOOD),
        json.dumps({**GOOD, "mode": "RUN"}),
        json.dumps({**GOOD, "mode": None}),
        json.dumps({**GOOD, "confidence": 2}),
        json.dumps({**GOOD, "confidence": "0.9"}),
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
    ids=range(17),
)
def test_babble_is_named_as_such(babble: str) -> None:
    with pytest.raises(MalformedResponse):
        read_opinion(babble, moment(attackers=1))
