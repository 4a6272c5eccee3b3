"""Reads a model's answer, believing nothing: a known mode, an object that was there, a confidence within 0..1.

Servers accept a JSON schema and do not always keep to it, and a model that watches pictures can be told things by what
is written in them. So an answer is data of five small fields or it is babble.
"""

import json
import math
from typing import Any

from understudy.contract.intent import Mode
from understudy.feedback.correction import LONGEST_REASON
from understudy.feedback.provider import Judgement, MalformedResponse, ReviewMoment

LONGEST_ANSWER = 20_000
"""Characters; an answer has about 200."""


def read_opinion(text: str, moment: ReviewMoment) -> Judgement:
    """The opinion in a model's answer.

    Raises:
        Babble: saying what is wrong with it.
    """
    answer = _object_of(text)
    return Judgement(
        mode=_mode(answer),
        confidence=_confidence(answer),
        reason=_reason(answer),
        target=_target(answer, moment),
    )


def _object_of(text: str) -> dict[str, Any]:
    """The one JSON object, also within a fence of backticks; anything around it is babble."""
    if len(text) > LONGEST_ANSWER:
        raise MalformedResponse(f"an answer of {len(text)} characters")
    body = text.strip()
    if body.startswith("```") and body.endswith("```") and len(body) > 6:
        body = body.removeprefix("```json").removeprefix("```").removesuffix("```")
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise MalformedResponse("an answer that is not JSON") from problem
    if not isinstance(answer, dict):
        raise MalformedResponse("an answer that is not one JSON object")
    return answer


def _mode(answer: dict[str, Any]) -> Mode:
    name = answer.get("mode")
    if not isinstance(name, str) or name.strip().upper() not in Mode.__members__:
        raise MalformedResponse("an answer without a known mode")
    return Mode[name.strip().upper()]


def _confidence(answer: dict[str, Any]) -> float:
    value = answer.get("confidence")
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise MalformedResponse("an answer without a confidence")
    try:
        confidence = float(value)
    except OverflowError as problem:
        raise MalformedResponse("a confidence outside 0..1") from problem
    if not math.isfinite(confidence) or not 0.0 <= confidence <= 1.0:
        raise MalformedResponse("a confidence outside 0..1")
    return confidence


def _target(answer: dict[str, Any], moment: ReviewMoment) -> int | None:
    value = answer.get("target")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise MalformedResponse("a target that is no number of an object")
    if value != 0 and value not in moment.ids:
        raise MalformedResponse("a target that is not there")
    return value


def _reason(answer: dict[str, Any]) -> str:
    """Printable characters on one line: it is shown in terminals."""
    value = answer.get("reason", "")
    if not isinstance(value, str):
        raise MalformedResponse("a reason that is no text")
    plain = "".join(letter if letter.isprintable() else " " for letter in value)
    return " ".join(plain.split())[:LONGEST_REASON]
