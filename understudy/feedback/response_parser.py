"""Parses and validates a model's answer: a known mode, an object in sight, a confidence within 0..1.

Servers accept a JSON schema and do not always enforce it, and text inside a picture can inject instructions. So an
answer that does not fit five small fields is refused. Numbers may be spelled as models spell them ("12", 12.0, "90 %",
90); an ambiguous one (a confidence of 2: of 5, of 10 or of 100?) is refused.
"""

import math
import re
from typing import Any

from understudy.contract.intent import Mode
from understudy.feedback.answer_text import find_object
from understudy.feedback.correction import LONGEST_REASON
from understudy.feedback.provider import Judgement, MalformedResponse, ReviewMoment

PERCENT_ABOVE = 10.0
"""A confidence above this is taken as a percentage."""
_NUMBER = re.compile(r"[+-]?\d{1,20}(?:\.\d{1,20})?")
_OBJECT = re.compile(r"(?:object\s*)?#?\s*(\d{1,10})(?:\.0+)?", re.IGNORECASE)


def read_opinion(text: str, moment: ReviewMoment) -> Judgement:
    """Returns the judgement in a model's answer.

    Raises:
        MalformedResponse: if the answer is invalid; the message says how.
    """
    answer = find_object(text)
    return Judgement(
        mode=_mode(answer),
        confidence=_confidence(answer),
        reason=_reason(answer),
        target=_target(answer, moment),
    )


def _mode(answer: dict[str, Any]) -> Mode:
    name = answer.get("mode")
    if not isinstance(name, str) or name.strip().upper() not in Mode.__members__:
        raise MalformedResponse("an answer without a known mode")
    return Mode[name.strip().upper()]


def _confidence(answer: dict[str, Any]) -> float:
    value = answer.get("confidence")
    is_percent = isinstance(value, str) and value.strip().endswith("%")
    number = _number(value.strip().rstrip("%").strip() if isinstance(value, str) else value)
    if number is None:
        raise MalformedResponse("an answer without a confidence")
    confidence = number / 100 if is_percent or PERCENT_ABOVE < number <= 100 else number
    if not 0.0 <= confidence <= 1.0:  # also refuses NaN
        raise MalformedResponse("a confidence outside 0..1")
    return confidence


def _number(value: object) -> float | None:
    """Returns a number, also one given as text; None otherwise."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _target(answer: dict[str, Any], moment: ReviewMoment) -> int | None:
    value = answer.get("target")
    if value is None:
        return None
    number = _object_number(value)
    if number is None:
        raise MalformedResponse("a target that is no number of an object")
    if number != 0 and number not in moment.ids:
        raise MalformedResponse("a target that is not there")
    return number


def _object_number(value: object) -> int | None:
    if isinstance(value, str):
        if value.strip().lower() in ("none", "null", ""):
            return 0
        spelled = _OBJECT.fullmatch(value.strip())
        return int(spelled.group(1)) if spelled else None
    number = _number(value)
    return int(number) if number is not None and number.is_integer() else None


def _reason(answer: dict[str, Any]) -> str:
    """Returns the reason as one line of printable characters, because terminals display it."""
    value = answer.get("reason")
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedResponse("a reason that is no text")
    plain = "".join(letter if letter.isprintable() else " " for letter in value)
    return " ".join(plain.split())[:LONGEST_REASON]
